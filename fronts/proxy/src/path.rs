//! The one form of a path that is decided on.

use std::borrow::Cow;

/// The canonical path of `/path?query`: percent-encoded unreserved bytes decoded, other escapes in capitals, `.` and
/// `..` resolved; the query is left as it was. RFC 3986, 6.2.2. Allocates only where something changes.
pub fn canonical(target: &str) -> Cow<'_, str> {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    if !path.contains('%') && !path.contains("/.") {
        return Cow::Borrowed(target);
    }
    let mut whole = without_dots(&decoded(path));
    if let Some(query) = query {
        whole.push('?');
        whole.push_str(query);
    }
    Cow::Owned(whole)
}

fn decoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let hex = after.get(..2).filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok().map(|byte| (hex, byte))) {
            Some((_, byte)) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') => {
                out.push(char::from(byte));
                rest = after.get(2..).unwrap_or_default();
            }
            Some((hex, _)) => {
                out.push('%');
                out.push_str(&hex.to_ascii_uppercase());
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        match part {
            "." | ".." => {
                if part == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(part),
        }
    }
    let mut out = String::with_capacity(path.len());
    for part in kept {
        out.push('/');
        out.push_str(part);
    }
    if out.is_empty() {
        out.push('/');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_form() {
        for (target, wanted) in [
            ("/", "/"),
            ("/a/b?c", "/a/b?c"),
            ("/%67ames", "/games"),
            ("/%7euser/%2F", "/~user/%2F"),
            ("/a%3fb", "/a%3Fb"),
            ("/a/./b/../c", "/a/c"),
            ("/a/%2e%2E/b", "/b"),
            ("/../../b", "/b"),
            ("/a/..", "/"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
            ("/.hidden/..b", "/.hidden/..b"),
            ("/a//b/./", "/a//b/"),
            ("/50%", "/50%"),
            ("/%zz%4", "/%zz%4"),
            ("/a?x=%67&y=/../", "/a?x=%67&y=/../"),
            ("/%67?x=%67", "/g?x=%67"),
        ] {
            assert_eq!(canonical(target), wanted, "{target}");
        }
    }
}
