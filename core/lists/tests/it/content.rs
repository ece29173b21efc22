//! Our own content is coherent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::support::{ids, name, workspace};
use lists::{Entry, IndexBuilder, Kinds, ListHead, ListIndex, STARTER, Seed, read_file};

fn content(file: &str) -> toml::Table {
    let text = std::fs::read_to_string(workspace().join("content").join(file)).unwrap();
    toml::from_str(&text).unwrap()
}

fn category_ids() -> BTreeSet<String> {
    let file = content("categories.toml");
    file["category"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn categories_have_ids_of_their_own_names_in_words_and_answer_for_every_area() {
    let file = content("categories.toml");
    let entries = file["category"].as_array().unwrap();
    assert_eq!(category_ids().len(), entries.len());
    let mut areas = BTreeSet::new();
    let mut lists: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        let id = entry["id"].as_str().unwrap();
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{id}");
        assert!(
            entry["name"].as_str().unwrap().len() > 2 && entry["about"].as_str().unwrap().ends_with('.'),
            "{id}"
        );
        let flag = |key: &str| entry.get(key).is_some_and(|flag| flag.as_bool().unwrap());
        let bad = ["illegal", "may-hurt", "dangerous"].into_iter().any(flag);
        assert!(!(flag("neutral") && bad), "{id}");
        let texts = |key: &str| {
            entry
                .get(key)
                .and_then(|all| all.as_array())
                .into_iter()
                .flatten()
                .map(|text| text.as_str().unwrap())
        };
        areas.extend(texts("areas"));
        for list in texts("lists") {
            *lists.entry(list).or_default() += 1;
        }
    }
    // The areas that the definitions name stand in the same file: each is answered for, and no other is.
    let known: BTreeSet<&str> =
        file["areas"].as_array().unwrap().iter().map(|area| area.as_str().unwrap()).collect();
    assert_eq!(areas, known);
    let of = |kind: &str| known.iter().filter(|area| area.starts_with(kind)).count();
    assert_eq!((of("illegal:"), of("inappropriate:"), of("control:")), (13, 12, 1));
    // Only UT1's list of violent and hateful pages fills two categories.
    let twice: Vec<_> = lists.into_iter().filter(|(_, times)| *times > 1).collect();
    assert_eq!(twice, [("ut1/agressif", 2)]);
}

#[test]
fn sex_education_is_not_pornography_and_french_names_are_known() {
    let kinds = Kinds::built_in().unwrap();
    for (list, expected) in [
        ("ut1/sexual_education", vec!["sex-education"]),
        ("ut1/drogue", vec!["drugs"]),
        ("ut1/agressif", vec!["violence", "hate"]),
        ("ut1/sect", vec!["cults"]),
        ("ut1/tricheur", vec!["cheating"]),
        ("ut1/publicite", vec!["adverts-trackers"]),
        ("ut1/redirector", vec!["proxies-vpn"]),
        ("ut1/liste_bu", vec!["education"]),
        ("ut1/liste_blanche", vec!["education"]),
        ("ut1/child", vec!["children"]),
        ("anything/games", vec!["games"]),
        ("starter/ai-chat", vec!["ai-chat"]),
    ] {
        assert_eq!(kinds.of(list), expected, "{list}");
    }
}

#[test]
fn help_and_essentials_are_names_in_the_form_the_engine_compares() {
    for (file, kind) in [("help.toml", "help"), ("essential.toml", "essential")] {
        let file = content(file);
        let mut ids = BTreeSet::new();
        let entries = file[kind].as_array().unwrap();
        for entry in entries {
            assert!(ids.insert(entry["id"].as_str().unwrap()), "{entry}");
            let hosts: Vec<&str> = ["domains", "exact", "needs"]
                .iter()
                .filter_map(|key| entry.get(*key)?.as_array())
                .flatten()
                .map(|host| host.as_str().unwrap())
                .collect();
            assert!(!hosts.is_empty(), "{entry}");
            for host in hosts {
                assert!(kit::HostName::new(host).is_some() && host.contains('.'), "{host}");
            }
            // What opens everything below must be somebody's own site, not a whole suffix.
            for host in entry.get("domains").and_then(|hosts| hosts.as_array()).into_iter().flatten() {
                let host = host.as_str().unwrap();
                let own_suffix = ["police.uk", "nhs.uk", "nhs.scot", "nhs.wales"].contains(&host);
                assert!(own_suffix || lists::url::site(name(host)).is_some(), "{host} is a public suffix");
            }
        }
        assert!(entries.len() >= if kind == "help" { 25 } else { 8 });
    }
}

#[test]
fn every_starter_list_ships_and_is_read_without_a_refusal() {
    let folder = workspace().join("content/starter");
    let on_disk: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|file| !file.ends_with(".md"))
        .collect();
    assert_eq!(on_disk, STARTER.iter().map(|(file, _)| (*file).to_owned()).collect());
    let known = category_ids();
    let mut categories = BTreeSet::new();
    let mut accepted = 0;
    for (file, text) in STARTER {
        let category = file.split('.').next().unwrap();
        assert!(known.contains(category), "{file}");
        categories.insert(category);
        let mut sink = |_: lists::Says, _: Entry<'_>| {};
        let report = read_file(file, text.as_bytes(), &mut sink).unwrap();
        assert_eq!(report.refused_count(), 0, "{file}: {:?}", report.refused);
        accepted += report.accepted;
    }
    assert!(categories.len() >= 20 && accepted >= 300, "{} categories, {accepted} entries", categories.len());
}

#[test]
fn no_help_site_is_in_a_starter_list_that_may_be_blocked() {
    let kinds = Kinds::built_in().unwrap();
    let file = content("categories.toml");
    let neutral: BTreeSet<&str> = file["category"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry.get("neutral").is_some())
        .map(|entry| entry["id"].as_str().unwrap())
        .collect();
    let mut builder = IndexBuilder::new(Seed([0; 16]));
    for (file, text) in STARTER {
        let id = format!("starter/{}", file.split('.').next().unwrap());
        let categories = kinds.of(&id).to_vec();
        assert!(!categories.is_empty(), "{id}");
        let mut list =
            builder.list(ListHead { name: id.clone(), id, categories, ..Default::default() }).unwrap();
        read_file(file, text.as_bytes(), &mut list).unwrap();
    }
    let index = ListIndex::open(Arc::new(builder.build().unwrap())).unwrap();
    let help = content("help.toml");
    for host in
        help["help"].as_array().unwrap().iter().filter_map(|entry| entry.get("domains")?.as_array()).flatten()
    {
        let host = name(host.as_str().unwrap());
        for id in ids(&index, index.name(host).iter().copied()) {
            let category = id.strip_prefix("starter/").unwrap();
            assert!(neutral.contains(category), "{host} is in {id}");
        }
    }
}

#[test]
fn suffixes_that_a_list_may_mean_are_public_ones_with_a_kind_a_reason_and_a_source() {
    let categories = category_ids();
    let entries = content("meant-suffixes.toml")["suffix"].as_array().unwrap().len();
    assert_eq!(lists::MEANT_SUFFIXES.len(), entries);
    let mut names = BTreeSet::new();
    for suffix in lists::MEANT_SUFFIXES.iter() {
        let name = suffix.name.as_str();
        assert!(names.insert(name), "{name} stands twice");
        let known = psl::suffix(name.as_bytes()).unwrap();
        assert!(known.as_bytes() == name.as_bytes() && known.typ() == Some(psl::Type::Icann), "{name}");
        assert!(name.contains('.'), "{name}: a whole top-level domain is written *.name");
        assert!(categories.contains(&suffix.category), "{name}");
        assert!(suffix.why.ends_with('.') && suffix.source.starts_with("http"), "{name}");
    }
}

#[test]
fn a_suffix_that_is_kept_for_one_kind_is_taken_and_said_and_any_other_refused() {
    let mut taken = Vec::new();
    let text = b"bet.br\nsex.hu\nbet.br\nco.uk\ngame.tw\nBet.AR.\n";
    let report = lists::read(text, lists::Format::Domains, &mut |_: lists::Says, entry: Entry<'_>| {
        if let Entry::Below(name) = entry {
            taken.push(name.as_str().to_owned());
        }
    });
    assert_eq!(taken, ["bet.br", "sex.hu", "bet.br", "bet.ar"]);
    assert_eq!(report.meant, ["bet.br", "sex.hu", "bet.ar"]);
    assert_eq!(report.refused[&lists::Refusal::PublicSuffix].first_lines, [4, 5]);
}
