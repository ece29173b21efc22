//! Numbers for a monitoring system, in Prometheus' text form (version 0.0.4). There is nobody in them: no name, no address,
//! no site.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse as _;
use kit::{Clock, Timestamp};
use people::account::Counts;
use tokio::sync::Semaphore;

use crate::home::Home;
use crate::process::health::Health;
use crate::process::idle::{Ending, Limits};

/// How long the log is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many are answered at once.
const AT_ONCE: usize = 4;

/// How long whoever asks may take, and how many may at once.
const CONNECTIONS: Limits =
    Limits { idle: Duration::from_secs(15), whole: Duration::from_secs(600), at_once: 32 };

/// Takes the address.
pub fn bind(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .with_context(|| format!("cannot serve metrics on {address}; is another program using it?"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves them until the process ends.
pub async fn serve(listener: TcpListener, home: Home, tries: Arc<Counts>) {
    // Who asks more often than is answered waits for nobody: the threads are the portal's too.
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let page = move || {
        let (home, room, tries) = (home.clone(), Arc::clone(&room), Arc::clone(&tries));
        async move {
            let Ok(_room) = room.try_acquire() else {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            };
            // The log is asked over a blocking socket.
            let text = tokio::task::spawn_blocking(move || text(&home, &tries, Clock::System.now())).await;
            let kind = [
                (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (kind, text.unwrap_or_default()).into_response()
        }
    };
    let pages = axum::Router::new().route("/metrics", axum::routing::get(page));
    let served = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => axum::serve(Ending::new(listener, CONNECTIONS), pages).await,
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        tracing::error!(%error, "Metrics are not served any more");
    }
}

/// Everything there is to tell now.
fn text(home: &Home, tries: &Counts, now: Timestamp) -> String {
    let mut all = Lines::default();
    let health = Health::read(&home.health(), now);
    let up = "Whether the part runs.";
    let status = activity::Client::new(&home.run()).status_within(PATIENCE).ok();
    all.one("fivebar_up", "gauge", up, "part=\"gate\"", u64::from(health.is_some()));
    all.one("fivebar_up", "gauge", up, "part=\"log\"", u64::from(status.is_some()));
    let about = "Tries to sign in at the portal since the hub started, by what they came to.";
    for (outcome, count) in tries.all() {
        let outcome = format!("outcome=\"{outcome}\"");
        all.one("fivebar_sign_in_tries_total", "counter", about, &outcome, count);
    }
    if let Some(health) = &health {
        let started = health.started_ms.div_euclid(1000).unsigned_abs();
        all.one("fivebar_gate_start_time_seconds", "gauge", "When the gate started.", "", started);
        let sealed = "Whether a notice stands of the sealed tier: no live list, or an old one.";
        all.one("fivebar_sealed_notice", "gauge", sealed, "", u64::from(health.notice.is_some()));
        let observing = "Whether the filter observes only: it refuses nothing but illegal content.";
        let is_observing = health.observing_until_ms.is_some();
        all.one("fivebar_observing", "gauge", observing, "", u64::from(is_observing));
        if let Some(until) = health.observing_until_ms {
            let until = until.div_euclid(1000).unsigned_abs();
            let about = "When the filter begins to refuse.";
            all.one("fivebar_observing_end_time_seconds", "gauge", about, "", until);
        }
        for count in &health.counts {
            let is_now = count.name == "open";
            let (kind, end) = if is_now { ("gauge", "") } else { ("counter", "_total") };
            let name = format!("fivebar_{}_{}{end}", count.front, count.name);
            all.one(&name, kind, &count.about, "", count.value);
        }
    }
    if let Some(status) = &status {
        let of = |of: fn(&activity::log::OpenRun) -> u64| status.accounts.open.iter().map(of).sum::<u64>();
        let accounts = &status.accounts;
        for (name, about, value) in [
            ("issued", "Events that gates gave out.", accounts.issued + of(|run| run.issued)),
            (
                "durable",
                "Events that were made durable, those that were damaged afterwards among them.",
                accounts.durable + of(|run| run.durable),
            ),
            (
                "lost",
                "Events of gates that were lost, and counted, whether before they were on disk or there.",
                accounts.lost + of(|run| run.lost) + accounts.damaged,
            ),
            ("damaged", "Those of the lost that had been on disk and were damaged there.", accounts.damaged),
        ] {
            all.one(&format!("fivebar_log_events_{name}_total"), "counter", about, "", value);
        }
        for (name, about, value) in [
            ("bytes", "Bytes of the activity log.", status.bytes),
            ("files", "Files of the activity log.", status.segments),
            (
                "many_devices",
                "Addresses that are taken for many devices: fivebar status names them.",
                status.crowds.len() as u64,
            ),
            ("alarm", "Whether events cannot be made durable.", u64::from(status.alarm.is_some())),
            (
                "sync_p99_microseconds",
                "How long making events durable takes, 99th percentile.",
                status.sync_us_p99,
            ),
        ] {
            all.one(&format!("fivebar_log_{name}"), "gauge", about, "", value);
        }
    }
    all.text
}

/// The text, with what a name is said once before its values.
#[derive(Default)]
struct Lines {
    text: String,
    said: Vec<String>,
}

impl Lines {
    fn one(&mut self, name: &str, kind: &str, about: &str, label: &str, value: u64) {
        if !self.said.iter().any(|said| said == name) {
            let about = about.replace('\\', "\\\\").replace('\n', " ");
            let _ = writeln!(self.text, "# HELP {name} {about}\n# TYPE {name} {kind}");
            self.said.push(name.to_owned());
        }
        let label = if label.is_empty() { String::new() } else { format!("{{{label}}}") };
        let _ = writeln!(self.text, "{name}{label} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_explained_once_and_a_home_where_nothing_runs_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            text(&Home::at(Some(folder.path().to_owned())), &Counts::default(), Timestamp::from_millis(0));
        assert_eq!(text.matches("# TYPE fivebar_up gauge").count(), 1, "{text}");
        assert!(text.contains("fivebar_sign_in_tries_total{outcome=\"wrong\"} 0\n"), "{text}");
        assert!(
            text.contains("fivebar_up{part=\"gate\"} 0\n") && text.contains("fivebar_up{part=\"log\"} 0\n")
        );
    }
}
