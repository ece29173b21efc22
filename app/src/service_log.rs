//! The service log, on standard error: how the program fares, never what anybody did.
//!
//! Our own crates hold to that by hand and by type. Libraries do not know of it: a resolver, for one, warns of a forged
//! answer with the name that somebody asked for, and a panic prints the text it was working on. So libraries have no
//! say here, at any level, and a panic says where it happened and what the program's own words for it are.

use std::any::Any;
use std::panic::PanicHookInfo;

use tracing::Metadata;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The crates that may write to it, as they are called in code.
const OURS: [&str; 9] =
    ["activity", "api", "filtering", "fivebar", "front_dns", "jobs", "notices", "people", "web"];

/// Starts it. `FIVEBAR_LOG` says more or less than usual, as in `info` or `front_dns=debug`.
pub fn start() {
    let level =
        EnvFilter::try_from_env("FIVEBAR_LOG").unwrap_or_else(|_| EnvFilter::new("warn,fivebar=info"));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).compact();
    tracing_subscriber::registry().with(level).with(lines.with_filter(filter_fn(is_ours))).init();
    std::panic::set_hook(Box::new(say_panic));
}

fn is_ours(event: &Metadata<'_>) -> bool {
    let place = event.target();
    OURS.contains(&place.split_once("::").map_or(place, |(name, _)| name))
}

fn say_panic(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    tracing::error!(at, thread = thread.name(), "Panic: {}", words_of(panic.payload()));
}

/// What a panic said, where that was written by a programmer and not put together while it ran.
fn words_of(payload: &(dyn Any + Send)) -> &str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("not shown, it may hold what somebody wrote")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_never_says_what_it_was_working_on() {
        assert_eq!(words_of(&"a plain mistake"), "a plain mistake");
        let text = "w\u{f6}rter";
        let panic = std::panic::catch_unwind(|| text.split_at(2).0.len()).unwrap_err();
        assert!(!words_of(&*panic).contains(text));
    }

    #[test]
    fn every_crate_of_ours_that_writes_to_the_service_log_is_heard() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut writing = Vec::new();
        for folder in ["core", "fronts", "platform", "capabilities"].map(|folder| root.join(folder)) {
            for member in std::fs::read_dir(folder).unwrap() {
                let text = std::fs::read_to_string(member.unwrap().path().join("Cargo.toml")).unwrap();
                let manifest: toml::Table = toml::from_str(&text).unwrap();
                if manifest["dependencies"].as_table().unwrap().contains_key("tracing") {
                    writing.push(manifest["package"]["name"].as_str().unwrap().replace('-', "_"));
                }
            }
        }
        writing.push("fivebar".to_owned());
        writing.sort_unstable();
        assert_eq!(writing, OURS);
    }
}
