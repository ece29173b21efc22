//! The pages of the roll in every state.

use std::collections::BTreeMap;

use engine::PersonNo;
use kit::{Private, Zone};
use people::duty::{Assignment, Giving, SchoolKind, Span};
use people::intake::views::{self, Preview, Roll};
use people::intake::{Change, Class, Facts, Import, Parent, Profile, Relation, Summary, Taught, Thing, What};
use people::leaving::{self, Left};
use people::roster::{Complaint, Shape};
use people::{Kind, YearGroup, relation};
use testing::MONDAY;
use web::{Mistakes, Page, Submitted};

fn name(number: u32) -> Private<String> {
    Private::new(format!(
        "Adelaide-Marguerite {} Longest-Name-Thereis",
        "Example ".repeat(number as usize % 4)
    ))
}

fn profile(number: u32, kind: Option<Kind>) -> Profile {
    Profile {
        number: PersonNo(number),
        name: name(number),
        kind,
        year: kind.filter(|kind| *kind == Kind::Pupil).and_then(|_| YearGroup::of_number(7)),
        born_on: kind.map(|_| Private::new("2015-03-02".into())),
        days: (Some("2026-09-01".into()), Some("2027-07-21".into())),
        groups: if kind.is_some() { vec!["pupils".into(), "year-7".into()] } else { Vec::new() },
        here: number != 3,
        called: vec![("mis".into(), Private::new("A-1234567890-1234567890".into()))],
    }
}

fn parent(restricted: bool) -> Parent {
    Parent {
        person: PersonNo(9),
        name: name(3),
        relation: "mother".into(),
        responsibility: restricted.then_some(false),
        restricted,
    }
}

fn import(state: &str, shape: Shape, summary: Summary) -> Import {
    Import {
        number: 7,
        source: "mis".into(),
        shape: Some(shape),
        undoes: (state == "undone").then_some(6),
        state: state.into(),
        summary,
        made_by: "person:1".into(),
        made_at: MONDAY,
        answered: None,
    }
}

fn change<T: serde::Serialize>(thing: Thing, what: What, before: Option<&T>, after: &T) -> Change {
    let json = |one: &T| serde_json::to_value(one).unwrap();
    Change { thing, outside_id: "1\u{1f}2".into(), what, before: before.map(json), after: Some(json(after)) }
}

fn summary(complaints: u64) -> Summary {
    let mut summary = Summary::default();
    (summary.people.leaves, summary.people.joins, summary.people.moves, summary.people.same) =
        (30, 2, 5, 1_900);
    (summary.relations.kept, summary.held) = (1, Some(30));
    summary.columns =
        [("id", "Adno"), ("given", "Forename")].map(|(id, head)| (id.to_owned(), head.to_owned())).into();
    summary.unused = vec!["Shoe size".into()];
    summary.strangers = vec!["robotics".into()];
    summary.complaints = (0..complaints)
        .map(|line| Complaint {
            file: "users.csv".into(),
            line,
            what: "the cell under grade is no year that is known here".into(),
        })
        .collect();
    summary
}

pub fn samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let (nothing, empty) = (Mistakes::default(), Submitted::default());
    let only = |field: &'static str| {
        let mut mistakes = Mistakes::default();
        mistakes.add(field, "Enter what is missing here");
        mistakes
    };
    let many: Vec<Profile> = (1..=50).map(|number| profile(number, Some(Kind::Pupil))).collect();
    let roll =
        |people, page, pages, words| Roll { people, count: 812, page, pages, kind: Some(Kind::Pupil), words };
    let taught = |teaches| Taught { name: "7B Mathematics".into(), room: Some("Room 3".into()), teaches };
    let pupil = profile(1, Some(Kind::Pupil));
    let facts = |year| Facts {
        name: "Ada Example".into(),
        kind: Some(Kind::Pupil),
        year: YearGroup::of_number(year),
        groups: vec![format!("year-{year}")],
        here: true,
        linked: true,
        ..Facts::default()
    };
    let moved: Vec<Change> =
        (0..50).map(|_| change(Thing::Person, What::Moves, Some(&facts(7)), &facts(8))).collect();
    let class = Class { name: "7B".into(), pupils: ["1".into(), "2".into()].into(), ..Class::default() };
    let classes = [change(Thing::Class, What::Joins, None, &class)];
    let related = Relation { relation: "father".into(), restricted: true, here: true, ..Relation::default() };
    let relations = [change(Thing::Relation, What::Kept, Some(&related), &related)];
    let names: BTreeMap<String, String> =
        [("1", "Ada Example"), ("2", "Ed Example")].map(|(id, name)| (id.into(), name.into())).into();
    let waiting = import("waiting", Shape::Table, summary(120));
    let quiet = import("applied", Shape::OneRoster12, Summary::default());
    let seen = |import, changes, shown, applying| Preview {
        import,
        changes,
        shown,
        page: 2,
        pages: 3,
        names: &names,
        may_apply: true,
        may_see_relations: true,
        applying,
    };
    let assignment = |duty: &str, ended| Assignment {
        id: kit::Ids::default().make(MONDAY),
        given: Giving {
            person: PersonNo(3),
            duty: duty.into(),
            span: Span { starts_at: MONDAY, ends_at: None },
            covers: None,
            reason: String::new(),
        },
        given_by: "person:1".into(),
        created_at: MONDAY,
        ended: bool::then(ended, || (MONDAY, "person:1".into())),
    };
    let left =
        Left { duties: vec![assignment("dsl", true), assignment("teacher", false)], ..Left::default() };
    let by =
        leaving::views::Seen { kind: SchoolKind::Maintained, may_give: true, may_hand: true, at: MONDAY };
    vec![
        ("staff-roll-empty", views::roll(&roll(&[], 1, 0, "nobody"), true)),
        ("staff-roll", views::roll(&roll(&many, 2, 17, ""), true)),
        ("staff-person", views::person(&pupil, &[taught(false)], Some(&[parent(true), parent(false)]), true)),
        ("staff-person-plain", views::person(&profile(3, None), &[], None, false)),
        ("staff-import-empty", views::import(&[], &empty, &nothing, &[], &zone)),
        (
            "staff-import",
            views::import(
                &[waiting.clone(), quiet.clone(), import("undone", Shape::SdsV21, summary(0))],
                &empty,
                &nothing,
                &[],
                &zone,
            ),
        ),
        (
            "staff-import-wrong",
            views::import(&[], &empty, &only("roll"), &["users.csv: line 3: no".into()], &zone),
        ),
        (
            "staff-preview",
            views::preview(
                &seen(&waiting, &moved, Some((Thing::Person, What::Moves)), false),
                &nothing,
                &zone,
            ),
        ),
        (
            "staff-preview-class",
            views::preview(
                &seen(&waiting, &classes, Some((Thing::Class, What::Joins)), false),
                &nothing,
                &zone,
            ),
        ),
        (
            "staff-preview-family",
            views::preview(
                &seen(&waiting, &relations, Some((Thing::Relation, What::Kept)), false),
                &nothing,
                &zone,
            ),
        ),
        ("staff-preview-nothing", views::preview(&seen(&quiet, &[], None, false), &nothing, &zone)),
        ("staff-preview-applying", views::preview(&seen(&waiting, &[], None, true), &only("leavers"), &zone)),
        (
            "staff-leaving-nothing",
            leaving::views::leaving(&pupil, &Left::default(), &[], &by, &empty, &nothing),
        ),
        (
            "staff-leaving",
            leaving::views::leaving(
                &profile(3, Some(Kind::Staff)),
                &left,
                &[taught(true)],
                &by,
                &empty,
                &only("to"),
            ),
        ),
        (
            "staff-relation",
            relation::views::mark(
                PersonNo(1),
                "Ada Example",
                &parent(false),
                &empty,
                &only("responsibility"),
            ),
        ),
    ]
}
