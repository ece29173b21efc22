//! Reading a list's text into entries. One bad line never fails a list.

mod adguard;
mod dnsmasq;
mod e2guardian;
mod expressions;
mod hosts;
pub(crate) mod lines;
mod name_expressions;
mod names;
mod pieces;
mod rpz;
mod stamps;
mod unbound;
mod under;
mod urls;

use std::io;

pub use expressions::translate;
pub(crate) use names::closes_a_suffix;
pub use pieces::PIECE;
use pieces::{Piece, Stop};

use crate::entry::Sink;
use crate::format::{Foreign, Format, detect};
use crate::report::{Refusal, Report};

/// Reads `text` as `format`, gives every entry to `sink` and reports what became of each line. Plain names cost about
/// 40 ns each and no allocation.
pub fn read(text: &[u8], format: Format, sink: &mut impl Sink) -> Report {
    let text = lines::without_mark(text);
    let mut reading = Reading::new(format);
    reading.look(text);
    reading.piece(text, sink);
    reading.finish(sink)
}

/// Why a text was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// There is more in it than the sink takes.
    #[error("there is more in it than one list may hold")]
    Full,
}

/// [`read`] of a text that is not in memory: it is read in pieces of [`PIECE`] bytes, so that memory does not grow with its
/// length, nor with that of a line. A line that is longer than a piece is refused. `open` gives the text from its start; some
/// formats are looked through once before they are read.
pub fn read_from<R: io::Read, S: Sink>(
    mut open: impl FnMut() -> io::Result<R>,
    format: Format,
    sink: &mut S,
) -> Result<Report, ReadError> {
    let mut reading = Reading::new(format);
    let go_on = |is_full: bool| if is_full { Err(Stop) } else { Ok(()) };
    if reading.needs_a_look() {
        let outcome = pieces::each(&mut open()?, &mut |piece| {
            if let Piece::Lines(text) = piece {
                reading.look(text);
            }
            go_on(reading.is_full())
        })?;
        outcome.map_err(|Stop| ReadError::Full)?;
    }
    let outcome = pieces::each(&mut open()?, &mut |piece| {
        match piece {
            Piece::Lines(text) => reading.piece(text, sink),
            Piece::TooLong => reading.too_long(),
        }
        go_on(sink.is_full() || reading.is_full())
    })?;
    outcome.map_err(|Stop| ReadError::Full)?;
    let report = reading.finish(sink);
    if sink.is_full() { Err(ReadError::Full) } else { Ok(report) }
}

/// How many lines of a text hold anything. Memory does not grow with its length.
pub fn count_lines(from: &mut dyn io::Read) -> io::Result<u64> {
    let mut count = 0;
    // Nothing stops it.
    let _ = pieces::each(from, &mut |piece| {
        count += match piece {
            Piece::Lines(text) => {
                lines::of_piece(text, 0).filter(|line| !line.raw.trim_ascii().is_empty()).count() as u64
            }
            Piece::TooLong => 1,
        };
        Ok(())
    })?;
    Ok(count)
}

/// The most memory that may wait for the end of a text, in bytes.
const MOST_WAITING: usize = 256 << 20;

/// A text that is being read, and what waits for its end.
struct Reading {
    report: Report,
    scratch: String,
    under: under::Under,
    adguard: adguard::Reader,
    rpz: rpz::Reader,
}

impl Reading {
    fn new(format: Format) -> Self {
        Self {
            report: Report::new(format),
            scratch: String::new(),
            under: under::Under::default(),
            adguard: adguard::Reader::default(),
            rpz: rpz::Reader::default(),
        }
    }

    /// Whether a line may turn off another that stands before it.
    fn needs_a_look(&self) -> bool {
        self.report.format == Format::Adguard
    }

    /// Looks at whole lines before any is read.
    fn look(&mut self, text: &[u8]) {
        if self.needs_a_look() {
            self.adguard.look(text);
        }
    }

    fn is_full(&self) -> bool {
        self.under.held_bytes() + self.adguard.held_bytes() + self.rpz.held_bytes() > MOST_WAITING
    }

    fn too_long(&mut self) {
        self.report.lines += 1;
        self.report.refuse(self.report.lines, Refusal::LineTooLong);
    }

    /// Reads whole lines, which follow those that were read before.
    fn piece(&mut self, text: &[u8], sink: &mut impl Sink) {
        let Self { report, scratch, under, adguard, rpz } = self;
        let format = report.format;
        for line in lines::of_piece(text, report.lines) {
            report.lines = line.number;
            let outcome = match format {
                Format::Domains => names::read(&line, scratch, sink, report),
                Format::Hosts => hosts::read(&line, scratch, sink, report),
                Format::Urls => urls::read(&line, scratch, sink),
                Format::Expressions => expressions::read(&line, sink),
                Format::PerlExpressions => expressions::read_perl(&line, sink),
                Format::Adguard => adguard.read(&line, scratch, sink, report),
                Format::Dnsmasq => dnsmasq::read(&line, scratch, under, report, sink),
                Format::Unbound => unbound::read(&line, scratch, sink, report),
                Format::Rpz => rpz.read(&line, scratch, sink, report),
                Format::NameExpressions => name_expressions::read(&line, sink),
                Format::E2guardian => e2guardian::read(&line, scratch, sink, report),
                Format::Stamps => stamps::read(&line, scratch, sink),
            };
            match outcome {
                Ok(Outcome::Taken(entries)) => report.accepted += entries,
                Ok(Outcome::Blank) => report.blank += 1,
                Err(why) => report.refuse(line.number, why),
            }
        }
    }

    /// Gives what waited for the end.
    fn finish(mut self, sink: &mut impl Sink) -> Report {
        self.under.finish(sink);
        self.rpz.finish(sink);
        self.adguard.finish(sink);
        self.report
    }
}

/// Finds the format of a file and reads it.
pub fn read_file(file_name: &str, text: &[u8], sink: &mut impl Sink) -> Result<Report, Foreign> {
    Ok(read(text, detect(file_name, text)?, sink))
}

/// What became of a line that was not refused.
pub(crate) enum Outcome {
    Blank,
    Taken(u64),
}

pub(crate) type LineResult = Result<Outcome, Refusal>;
