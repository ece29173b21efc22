//! Paths of web addresses in the one form that everything compares: requests, rules, lists, sealed entries and
//! questions all come through [`canonical`].

use std::borrow::Cow;

/// The canonical form of a path with its query, as it stands in a request line, a rule or a list. Nothing at all is `/`.
///
/// Encoding and dots are those of the WHATWG standard that browsers follow: what it encodes is encoded, `\` in the path
/// is `/`, `.` and `..` are resolved, the fragment is gone. On top of it comes what makes two spellings equal for a
/// filter: unreserved characters are decoded in path and query, other escapes are in capitals, a `%` that encodes
/// nothing is `%25`, and empty segments of the path are gone. The result is ASCII, and a second pass changes nothing.
/// Allocates only where something changes. What is sent to the origin is never this.
pub fn canonical(text: &str) -> Cow<'_, str> {
    if is_plainly_canonical(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(written(text, Decoded::Unreserved))
    }
}

/// The widest reading of a canonical path, for what may only block: escapes of signs with a meaning of their own are
/// decoded too, so that `%2F` (and `%5C`, the other slash) divides the path, `%3F` begins the query, and `%26` divides
/// the query; a space in the query is `+`, as forms write it. Some servers read an address so and some do not.
///
/// A rule that opens is never asked with this form: it opens what it says and nothing that may only be meant.
pub fn widest(canonical: &str) -> Cow<'_, str> {
    if !canonical.contains('%') {
        return Cow::Borrowed(canonical);
    }
    let (path, query) = split(canonical);
    let begins = ["%3F", "%3f"].iter().filter_map(|escape| path.find(escape)).min();
    let parted = begins.and_then(|at| Some((path.get(..at)?, path.get(at + 3..)?)));
    let whole = match parted {
        Some((before, after)) => {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            Cow::Owned(format!("{before}?{after}{query}"))
        }
        None => Cow::Borrowed(canonical),
    };
    let wide = written(&whole, Decoded::Reserved);
    if wide == canonical { Cow::Borrowed(canonical) } else { Cow::Owned(wide) }
}

/// Every other reading of a canonical path, for what may only block: [`widest`], and that without what some servers take
/// off before they look for the file. That is path parameters, which begin with `;` (from every segment, or the last one
/// alone, since an address may be known with its own), and white space at the end of path or query. At most three, none
/// twice; nothing is allocated where there are none, which a look for `%`, `;` and a last `+` tells.
///
/// As with [`widest`], what opens is never asked with these, and an entry never stands for them: what is known as
/// `/page;id=7` says nothing of `/page`.
pub fn other_readings(canonical: &str) -> Vec<String> {
    let mut all = Vec::new();
    // Two searches by many bytes at once are faster than one for either sign.
    if !(canonical.contains('%') || canonical.contains(';') || canonical.ends_with('+')) {
        return all;
    }
    let wide = widest(canonical);
    let (path, query) = split(&wide);
    let is_bare = |part: &str| without_space(part).len() == part.len();
    if !path.contains(';') && is_bare(path) && query.is_none_or(is_bare) {
        if *wide != *canonical {
            all.push(wide.into_owned());
        }
        return all;
    }
    let query = query.map(|query| format!("?{}", without_space(query))).unwrap_or_default();
    let last = path.rfind('/').map_or(0, |slash| slash + 1);
    let bare_end = path.get(last..).and_then(|end| end.rfind(';')).and_then(|at| path.get(..last + at));
    let bare: Vec<&str> =
        path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect();
    let bare = resolved(without_space(&bare.join("/")), Empty::LeftOutFirst);
    let bare_end = without_space(bare_end.unwrap_or(path));
    for reading in [wide.to_string(), format!("{bare_end}{query}"), format!("{bare}{query}")] {
        if reading != canonical && !all.contains(&reading) {
            all.push(reading);
        }
    }
    all
}

/// Without white space at the end, as it is encoded in a path or a query.
fn without_space(text: &str) -> &str {
    let mut rest = text;
    while let Some(before) = SPACE.iter().find_map(|space| rest.strip_suffix(space)) {
        rest = before;
    }
    rest
}

const SPACE: [&str; 10] = ["%20", "%09", "%0A", "%0B", "%0C", "%0D", "%00", "%C2%A0", "%E3%80%80", "+"];

/// Whether servers read the path as different places, of which [`canonical`] and [`widest`] can hold only some: `..`
/// goes back over an empty segment, or over an encoded slash. Browsers resolve `..` themselves and never send one.
pub fn reads_two_ways(target: &str) -> bool {
    let (path, _) = split(target);
    if !(path.contains("..") || path.contains('%')) {
        return false;
    }
    let path = path.replace('\\', "/");
    let plain = encoded(&path, Part::Path, Decoded::Unreserved);
    let wide = encoded(&path, Part::Path, Decoded::Reserved);
    if !wide.contains("..") {
        return false;
    }
    let browsers = resolved(&plain, Empty::LeftOutLast);
    let merged_wide = resolved(&wide, Empty::LeftOutFirst);
    browsers != resolved(&plain, Empty::LeftOutFirst)
        || merged_wide != resolved(&wide, Empty::LeftOutLast)
        || merged_wide != resolved(&encoded(&browsers, Part::Path, Decoded::Reserved), Empty::LeftOutFirst)
}

/// Which escapes are decoded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decoded {
    /// Those that never meant anything but their character.
    Unreserved,
    /// Every visible character that the part may hold as it is.
    Reserved,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Query,
}

/// When empty segments are left out: servers that do so do it before they resolve `..`, browsers never.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    LeftOutFirst,
    LeftOutLast,
}

/// Whether the text is canonical by a look at its bytes; what has an escape is not.
fn is_plainly_canonical(text: &str) -> bool {
    let (path, query) = split(text);
    let stays = |text: &str, part| text.bytes().all(|byte| byte != b'%' && !needs_encoding(byte, part));
    path.starts_with('/')
        && stays(path, Part::Path)
        && !path.contains('\\')
        && !path.contains("//")
        && !path.contains("/.")
        && query.is_none_or(|query| stays(query, Part::Query))
}

fn split(text: &str) -> (&str, Option<&str>) {
    text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)))
}

fn written(text: &str, decoded: Decoded) -> String {
    // The standard takes these away before anything else.
    let text = text.trim_end_matches(|sign: char| sign <= ' ');
    let text = text.split_once('#').map_or(text, |(before, _)| before);
    let text: Cow<'_, str> = if text.contains(['\t', '\n', '\r']) {
        Cow::Owned(text.replace(['\t', '\n', '\r'], ""))
    } else {
        Cow::Borrowed(text)
    };
    let (path, query) = split(&text);
    let path = encoded(&path.replace('\\', "/"), Part::Path, decoded);
    let order = if decoded == Decoded::Reserved { Empty::LeftOutFirst } else { Empty::LeftOutLast };
    let mut out = resolved(&path, order);
    if let Some(query) = query {
        out.push('?');
        out.push_str(&encoded(query, Part::Query, decoded));
    }
    out
}

/// The percent-encode sets of the standard.
fn needs_encoding(byte: u8, part: Part) -> bool {
    match byte {
        0..=b' ' | 0x7F.. | b'"' | b'#' | b'<' | b'>' => true,
        b'^' | b'`' | b'{' | b'}' => part == Part::Path,
        b'\'' => part == Part::Query,
        _ => false,
    }
}

fn encoded(text: &str, part: Part, decoded: Decoded) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            if needs_encoding(byte, part) {
                let _ = write!(out, "%{byte:02X}");
            } else {
                out.push(char::from(byte));
            }
            continue;
        }
        let Some((value, after)) = escape(after) else {
            out.push_str("%25");
            continue;
        };
        rest = after;
        let unreserved = value.is_ascii_alphanumeric() || b"-._~".contains(&value);
        let reserved =
            value != b'%' && !(value == b'?' && part == Part::Path) && !needs_encoding(value, part);
        match value {
            b'\\' if decoded == Decoded::Reserved && part == Part::Path => out.push('/'),
            b' ' if decoded == Decoded::Reserved && part == Part::Query => out.push('+'),
            _ if unreserved || (decoded == Decoded::Reserved && reserved) => out.push(char::from(value)),
            _ => {
                let _ = write!(out, "%{value:02X}");
            }
        }
    }
    out
}

/// The byte that two hexadecimal digits stand for, and what comes after them.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], rest) = text.split_first_chunk()?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(high)? << 4 | digit(low)?, rest))
}

/// The path without `.`, `..` and empty segments; a last one that is empty stays.
fn resolved(path: &str, empty: Empty) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            "" if empty == Empty::LeftOutFirst && !last => {}
            _ => kept.push(segment),
        }
    }
    let mut out = String::with_capacity(path.len() + 1);
    let end = kept.pop().unwrap_or("");
    for segment in kept.into_iter().filter(|segment| !segment.is_empty()) {
        out.push('/');
        out.push_str(segment);
    }
    out.push('/');
    out.push_str(end);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_form() {
        for (given, wanted) in [
            ("", "/"),
            ("/", "/"),
            ("?x", "/?x"),
            ("/a/b?c", "/a/b?c"),
            ("/%67ames", "/games"),
            ("/%7euser/%2f", "/~user/%2F"),
            ("/a%3fb", "/a%3Fb"),
            ("/a/./b/../c", "/a/c"),
            ("/a/%2e%2E/b", "/b"),
            ("/../../b", "/b"),
            ("/a/..", "/"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
            ("/.hidden/..b", "/.hidden/..b"),
            ("//x/y.html", "/x/y.html"),
            ("/bad//dir///", "/bad/dir/"),
            ("/a//../b", "/a/b"),
            ("/a\\b?c\\d", "/a/b?c\\d"),
            ("/50%", "/50%25"),
            ("/%zz%4", "/%25zz%254"),
            ("/%4%31", "/%2541"),
            ("/watch?v=%61bc", "/watch?v=abc"),
            ("/a?x=//&y=/../", "/a?x=//&y=/../"),
            ("/a{b}/x", "/a%7Bb%7D/x"),
            ("/q?s='a'", "/q?s=%27a%27"),
            ("/it's", "/it's"),
            ("/caf\u{e9}/x", "/caf%C3%A9/x"),
            ("/a b/x", "/a%20b/x"),
            ("/s?q=caf\u{e9}", "/s?q=caf%C3%A9"),
            ("/a?q=%7e#part", "/a?q=~"),
            ("/a^b`c", "/a%5Eb%60c"),
        ] {
            assert_eq!(canonical(given), wanted, "{given}");
            assert_eq!(canonical(wanted), wanted, "twice: {given}");
        }
        assert!(matches!(canonical("/a/b.c?d=e&f=(g)"), Cow::Borrowed(_)), "the usual path is as it was");
    }

    #[test]
    fn the_widest_reading_divides_at_encoded_slashes() {
        for (given, wanted) in [
            ("/a/b?c", "/a/b?c"),
            ("/bad%2Fdir/z", "/bad/dir/z"),
            ("/bad%5Cdir", "/bad/dir"),
            ("/x%2F..%2Fbad", "/bad"),
            ("/x%2F%2F..%2Fbad", "/bad"),
            ("/watch%3Fv=abc", "/watch?v=abc"),
            ("/a%28b%29", "/a(b)"),
            ("/a%7Bb%7D", "/a%7Bb%7D"),
            ("/q?a%3D1%26b%20c", "/q?a=1&b+c"),
            ("/%2541", "/%2541"),
            ("/q?s=%27a%27", "/q?s=%27a%27"),
        ] {
            assert_eq!(widest(given), wanted, "{given}");
        }
    }

    #[test]
    fn what_servers_take_off_is_another_reading() {
        for (given, wanted) in [
            ("/x.jpg", &[][..]),
            ("/x.jpg?a=b;c", &[]),
            ("/x.jpg;a", &["/x.jpg"]),
            ("/x.jpg%3Ba=b", &["/x.jpg;a=b", "/x.jpg"]),
            ("/x.jpg;a?q=1", &["/x.jpg?q=1"]),
            ("/a;b/x.jpg;c;d", &["/a;b/x.jpg;c", "/a/x.jpg"]),
            ("/a;b/x.jpg", &["/a/x.jpg"]),
            ("/x/..;/y", &["/y"]),
            ("/x.jpg%20", &["/x.jpg"]),
            ("/x.jpg%20%0A;a%09", &["/x.jpg"]),
            ("/x.jpg%C2%A0?q=1%20", &["/x.jpg%C2%A0?q=1+", "/x.jpg?q=1"]),
            ("/x?q=a+b+", &["/x?q=a+b"]),
            ("/bad%2Fdir", &["/bad/dir"]),
            ("/x%2520", &[]),
            ("/;", &["/"]),
        ] {
            assert_eq!(other_readings(given), wanted, "{given}");
        }
    }

    #[test]
    fn dots_that_servers_resolve_differently_are_noticed() {
        for (target, wanted) in [
            ("/a/../b", false),
            ("/a//b/../c", false),
            ("/a//b", false),
            ("/a%2Fb", false),
            ("/a%2F..%2Fb", false),
            ("/a/b?c=//../", false),
            ("/a..b//c", false),
            ("/a//../b", true),
            ("/x/y//%2e%2e/z", true),
            ("/a%2Fb/../c", true),
            ("/x%2F/..%2Fy", true),
            ("/x/y%2F%2F../z", true),
        ] {
            assert_eq!(reads_two_ways(target), wanted, "{target}");
        }
    }
}
