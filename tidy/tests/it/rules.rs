//! Directions, sizes, words and habits.

use tidy::directions::{self, Order};
use tidy::habits::{self, Sleeps};
use tidy::labels;
use tidy::portal_routes;
use tidy::private_text::PrivateText;
use tidy::routes;
use tidy::size;
use tidy::words::Words;

use crate::{TREE, none, text};

fn members() -> Vec<&'static tidy::Source> {
    let workspace: toml::Table = toml::from_str(text("Cargo.toml")).unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let paths = members.iter().map(|member| format!("{}/Cargo.toml", member.as_str().unwrap()));
    paths.map(|path| TREE.source(&path).unwrap_or_else(|| panic!("{path} is missing"))).collect()
}

#[test]
fn crates_depend_only_in_the_allowed_directions() {
    let order = Order::parse(text("tidy/order.toml")).unwrap();
    none(directions::directions(&order, &members()));
}

#[test]
fn unsafe_code_stays_in_its_crate() {
    let order = Order::parse(text("tidy/order.toml")).unwrap();
    none(TREE.ending("rs").flat_map(|source| directions::unsafe_code(&order, source)).collect());
}

#[test]
fn files_have_one_subject_each() {
    let sizes = size::sizes(TREE.sources.iter());
    for (path, lines) in &sizes.long {
        println!("warning: {path} has {lines} lines; is there a second subject in it?");
    }
    none(sizes.complaints);
}

#[test]
fn one_word_is_used_for_one_idea() {
    let search = Words::parse(text("tidy/words.toml")).unwrap().search().unwrap();
    none(TREE.sources.iter().flat_map(|source| search.complaints(source)).collect());
}

#[test]
fn no_path_of_one_machine_and_no_real_address_is_kept() {
    let private = PrivateText::new().unwrap();
    let both = |source| [private.machine_paths(source), private.addresses(source)].concat();
    none(TREE.sources.iter().flat_map(both).collect());
}

#[test]
fn nothing_is_switched_off_silently() {
    let both = |source| [habits::allowed_lints(source), habits::ignored_tests(source)].concat();
    none(TREE.ending("rs").flat_map(both).collect());
}

#[test]
fn a_standing_is_made_by_one_door() {
    let door = TREE.source("capabilities/people/src/duty/standing.rs").expect("the door has moved");
    assert!(door.text.contains("Standing::loaded"), "the door has moved");
    none(TREE.ending("rs").flat_map(habits::standings).collect());
}

#[test]
fn a_permit_is_granted_where_a_standing_was_read_just_now() {
    none(TREE.ending("rs").flat_map(habits::grants).collect());
}

#[test]
fn a_change_has_the_moment_of_its_permit() {
    none(TREE.ending("rs").flat_map(habits::moments).collect());
}

#[test]
fn every_route_of_the_api_has_a_permit_and_is_served_by_the_reviewed_table() {
    let source = |path: &str| TREE.source(path).unwrap_or_else(|| panic!("{path} is missing"));
    none(routes::table(
        source(routes::TABLE),
        source("content/duties.toml"),
        source("docs/api/openapi.json"),
    ));
    none(TREE.ending("rs").flat_map(routes::served).collect());
}

#[test]
fn every_page_of_the_portal_has_its_row_in_the_reviewed_table() {
    let source = |path: &str| TREE.source(path).unwrap_or_else(|| panic!("{path} is missing"));
    let code: Vec<&tidy::Source> = TREE.ending("rs").collect();
    none(portal_routes::portal(source(portal_routes::TABLE), source("content/duties.toml"), &code));
}

#[test]
fn nobody_waits_by_the_clock_without_a_reason() {
    let sleeps = Sleeps::parse(text("tidy/sleeps.toml")).unwrap();
    let mut complaints: Vec<_> = TREE.ending("rs").flat_map(|source| sleeps.complaints(source)).collect();
    complaints.extend(sleeps.unneeded(|path| TREE.source(path)));
    none(complaints);
}

#[test]
fn every_label_of_a_page_is_there_in_each_language_and_asked_for() {
    let english = TREE.source("content/words/en.toml").unwrap();
    let is_language = |path: &str| path.starts_with("content/words/") && path.ends_with(".toml");
    let languages = TREE.sources.iter().filter(|source| is_language(&source.path));
    none(languages.flat_map(|source| labels::of_language(english, source)).collect());
    let is_code = |path: &str| {
        ["core/engine/", "fronts/", "capabilities/"].iter().any(|folder| path.starts_with(folder))
    };
    none(labels::unused(english, TREE.ending("rs").filter(|source| is_code(&source.path))));
}
