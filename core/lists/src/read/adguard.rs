//! AdGuard's rules for names, which are Adblock Plus rules with fewer and other modifiers.
//!
//! Source: AdGuard, DNS filtering rules syntax (adguard-dns.io/kb/general/dns-filtering-syntax), and AdGuard Home's wiki on
//! hosts block lists. A rule with a modifier that is not known is ignored whole, as there. What can only be said of parts of
//! pages is left to browsers.

use std::borrow::Cow;
use std::collections::HashSet;
use std::net::IpAddr;

use kit::HostName;

use super::lines::{self, LONGEST_LINE, Line};
use super::name_expressions::{self, Begins};
use super::under::Under;
use super::{LineResult, Outcome, hosts, names};
use crate::entry::{Entry, Says, Sink};
use crate::report::{Refusal, Report};
use crate::url::canonical_path;

/// Reads the rules of one file.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// The rules that a rule with `$badfilter` turns off, each in the form of [`Rule::key`].
    off: HashSet<String>,
    off_bytes: usize,
    /// How many rules there are for what is on a page. A list with many is made for browsers, so that a pattern without a
    /// beginning is one for paths and not for names.
    on_pages: usize,
    under: Under,
}

impl Reader {
    /// Looks through a piece of the text, whole lines, for rules that turn others off, which may stand anywhere: all of them
    /// before the first is read.
    pub(crate) fn look(&mut self, text: &[u8]) {
        for at in memchr::memmem::find_iter(text, b"badfilter") {
            let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else { continue };
            let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
            let end = memchr::memchr(b'\n', after).map_or(text.len(), |end| at + end);
            let Some(line) = text.get(start..end).and_then(|line| std::str::from_utf8(line).ok()) else {
                continue;
            };
            let line = line.trim_ascii();
            let rule = Rule::of(line);
            if line.len() <= LONGEST_LINE && rule.modifiers().any(|one| one == "badfilter") {
                let key = rule.key().into_owned();
                self.off_bytes += key.len() + 2 * size_of::<String>();
                self.off.insert(key);
            }
        }
        self.on_pages += memchr::memmem::find_iter(text, b"##").count();
    }

    /// How many bytes of memory wait for the end of the text.
    pub(crate) fn held_bytes(&self) -> usize {
        self.off_bytes + self.under.held_bytes()
    }

    pub(crate) fn read(
        &mut self,
        line: &Line<'_>,
        scratch: &mut String,
        sink: &mut impl Sink,
        report: &mut Report,
    ) -> LineResult {
        let raw = line.raw.trim_ascii();
        if raw.len() > LONGEST_LINE {
            return Err(Refusal::LineTooLong);
        }
        let text = std::str::from_utf8(raw).map_err(|_| Refusal::NotText)?;
        if text.is_empty() || text.starts_with('!') || (text.starts_with('[') && text.ends_with(']')) {
            return Ok(Outcome::Blank);
        }
        if is_about_pages(text) {
            return Err(Refusal::BrowserOnly);
        }
        if text.starts_with('#') {
            return Ok(Outcome::Blank);
        }
        if text.bytes().any(|byte| byte < b' ' && byte != b'\t') {
            return Err(Refusal::NotText);
        }
        let mut words = text.split_ascii_whitespace();
        if let (Some(first), second) = (words.next(), words.next())
            && let Ok(address) = first.parse::<IpAddr>()
        {
            // An address alone blocks every name that leads to it; with names behind it, this is a line of a hosts file.
            return match second {
                Some(_) => hosts::read(line, scratch, sink, report),
                None => Self::address(address, Says::Listed, sink),
            };
        }
        let rule = Rule::of(text);
        if !self.off.is_empty() && self.off.contains(rule.key().as_ref()) {
            return Ok(Outcome::Blank);
        }
        self.rule(&rule, scratch, sink, report)
    }

    const fn is_for_browsers(&self) -> bool {
        self.on_pages >= MANY
    }

    /// Gives what had to wait for the whole file.
    pub(crate) fn finish(&self, sink: &mut impl Sink) {
        self.under.finish(sink);
    }

    fn address(address: IpAddr, says: Says, sink: &mut impl Sink) -> LineResult {
        let (first, last) = names::addresses(&address.to_string())?.ok_or(Refusal::NotARange)?;
        sink.take(says, Entry::Range(first, last));
        Ok(Outcome::Taken(1))
    }

    fn rule(
        &mut self,
        rule: &Rule<'_>,
        scratch: &mut String,
        sink: &mut impl Sink,
        report: &mut Report,
    ) -> LineResult {
        let mut important = false;
        let mut but: Vec<&str> = Vec::new();
        for modifier in rule.modifiers() {
            match modifier.split_once('=') {
                None if modifier == "important" => important = true,
                None if modifier == "badfilter" => return Ok(Outcome::Blank),
                Some(("denyallow", names)) if !rule.exception && but.is_empty() => {
                    but.extend(names.split('|'));
                }
                Some(("dnsrewrite", to)) if !rule.exception => {
                    if !goes_nowhere(to) {
                        return Err(Refusal::Rewrite);
                    }
                }
                _ => return Err(Refusal::Modifier),
            }
        }
        if let Some(expression) = rule.expression() {
            return if rule.exception {
                Err(Refusal::ExceptionByPattern)
            } else if !but.is_empty() {
                Err(Refusal::Modifier)
            } else {
                sink.take(listed(important), Entry::Expression(&name_expressions::on_host(expression)?));
                Ok(Outcome::Taken(1))
            };
        }
        match Pattern::of(rule.pattern, scratch)? {
            // What leaves some names out says so with its own exceptions, which no important rule could have.
            _ if important && !but.is_empty() => Err(Refusal::Modifier),
            Pattern::Below(name) if !but.is_empty() => {
                let mut spelt = String::new();
                let mut exceptions = Vec::new();
                for name in but {
                    exceptions.push(lines::host_name(name, &mut spelt)?.as_str().to_owned());
                }
                names::check_below(name, Says::ListedBut, report)?;
                sink.take(Says::ListedBut, Entry::Below(name));
                for name in exceptions.iter().filter_map(|name| HostName::new(name)) {
                    sink.take(Says::ButNot, Entry::Below(name));
                }
                Ok(Outcome::Taken(1))
            }
            _ if !but.is_empty() => Err(Refusal::Modifier),
            Pattern::Below(name) => {
                names::check_below(name, says(rule.exception, important), report)?;
                sink.take(says(rule.exception, important), Entry::Below(name));
                Ok(Outcome::Taken(1))
            }
            Pattern::Exact(name) => {
                sink.take(says(rule.exception, important), Entry::Exact(name));
                Ok(Outcome::Taken(1))
            }
            _ if rule.exception => Err(Refusal::ExceptionByPattern),
            Pattern::Address(address) => Self::address(address, listed(important), sink),
            Pattern::Under(name) if important => {
                let pattern = format!(".{name}");
                let expression = name_expressions::of_pattern(&pattern, Begins::Anywhere, true)?;
                sink.take(listed(important), Entry::Expression(&expression));
                Ok(Outcome::Taken(1))
            }
            Pattern::Under(name) => {
                self.under.take(name, report)?;
                Ok(Outcome::Taken(1))
            }
            Pattern::Path(host, path) => {
                sink.take(listed(important), Entry::Path(host, &path));
                Ok(Outcome::Taken(1))
            }
            Pattern::Wild { begins: Begins::Anywhere, .. } if self.is_for_browsers() => {
                Err(Refusal::BrowserOnly)
            }
            Pattern::Wild { pattern, begins, ends } => {
                let expression = name_expressions::of_pattern(&pattern, begins, ends)?;
                sink.take(listed(important), Entry::Expression(&expression));
                Ok(Outcome::Taken(1))
            }
        }
    }
}

const fn listed(important: bool) -> Says {
    says(false, important)
}

const fn says(exception: bool, important: bool) -> Says {
    match (exception, important) {
        (false, false) => Says::Listed,
        (false, true) => Says::ListedImportant,
        (true, false) => Says::Excepted,
        (true, true) => Says::ExceptedImportant,
    }
}

/// Whether the line speaks of what is on a page: what is hidden there, and scripts and texts that are changed.
fn is_about_pages(text: &str) -> bool {
    const MARKS: [&str; 12] =
        ["##", "#@#", "#?#", "#@?#", "#$#", "#@$#", "#$?#", "#@$?#", "#%#", "#@%#", "$$", "$@$"];
    // A line that begins with `# ` or `##` and words is a comment of a hosts file as often as not.
    text.bytes().any(|byte| matches!(byte, b'#' | b'$'))
        && !text.starts_with("# ")
        && MARKS.iter().any(|mark| text.contains(mark))
        && !text.bytes().all(|byte| matches!(byte, b'#' | b' '))
}

/// Whether a rewrite answers with nothing or nowhere, so that it is a block.
fn goes_nowhere(to: &str) -> bool {
    let word = to.to_ascii_uppercase();
    matches!(
        word.trim_end_matches(';'),
        "NXDOMAIN"
            | "REFUSED"
            | "SERVFAIL"
            | "NOERROR"
            | "0.0.0.0"
            | "::"
            | "NOERROR;A;0.0.0.0"
            | "NOERROR;AAAA;::"
    )
}

/// A rule taken apart.
#[derive(Debug, Clone, Copy)]
struct Rule<'t> {
    exception: bool,
    pattern: &'t str,
    modifiers: &'t str,
}

impl<'t> Rule<'t> {
    fn of(text: &'t str) -> Self {
        let (exception, text) = match text.strip_prefix("@@") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let split = if text.starts_with('/') {
            // Modifiers of an expression follow its last slash; a dollar sign inside it is its own.
            text.rfind("/$").filter(|at| *at > 0).map(|at| (at + 1, at + 2))
        } else {
            text.rfind('$').map(|at| (at, at + 1))
        };
        let (pattern, modifiers) = match split {
            Some((end, start)) => (text.get(..end).unwrap_or(text), text.get(start..).unwrap_or("")),
            None => (text, ""),
        };
        Self { exception, pattern, modifiers }
    }

    fn modifiers(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.modifiers.split(',').map(str::trim_ascii).filter(|modifier| !modifier.is_empty())
    }

    /// The rule without `badfilter`, in one form: what such a rule turns off.
    fn key(&self) -> Cow<'t, str> {
        let mut modifiers: Vec<&str> = self.modifiers().filter(|one| *one != "badfilter").collect();
        if modifiers.is_empty() && !self.exception {
            return Cow::Borrowed(self.pattern);
        }
        modifiers.sort_unstable();
        let mark = if self.exception { "@@" } else { "" };
        Cow::Owned(format!("{mark}{}${}", self.pattern, modifiers.join(",")))
    }

    /// The expression between slashes, where the rule is one.
    fn expression(&self) -> Option<&'t str> {
        name_expressions::between_slashes(self.pattern)
    }
}

/// What a rule's pattern means for names.
enum Pattern<'a> {
    /// An address in place of a name.
    Address(IpAddr),
    Below(HostName<'a>),
    Exact(HostName<'a>),
    /// Below the name and not the name.
    Under(HostName<'a>),
    /// The start of a path on a host.
    Path(HostName<'a>, String),
    Wild {
        pattern: String,
        begins: Begins,
        ends: bool,
    },
}

/// So many rules for what is on a page make a list one for browsers.
const MANY: usize = 20;

/// Patterns with fewer characters of their own match too much to be meant.
const SHORTEST: usize = 3;

impl<'a> Pattern<'a> {
    fn of(text: &'a str, scratch: &'a mut String) -> Result<Self, Refusal> {
        let (begins, anchored, body) = if let Some(rest) = text.strip_prefix("||") {
            (Begins::AtLabel, true, rest)
        } else if let Some(rest) = text.strip_prefix("://").or_else(|| text.strip_prefix('|')) {
            (Begins::AtStart, true, rest)
        } else {
            (Begins::Anywhere, false, text)
        };
        let ended = body.strip_suffix("^|").or_else(|| body.strip_suffix(['^', '|']));
        let (ends, body) = (ended.is_some(), ended.unwrap_or(body));
        if body.contains('/') {
            return if begins == Begins::AtLabel {
                Self::path(body, scratch)
            } else {
                Err(Refusal::BrowserOnly)
            };
        }
        if let (true, Ok(address)) = (ends || anchored, body.parse()) {
            return Ok(Self::Address(address));
        }
        if body.bytes().all(|byte| matches!(byte, b'*' | b'.')) {
            return Err(Refusal::ExpressionMatchesAll);
        }
        let fits =
            |c: char| matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | '*') || !c.is_ascii();
        if !body.chars().all(fits) {
            return Err(Refusal::BrowserOnly);
        }
        // `*.x` and `.x` stand for what is below, wherever a pattern may begin.
        let bare = body.strip_prefix("*.").or_else(|| body.strip_prefix('.').filter(|_| !anchored));
        let is_under = bare.is_some();
        let name = bare.unwrap_or(body);
        if !name.contains('*') && !name.ends_with('.') && !name.starts_with('.') {
            let whole = ends || is_site(name);
            match begins {
                _ if is_under && (whole || name.contains('.')) => {
                    return Ok(Self::Under(lines::host_name(name, scratch)?));
                }
                Begins::AtLabel if whole => return Ok(Self::Below(lines::host_name(name, scratch)?)),
                Begins::AtStart if ends => return Ok(Self::Exact(lines::host_name(name, scratch)?)),
                // A name alone is that name alone.
                Begins::Anywhere if !ends && name.contains('.') => {
                    return Ok(Self::Exact(lines::host_name(name, scratch)?));
                }
                _ => {}
            }
        }
        if body.chars().filter(|c| !matches!(c, '*' | '.')).count() < SHORTEST {
            return Err(Refusal::TooShort);
        }
        if !body.is_ascii() {
            return Err(Refusal::International);
        }
        Ok(Self::Wild { pattern: body.to_ascii_lowercase(), begins, ends })
    }

    /// `||host/path`, which only fronts that see paths can carry out, on that host with or without `www.`.
    fn path(body: &'a str, scratch: &'a mut String) -> Result<Self, Refusal> {
        let (host, path) = body.split_at(body.find('/').unwrap_or(body.len()));
        if host.contains('*') || path.contains(['*', '^', '|']) {
            return Err(Refusal::BrowserOnly);
        }
        let host = lines::host_name(host, scratch)?;
        let path = canonical_path(path).filter(|path| path.len() <= 2048).ok_or(Refusal::NotAPath)?;
        if path == "/" { Ok(Self::Below(host)) } else { Ok(Self::Path(host, path.to_ascii_lowercase())) }
    }
}

/// Whether a pattern that is left open at its end can only mean a whole site: `||example.org`, which to the letter would
/// also match `example.organic.test`.
fn is_site(name: &str) -> bool {
    psl::domain(name.as_bytes()).is_some_and(|domain| domain.suffix().is_known())
}
