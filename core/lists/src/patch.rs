//! What has changed in a list, as its maker publishes it beside the list.
//!
//! A list names its next patch in its first comments, as AdGuard and uBlock Origin do (`! Diff-Path:
//! patches/list-m-28334060-60.patch#name`; specification: github.com/ameshkov/diffupdates). The patch is in the format of
//! RCS, as `diff --rcs` writes it; in front of each block may stand `diff name:… checksum:… lines:…`, the checksum the
//! beginning of the SHA-1 of what comes out. Each patch brings the name of the next.

use std::io::{self, BufRead, Write};

/// Where a list says that its next patch lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffPath {
    /// Relative to the list's own address.
    pub path: String,
    /// Which part of the patch is about this list, where the patch is about several.
    pub name: Option<String>,
}

/// How many lines of a list are looked through for it, as AdGuard does.
const LINES: usize = 50;
/// The longest path that is followed.
const LONGEST: usize = 512;

impl DiffPath {
    /// What the start of a list's text says; `None` also where the path would lead to another server.
    pub fn of(text: &[u8]) -> Option<Self> {
        let lines = text.split(|byte| *byte == b'\n').take(LINES);
        lines.filter_map(|line| std::str::from_utf8(line).ok()).find_map(Self::said_in)
    }

    fn said_in(line: &str) -> Option<Self> {
        let comment = line.trim().strip_prefix(['!', '#'])?;
        let said = comment.trim_start().strip_prefix("Diff-Path:")?.trim();
        let (path, name) = said.split_once('#').map_or((said, None), |(path, name)| (path, Some(name)));
        let file = path.rsplit('/').next().unwrap_or(path);
        let is_plain =
            path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b':' | b'?' | b'"'));
        let is_named = name.is_none_or(|name| {
            (1..=64).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        });
        let is_meant = file.len() > ".patch".len() && file.ends_with(".patch");
        let is_here = !path.starts_with("//") && path.len() <= LONGEST;
        (is_plain && is_named && is_meant && is_here)
            .then(|| Self { path: path.to_owned(), name: name.map(str::to_owned) })
    }
}

/// Why a patch cannot be used. The whole list is fetched then.
#[derive(Debug, thiserror::Error)]
pub enum PatchError {
    /// It has no part about this list.
    #[error("the patch says nothing of this list")]
    NotAboutIt,
    /// A line of it is no command, or it ends in the middle of one.
    #[error("the patch is not in the format of RCS at its line {0}")]
    NotAPatch(u64),
    /// It speaks of lines that the list does not have.
    #[error("the patch does not fit: it speaks of line {0}, which is not there")]
    DoesNotFit(u64),
    /// A line that does not end would run into the next.
    #[error("the patch is cut short: a line that it adds does not end, and another follows it")]
    CutShort,
    /// It makes too much of the list.
    #[error("the patch makes the list larger than a list may be")]
    TooMuch,
    /// Something could not be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The part of a patch that is about one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patch<'p> {
    /// The beginning of the SHA-1 of what comes out, in hexadecimal, where the patch says it.
    pub checksum: Option<&'p str>,
    commands: &'p [u8],
}

/// Fewer digits of a checksum say too little. uBlock Origin's have ten.
const SHORTEST_CHECKSUM: usize = 10;

impl<'p> Patch<'p> {
    /// The part about the list of that name, or the only one.
    pub fn of(text: &'p [u8], name: Option<&str>) -> Result<Self, PatchError> {
        if !text.starts_with(b"diff ") {
            // Without a word in front, it is about whatever names it.
            return match name {
                None => Ok(Self { checksum: None, commands: text }),
                Some(_) => Err(PatchError::NotAboutIt),
            };
        }
        let mut lines = Lines { text, number: 0 };
        while let Some(line) = lines.next() {
            let at = lines.number;
            let words = std::str::from_utf8(line).ok().and_then(|line| line.strip_prefix("diff "));
            let head = words.ok_or(PatchError::NotAPatch(at))?;
            let (mut called, mut checksum, mut count) = (None, None, None);
            for (key, value) in head.split_ascii_whitespace().filter_map(|field| field.split_once(':')) {
                match key {
                    "name" => called = Some(value),
                    "checksum" => checksum = Some(value),
                    "lines" => count = Some(value.parse::<u64>().map_err(|_| PatchError::NotAPatch(at))?),
                    // Others may come.
                    _ => {}
                }
            }
            let is_sum = |sum: &&str| {
                (SHORTEST_CHECKSUM..=40).contains(&sum.len())
                    && sum.bytes().all(|byte| byte.is_ascii_hexdigit())
            };
            if checksum.is_some_and(|sum| !is_sum(&sum)) {
                return Err(PatchError::NotAPatch(at));
            }
            let rest = lines.text;
            // Without a count the rest is about it.
            for _ in 0..count.unwrap_or(u64::MAX) {
                if lines.next().is_none() {
                    if count.is_some() {
                        return Err(PatchError::NotAPatch(lines.number));
                    }
                    break;
                }
            }
            let commands = rest.get(..rest.len() - lines.text.len()).unwrap_or(&[]);
            if name.is_none_or(|name| called == Some(name)) {
                return Ok(Self { checksum, commands });
            }
        }
        Err(PatchError::NotAboutIt)
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.commands.trim_ascii().is_empty()
    }

    /// Writes what comes out of `old`, of at most `most` bytes. Memory does not grow with the list.
    pub fn apply(&self, old: &mut dyn BufRead, out: &mut dyn Write, most: u64) -> Result<(), PatchError> {
        let mut old = Old { from: old, lines: 0, line: Vec::new() };
        let mut out = Bounded { out, left: most, is_open: false };
        let mut commands = Lines { text: self.commands, number: 0 };
        // The line that whatever comes next must not stand before: commands go downwards.
        let mut reached = 0;
        while let Some(line) = commands.next() {
            let at = commands.number;
            if line.trim_ascii().is_empty() && commands.text.trim_ascii().is_empty() {
                break;
            }
            let (command, first, count) = command(line).ok_or(PatchError::NotAPatch(at))?;
            match command {
                Command::Delete => {
                    let before = first.checked_sub(1).ok_or(PatchError::DoesNotFit(first))?;
                    if before < reached {
                        return Err(PatchError::DoesNotFit(first));
                    }
                    old.copy_to(before, &mut out)?;
                    for _ in 0..count {
                        if old.next()?.is_none() {
                            return Err(PatchError::DoesNotFit(old.lines + 1));
                        }
                    }
                    reached = before.saturating_add(count);
                }
                Command::Add => {
                    if first < reached {
                        return Err(PatchError::DoesNotFit(first));
                    }
                    old.copy_to(first, &mut out)?;
                    for _ in 0..count {
                        let start = commands.text;
                        commands.next().ok_or(PatchError::NotAPatch(commands.number))?;
                        // With its line feed, where it has one.
                        out.write(start.get(..start.len() - commands.text.len()).unwrap_or(&[]))?;
                    }
                    reached = first;
                }
            }
        }
        while let Some(line) = old.next()? {
            out.write(line)?;
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Delete,
    Add,
}

/// `d3 2`: from line 3 two lines go. `a4 1`: after line 4 comes the line that follows.
fn command(line: &[u8]) -> Option<(Command, u64, u64)> {
    let text = std::str::from_utf8(line).ok()?;
    let (command, rest) = match text.split_at_checked(1)? {
        ("d", rest) => (Command::Delete, rest),
        ("a", rest) => (Command::Add, rest),
        _ => return None,
    };
    let (first, count) = rest.trim_ascii_end().split_once(' ')?;
    let digits = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok()).flatten()
    };
    Some((command, digits(first)?, digits(count)?))
}

/// The lines of a text, without their line feeds.
struct Lines<'t> {
    text: &'t [u8],
    number: u64,
}

impl<'t> Iterator for Lines<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        if self.text.is_empty() {
            return None;
        }
        self.number += 1;
        let end = memchr::memchr(b'\n', self.text).unwrap_or(self.text.len());
        let line = self.text.get(..end)?;
        self.text = self.text.get(end + 1..).unwrap_or(&[]);
        Some(line)
    }
}

/// The list as it was, a line at a time.
struct Old<'o> {
    from: &'o mut dyn BufRead,
    lines: u64,
    line: Vec<u8>,
}

impl Old<'_> {
    /// The next line with its line feed, where it has one.
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        if self.from.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        self.lines += 1;
        Ok(Some(&self.line))
    }

    /// Copies up to and with that line.
    fn copy_to(&mut self, line: u64, out: &mut Bounded<'_>) -> Result<(), PatchError> {
        while self.lines < line {
            let next = self.lines + 1;
            out.write(self.next()?.ok_or(PatchError::DoesNotFit(next))?)?;
        }
        Ok(())
    }
}

struct Bounded<'w> {
    out: &'w mut dyn Write,
    left: u64,
    /// Whether the last line has no line feed: then it is the last of all.
    is_open: bool,
}

impl Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), PatchError> {
        if self.is_open {
            return Err(PatchError::CutShort);
        }
        self.is_open = !bytes.ends_with(b"\n");
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(PatchError::TooMuch)?;
        Ok(self.out.write_all(bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(old: &str, patch: &str, name: Option<&str>) -> Result<String, String> {
        let patch = Patch::of(patch.as_bytes(), name).map_err(|error| error.to_string())?;
        let mut out = Vec::new();
        let outcome = patch.apply(&mut old.as_bytes(), &mut out, 200);
        outcome.map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_patch_is_carried_out_line_by_line() {
        let old = "a\nb\nc\nd\n";
        let rows: &[(&str, &str)] = &[
            ("", old),
            ("d1 1\n", "b\nc\nd\n"),
            ("d2 2\na3 2\nx\ny\n", "a\nx\ny\nd\n"),
            ("a0 1\nx\n", "x\na\nb\nc\nd\n"),
            ("a4 1\nx\n", "a\nb\nc\nd\nx\n"),
            ("a4 1\nx", "a\nb\nc\nd\nx"),
            ("d1 4\n", ""),
            ("d1 1\na1 1\nx\nd4 1\n", "x\nb\nc\n"),
            // A line that is added may look like a command.
            ("a2 2\nd1 1\n\n", "a\nb\nd1 1\n\nc\nd\n"),
        ];
        for (patch, expected) in rows {
            assert_eq!(applied(old, patch, None).as_deref(), Ok(*expected), "{patch:?}");
        }
        for (patch, why) in [
            ("d5 1\n", "line 5"),
            ("d4 2\n", "line 5"),
            ("d0 1\n", "line 0"),
            ("a5 1\nx\n", "line 5"),
            ("d3 1\nd1 1\n", "line 1"),
            ("d2 2\na2 1\nx\n", "line 2"),
            ("a1 2\nx\n", "format of RCS at its line 2"),
            ("x\n", "format of RCS at its line 1"),
            ("d1 1\n\nd2 1\n", "format of RCS at its line 2"),
            ("d1\n", "format"),
            // Without the feed of its last line, two sites would become another.
            ("a2 1\nx", "does not end"),
            ("d+1 1\n", "format"),
            ("d99999999999999999999 1\n", "format"),
        ] {
            let said = applied(old, patch, None).unwrap_err();
            assert!(said.contains(why), "{patch:?}: {said}");
        }
        let long = format!("a4 1\n{}\n", "x".repeat(200));
        assert!(applied(old, &long, None).unwrap_err().contains("larger"));
    }

    #[test]
    fn a_patch_for_several_lists_is_read_for_one_of_them() {
        let sum = "f0ecb30059277cbae9736e2bf4fcdfa4a7cac751";
        let patch =
            format!("diff name:one checksum:{sum} lines:2 more:x\na1 1\nx\ndiff name:two lines:1\nd1 1\n");
        assert_eq!(applied("a\n", &patch, Some("one")).as_deref(), Ok("a\nx\n"));
        assert_eq!(applied("a\n", &patch, Some("two")).as_deref(), Ok(""));
        assert_eq!(applied("a\n", &patch, None).as_deref(), Ok("a\nx\n"));
        assert!(applied("a\n", &patch, Some("three")).unwrap_err().contains("nothing of this list"));
        assert!(applied("a\n", "d1 1\n", Some("one")).unwrap_err().contains("nothing of this list"));
        assert_eq!(Patch::of(patch.as_bytes(), Some("one")).unwrap().checksum, Some(sum));
        for broken in ["diff name:one lines:9\nd1 1\n", "diff checksum:abc lines:1\nd1 1\n", "diff lines:x\n"]
        {
            assert!(applied("a\n", broken, None).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn the_next_patch_is_named_in_the_first_comments_and_lies_beside_the_list() {
        let path = |text: &str| DiffPath::of(text.as_bytes()).map(|found| (found.path, found.name));
        let at = |path: &str, name: Option<&str>| Some((path.to_owned(), name.map(str::to_owned)));
        for (text, expected) in [
            (
                "! Title: x\n! Diff-Path: ../patches/b-m-28334060-60.patch#list1\r\n",
                at("../patches/b-m-28334060-60.patch", Some("list1")),
            ),
            ("! Diff-Path: patches/2024.2.27.12.patch\n", at("patches/2024.2.27.12.patch", None)),
            ("# Diff-Path: /x-1-1.patch\n", at("/x-1-1.patch", None)),
            ("! Diff-Path: https://other.example/x.patch\n", None),
            ("! Diff-Path: //other.example/x.patch\n", None),
            ("! Diff-Path: x.patch?y\n", None),
            ("! Diff-Path: .patch\n", None),
            ("! Diff-Path: x.txt\n", None),
            ("! Diff-Path: x.patch#a b\n", None),
            ("Diff-Path: x.patch\n", None),
        ] {
            assert_eq!(path(text), expected, "{text:?}");
        }
        assert_eq!(path(&format!("{}! Diff-Path: x.patch\n", "!\n".repeat(LINES))), None);
    }
}
