//! What a list says of the licence it is under.

use serde::Deserialize;

/// `content/licences.toml`.
pub const LICENCES: &str = include_str!("../../../content/licences.toml");

/// How far a text is read for it: it stands among the first comments.
const LINES: usize = 100;
/// Longer words than this are no licence's name, in bytes.
const LONGEST: usize = 200;

/// The licence that the text of a list names in its first comments: `! License: MIT`, `# Licence: CC0`,
/// `# SPDX-License-Identifier: MIT`.
pub fn licence_of(text: &[u8]) -> Option<String> {
    let lines =
        text.split(|byte| *byte == b'\n').take(LINES).filter_map(|line| std::str::from_utf8(line).ok());
    lines.filter_map(said_in).next()
}

fn said_in(line: &str) -> Option<String> {
    let line = line.trim();
    let comment = ["//", "#", "!", ";"].iter().find_map(|mark| line.strip_prefix(mark))?;
    let (key, words) = comment.trim_start_matches(['#', '!', ';', '/', ' ', '\t', '*']).split_once(':')?;
    let is_meant = ["license", "licence", "spdx-license-identifier"]
        .iter()
        .any(|word| key.trim().eq_ignore_ascii_case(word));
    let words = words.trim();
    let is_plain = !words.is_empty() && words.len() <= LONGEST && !words.chars().any(char::is_control);
    (is_meant && is_plain).then(|| words.to_owned())
}

#[derive(Deserialize)]
struct File {
    licence: Vec<Source>,
}

#[derive(Deserialize)]
struct Source {
    lists: String,
    says: String,
}

/// The licence of the source that a list's id names, by the content that comes with the program.
pub fn licence_of_source(id: &str) -> Option<String> {
    let file: File = toml::from_str(LICENCES).ok()?;
    file.licence.into_iter().find(|source| id.starts_with(&source.lists)).map(|source| source.says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_read_from_the_first_comments_alone() {
        let rows: &[(&str, Option<&str>)] = &[
            ("! Title: x\n! License: MIT\n||a.example^\n", Some("MIT")),
            (
                "# a list\n#\n# Licence: https://x.example/licence.md\r\na.example\n",
                Some("https://x.example/licence.md"),
            ),
            ("// SPDX-License-Identifier: CC0-1.0\n", Some("CC0-1.0")),
            ("; license: x\n", Some("x")),
            ("a.example # License: MIT\n", None),
            ("# License info: ask\n", None),
            ("# License:\n", None),
            ("# under the License, v. 2.0\n", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(licence_of(text.as_bytes()).as_deref(), *expected, "{text:?}");
        }
        let late = format!("{}# License: MIT\n", "a.example\n".repeat(LINES));
        assert_eq!(licence_of(late.as_bytes()), None);
        assert_eq!(licence_of(b"# License: \xff\n"), None);
        assert_eq!(licence_of_source("ut1/games").as_deref(), Some("CC BY-SA 4.0"));
        assert_eq!(licence_of_source("other/games"), None);
    }

    #[test]
    fn the_content_can_be_read() {
        let file: File = toml::from_str(LICENCES).unwrap();
        assert!(file.licence.iter().all(|source| !source.says.is_empty() && !source.lists.is_empty()));
    }
}
