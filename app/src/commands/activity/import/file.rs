//! Files of logs: text, packed text, and Pi-hole's database. Read from beginning to end, however long, in little memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use activity::import::{LONGEST_LINE, Query, Reader, Said, recognise};
use activity::log::Known;
use anyhow::{Context as _, Result, bail};
use engine::Origin;
use flate2::read::MultiGzDecoder;
use kit::{Timestamp, Zone};
use sha2::{Digest as _, Sha256};
use store::foreign::Foreign;

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
            MultiGzDecoder::new(file)
                .take(BEGINNING)
                .read_to_end(&mut beginning)
                .context("it cannot be unpacked")?;
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

    /// How it is known again, and how its beginnings of those lengths would be. A database, in which anything may have moved, is
    /// known by its requests up to a number.
    pub fn digest(&self, lengths: &[u64]) -> Result<(Known, Vec<Known>)> {
        if self.form == Form::Database {
            return self.digest_of_rows(lengths);
        }
        let mut lengths: Vec<u64> = lengths.to_vec();
        lengths.sort_unstable();
        let mut lengths = lengths.into_iter().peekable();
        let mut beginnings = Vec::new();
        let mut file = File::open(&self.path)?;
        let (mut hasher, mut at, mut buffer) = (Sha256::new(), 0_u64, vec![0; 256 << 10]);
        loop {
            while lengths.next_if(|length| *length == at).is_some() {
                beginnings.push(known(at, &hasher.clone().finalize()));
            }
            let most = lengths.peek().map_or(u64::MAX, |next| next.saturating_sub(at));
            let most = usize::try_from(most).unwrap_or(usize::MAX).min(buffer.len());
            let read = file.read(buffer.get_mut(..most).unwrap_or_default())?;
            if read == 0 {
                break;
            }
            hasher.update(buffer.get(..read).unwrap_or_default());
            at += read as u64;
        }
        Ok((known(at, &hasher.finalize()), beginnings))
    }

    fn digest_of_rows(&self, numbers: &[u64]) -> Result<(Known, Vec<Known>)> {
        self.context.wait(async {
            let database = Foreign::open(&self.path).await?;
            let last = database.whole_number("select coalesce(max(id), 0) from queries").await?;
            let of = |query: Query| {
                let text = format!("{}|{}|{}|{}", query.id, query.timestamp, query.domain, query.client);
                known(u64::try_from(query.id).unwrap_or(0), &Sha256::digest(text))
            };
            let mut beginnings = Vec::new();
            for number in numbers {
                let at = i64::try_from(*number).unwrap_or(i64::MAX);
                beginnings.extend(rows(&database, at.saturating_sub(1), 1).await?.into_iter().map(of));
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
        while let Some(end) = next_line(&mut lines, &mut line)? {
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
        self.lines = reader.lines();
        Ok(())
    }

    fn read_rows(&mut self, each: &mut Each<'_>) -> Result<()> {
        let database = self.context.wait(Foreign::open(&self.path))?;
        let mut after = 0;
        loop {
            let found = self.context.wait(rows(&database, after, ROWS))?;
            let Some(last) = found.last() else { break };
            after = last.id;
            for query in &found {
                let number = u64::try_from(query.id).unwrap_or(0);
                each((number, query.heard().into()), number.saturating_sub(1), number)?;
            }
        }
        self.lines = u64::try_from(after).unwrap_or(0);
        Ok(())
    }
}

/// Requests of a database by their numbers, from after one on.
async fn rows(database: &Foreign, after: i64, most: i64) -> Result<Vec<Query>> {
    let text = "select id, cast(timestamp as real), status, coalesce(domain, ''), coalesce(client, '') \
                from queries where id > ?1 order by id limit ?2";
    let found =
        database.rows(text, [after, most]).await.context("it has no requests as Pi-hole keeps them")?;
    found
        .iter()
        .map(|row| {
            Ok(Query {
                id: row.whole_number(0)?,
                timestamp: row.number(1)?,
                status: row.whole_number(2)?,
                domain: row.text(3)?,
                client: row.text(4)?,
            })
        })
        .collect()
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
