//! Lines of an unbound configuration that keep names from being answered. Source: unbound.conf(5).

use std::net::IpAddr;

use super::dnsmasq::goes_nowhere;
use super::lines::{self, Line};
use super::names::check_below;
use super::{LineResult, Outcome};
use crate::entry::{Entry, Says, Sink};
use crate::report::{Refusal, Report};

/// `local-zone: "name" always_nxdomain` and its like block the name and all below it; `local-data: "name A 0.0.0.0"`
/// blocks the name.
pub(crate) fn read(
    line: &Line<'_>,
    scratch: &mut String,
    sink: &mut impl Sink,
    report: &mut Report,
) -> LineResult {
    let Some(text) = lines::words(line)? else { return Ok(Outcome::Blank) };
    let (key, value) = text.split_once(':').ok_or(Refusal::AnotherFormat)?;
    let value = value.trim_ascii();
    match key {
        "server" if value.is_empty() => Ok(Outcome::Blank),
        "local-zone" => {
            let mut words = value.split_ascii_whitespace().map(|word| word.trim_matches(['"', '\'']));
            let (name, kind) = (words.next().ok_or(Refusal::NoName)?, words.next().unwrap_or("static"));
            match kind {
                "deny" | "refuse" | "static" | "redirect" | "inform_deny" | "inform_redirect"
                | "always_refuse" | "always_nxdomain" | "always_nodata" | "always_deny" | "always_null" => {
                    let name = lines::host_name(name, scratch)?;
                    check_below(name, Says::Listed, report)?;
                    sink.take(Says::Listed, Entry::Below(name));
                }
                "transparent" | "typetransparent" | "inform" | "always_transparent" => {
                    let name = lines::host_name(name, scratch)?;
                    check_below(name, Says::Excepted, report)?;
                    sink.take(Says::Excepted, Entry::Below(name));
                }
                _ => return Err(Refusal::OtherSetting),
            }
            Ok(Outcome::Taken(1))
        }
        "local-data" => {
            let record = value.trim_matches(['"', '\'']);
            let mut words = record.split_ascii_whitespace();
            let (name, last) = (words.next().ok_or(Refusal::NoName)?, words.next_back());
            let address = last.and_then(|last| last.parse::<IpAddr>().ok()).ok_or(Refusal::Rewrite)?;
            if !goes_nowhere(address) {
                return Err(Refusal::Rewrite);
            }
            sink.take(Says::Listed, Entry::Exact(lines::host_name(name, scratch)?));
            Ok(Outcome::Taken(1))
        }
        _ => Err(Refusal::OtherSetting),
    }
}
