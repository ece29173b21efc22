//! Site and URL lists of e2guardian (and DansGuardian before it), one entry a line, with their directives.
//!
//! Source: the comments in e2guardian's own configuration, `bannedsitelist` and `bannedurllist`. A site stands for itself
//! and all below it, an entry with a path for the URLs that start so.

use super::lines::Line;
use super::{LineResult, names, urls};
use crate::entry::Sink;
use crate::report::{Refusal, Report};

pub(crate) fn read(
    line: &Line<'_>,
    scratch: &mut String,
    sink: &mut impl Sink,
    report: &mut Report,
) -> LineResult {
    let raw = line.raw.trim_ascii();
    if raw.starts_with(b".Include<") {
        return Err(Refusal::Include);
    }
    // `**`, `*ip` and their like close or open everything but what is listed.
    if raw.starts_with(b"*") && !raw.starts_with(b"*.") {
        return Err(Refusal::Blanket);
    }
    let word = raw.split(|byte| byte.is_ascii_whitespace() || *byte == b'#').next().unwrap_or(raw);
    let is_range =
        std::str::from_utf8(word).is_ok_and(|word| matches!(names::addresses(word), Ok(Some(_)) | Err(_)));
    if word.contains(&b'/') && !is_range {
        return urls::read(line, scratch, sink);
    }
    names::read(line, scratch, sink, report)
}
