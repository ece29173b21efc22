//! The `fivebar` program: config, command line, and the one place that wires everything together.

mod cli;
mod commands;
mod config;
mod demo;
mod home;
mod output;
mod own_words;
mod process;
mod service_log;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    service_log::start();
    let ended = commands::run(cli);
    let heard = output::heard();
    let Err(error) = ended else {
        return match heard {
            Ok(()) => ExitCode::SUCCESS,
            Err(ErrorKind::BrokenPipe) => ExitCode::from(output::READER_GONE),
            Err(kind) => {
                complain(&format!("fivebar: not everything could be printed: {kind}"));
                ExitCode::FAILURE
            }
        };
    };
    if heard == Err(ErrorKind::BrokenPipe) && is_broken_pipe(&error) {
        return ExitCode::from(output::READER_GONE);
    }
    if let Some(output::Failure::Found { lines, .. }) = error.downcast_ref() {
        lines.iter().for_each(|line| complain(line));
    }
    complain(&format!("fivebar: {}", sentence(&error)));
    ExitCode::from(output::exit_code(&error))
}

/// Says something on standard error, to whoever still listens there.
fn complain(line: &str) {
    let _ = std::io::Write::write_fmt(
        &mut std::io::stderr().lock(),
        format_args!("{}\n", output::harmless(line)),
    );
}

/// Whether a command ended because nobody read on.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let of_json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        let of_output = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        of_json.or(of_output) == Some(ErrorKind::BrokenPipe)
    })
}

/// What could not be done, then why, as one sentence. Many errors say their cause in their own words and name it as their
/// cause as well; what has been said is not said again.
fn sentence(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !said.contains(&cause) {
            if !said.is_empty() {
                said.push_str(": ");
            }
            said.push_str(&cause);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("/lists/games: {source}")]
    struct Read {
        source: std::io::Error,
    }

    #[test]
    fn a_cause_is_said_once() {
        let read = Read { source: std::io::Error::other("no such file") };
        assert_eq!(sentence(&anyhow::Error::from(read)), "/lists/games: no such file");
        let bare = anyhow::Error::from(std::io::Error::other("no such file"));
        assert_eq!(sentence(&bare.context("cannot read the key")), "cannot read the key: no such file");
    }
}
