//! What somebody searched for, as the address of a request tells it. Which sites have a search, and under which parameter,
//! stands in `content/search-engines.toml`.

use std::fmt;
use std::sync::LazyLock;

use kit::Host;
use serde::Deserialize;

use crate::content::SEARCH_ENGINES;

/// The longest words that are kept, in bytes; the rest is left out.
pub const LONGEST_WORDS: usize = 256;
/// The longest part of a query that is looked at.
const LONGEST_QUERY: usize = 8 << 10;
/// What `name.*` stands for has endings of so many parts, none longer than that.
const ENDING_PARTS: usize = 2;
const ENDING_PART: usize = 4;

/// What somebody searched for. `Debug` doesn't show it: a child's words belong into the activity log and nowhere else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    /// Words that are not empty.
    pub fn new(words: &'a str) -> Option<Self> {
        (!words.is_empty()).then_some(Self(words))
    }

    /// The words, for the activity log.
    pub const fn reveal(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(private)")
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[expect(dead_code, reason = "said for people, as all content says it")]
    version: String,
    #[expect(dead_code, reason = "said for people, as all content says it")]
    source: String,
    engine: Vec<SearchEngine>,
}

/// A site with a search.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchEngine {
    #[expect(dead_code, reason = "said for people, and for whoever corrects it")]
    id: String,
    #[expect(dead_code, reason = "said for people, and for whoever corrects it")]
    name: String,
    sites: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
    parameters: Vec<String>,
}

/// None where the content cannot be read, which a test of this module would show.
static ENGINES: LazyLock<Vec<SearchEngine>> = LazyLock::new(|| {
    toml::from_str::<Content>(SEARCH_ENGINES).map(|content| content.engine).unwrap_or_default()
});

/// What is searched for by asking for this path, with its query, of this host. Spaces and what cannot be seen are one space
/// each. About a microsecond where there is a query, and nothing otherwise.
pub fn words_of(host: Host<'_>, path: &str) -> Option<String> {
    let Host::Name(name) = host else { return None };
    let (path, query) = path.split_once('?')?;
    let query = query.get(..query.floor_char_boundary(LONGEST_QUERY))?;
    let engine = ENGINES.iter().find(|engine| engine.is_asked(name.as_str(), path))?;
    let value = |parameter: &String| {
        // Of one that is said more than once the last counts, as for most engines.
        let pairs = query.split('&').rev().filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| is_called(name, parameter)).find_map(|(_, value)| words(value))
    };
    engine.parameters.iter().find_map(value)
}

impl SearchEngine {
    fn is_asked(&self, host: &str, path: &str) -> bool {
        let has_path = |known: &String| match known.strip_suffix('*') {
            Some(beginning) => path.starts_with(beginning),
            None => path == known,
        };
        self.sites.iter().any(|site| is_within(host, site))
            && (self.paths.is_empty() || self.paths.iter().any(has_path))
    }
}

/// Whether a host is a site or lies below it.
fn is_within(host: &str, site: &str) -> bool {
    let Some(name) = site.strip_suffix(".*") else {
        return host.strip_suffix(site).is_some_and(|before| before.is_empty() || before.ends_with('.'));
    };
    let mut labels = host.rsplitn(ENDING_PARTS + 2, '.');
    let mut ending = 0;
    loop {
        match labels.next() {
            Some(label) if ending > 0 && label == name => return true,
            Some(label) if ending < ENDING_PARTS && label.len() <= ENDING_PART => ending += 1,
            _ => return false,
        }
    }
}

fn is_called(name: &str, parameter: &str) -> bool {
    name == parameter || (name.contains('%') && *decoded(name) == *parameter)
}

/// A value as it was typed; `None` where there is nothing in it.
fn words(value: &str) -> Option<String> {
    let text = decoded(value);
    let mut words = String::with_capacity(text.len().min(LONGEST_WORDS));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.len() > LONGEST_WORDS {
            words.truncate(words.floor_char_boundary(LONGEST_WORDS));
            words.truncate(words.trim_end().len());
            break;
        }
    }
    (!words.is_empty()).then_some(words)
}

/// `+` is a space, `%20` what it stands for; what is no UTF-8 then is shown as such.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let code = match (byte, after) {
            (b'%', [high, low, after @ ..]) => {
                digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4 | low, after))
            }
            _ => None,
        };
        match code {
            Some((code, after)) => {
                bytes.push(code);
                rest = after;
            }
            None => bytes.push(if byte == b'+' { b' ' } else { byte }),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::HostName;
    use proptest::prelude::*;

    fn searched(url: &str) -> Option<String> {
        let (host, path) = url.split_once('/').unwrap();
        words_of(Host::Name(HostName::new(host).unwrap()), &format!("/{path}"))
    }

    #[test]
    fn the_content_can_be_read() {
        let content: Content = toml::from_str(SEARCH_ENGINES).unwrap();
        for engine in content.engine {
            assert!(!engine.sites.is_empty() && !engine.parameters.is_empty(), "{engine:?}");
            assert!(engine.paths.iter().all(|path| path.starts_with('/')), "{engine:?}");
        }
    }

    #[test]
    fn what_was_searched_for_stands_where_each_engine_puts_it() {
        for (url, words) in [
            ("www.google.co.uk/search?hl=en&q=chess+openings", Some("chess openings")),
            ("www.google.com/search?q=fish%20%26%20chips&q=", Some("fish & chips")),
            ("scholar.google.com/scholar?hl=en&q=P%C3%A4ivi+R%C3%A4ih%C3%A4", Some("Päivi Räihä")),
            ("www.bing.com/images/search?q=owl", Some("owl")),
            ("duckduckgo.com/?t=h_&q=%0A%20volcano%09%20eruption%20", Some("volcano eruption")),
            ("uk.search.yahoo.com/search;_ylt=A?p=tudor+kings", Some("tudor kings")),
            ("www.youtube.com/results?search_query=how+to+juggle", Some("how to juggle")),
            (
                "en.wikipedia.org/w/index.php?search=photosynthesis&title=Special:Search",
                Some("photosynthesis"),
            ),
            ("www.amazon.co.uk/s?k=pencil+case", Some("pencil case")),
            ("www.google.com/complete/search?q=che", None),
            ("www.google.com/url?q=https://example.org/", None),
            ("www.google.com/search?hl=en", None),
            ("www.google.com/search?q=", None),
            ("www.google.com/search", None),
            ("google.example.org/search?q=x", None),
            ("notgoogle.com/search?q=x", None),
            ("www.example.org/search?q=x", None),
            ("www.google.com/search?q=%ff", Some("\u{fffd}")),
            ("www.google.com/search?q=100%", Some("100%")),
        ] {
            assert_eq!(searched(url).as_deref(), words, "{url}");
        }
        let long = searched(&format!("www.google.com/search?q={}", "ä".repeat(300))).unwrap();
        assert_eq!(long.len(), LONGEST_WORDS);
        assert_eq!(words_of(Host::Address([127, 0, 0, 1].into()), "/search?q=x"), None);
    }

    #[test]
    fn words_are_not_shown_by_accident() {
        assert_eq!(format!("{:?}", Words::new("chess")), "Some(Words(private))");
    }

    proptest! {
        #[test]
        fn no_address_makes_trouble(path in "/(search|results|)\\?.{0,200}", query in "q=[%+&=a-f0-9;é ]{0,900}") {
            for host in ["www.google.com", "www.youtube.com", "duckduckgo.com"] {
                let host = Host::Name(HostName::new(host).unwrap());
                for path in [path.clone(), format!("/search?{query}"), format!("/?{query}")] {
                    if let Some(words) = words_of(host, &path) {
                        prop_assert!(!words.is_empty() && words.len() <= LONGEST_WORDS);
                        prop_assert!(!words.contains(char::is_control) && words.trim() == words);
                    }
                }
            }
        }
    }
}
