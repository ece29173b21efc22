//! Files of logs: text, packed text, and Pi-hole's database. Read from beginning to end, however long, in little memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use activity::import::{LONGEST_LINE, Query, Reader, Said, Why, recognise};
use activity::log::Known;
use anyhow::{Context as _, Result, bail};
use engine::Origin;
use flate2::read::MultiGzDecoder;
use kit::{Timestamp, Zone};
use sha2::{Digest as _, Sha256};
use store::foreign::{Foreign, Row};

use super::known;
use crate::commands::context::Context;

/// How a database begins.
const DATABASE: &[u8] = b"SQLite format 3\0";
const PACKED: &[u8] = &[0x1f, 0x8b];
/// So much of a file says what kind it is.
const BEGINNING: u64 = 64 << 10;
/// Rows of a database that are read at once.
const ROWS: i64 = 5_000;

/// A file that is to be brought in.
pub struct Source<'c> {
    context: &'c Context,
    path: PathBuf,
    origin: Origin,
    form: Form,
    lines: u64,
    is_unfinished: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Packed,
    Database,
}

/// What is done with each line: what it says, up to which line all is told, and how far in the file it ends.
pub type Each<'a> = dyn FnMut((u64, Said), u64, u64) -> Result<()> + 'a;

impl<'c> Source<'c> {
    /// Opens it and finds out what it is.
    pub fn open(context: &'c Context, path: &Path, origin: Option<Origin>) -> Result<Self> {
        let mut beginning = Vec::new();
        let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        (&mut file).take(BEGINNING).read_to_end(&mut beginning)?;
        let mut form = Form::Text;
        if beginning.starts_with(DATABASE) {
            form = Form::Database;
        } else if beginning.starts_with(PACKED) {
            form = Form::Packed;
            file.seek(SeekFrom::Start(0))?;
            beginning.clear();
            let read = MultiGzDecoder::new(file).take(BEGINNING).read_to_end(&mut beginning);
            // One that is cut short is read as far as it goes.
            if beginning.is_empty() {
                read.context("it cannot be unpacked")?;
            }
        }
        let found = if form == Form::Database { Some(Origin::PiHole) } else { recognise(&beginning) };
        let Some(origin) = origin.or(found) else {
            bail!("its first lines say nothing of what kind of log it is; say so with --format")
        };
        if form == Form::Database && origin != Origin::PiHole {
            bail!("it is a database; of those, Pi-hole's alone can be read");
        }
        Ok(Self { context, path: path.to_owned(), origin, form, lines: 0, is_unfinished: false })
    }

    /// What kind of log it is.
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// How many lines it had when it was read.
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether its last line has no end yet, and was left for the next time.
    pub const fn is_unfinished(&self) -> bool {
        self.is_unfinished
    }

    /// How long it is, in what [`Self::read`] counts: bytes of the file, or requests of a database.
    pub fn length(&self, file: &Known) -> Result<u64> {
        Ok(if self.form == Form::Database { file.bytes } else { std::fs::metadata(&self.path)?.len() })
    }

    /// How it is known again, and how its beginnings of those lengths would be: by its text, packed or not, as far as that can
    /// be read, and without a last line that has no end yet. A database, in which anything may have moved, is known by its
    /// requests up to a number.
    pub fn digest(&self, lengths: &[u64]) -> Result<(Known, Vec<Known>)> {
        let file = || File::open(&self.path);
        match self.form {
            Form::Database => self.digest_of_rows(lengths),
            Form::Text => Ok(digest_of(file()?, lengths, true)),
            Form::Packed => Ok(digest_of(MultiGzDecoder::new(BufReader::new(file()?)), lengths, false)),
        }
    }

    fn digest_of_rows(&self, numbers: &[u64]) -> Result<(Known, Vec<Known>)> {
        self.context.wait(async {
            let database = Foreign::open(&self.path).await?;
            let last = database.whole_number("select coalesce(max(id), 0) from queries").await?;
            let of = |(id, query): (i64, Option<Query>)| {
                let text = match query {
                    Some(query) => {
                        format!("{id}|{}|{}|{}", query.timestamp, query.domain, query.client)
                    }
                    None => format!("{id}|damaged"),
                };
                known(u64::try_from(id).unwrap_or(0), &Sha256::digest(text))
            };
            let mut beginnings = Vec::new();
            for number in numbers {
                let at = i64::try_from(*number).unwrap_or(i64::MAX);
                let found = rows(&database, at.saturating_sub(1), 1).await?;
                beginnings.extend(found.into_iter().map(of));
            }
            let newest = rows(&database, last.saturating_sub(1), 1).await?.into_iter().map(of).next();
            let Some(newest) = newest else { bail!("there is no request in it") };
            Ok((newest, beginnings))
        })
    }

    /// Reads it from beginning to end.
    pub fn read(&mut self, zone: &Zone, now: Timestamp, each: &mut Each<'_>) -> Result<()> {
        if self.form == Form::Database {
            return self.read_rows(each);
        }
        let mut file = Counted::new(File::open(&self.path)?);
        if self.form == Form::Text {
            return self.read_lines(&mut file, |file| file.bytes, zone, now, each);
        }
        let mut packed = MultiGzDecoder::new(file);
        self.read_lines(&mut packed, |packed| packed.get_ref().bytes, zone, now, each)
    }

    fn read_lines<R: Read>(
        &mut self,
        from: &mut R,
        at_byte: impl Fn(&R) -> u64,
        zone: &Zone,
        now: Timestamp,
        each: &mut Each<'_>,
    ) -> Result<()> {
        let mut lines = BufReader::with_capacity(256 << 10, from);
        let mut reader = Reader::new(self.origin, zone.clone(), now);
        let mut line = Vec::new();
        loop {
            self.lines = reader.lines();
            let Some(end) = next_line(&mut lines, &mut line)? else { break };
            if end == End::OfFile && self.form == Form::Text && !line.is_empty() {
                self.is_unfinished = true;
                break;
            }
            let said = reader.line(&line);
            let (number, at) = (reader.lines(), at_byte(lines.get_ref()));
            each((number, said), reader.told(), at)?;
            while let Some(heard) = reader.ready() {
                each((heard.line, Said::Request(heard)), reader.told(), at)?;
            }
        }
        let at = at_byte(lines.get_ref());
        while let Some(heard) = reader.end() {
            each((heard.line, Said::Request(heard)), reader.told(), at)?;
        }
        Ok(())
    }

    fn read_rows(&mut self, each: &mut Each<'_>) -> Result<()> {
        let database = self.context.wait(Foreign::open(&self.path))?;
        let mut after = 0;
        loop {
            let found = self.context.wait(rows(&database, after, ROWS))?;
            let Some((last, _)) = found.last() else { break };
            after = *last;
            for (id, query) in &found {
                let number = u64::try_from(*id).unwrap_or(0);
                let said = query.as_ref().map_or(Said::Unread(Why::Damaged), |query| query.heard().into());
                each((number, said), number.saturating_sub(1), number)?;
            }
            self.lines = u64::try_from(after).unwrap_or(0);
        }
        Ok(())
    }
}

/// Requests of a database by their numbers, from after one on. One whose fields are not what they should be stops none of
/// the others.
async fn rows(database: &Foreign, after: i64, most: i64) -> Result<Vec<(i64, Option<Query>)>> {
    let text = "select id, cast(timestamp as real), status, coalesce(domain, ''), coalesce(client, '') \
                from queries where id > ?1 order by id limit ?2";
    let found =
        database.rows(text, [after, most]).await.context("it has no requests as Pi-hole keeps them")?;
    found.iter().map(|row| Ok((row.whole_number(0)?, query_of(row).ok()))).collect()
}

fn query_of(row: &Row) -> Result<Query, store::StoreError> {
    Ok(Query {
        id: row.whole_number(0)?,
        timestamp: row.number(1)?,
        status: row.whole_number(2)?,
        domain: row.text(3)?,
        client: row.text(4)?,
    })
}

/// The digest of a text and of its beginnings, up to where it cannot be read any further. With `whole_lines` what comes after
/// the last end of a line is not in it, though it is in a beginning that is as long.
fn digest_of(mut from: impl Read, lengths: &[u64], whole_lines: bool) -> (Known, Vec<Known>) {
    let mut lengths: Vec<u64> = lengths.to_vec();
    lengths.sort_unstable();
    let mut lengths = lengths.into_iter().peekable();
    let mut beginnings = Vec::new();
    let (mut hasher, mut at, mut buffer) = (Sha256::new(), 0_u64, vec![0; 256 << 10]);
    // What is known up to the last end of a line.
    let mut lines = (hasher.clone(), 0_u64);
    loop {
        while lengths.next_if(|length| *length == at).is_some() {
            beginnings.push(known(at, &hasher.clone().finalize()));
        }
        let most = lengths.peek().map_or(u64::MAX, |next| next.saturating_sub(at));
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(buffer.len());
        let read = match from.read(buffer.get_mut(..most).unwrap_or_default()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        let part = buffer.get(..read).unwrap_or_default();
        let end = part.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        let (ended, begun) = part.split_at_checked(end).unwrap_or((part, &[]));
        hasher.update(ended);
        if end > 0 {
            lines = (hasher.clone(), at + end as u64);
        }
        hasher.update(begun);
        at += read as u64;
    }
    let (hasher, at) = if whole_lines { lines } else { (hasher, at) };
    (known(at, &hasher.finalize()), beginnings)
}

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// As lines do.
    Whole,
    /// With the file: whoever writes it may not have finished.
    OfFile,
}

/// A line without its end; of one that is longer than any line may be, one byte more than that.
fn next_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<End>> {
    line.clear();
    let mut any = false;
    loop {
        let here = from.fill_buf()?;
        if here.is_empty() {
            return Ok(any.then_some(End::OfFile));
        }
        any = true;
        let end = here.iter().position(|byte| *byte == b'\n');
        let part = here.get(..end.unwrap_or(here.len())).unwrap_or_default();
        let room = (LONGEST_LINE + 1).saturating_sub(line.len());
        line.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        let used = part.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            return Ok(Some(End::Whole));
        }
    }
}

/// Counts what is read.
struct Counted {
    file: File,
    bytes: u64,
}

impl Counted {
    const fn new(file: File) -> Self {
        Self { file, bytes: 0 }
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_by_its_whole_lines_and_by_each_of_its_beginnings() {
        let of = |text: &str| digest_of(text.as_bytes(), &[], false).0;
        let (known, beginnings) = digest_of("one\ntwo\nthr".as_bytes(), &[11, 4, 9, 99], true);
        assert_eq!(known, of("one\ntwo\n"));
        assert_eq!(beginnings, [of("one\n"), of("one\ntwo\nt"), of("one\ntwo\nthr")]);
        assert_eq!(digest_of("one\ntwo\n".as_bytes(), &[], true).0, of("one\ntwo\n"));
        assert_eq!(digest_of("thr".as_bytes(), &[], true).0, of(""));
        // What cannot be read any further is known as far as it can.
        struct Broken(usize);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 > 1 {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                buffer[..4].copy_from_slice(b"one\n");
                Ok(4)
            }
        }
        assert_eq!(digest_of(Broken(0), &[], false).0, of("one\n"));
    }

    #[test]
    fn lines_come_without_their_ends_and_none_takes_more_than_its_room() {
        let long = "x".repeat(LONGEST_LINE + 500);
        let text = format!("one\r\n\n{long}\nlast");
        for buffer in [1, 7, 64 << 10] {
            let mut from = BufReader::with_capacity(buffer, text.as_bytes());
            let (mut line, mut lengths) = (Vec::new(), Vec::new());
            while next_line(&mut from, &mut line).unwrap().is_some() {
                lengths.push(line.len());
            }
            assert_eq!(lengths, [4, 0, LONGEST_LINE + 1, 4]);
        }
    }
}
