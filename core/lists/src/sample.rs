//! Looking at some lines of a file to tell its format.

use crate::format::{Foreign, Format};
use crate::read::lines::{self, Line};

/// How many lines are looked at from the start, and again from the middle.
const LINES: usize = 500;

/// What one line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    Blank,
    Own(Format),
    Other(Foreign),
    Odd,
}

/// The format that most lines which look like anything agree on.
pub(crate) fn look(text: &[u8]) -> Result<Format, Foreign> {
    whole(text)?;
    let middle = text.get(text.len() / 2..).unwrap_or(&[]);
    let lines = lines::of(text).take(LINES).chain(lines::of(middle).skip(1).take(LINES));
    let mut votes: Vec<(Looks, usize)> = Vec::new();
    let mut odd = 0usize;
    for line in lines {
        match looks(&line) {
            Looks::Blank => {}
            Looks::Odd => odd += 1,
            // Their other lines are names, links and prose, so one mark decides.
            Looks::Other(foreign @ (Foreign::PublicSuffixes | Foreign::Stamps)) => return Err(foreign),
            kind => match votes.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, count)) => *count += 1,
                None => votes.push((kind, 1)),
            },
        }
    }
    let all: usize = votes.iter().map(|(_, count)| count).sum();
    // Between equals the one met first.
    let best = votes.iter().rev().max_by_key(|(_, count)| *count).copied();
    match best {
        None if odd == 0 => Ok(Format::Domains),
        None => Err(Foreign::Unknown),
        Some((Looks::Other(foreign), _)) => Err(foreign),
        Some((Looks::Own(_), _)) if odd > all => Err(Foreign::Unknown),
        Some((Looks::Own(format), _)) => Ok(format),
        Some(_) => Err(Foreign::Unknown),
    }
}

/// What the first bytes tell of the whole file.
fn whole(text: &[u8]) -> Result<(), Foreign> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return Err(Foreign::Utf16);
    }
    let start = text.get(..text.len().min(4096)).unwrap_or(text);
    if start.starts_with(b"\x1f\x8b") || start.contains(&0) {
        return Err(Foreign::NotText);
    }
    let start = lines::without_mark(start).trim_ascii_start();
    let begins =
        |word: &str| start.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
    if begins("<!doctype") || begins("<html") || begins("<?xml") || begins("<head") {
        return Err(Foreign::WebPage);
    }
    if begins("{") || begins("[{") || begins("[\"") || start == b"[" || begins("[\n") {
        return Err(Foreign::Json);
    }
    Ok(())
}

fn looks(line: &Line<'_>) -> Looks {
    let raw = line.raw.trim_ascii();
    if raw.is_empty() {
        return Looks::Blank;
    }
    let Ok(text) = std::str::from_utf8(raw) else { return Looks::Odd };
    if text.starts_with("// ===BEGIN ICANN DOMAINS===") {
        return Looks::Other(Foreign::PublicSuffixes);
    }
    if text.starts_with("sdns://") {
        return Looks::Other(Foreign::Stamps);
    }
    if text.starts_with(".Include<")
        || text.starts_with("#listcategory:")
        || (text.starts_with('<') && text.ends_with('>'))
    {
        return Looks::Other(Foreign::E2guardian);
    }
    if text.starts_with("||")
        || text.starts_with("@@")
        || text.starts_with("[Adblock")
        || text.starts_with("! ")
        || ["##", "#@#", "#?#"].iter().any(|mark| text.find(mark).is_some_and(|at| at > 0))
    {
        return Looks::Other(Foreign::Adguard);
    }
    if text.starts_with('#') || text.starts_with(';') || text.starts_with("//") {
        return Looks::Blank;
    }
    if ["server=/", "address=/", "local=/", "ipset=/"].iter().any(|key| text.starts_with(key)) {
        return Looks::Other(Foreign::Dnsmasq);
    }
    if ["local-zone:", "local-data:", "server:"].iter().any(|key| text.starts_with(key)) {
        return Looks::Other(Foreign::Unbound);
    }
    if text.starts_with("$TTL")
        || text.starts_with("$ORIGIN")
        || text.split_ascii_whitespace().any(|word| word == "CNAME" || word == "SOA")
    {
        return Looks::Other(Foreign::Rpz);
    }
    if text.len() > 2 && text.starts_with('/') && text.ends_with('/') {
        return Looks::Other(Foreign::SlashedExpressions);
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        return Looks::Other(Foreign::UrlFeed);
    }
    one_of_ours(text)
}

fn one_of_ours(text: &str) -> Looks {
    let text = lines::without_tail(text);
    let mut words = text.split_ascii_whitespace();
    let (Some(first), second) = (words.next(), words.next()) else { return Looks::Blank };
    if second.is_some() {
        let is_hosts =
            first.split('%').next().is_some_and(|address| address.parse::<std::net::IpAddr>().is_ok());
        return if is_hosts { Looks::Own(Format::Hosts) } else { Looks::Odd };
    }
    if let Some((address, bits)) = first.split_once('/') {
        if address.parse::<std::net::IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| bits <= 128) {
            return Looks::Own(Format::Domains);
        }
        return if is_name(address) { Looks::Own(Format::Urls) } else { Looks::Odd };
    }
    if first.contains(',') {
        return Looks::Other(Foreign::Table);
    }
    let name = first.strip_prefix("*.").or_else(|| first.strip_prefix('.')).unwrap_or(first);
    if first.parse::<std::net::IpAddr>().is_ok() || is_name(name) {
        Looks::Own(Format::Domains)
    } else {
        Looks::Odd
    }
}

/// Whether the text could be a name of two labels or more.
fn is_name(text: &str) -> bool {
    text.contains('.')
        && kit::host::normalise_host_name(text).is_some_and(|name| lines::plain_name(name.as_bytes()))
}
