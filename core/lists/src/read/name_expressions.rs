//! Expressions and patterns that speak of host names, put into expressions on the whole URL.
//!
//! Pi-hole, blocky and AdGuard match a name and nothing else, while every expression of an index is matched against host,
//! port, path and query in one text. So each is held to the host: no part of it may match a `/` or `:`, and where it asks
//! for the end of the name, a port or a path must follow, as in every URL they do: what looks at the end of the text would say
//! nothing of a host of which no path is seen.

use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition,
};

use super::expressions::checked;
use super::lines::{LONGEST_LINE, Line};
use super::{LineResult, Outcome};
use crate::entry::{Entry, Says, Sink};
use crate::report::Refusal;

/// Reads a line of a list of expressions on names, with or without slashes around it.
pub(crate) fn read(line: &Line<'_>, sink: &mut impl Sink) -> LineResult {
    let raw = line.raw.trim_ascii();
    if raw.is_empty() || raw.starts_with(b"#") || raw.starts_with(b"!") {
        return Ok(Outcome::Blank);
    }
    if raw.len() > LONGEST_LINE {
        return Err(Refusal::LineTooLong);
    }
    let text = std::str::from_utf8(raw).map_err(|_| Refusal::NotText)?;
    let expression = on_host(between_slashes(text).unwrap_or(text))?;
    sink.take(Says::Listed, Entry::Expression(&expression));
    Ok(Outcome::Taken(1))
}

/// What stands between slashes, where a text is that and nothing else.
pub(crate) fn between_slashes(text: &str) -> Option<&str> {
    text.strip_prefix('/')?.strip_suffix('/').filter(|inner| !inner.is_empty())
}

/// Puts an expression on a host name into one on the whole URL that matches exactly the URLs of the hosts it matches.
pub(crate) fn on_host(expression: &str) -> Result<String, Refusal> {
    let parsed =
        regex_syntax::ParserBuilder::new().case_insensitive(true).build().parse(expression).map_err(
            |error| match error {
                // Look-around and back-references are what other engines have and this one has not.
                regex_syntax::Error::Parse(error)
                    if matches!(
                        error.kind(),
                        regex_syntax::ast::ErrorKind::UnsupportedLookAround
                            | regex_syntax::ast::ErrorKind::UnsupportedBackreference
                    ) =>
                {
                    Refusal::ExpressionNotExpressible
                }
                _ => Refusal::Expression,
            },
        )?;
    let inside = held(&parsed)?;
    let before = Hir::repetition(Repetition {
        min: 0,
        max: None,
        greedy: true,
        sub: Box::new(Hir::class(Class::Unicode(in_a_host()))),
    });
    checked(Hir::concat(vec![Hir::look(Look::Start), before, inside]).to_string())
}

/// Where a pattern begins to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begins {
    /// At the start of the name.
    AtStart,
    /// At the start of any label.
    AtLabel,
    /// Anywhere in the name.
    Anywhere,
}

/// An expression on the whole URL for a pattern of name characters and `*`, which must match up to the end of the name
/// where `ends` says so.
pub(crate) fn of_pattern(pattern: &str, begins: Begins, ends: bool) -> Result<String, Refusal> {
    let mut out = String::with_capacity(pattern.len() + 40);
    out.push_str(match begins {
        Begins::AtStart => "(?i)^",
        Begins::AtLabel => "(?i)^(?:[^/:]*\\.)?",
        Begins::Anywhere => "(?i)^[^/:]*",
    });
    for (place, piece) in pattern.split('*').enumerate() {
        if place > 0 {
            out.push_str("[^/:]*");
        }
        out.push_str(&regex_syntax::escape(piece));
    }
    if ends {
        out.push_str("[/:]");
    }
    checked(out)
}

fn beyond_a_host() -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new('/', '/'), ClassUnicodeRange::new(':', ':')])
}

fn in_a_host() -> ClassUnicode {
    let mut class = beyond_a_host();
    class.negate();
    class
}

/// The expression, unable to leave the host.
fn held(hir: &Hir) -> Result<Hir, Refusal> {
    Ok(match hir.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) if literal.0.iter().any(|byte| matches!(byte, b'/' | b':')) => Hir::fail(),
        HirKind::Literal(literal) => Hir::literal(literal.0.clone()),
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.intersect(&in_a_host());
            Hir::class(Class::Unicode(class))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut class = class.clone();
            class.difference(&ClassBytes::new([
                ClassBytesRange::new(b'/', b'/'),
                ClassBytesRange::new(b':', b':'),
            ]));
            Hir::class(Class::Bytes(class))
        }
        HirKind::Look(Look::Start | Look::StartLF | Look::StartCRLF) => Hir::look(Look::Start),
        HirKind::Look(Look::End | Look::EndLF | Look::EndCRLF) => Hir::class(Class::Unicode(beyond_a_host())),
        HirKind::Look(look) => Hir::look(*look),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: Box::new(held(&repetition.sub)?),
            min: repetition.min,
            max: repetition.max,
            greedy: repetition.greedy,
        }),
        HirKind::Capture(capture) => held(&capture.sub)?,
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(held).collect::<Result<_, _>>()?),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(held).collect::<Result<_, _>>()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(expression: &str, url: &str) -> bool {
        regex::Regex::new(expression).unwrap().is_match(url)
    }

    #[test]
    fn an_expression_on_a_name_matches_all_urls_of_its_hosts_and_no_others() {
        let rows: &[(&str, &str, bool)] = &[
            (r"^ads[0-9]*\.", "ads1.example/", true),
            (r"^ads[0-9]*\.", "ADS.example:8080/x", true),
            (r"^ads[0-9]*\.", "x.example/ads1.", false),
            (r"(^|\.)doubleclick\.net$", "ad.doubleclick.net/x?y", true),
            (r"(^|\.)doubleclick\.net$", "doubleclick.net:443/", true),
            (r"(^|\.)doubleclick\.net$", "doubleclick.net.example/", false),
            (r"(^|\.)doubleclick\.net$", "example.org/doubleclick.net", false),
            ("casino", "my-casino.example/", true),
            ("casino", "example.org/casino", false),
            ("casino", "example.org:80/?q=casino", false),
            (r"a.*z", "a.example/z", false),
            (r"a.*z", "abz.example/", true),
            (r"[^a]x", "q.org:x/", false),
            (r"quux|b/c", "b/c", false),
        ];
        for (expression, url, expected) in rows {
            let on = on_host(expression).unwrap();
            assert_eq!(matches(&on, url), *expected, "{expression} as {on} on {url}");
        }
    }

    #[test]
    fn what_matches_everything_or_looks_around_is_refused() {
        for all in ["", ".", ".*", "^", "$", "a*", "x|"] {
            assert_eq!(on_host(all), Err(Refusal::ExpressionMatchesAll), "{all:?}");
        }
        for other in [r"(?!a)b", r"(?<=a)b", r"(a)\1"] {
            assert_eq!(on_host(other), Err(Refusal::ExpressionNotExpressible), "{other}");
        }
        assert_eq!(on_host("(a"), Err(Refusal::Expression));
    }

    #[test]
    fn a_pattern_keeps_to_the_name() {
        let rows: &[(&str, Begins, bool, &str, bool)] = &[
            ("ads*.example.com", Begins::AtLabel, true, "ads7.example.com/", true),
            ("ads*.example.com", Begins::AtLabel, true, "x.ads.example.com:1/", true),
            ("ads*.example.com", Begins::AtLabel, true, "bads.example.com/", false),
            ("ads*.example.com", Begins::AtLabel, true, "ads.example.com.evil/", false),
            ("ad.", Begins::AtStart, false, "ad.example/", true),
            ("ad.", Begins::AtStart, false, "x.ad.example/", false),
            ("-banner-", Begins::Anywhere, false, "my-banner-1.example/", true),
            ("-banner-", Begins::Anywhere, false, "example.org/-banner-", false),
        ];
        for (pattern, begins, ends, url, expected) in rows {
            let expression = of_pattern(pattern, *begins, *ends).unwrap();
            assert_eq!(matches(&expression, url), *expected, "{pattern} as {expression} on {url}");
        }
        assert_eq!(of_pattern("*", Begins::Anywhere, false), Err(Refusal::ExpressionMatchesAll));
    }
}
