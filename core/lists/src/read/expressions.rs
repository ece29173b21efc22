//! POSIX extended expressions, put into the syntax of the `regex` crate, which matches in linear time.
//!
//! squidGuard matches without regard to case and against the URL without its scheme: host, port where there is one,
//! path and query. Only what POSIX and glibc define alike is taken; anything else is refused rather than guessed.

use super::lines::{LONGEST_LINE, Line};
use super::{LineResult, Outcome};
use crate::entry::{Entry, Says, Sink};
use crate::report::Refusal;

/// The most memory that one compiled expression may need, in bytes.
const LARGEST: usize = 1 << 20;

pub(crate) fn read(line: &Line<'_>, sink: &mut impl Sink) -> LineResult {
    let Some(text) = expression_of(line)? else { return Ok(Outcome::Blank) };
    sink.take(Says::Listed, Entry::Expression(&translate(text)?));
    Ok(Outcome::Taken(1))
}

/// The same of Perl's expressions, which are nearly those of the `regex` crate. One that needs more than linear time is
/// refused.
pub(crate) fn read_perl(line: &Line<'_>, sink: &mut impl Sink) -> LineResult {
    let Some(text) = expression_of(line)? else { return Ok(Outcome::Blank) };
    let expression = format!("(?i){text}");
    let fits = checked(expression).map_err(|why| match why {
        Refusal::Expression if text.contains("(?") || text.contains('\\') => {
            Refusal::ExpressionNotExpressible
        }
        why => why,
    })?;
    sink.take(Says::Listed, Entry::Expression(&fits));
    Ok(Outcome::Taken(1))
}

/// The expression on a line; `None` for a blank one or a comment. No URL starts with `#`, so a comment loses nothing.
fn expression_of<'a>(line: &Line<'a>) -> Result<Option<&'a str>, Refusal> {
    let raw = line.raw.trim_ascii();
    if raw.is_empty() || raw.starts_with(b"#") {
        return Ok(None);
    }
    if raw.len() > LONGEST_LINE {
        return Err(Refusal::LineTooLong);
    }
    std::str::from_utf8(raw).map(Some).map_err(|_| Refusal::NotText)
}

/// Puts a POSIX extended expression into the syntax of the `regex` crate, and makes sure that it compiles, is not too
/// large, and does not match everything.
pub fn translate(posix: &str) -> Result<String, Refusal> {
    let mut out = String::with_capacity(posix.len() + 8);
    out.push_str("(?i)");
    let mut from = Posix { chars: posix.chars().peekable(), out: &mut out };
    from.alternatives(0)?;
    if from.chars.peek().is_some() {
        return Err(Refusal::Expression);
    }
    checked(out)
}

/// The expression, where it compiles, is not too large, and matches neither everything nor all sites of a country.
pub(crate) fn checked(out: String) -> Result<String, Refusal> {
    match regex::RegexBuilder::new(&out).size_limit(LARGEST).build() {
        // Such a one would block every site, and overrule what a school allows in the same group.
        Ok(compiled) if NOTHING_IN_COMMON.iter().all(|address| compiled.is_match(address)) => {
            Err(Refusal::ExpressionMatchesAll)
        }
        Ok(compiled) if closes_a_suffix(&compiled) => Err(Refusal::PublicSuffix),
        Ok(_) => Ok(out),
        Err(regex::Error::CompiledTooBig(_)) => Err(Refusal::ExpressionTooLarge),
        Err(_) => Err(Refusal::Expression),
    }
}

/// Addresses that have nothing in common but what every address has: letters, a dot in the host, and a slash after it. What
/// matches them all is about no site in particular.
const NOTHING_IN_COMMON: [&str; 3] = ["hjkl.pn/", "q.invalid/", "wz-y.test/"];

/// The top levels and public suffixes that most sites of a school in this country lie below.
const COMMON: [&str; 20] = [
    "com", "net", "org", "info", "uk", "co.uk", "org.uk", "ac.uk", "gov.uk", "sch.uk", "nhs.uk", "ie", "eu",
    "de", "fr", "es", "it", "io", "app", "dev",
];

/// Whether the expression matches all sites of one of those, whatever they are called.
fn closes_a_suffix(compiled: &regex::Regex) -> bool {
    COMMON.iter().any(|suffix| {
        ["hjk-l", "q0", "wzyw.x7"].iter().all(|name| compiled.is_match(&format!("{name}.{suffix}/")))
    })
}

struct Posix<'t> {
    chars: std::iter::Peekable<std::str::Chars<'t>>,
    out: &'t mut String,
}

/// How deep groups may be nested.
const DEEPEST: u32 = 50;

impl Posix<'_> {
    /// `branch|branch…`, up to a closing bracket or the end.
    fn alternatives(&mut self, depth: u32) -> Result<(), Refusal> {
        if depth > DEEPEST {
            return Err(Refusal::ExpressionTooLarge);
        }
        loop {
            self.branch(depth)?;
            match self.chars.peek() {
                Some('|') => {
                    self.chars.next();
                    self.out.push('|');
                }
                _ => return Ok(()),
            }
        }
    }

    /// Pieces one after the other.
    fn branch(&mut self, depth: u32) -> Result<(), Refusal> {
        loop {
            match self.chars.peek() {
                None | Some('|' | ')') => return Ok(()),
                _ => self.piece(depth)?,
            }
        }
    }

    /// An atom and what says how often. Each further repetition goes around a group: `a+?` is "none, one or more" in
    /// POSIX and "one or more, few" elsewhere.
    fn piece(&mut self, depth: u32) -> Result<(), Refusal> {
        let start = self.out.len();
        self.atom(depth)?;
        while let Some('*' | '+' | '?' | '{') = self.chars.peek() {
            self.out.insert_str(start, "(?:");
            self.out.push(')');
            self.repetition()?;
        }
        Ok(())
    }

    fn repetition(&mut self) -> Result<(), Refusal> {
        match self.chars.next() {
            Some('{') => {
                let mut bounds = String::new();
                loop {
                    match self.chars.next() {
                        Some('}') => break,
                        Some(c @ ('0'..='9' | ',')) if bounds.len() < 8 => bounds.push(c),
                        _ => return Err(Refusal::Expression),
                    }
                }
                if !bounds.starts_with(|c: char| c.is_ascii_digit()) {
                    return Err(Refusal::ExpressionNotExpressible);
                }
                self.out.push('{');
                self.out.push_str(&bounds);
                self.out.push('}');
            }
            Some(sign) => self.out.push(sign),
            None => {}
        }
        Ok(())
    }

    fn atom(&mut self, depth: u32) -> Result<(), Refusal> {
        match self.chars.next() {
            Some('(') => {
                // `(?…)` is not POSIX: whoever wrote it meant another engine.
                if self.chars.peek() == Some(&'?') {
                    return Err(Refusal::ExpressionNotExpressible);
                }
                self.out.push_str("(?:");
                self.alternatives(depth + 1)?;
                if self.chars.next() != Some(')') {
                    return Err(Refusal::Expression);
                }
                self.out.push(')');
                Ok(())
            }
            Some('[') => self.bracket(),
            Some('\\') => self.escape(),
            Some(c @ ('.' | '^' | '$')) => {
                self.out.push(c);
                Ok(())
            }
            Some('*' | '+' | '?' | '{') => Err(Refusal::ExpressionNotExpressible),
            Some(c) => {
                self.literal(c);
                Ok(())
            }
            None => Err(Refusal::Expression),
        }
    }

    fn literal(&mut self, c: char) {
        if regex_syntax::is_meta_character(c) {
            self.out.push('\\');
        }
        self.out.push(c);
    }

    fn escape(&mut self) -> Result<(), Refusal> {
        match self.chars.next() {
            None => Err(Refusal::Expression),
            // glibc's additions that mean the same here.
            Some(c @ ('w' | 'W' | 's' | 'S' | 'b' | 'B')) => {
                self.out.push('\\');
                self.out.push(c);
                Ok(())
            }
            Some('<' | '>') => {
                self.out.push_str("\\b");
                Ok(())
            }
            // Back-references, and letters to which POSIX gives no meaning.
            Some(c) if c.is_ascii_alphanumeric() => Err(Refusal::ExpressionNotExpressible),
            Some(c) => {
                self.literal(c);
                Ok(())
            }
        }
    }

    /// `[…]`, in which a backslash is only a backslash.
    fn bracket(&mut self) -> Result<(), Refusal> {
        self.out.push('[');
        if self.chars.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            match self.chars.next() {
                None => return Err(Refusal::Expression),
                Some(']') if !first => {
                    self.out.push(']');
                    return Ok(());
                }
                Some('[') if matches!(self.chars.peek(), Some('.' | '=')) => {
                    return Err(Refusal::ExpressionNotExpressible);
                }
                Some('[') if self.chars.peek() == Some(&':') => self.class()?,
                Some(c) => {
                    self.member(c);
                    self.range()?;
                }
            }
            first = false;
        }
    }

    /// The rest of `a-z`, where a hyphen follows that is not the last member.
    fn range(&mut self) -> Result<(), Refusal> {
        let mut ahead = self.chars.clone();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']')) {
            return Ok(());
        }
        self.chars.next();
        let Some(end) = self.chars.next() else { return Err(Refusal::Expression) };
        if end == '[' && matches!(self.chars.peek(), Some('.' | '=' | ':')) {
            return Err(Refusal::ExpressionNotExpressible);
        }
        self.out.push('-');
        self.member(end);
        Ok(())
    }

    fn member(&mut self, c: char) {
        if c.is_ascii_punctuation() {
            self.out.push('\\');
        }
        self.out.push(c);
    }

    /// `[:alpha:]` and its like.
    fn class(&mut self) -> Result<(), Refusal> {
        let mut name = String::new();
        self.chars.next();
        loop {
            match self.chars.next() {
                Some(':') if self.chars.peek() == Some(&']') => break,
                Some(c) if c.is_ascii_lowercase() && name.len() < 8 => name.push(c),
                _ => return Err(Refusal::Expression),
            }
        }
        self.chars.next();
        self.out.push_str("[:");
        self.out.push_str(&name);
        self.out.push_str(":]");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posix_expressions_mean_what_they_mean_in_posix() {
        let rows: &[(&str, &str, bool)] = &[
            (r"^[0-9]+\.[0-9]+/search\?q=[0-9]+$", "1.2/search?q=3", true),
            (r"[-\?+=/_]sex", "x\\sex", true), // a backslash in brackets is itself
            (r"[-\?+=/_]sex", "x?SEX", true),
            (r"[]x]y", "]y", true),
            (r"[^]x]y", "]y", false),
            (r"[a&&b]1", "&1", true), // no set operations
            (r"[[:digit:]]z", "3z", true),
            (r"[a-c-]q", "-q", true),
            (r"xa+?y", "xy", true), // nested repetition, not "few"
            (r"xa{2,3}y", "xaay", true),
            (r"xa{2,3}y", "xay", false),
            (r"(foo|bar)~baz", "bar~baz", true),
            (r".*/ymsgr*\.exe", "a.example/ymsgr.exe", true),
            (r"a#b&c", "a#b&c", true),
        ];
        for (posix, text, expected) in rows {
            let translated = translate(posix).unwrap();
            let matched = regex::Regex::new(&translated).unwrap().is_match(text);
            assert_eq!(matched, *expected, "{posix} as {translated} on {text}");
        }
    }

    #[test]
    fn what_cannot_be_matched_safely_is_refused() {
        let rows: &[(&str, Refusal)] = &[
            (r"(a)\1", Refusal::ExpressionNotExpressible),
            (r"(?i)sex", Refusal::ExpressionNotExpressible),
            (r"\d+", Refusal::ExpressionNotExpressible),
            (r"*a", Refusal::ExpressionNotExpressible),
            (r"[[=a=]]", Refusal::ExpressionNotExpressible),
            ("(a", Refusal::Expression),
            ("a)", Refusal::Expression),
            ("[a", Refusal::Expression),
            ("a{3", Refusal::Expression),
            ("[z-a]", Refusal::Expression),
            ("((a{200}){200}){200}", Refusal::ExpressionTooLarge),
            (".*", Refusal::ExpressionMatchesAll),
            (".", Refusal::ExpressionMatchesAll),
            ("()", Refusal::ExpressionMatchesAll),
            ("^", Refusal::ExpressionMatchesAll),
            ("$", Refusal::ExpressionMatchesAll),
            ("^.+$", Refusal::ExpressionMatchesAll),
            (r"\.", Refusal::ExpressionMatchesAll),
            ("/", Refusal::ExpressionMatchesAll),
            ("[a-z]", Refusal::ExpressionMatchesAll),
            ("[^x]", Refusal::ExpressionMatchesAll),
            ("(sex|.*)", Refusal::ExpressionMatchesAll),
            (r"^[a-z-]+\.[a-z]+", Refusal::ExpressionMatchesAll),
            ("a|", Refusal::ExpressionMatchesAll),
            ("x*", Refusal::ExpressionMatchesAll),
        ];
        for (posix, expected) in rows {
            assert_eq!(translate(posix), Err(*expected), "{posix}");
        }
        assert_eq!(translate(&"(".repeat(1000)), Err(Refusal::ExpressionTooLarge));
    }
}
