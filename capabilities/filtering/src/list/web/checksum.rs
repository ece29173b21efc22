//! What a fetched list must match.

use std::fmt;
use std::str::FromStr;

use super::address::WebAddress;

/// A SHA-256 that a list must have as it was sent, or the address of a file that says it for each version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    /// This very one: the list never changes.
    Is(Sha256Hex),
    /// Whatever is said there, which changes with the list.
    SaidAt(WebAddress),
}

/// A SHA-256 in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sha256Hex(String);

/// It is no SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 has 64 digits, 0 to 9 and a to f; `sha256sum FILE` prints one")]
pub struct NotASha256;

impl FromStr for Sha256Hex {
    type Err = NotASha256;

    fn from_str(text: &str) -> Result<Self, NotASha256> {
        let text = text.trim();
        if text.len() == 64 && text.bytes().all(|sign| sign.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotASha256)
        }
    }
}

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SHA-256 that a file of checksums says of `name`: `sha256sum`'s lines (`HEX  name`), BSD's (`SHA256 (name) = HEX`), or
/// one checksum alone. Where other files are named and this one is not, none.
pub fn said_of(name: &str, text: &str) -> Option<Sha256Hex> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_it = |path: &str| path.trim_start_matches('*').rsplit('/').next() == Some(name);
    for line in lines() {
        let bsd = line.strip_prefix("SHA256 (").and_then(|rest| rest.split_once(") = "));
        let (file, hex) = match bsd {
            Some((file, hex)) => (file, hex),
            None => match line.split_once(char::is_whitespace) {
                Some((hex, file)) => (file.trim(), hex),
                None => continue,
            },
        };
        if is_it(file)
            && let Ok(sum) = hex.parse()
        {
            return Some(sum);
        }
    }
    let mut all = lines();
    match (all.next(), all.next()) {
        (Some(only), None) => only.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_found_in_every_form_that_list_makers_publish() {
        let (one, other) = ("a".repeat(64), "B".repeat(64));
        for (text, found) in [
            (format!("{one}\n"), Some(&one)),
            (format!("# made today\n{other}  other.txt\n{one}  games.txt\n"), Some(&one)),
            (format!("{one} *dist/games.txt"), Some(&one)),
            (format!("SHA256 (other.txt) = {other}\nSHA256 (games.txt) = {one}\n"), Some(&one)),
            (format!("{other}  other.txt\n"), None),
            (format!("{one}\n{other}\n"), None),
            ("<html>Not found</html>".to_owned(), None),
            ("d41d8cd98f00b204e9800998ecf8427e  games.txt".to_owned(), None),
        ] {
            assert_eq!(said_of("games.txt", &text).map(|sum| sum.to_string()).as_ref(), found, "{text}");
        }
        assert_eq!(other.parse::<Sha256Hex>().unwrap().to_string(), "b".repeat(64));
        assert_eq!("abc".parse::<Sha256Hex>(), Err(NotASha256));
    }
}
