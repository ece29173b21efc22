//! Reading a list's text into entries. One bad line never fails a list.

mod expressions;
mod hosts;
pub(crate) mod lines;
mod names;
mod pieces;
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
    let mut report = Report::new(format);
    read_piece(lines::without_mark(text), &mut String::new(), sink, &mut report);
    report
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
    let mut report = Report::new(format);
    let mut scratch = String::new();
    let outcome = pieces::each(from, &mut |piece| {
        match piece {
            Piece::Lines(text) => read_piece(text, &mut scratch, sink, &mut report),
            Piece::TooLong => {
                report.lines += 1;
                report.refuse(report.lines, Refusal::LineTooLong);
            }
        }
        if sink.is_full() { Err(Stop) } else { Ok(()) }
    })?;
    outcome.map_err(|Stop| ReadError::Full)?;
    Ok(report)
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

/// Reads whole lines, which follow those that the report knows of.
fn read_piece(text: &[u8], scratch: &mut String, sink: &mut impl Sink, report: &mut Report) {
    let format = report.format;
    for line in lines::of_piece(text, report.lines) {
        report.lines = line.number;
        let outcome = match format {
            Format::Domains => names::read(&line, scratch, sink, report),
            Format::Hosts => hosts::read(&line, scratch, sink, report),
            Format::Urls => urls::read(&line, scratch, sink),
            Format::Expressions => expressions::read(&line, sink),
        };
        match outcome {
            Ok(Outcome::Taken(entries)) => report.accepted += entries,
            Ok(Outcome::Blank) => report.blank += 1,
            Err(why) => report.refuse(line.number, why),
        }
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
