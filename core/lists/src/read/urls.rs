//! A host and the start of a path on each line, as in the `urls` files of squidGuard and UT1.

use std::net::IpAddr;

use super::lines::{self, Line};
use super::{LineResult, Outcome};
use crate::entry::{Entry, Says, Sink};
use crate::report::Refusal;
use crate::url::canonical_path;

const LONGEST_PATH: usize = 2048;

pub(crate) fn read(line: &Line<'_>, scratch: &mut String, sink: &mut impl Sink) -> LineResult {
    let raw = line.raw.trim_ascii();
    if raw.is_empty() || raw.starts_with(b"#") {
        return Ok(Outcome::Blank);
    }
    if raw.len() > lines::LONGEST_LINE {
        return Err(Refusal::LineTooLong);
    }
    let text = std::str::from_utf8(raw).map_err(|_| Refusal::NotText)?;
    if text.bytes().any(|byte| byte < b' ' && byte != b'\t') {
        return Err(Refusal::NotText);
    }
    let mut words = text.split_ascii_whitespace();
    let Some(url) = words.next() else { return Ok(Outcome::Blank) };
    if words.next().is_some_and(|word| !word.starts_with('#')) {
        return Err(Refusal::SeveralWords);
    }
    let url = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or(url);
    // No request carries a fragment, so what stands before it is meant; where that is a whole host, more would be
    // covered than the list says.
    let (url, fragment) = match url.split_once('#') {
        Some((before, _)) => (before, true),
        None => (url, false),
    };
    let (host, path) = url.split_at(url.find(['/', '?']).unwrap_or(url.len()));
    if host.contains('@') {
        return Err(Refusal::UserName);
    }
    // The format has no ports: a request's port is not looked at.
    let host = match host.rsplit_once(':') {
        Some((bare, port)) if !bare.contains(':') && port.parse::<u16>().is_ok() => bare,
        _ => host,
    };
    let path = canonical_path(path).filter(|path| path.len() <= LONGEST_PATH).ok_or(Refusal::NotAPath)?;
    if fragment && path == "/" {
        return Err(Refusal::Fragment);
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return on_address(address, &path, sink);
    }
    let name = lines::host_name(host, scratch)?;
    if !name.as_str().contains('.') {
        return Err(Refusal::WholeTopLevel);
    }
    if path != "/" {
        sink.take(Says::Listed, Entry::Path(name, &path.to_ascii_lowercase()));
        return Ok(Outcome::Taken(1));
    }
    // Every path starts with `/`, so this is the whole host, which then is known to fronts that see no paths too.
    sink.take(Says::Listed, Entry::Exact(name));
    let with_www = format!("www.{name}");
    if !name.as_str().starts_with("www.")
        && let Some(with_www) = kit::HostName::new(&with_www)
    {
        sink.take(Says::Listed, Entry::Exact(with_www));
    }
    Ok(Outcome::Taken(1))
}

fn on_address(address: IpAddr, path: &str, sink: &mut impl Sink) -> LineResult {
    if path == "/" {
        let address = address.to_canonical();
        sink.take(Says::Listed, Entry::Range(address, address));
        return Ok(Outcome::Taken(1));
    }
    let text = address.to_canonical().to_string();
    // An IPv6 address is no host name, and no list has been seen with paths on one.
    let host = kit::HostName::new(&text).ok_or(Refusal::NotAName)?;
    sink.take(Says::Listed, Entry::Path(host, &path.to_ascii_lowercase()));
    Ok(Outcome::Taken(1))
}
