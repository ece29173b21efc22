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

/// The start and the middle of a text: what [`detect`](crate::detect) looks at.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'t> {
    start: &'t [u8],
    middle: &'t [u8],
}

impl<'t> Sample<'t> {
    /// How many bytes each of the two has at most.
    pub const BYTES: usize = 64 << 10;

    /// That of a text in memory.
    pub fn of(text: &'t [u8]) -> Self {
        let middle = Self::middle_of(text.len() as u64);
        let middle = usize::try_from(middle).ok().and_then(|middle| text.get(middle..));
        Self::pieces(text, middle.unwrap_or(&[]), text.len() as u64)
    }

    /// Where the middle of a text of so many bytes begins.
    pub const fn middle_of(bytes: u64) -> u64 {
        bytes / 2
    }

    /// That of a text of so many bytes, of which these are the start and the middle, each as long as [`Sample::BYTES`] or up
    /// to the end of the text.
    pub fn pieces(start: &'t [u8], middle: &'t [u8], bytes: u64) -> Self {
        let cut = |piece: &'t [u8], at: u64| {
            let piece = piece.get(..Self::BYTES).unwrap_or(piece);
            if at + piece.len() as u64 >= bytes {
                return piece;
            }
            // Half a line at the end looks like none.
            memchr::memrchr(b'\n', piece).and_then(|end| piece.get(..=end)).unwrap_or(piece)
        };
        Self { start: cut(start, 0), middle: cut(middle, Self::middle_of(bytes)) }
    }

    /// Whether a text that begins so is none: packed, or mostly zero bytes, or in UTF-16.
    pub fn not_text(start: &[u8]) -> Option<Foreign> {
        packed(start).err()
    }
}

/// The format that most lines which look like anything agree on. No single line decides.
pub(crate) fn look(Sample { start: text, middle }: Sample<'_>) -> Result<Format, Foreign> {
    packed(text)?;
    let sample = || lines::of(text).take(LINES).chain(lines::of(middle).skip(1).take(LINES));
    let mut votes: Vec<(Looks, usize)> = Vec::new();
    let mut odd = 0usize;
    for line in sample() {
        match looks(&line) {
            Looks::Blank => {}
            Looks::Odd => odd += 1,
            kind => match votes.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, count)) => *count += 1,
                None => votes.push((kind, 1)),
            },
        }
    }
    let count = |of: &dyn Fn(&Looks) -> bool| -> usize {
        votes.iter().filter(|(kind, _)| of(kind)).map(|(_, count)| count).sum()
    };
    let all = count(&|_| true);
    let own = count(&|kind| matches!(kind, Looks::Own(_)));
    let of = |foreign| count(&|kind| *kind == Looks::Other(foreign));
    // A stray first line makes no web page of a list.
    if own * 2 <= all + odd {
        begins(text)?;
    }
    if of(Foreign::Timed) > 0 {
        return Err(Foreign::Timed);
    }
    // Beside the stamps of a catalogue stand links and prose.
    let stamps = count(&|kind| *kind == Looks::Own(Format::Stamps));
    if stamps > 0 && stamps * 4 >= own {
        return Ok(Format::Stamps);
    }
    // AdGuard's rules may stand beside names and lines of hosts files, and a header says so.
    if headed_adblock(text) {
        return Ok(Format::Adguard);
    }
    // The other lines of the public suffix list are names.
    if of(Foreign::PublicSuffixes) > 0 && mostly_suffixes(sample()) {
        return Err(Foreign::PublicSuffixes);
    }
    // Between equals the one met first.
    let best = votes.iter().rev().max_by_key(|(_, count)| *count).copied();
    match best {
        None if odd == 0 => Ok(Format::Domains),
        None => Err(Foreign::Unknown),
        Some((Looks::Other(foreign), _)) => Err(foreign),
        Some((Looks::Own(format), _)) if odd > all && !format.is_marked() => Err(Foreign::Unknown),
        Some((Looks::Own(format), _)) => Ok(format),
        Some(_) => Err(Foreign::Unknown),
    }
}

/// Whether the file begins as lists for Adblock Plus do.
fn headed_adblock(text: &[u8]) -> bool {
    let start = lines::without_mark(text).trim_ascii_start();
    start.get(..8).is_some_and(|head| head.eq_ignore_ascii_case(b"[adblock"))
}

/// Whether more than half of the lines that hold anything are public suffixes.
fn mostly_suffixes<'a>(sample: impl Iterator<Item = Line<'a>>) -> bool {
    let (mut suffixes, mut others) = (0usize, 0usize);
    for line in sample {
        let name = line.raw.trim_ascii();
        if name.is_empty() || name.starts_with(b"//") {
            continue;
        }
        let name = name.strip_prefix(b"*.").or_else(|| name.strip_prefix(b"!")).unwrap_or(name);
        if psl::suffix(name).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == name) {
            suffixes += 1;
        } else {
            others += 1;
        }
    }
    suffixes > others
}

/// What packed files begin with: gzip, zip, xz, bzip2, zstd.
const PACKED: [&[u8]; 5] = [b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd"];

/// Whether the bytes are no text at all. A stray zero byte spoils its own line only; where more than one byte in ten is
/// zero, there are no lines.
fn packed(text: &[u8]) -> Result<(), Foreign> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return Err(Foreign::Utf16);
    }
    let start = text.get(..text.len().min(4096)).unwrap_or(text);
    let zeros = memchr::memchr_iter(0, start).count();
    if zeros * 10 > start.len() || PACKED.iter().any(|mark| start.starts_with(mark)) {
        return Err(Foreign::NotText);
    }
    Ok(())
}

/// What the first words tell of the whole file.
fn begins(text: &[u8]) -> Result<(), Foreign> {
    let start = lines::without_mark(text).trim_ascii_start();
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
        return Looks::Own(Format::Stamps);
    }
    if text.starts_with("#time:") {
        return Looks::Other(Foreign::Timed);
    }
    if text.starts_with(".Include<") || text.starts_with("#listcategory:") {
        return Looks::Own(Format::E2guardian);
    }
    if text.starts_with('<') && text.ends_with('>') {
        return Looks::Other(Foreign::E2guardianPhrases);
    }
    if text.starts_with("||")
        || text.starts_with("@@")
        || text.starts_with("[Adblock")
        || text.starts_with("! ")
        || ["##", "#@#", "#?#"].iter().any(|mark| text.find(mark).is_some_and(|at| at > 0))
    {
        return Looks::Own(Format::Adguard);
    }
    if text.starts_with('#') || text.starts_with(';') || text.starts_with("//") {
        return Looks::Blank;
    }
    if ["server=/", "address=/", "local=/", "ipset=/"].iter().any(|key| text.starts_with(key)) {
        return Looks::Own(Format::Dnsmasq);
    }
    if ["local-zone:", "local-data:", "server:"].iter().any(|key| text.starts_with(key)) {
        return Looks::Own(Format::Unbound);
    }
    if text.starts_with("$TTL")
        || text.starts_with("$ORIGIN")
        || text.split_ascii_whitespace().any(|word| word == "CNAME" || word == "SOA")
    {
        return Looks::Own(Format::Rpz);
    }
    if (text.len() > 2 && text.starts_with('/') && text.ends_with('/'))
        || ((text.contains("\\.") || text.contains("(^|"))
            && (text.starts_with(['^', '(']) || text.ends_with('$')))
    {
        return Looks::Own(Format::NameExpressions);
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        return Looks::Own(Format::Urls);
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
