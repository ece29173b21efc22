//! What is searched for, taken out of real addresses of searches.

use std::collections::BTreeMap;

use engine::searching::words_of;
use engine::{Host, HostName};
use serde_json::Value;

use crate::real_lists::{data, unpacked};

#[test]
fn the_words_of_real_searches_are_found_and_none_is_made_up() {
    let Some(data) = data() else { return };
    let text = String::from_utf8(unpacked(&data.join("traffic/search-urls.jsonl.gz"))).unwrap();
    let (mut all, mut found, mut otherwise) = (0, 0, Vec::new());
    let mut missed: BTreeMap<String, u32> = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let said = |name: &str| line[name].as_str().unwrap().to_owned();
        let url = said("url");
        let (host, path) = url.split_once("://").unwrap().1.split_once('/').unwrap();
        let Some(host) = HostName::new(host) else { continue };
        all += 1;
        // What cannot be seen is a space each.
        let wanted = said("query").replace(char::is_control, " ");
        let wanted = wanted.split_whitespace().collect::<Vec<_>>().join(" ");
        match words_of(Host::Name(host), &format!("/{path}")) {
            Some(words) if words == wanted => found += 1,
            Some(words) => otherwise.push(format!("{url}: {words:?}, not {wanted:?}")),
            None => *missed.entry(said("engine")).or_default() += 1,
        }
    }
    println!("{found} of {all} found, missed: {missed:?}");
    // One is longer than is kept.
    assert!(otherwise.len() <= 1, "{otherwise:#?}");
    // Most others write the words into the path, where no other address could be told from a search.
    assert!(all > 600 && found >= all - 62, "{found} of {all}: {missed:?}");
}
