//! Documents and content that must stay true.

use std::collections::BTreeSet;

use tidy::asvs::Asvs;
use tidy::coverage::Coverage;
use tidy::{content, documents, test_names};

use crate::{TREE, none, text};

#[test]
fn every_path_in_the_architecture_exists() {
    let source = TREE.source("ARCHITECTURE.md").expect("ARCHITECTURE.md is missing");
    none(documents::missing_paths(source, |path| TREE.root.join(path).exists()));
}

#[test]
fn every_decision_record_has_its_parts_and_its_number() {
    let records: Vec<_> = TREE.ending("md").filter(|source| source.path.starts_with("docs/adr/")).collect();
    assert!(!records.is_empty(), "docs/adr is missing");
    let mut complaints: Vec<_> =
        records.iter().flat_map(|source| documents::decision_record(source)).collect();
    complaints.extend(documents::decision_numbers(records.iter().map(|source| source.path.as_str())));
    none(complaints);
}

#[test]
fn the_changelog_has_the_current_version() {
    let workspace: toml::Table = toml::from_str(text("Cargo.toml")).unwrap();
    let version = workspace["workspace"]["package"]["version"].as_str().unwrap();
    let source = TREE.source("CHANGELOG.md").expect("CHANGELOG.md is missing");
    none(documents::changelog(source, version));
}

#[test]
fn every_crate_carries_the_licence() {
    let manifests = TREE.ending("toml").filter(|source| source.path.ends_with("Cargo.toml"));
    none(manifests.flat_map(documents::licence).collect());
    for path in ["LICENSE-MIT", "LICENSE-APACHE", "NOTICE.md"] {
        assert!(!text(path).is_empty());
    }
}

#[test]
fn content_says_where_it_comes_from() {
    let sources = TREE.ending("toml").filter(|source| source.path.starts_with("content/"));
    none(sources.flat_map(content::has_origin).collect());
}

#[test]
fn every_commitment_has_an_id_of_its_own() {
    let (ids, complaints) = content::commitment_ids(TREE.source("content/commitments.toml").unwrap());
    none(complaints);
    assert_eq!(ids.len(), 468);
}

#[test]
fn coverage_names_only_tests_and_commitments_that_exist() {
    let (ids, _) = content::commitment_ids(TREE.source("content/commitments.toml").unwrap());
    let (tests, mut complaints) = tests_of_the_repository();
    assert!(tests.len() > 50, "the search for tests found only {}", tests.len());
    let coverage = Coverage::parse(text("docs/coverage.toml")).unwrap();
    complaints.extend(coverage.complaints(&ids, &tests));
    none(complaints);
    println!("commitments: {:?}", coverage.counts(&ids));
}

#[test]
fn every_requirement_of_the_asvs_is_judged_and_names_only_tests_that_exist() {
    let asvs = Asvs::parse(text("docs/asvs.toml")).unwrap();
    // So many are of level 1 in version 5.0.0, and so many more of level 2.
    assert_eq!((asvs.of_level(1), asvs.of_level(2)), (70, 183));
    let (tests, mut complaints) = tests_of_the_repository();
    complaints.extend(asvs.complaints(&tests));
    complaints.extend(asvs.table(TREE.source("docs/operations/security.md").unwrap()));
    none(complaints);
}

/// Every test in the workspace's crates and in the browser journeys.
fn tests_of_the_repository() -> (BTreeSet<String>, Vec<tidy::Complaint>) {
    let (mut tests, mut complaints) = (BTreeSet::new(), Vec::new());
    for manifest in TREE.ending("toml").filter(|source| source.path.ends_with("/Cargo.toml")) {
        let table: toml::Table = toml::from_str(&manifest.text).unwrap();
        let folder = manifest.path.strip_suffix("Cargo.toml").unwrap();
        let Some(package) = table.get("package").and_then(|package| package["name"].as_str()) else {
            continue;
        };
        for source in TREE.ending("rs") {
            let Some(inside) = source.path.strip_prefix(folder) else { continue };
            match test_names::rust_tests(package, inside, source) {
                Ok(found) => tests.extend(found),
                Err(complaint) => complaints.push(complaint),
            }
        }
    }
    for source in TREE.ending("mjs").chain(TREE.ending("js")) {
        if source.path.starts_with("journeys/browser/") {
            tests.extend(test_names::browser_tests(source));
        }
    }
    (tests, complaints)
}
