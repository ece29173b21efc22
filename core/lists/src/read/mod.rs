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

use std::io::{self, Read as _};

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
    let mut reader = Reader::new(format, text);
    reader.take(text, sink);
    reader.finish(sink)
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
/// length, nor with that of a line. A line that is longer than a piece is refused.
pub fn read_from<S: Sink>(
    from: &mut dyn io::Read,
    format: Format,
    sink: &mut S,
) -> Result<Report, ReadError> {
    if format == Format::Adguard {
        // What a rule turns off may stand before it, so the whole has to be there.
        let mut text = Vec::new();
        from.take(WHOLE + 1).read_to_end(&mut text)?;
        if text.len() as u64 > WHOLE {
            return Err(ReadError::Full);
        }
        let report = read(&text, format, sink);
        return if sink.is_full() { Err(ReadError::Full) } else { Ok(report) };
    }
    let mut reader = Reader::new(format, &[]);
    let outcome = pieces::each(from, &mut |piece| {
        match piece {
            Piece::Lines(text) => reader.take(text, sink),
            Piece::TooLong => reader.pass_over_line(),
        }
        if sink.is_full() { Err(Stop) } else { Ok(()) }
    })?;
    outcome.map_err(|Stop| ReadError::Full)?;
    Ok(reader.finish(sink))
}

/// The most that a list in AdGuard's form may be, in bytes: about two million rules.
const WHOLE: u64 = 64 << 20;

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

/// Reads a list, piece by piece.
struct Reader<'t> {
    report: Report,
    scratch: String,
    adguard: adguard::Reader<'t>,
    rpz: rpz::Reader,
    under: under::Under,
}

impl<'t> Reader<'t> {
    /// `text` is the whole of a list in AdGuard's form; of others nothing need be known.
    fn new(format: Format, text: &'t [u8]) -> Self {
        let text = if format == Format::Adguard { text } else { &[] };
        Self {
            report: Report::new(format),
            scratch: String::new(),
            adguard: adguard::Reader::new(text),
            rpz: rpz::Reader::default(),
            under: under::Under::default(),
        }
    }

    /// Reads whole lines, which follow those read before.
    fn take(&mut self, text: &[u8], sink: &mut impl Sink) {
        let Self { report, scratch, adguard, rpz, under } = self;
        let format = report.format;
        for line in lines::of_piece(text, report.lines) {
            report.lines = line.number;
            let outcome = match format {
                Format::Domains => names::read(&line, scratch, sink, report),
                Format::Hosts => hosts::read(&line, scratch, sink, report),
                Format::Urls => urls::read(&line, scratch, sink),
                Format::Expressions => expressions::read(&line, sink),
                Format::PerlExpressions => expressions::read_perl(&line, sink),
                Format::NameExpressions => name_expressions::read(&line, sink),
                Format::Adguard => adguard.read(&line, scratch, sink, report),
                Format::Dnsmasq => dnsmasq::read(&line, scratch, under, sink),
                Format::Unbound => unbound::read(&line, scratch, sink),
                Format::Rpz => rpz.read(&line, scratch, sink),
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

    fn pass_over_line(&mut self) {
        self.report.lines += 1;
        self.report.refuse(self.report.lines, Refusal::LineTooLong);
    }

    /// Gives what had to wait for the end.
    fn finish(mut self, sink: &mut impl Sink) -> Report {
        self.adguard.finish(sink);
        self.rpz.finish(sink);
        self.under.finish(sink);
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
