//! Lines of a dnsmasq configuration that keep names from being answered. Source: dnsmasq(8).

use std::net::IpAddr;

use super::lines::{self, Line};
use super::names::check_below;
use super::under::Under;
use super::{LineResult, Outcome};
use crate::entry::{Entry, Says, Sink};
use crate::report::{Refusal, Report};

/// `address=/name/…/0.0.0.0`, `address=/name/`, `server=/name/`, `local=/name/`: the names, and all below them, are answered
/// with nothing or with nowhere.
pub(crate) fn read(
    line: &Line<'_>,
    scratch: &mut String,
    under: &mut Under,
    report: &mut Report,
    sink: &mut impl Sink,
) -> LineResult {
    let Some(text) = whole_line(line)? else { return Ok(Outcome::Blank) };
    let (key, value) = text.split_once('=').ok_or(Refusal::AnotherFormat)?;
    let (key, value) = (key.trim_ascii(), value.trim_ascii());
    if !matches!(key, "address" | "server" | "local") {
        return Err(Refusal::OtherSetting);
    }
    let value = value.strip_prefix('/').ok_or(Refusal::OtherSetting)?;
    let (names, to) = value.rsplit_once('/').ok_or(Refusal::NoName)?;
    match (key, to) {
        (_, "") | ("address", "#") => {}
        ("address", to) => {
            let address = to.parse::<IpAddr>().map_err(|_| Refusal::NoAddress)?;
            if !goes_nowhere(address) {
                return Err(Refusal::Rewrite);
            }
        }
        _ => return Err(Refusal::Forwarding),
    }
    let mut taken = 0;
    for name in names.split('/') {
        let (bare, only_below) = match name.strip_prefix("*.") {
            Some(bare) => (bare, true),
            // `*x` has no form among names.
            None => (name.strip_prefix('.').unwrap_or(name), false),
        };
        let name = lines::host_name(bare, scratch)?;
        if only_below {
            under.take(name, report)?;
        } else {
            check_below(name, Says::Listed, report)?;
            sink.take(Says::Listed, Entry::Below(name));
        }
        taken += 1;
    }
    Ok(Outcome::Taken(taken))
}

/// Whether an address is one that answers nobody: what lists write for "blocked".
pub(crate) fn goes_nowhere(address: IpAddr) -> bool {
    address.is_unspecified() || address.is_loopback()
}

/// A line of a configuration; `None` for a blank one or a comment. A `#` that is a value stays.
fn whole_line<'a>(line: &Line<'a>) -> Result<Option<&'a str>, Refusal> {
    let raw = line.raw.trim_ascii();
    if raw.is_empty() || raw.starts_with(b"#") {
        return Ok(None);
    }
    if raw.len() > lines::LONGEST_LINE {
        return Err(Refusal::LineTooLong);
    }
    let text = std::str::from_utf8(raw).map_err(|_| Refusal::NotText)?;
    if text.bytes().any(|byte| byte < b' ' && byte != b'\t') {
        return Err(Refusal::NotText);
    }
    Ok(Some(text.split(" #").next().unwrap_or(text).trim_ascii()))
}
