//! What commands print: sentences for people, one JSON object a line for scripts.

use std::io::{self, Write};

use serde::Serialize;

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether scripts are listening.
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// Prints a sentence for people; scripts do not see it.
    pub fn say(self, text: impl AsRef<str>) {
        if !self.json {
            let _ = writeln!(io::stdout().lock(), "{}", text.as_ref());
        }
    }

    /// Prints an object for scripts; people do not see it.
    pub fn object(self, value: &impl Serialize) {
        if self.json {
            let mut out = io::stdout().lock();
            if serde_json::to_writer(&mut out, value).is_ok() {
                let _ = out.write_all(b"\n").and_then(|()| out.flush());
            }
        }
    }

    /// A bar for long work, on standard error and only where a person looks at it.
    pub fn progress(self, total: u64, what: &'static str) -> indicatif::ProgressBar {
        if self.json {
            return indicatif::ProgressBar::hidden();
        }
        let bar = indicatif::ProgressBar::new(total);
        if let Ok(style) = indicatif::ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar
    }
}

/// How a command failed, for its exit code.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was given has problems; each has been printed.
    #[error("{0}")]
    Problems(String),
    /// A part that is needed is not running.
    #[error("{0}")]
    NotRunning(String),
}

/// The exit code of an error.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Failure>() {
        Some(Failure::Problems(_)) => 3,
        Some(Failure::NotRunning(_)) => 4,
        None => 1,
    }
}
