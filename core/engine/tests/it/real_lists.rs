//! The default policy over real lists: no school, no university and no help site is closed to anybody.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::content::DEMO_POLICY;
use engine::policy::{Covered, FilterPolicy};
use engine::{Live, PolicyDocument};
use lists::{IndexBuilder, Kinds, ListHead, ListIndex, Seed, read_file};

use crate::school::{School, catalogue, sealed};

/// The folder of real data, or a plain line that the test was skipped.
pub fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("FIVEBAR_DATA").map_or(beside, PathBuf::from);
    if folder.join("domains").is_dir() {
        return Some(folder);
    }
    println!("skipped: no real data at {}", folder.display());
    None
}

pub fn unpacked(file: &Path) -> Vec<u8> {
    let bytes = std::fs::read(file).unwrap();
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap();
    text
}

fn index(data: &Path) -> ListIndex {
    let kinds = Kinds::built_in().unwrap();
    let mut builder = IndexBuilder::new(Seed([4; 16]));
    let mut files: Vec<PathBuf> = std::fs::read_dir(data.join("domains"))
        .unwrap()
        .flat_map(|source| std::fs::read_dir(source.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let path = file.to_str().unwrap();
        // `ut1/games.urls.gz`, as the import names the list that it is a part of.
        let mut parts = file.iter().rev().map(|part| part.to_str().unwrap());
        let (name, source) = (parts.next().unwrap(), parts.next().unwrap());
        let words = name.strip_suffix(".gz").filter(|name| name.ends_with(lists::WORDS_ANYWHERE));
        let id = format!("{source}/{}", words.unwrap_or(name.split('.').next().unwrap()));
        let categories = kinds.of(&id).to_vec();
        if !categories.is_empty() {
            let head = ListHead { name: id.clone(), id, categories, ..ListHead::default() };
            // A file in a form that no list has is refused as a whole, which the lists' own tests look at.
            let _ = read_file(path, &unpacked(&file), &mut builder.list(head).unwrap());
        }
    }
    ListIndex::open(Arc::new(builder.build().unwrap())).unwrap()
}

/// Words such as `gay` or `teen` in an address say nothing of what the page is about.
fn words_anywhere_close_nothing(school: &School) -> Vec<String> {
    let index = school.policy.index();
    let is_of_words = |list: lists::ListNo| {
        let head = index.lists().get(usize::from(list.0)).unwrap();
        head.categories == ["words-in-addresses"]
    };
    let words: Vec<regex::Regex> = index
        .expressions()
        .iter()
        .filter(|(list, _)| is_of_words(*list))
        .map(|(_, expression)| regex::Regex::new(expression).unwrap())
        .collect();
    assert_eq!(words.len(), 2);
    let mut closed = Vec::new();
    for address in [
        "youth.example/gay-teens/coming-out",
        "health.example/breast-cancer/naked-truth",
        "library.example/search?q=teen+lesbian+fiction",
        "support.example/lgbt/gay",
    ] {
        assert!(words.iter().any(|words| words.is_match(address)), "{address}");
        let trace = school.ask(&["year-9"], address, "2026-11-23T09:30:00Z");
        if trace.verdict.is_block() {
            closed.push(format!("{address}: {}", trace.reason));
        }
    }
    closed
}

#[test]
fn no_school_and_no_help_site_is_closed_by_the_default_policy_over_real_lists() {
    let Some(data) = data() else { return };
    let document = PolicyDocument::parse(DEMO_POLICY).unwrap();
    let index = Arc::new(index(&data));
    let policy =
        FilterPolicy::compile_with(&document, &catalogue(), index, &sealed(), Covered::Refuse).unwrap();
    let live = Live::empty(&policy);
    let school = School { policy, live };
    let mut sites: Vec<String> = Vec::new();
    for file in ["uk-secondary-school-domains.tsv.gz", "uk-education-domains-swot.tsv.gz"] {
        let text = String::from_utf8(unpacked(&data.join("schools").join(file))).unwrap();
        sites.extend(
            text.lines()
                .filter_map(|line| kit::host::normalise_host_name(line.split('\t').next()?.trim()))
                .filter(|name| name.contains('.')),
        );
    }
    let schools = sites.len();
    assert!(schools > 1_000, "{schools}");
    let catalogue = catalogue();
    let help = catalogue.help.iter().filter(|help| !help.confirm_first).flat_map(|help| help.sites());
    sites.extend(help.map(|(site, _)| site.to_owned()));
    let mut closed = words_anywhere_close_nothing(&school);
    let mut named_as_harmful = std::collections::BTreeSet::new();
    for site in &sites {
        for group in ["nursery", "year-6", "year-9", "year-13", "teachers", "governors", "guests"] {
            let trace = school.ask(&[group], site, "2026-11-23T09:30:00Z");
            if !trace.verdict.is_block() {
                continue;
            }
            // A school whose own site a list calls infected or a look-alike stays closed until somebody has looked.
            let by_harm =
                trace.categories.iter().any(|category| category == "malware" || category == "phishing");
            if by_harm && !site.ends_with(".sch.uk") && !site.ends_with(".ac.uk") {
                named_as_harmful.insert(site);
            } else {
                closed.push(format!("{site} for {group}: {}", trace.reason));
            }
        }
    }
    println!(
        "{schools} schools and universities, {} help sites: {} closed, and {} that lists call infected or a look-alike",
        sites.len() - schools,
        closed.len(),
        named_as_harmful.len()
    );
    assert!(closed.is_empty(), "{} closed:\n{}", closed.len(), closed.join("\n"));
    assert!(named_as_harmful.len() * 1_000 <= schools, "{}", named_as_harmful.len());
}
