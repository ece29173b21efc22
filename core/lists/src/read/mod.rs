//! Reading a list's text into entries. One bad line never fails a list.

mod adguard;
mod dnsmasq;
mod e2guardian;
mod expressions;
mod hosts;
pub(crate) mod lines;
mod name_expressions;
mod names;
mod rpz;
mod stamps;
mod unbound;
mod under;
mod urls;

pub use expressions::translate;

use crate::entry::Sink;
use crate::format::{Foreign, Format, detect};
use crate::report::{Refusal, Report};

/// Reads `text` as `format`, gives every entry to `sink` and reports what became of each line. Plain names cost about
/// 40 ns each and no allocation.
pub fn read(text: &[u8], format: Format, sink: &mut impl Sink) -> Report {
    let mut report = Report::new(format);
    let mut scratch = String::new();
    let mut under = under::Under::default();
    let mut adguard = (format == Format::Adguard).then(|| adguard::Reader::new(text));
    let mut rpz = rpz::Reader::default();
    for line in lines::of_all(text) {
        report.lines = line.number;
        let outcome = match format {
            Format::Domains => names::read(&line, &mut scratch, sink, &mut report),
            Format::Hosts => hosts::read(&line, &mut scratch, sink, &mut report),
            Format::Urls => urls::read(&line, &mut scratch, sink),
            Format::Expressions => expressions::read(&line, sink),
            Format::PerlExpressions => expressions::read_perl(&line, sink),
            Format::Adguard => match &mut adguard {
                Some(reader) => reader.read(&line, &mut scratch, sink, &mut report),
                None => Ok(Outcome::Blank),
            },
            Format::Dnsmasq => dnsmasq::read(&line, &mut scratch, &mut under, sink),
            Format::Unbound => unbound::read(&line, &mut scratch, sink),
            Format::Rpz => rpz.read(&line, &mut scratch, sink),
            Format::NameExpressions => name_expressions::read(&line, sink),
            Format::E2guardian => e2guardian::read(&line, &mut scratch, sink, &mut report),
            Format::Stamps => stamps::read(&line, &mut scratch, sink),
        };
        match outcome {
            Ok(Outcome::Taken(entries)) => report.accepted += entries,
            Ok(Outcome::Blank) => report.blank += 1,
            Err(why) => report.refuse(line.number, why),
        }
    }
    under.finish(sink);
    rpz.finish(sink);
    if let Some(reader) = &adguard {
        reader.finish(sink);
    }
    report
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
