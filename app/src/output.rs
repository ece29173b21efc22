//! What commands print: sentences for people, one JSON object a line for scripts.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};
use std::sync::OnceLock;

use serde::Serialize;

/// What kept standard output from taking something, the first time that happened.
static UNHEARD: OnceLock<io::ErrorKind> = OnceLock::new();

/// Standard output, for every command: what it does not take is remembered, so that a reader who has gone ends a command
/// quietly and a full disk is said.
#[derive(Debug, Clone, Copy)]
pub struct Printed;

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        standard_output().write(bytes).inspect_err(remember)
    }

    fn flush(&mut self) -> io::Result<()> {
        standard_output().flush().inspect_err(remember)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that everything printed goes through")]
fn standard_output() -> io::StdoutLock<'static> {
    io::stdout().lock()
}

fn remember(error: &io::Error) {
    if error.kind() != io::ErrorKind::Interrupted {
        let _ = UNHEARD.set(error.kind());
    }
}

/// Whether nobody reads what is printed any more: a command that would go on printing may stop.
pub fn is_unheard() -> bool {
    UNHEARD.get().is_some()
}

/// The exit code of a command whose reader had gone, as of any program that a closed pipe ends: 128 and the signal's number.
pub const READER_GONE: u8 = 141;

/// How everything printed fared, once a command is over.
pub fn heard() -> Result<(), io::ErrorKind> {
    let _ = Printed.flush();
    UNHEARD.get().map_or(Ok(()), |kind| Err(*kind))
}

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

    /// Prints a sentence for people; scripts do not see it. What people or browsers wrote may stand in it: nothing in
    /// it reaches the terminal as a command, and no line of it can pass for one of ours.
    pub fn say(self, text: impl AsRef<str>) {
        if !self.json {
            let _ = Printed.write_all(format!("{}\n", one_entry(text.as_ref())).as_bytes());
        }
    }

    /// Prints a text of the program's own that has several lines.
    pub fn say_lines(self, text: impl AsRef<str>) {
        text.as_ref().lines().for_each(|line| self.say(line));
    }

    /// Clears the screen, where a person looks at one.
    pub fn clear_screen(self) {
        if !self.json && standard_output().is_terminal() {
            let _ = Printed.write_all(b"\x1b[H\x1b[2J");
        }
    }

    /// Prints an object for scripts; people do not see it.
    pub fn object(self, value: &impl Serialize) {
        if self.json {
            // As one piece: the line of another thread never gets into it.
            if let Ok(mut line) = serde_json::to_vec(value) {
                line.push(b'\n');
                let _ = Printed.write_all(&line).and_then(|()| Printed.flush());
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

    /// The same for bytes that come from `what`, however many there are.
    pub fn download(self, what: String) -> indicatif::ProgressBar {
        if self.json {
            return indicatif::ProgressBar::hidden();
        }
        let bar = indicatif::ProgressBar::no_length();
        if let Ok(style) = indicatif::ProgressStyle::with_template("{msg}: {bytes}, {bytes_per_sec}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar
    }
}

/// A text without a character that a terminal obeys or that makes words read in another order than they stand: such
/// characters are written out, as `\u{1b}`. Lines stay lines.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let is_odd = |sign: char| {
        (sign.is_control() && sign != '\n')
            || matches!(sign, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(is_odd) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for sign in text.chars() {
        if is_odd(sign) { shown.extend(sign.escape_default()) } else { shown.push(sign) }
    }
    Cow::Owned(shown)
}

/// The same as one entry of what is printed: an empty line before it stays, and every line after the first is set in,
/// further than any of ours.
fn one_entry(text: &str) -> Cow<'_, str> {
    const SET_IN: &str = "\n        | ";
    let text = harmless(text);
    let before = text.len() - text.trim_start_matches('\n').len();
    let (empty, rest) = text.split_at_checked(before).unwrap_or(("", &*text));
    let rest = rest.trim_end_matches('\n');
    if rest.contains('\n') { Cow::Owned(format!("{empty}{}", rest.replace('\n', SET_IN))) } else { text }
}

/// How a command failed, for its exit code.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was given has problems; each has been printed.
    #[error("{0}")]
    Problems(String),
    /// The same for a file: a line each, a last one with how many there are, and all of it for scripts.
    #[error("{closing}")]
    Found { lines: Vec<String>, closing: String, found: serde_json::Value },
    /// A part that is needed is not running.
    #[error("{0}")]
    NotRunning(String),
    /// The filter did not do what it should.
    #[error("{0}")]
    TestFailed(String),
    /// The school's back-ups are not as its rule wants them.
    #[error("{0}")]
    BackUpsOwed(String),
}

/// The exit code of an error.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Failure>() {
        Some(Failure::Problems(_) | Failure::Found { .. }) => 3,
        Some(Failure::NotRunning(_)) => 4,
        Some(Failure::TestFailed(_)) => 5,
        Some(Failure::BackUpsOwed(_)) => 6,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_wrote_drives_the_terminal_or_passes_for_a_line_of_ours() {
        for (written, shown) in [
            ("for maths", "for maths"),
            ("für Mathe — 数学 😀", "für Mathe — 数学 😀"),
            ("\nPermitted use", "\nPermitted use"),
            ("ends with one\n", "ends with one\n"),
            ("a\u{1b}]0;pwned\u{7}b\u{1b}[2J", "a\\u{1b}]0;pwned\\u{7}b\\u{1b}[2J"),
            ("over\rwritten\tand\u{8}gone\u{7f}", "over\\rwritten\\tand\\u{8}gone\\u{7f}"),
            ("\u{9b}31m\u{90}", "\\u{9b}31m\\u{90}"),
            ("moc.\u{202e}elpmaxe\u{2066}x\u{2069}", "moc.\\u{202e}elpmaxe\\u{2066}x\\u{2069}"),
            ("a\u{2028}b\u{2029}c", "a\\u{2028}b\\u{2029}c"),
            (
                "x\nR-AAAAAAAA  approved\r\n\nP-BBBBBBBB",
                "x\n        | R-AAAAAAAA  approved\\r\n        | \n        | P-BBBBBBBB",
            ),
        ] {
            assert_eq!(one_entry(written), shown, "{written:?}");
        }
        assert_eq!(
            harmless("policy.toml:3: a\npolicy.toml:4: b\u{1b}"),
            "policy.toml:3: a\npolicy.toml:4: b\\u{1b}"
        );
    }
}
