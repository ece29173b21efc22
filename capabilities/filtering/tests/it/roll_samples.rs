//! The pages of the roll in every state.

use std::collections::BTreeMap;

use engine::PersonNo;
use kit::{Private, Zone};
use people::access::{Due, Held, Line, Progress, Review, Seen, SignedIn, Verdict};
use people::duty::{Assignment, Giving, SchoolKind, Span};
use people::intake::views::{self, Preview, Roll};
use people::intake::{
    Change, Class, ClassLine, Facts, Field, Import, Parent, Profile, Relation, Summary, Taught, Thing, What,
    by_hand, person,
};
use people::leaving::{self, Left};
use people::roster::{Complaint, Shape};
use people::{Device, Kind, YearGroup, access, duty, relation, scim};
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
        names: (Some(Private::new("Adelaide-Marguerite".into())), Some(Private::new("Longest".into()))),
        kept: if number == 1 { [Field::Year, Field::Last].into() } else { Default::default() },
    }
}

fn parent(restricted: bool) -> Parent {
    Parent {
        person: PersonNo(9),
        here: !restricted,
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

fn device() -> Device {
    Device {
        number: engine::DeviceNo(4),
        name: Private::new("laptop-with-a-rather-long-name-14".into()),
        addresses: Vec::new(),
        hardware: Vec::new(),
        person: Some(PersonNo(3)),
        groups: Vec::new(),
        joined_at: MONDAY,
    }
}

fn known<'a>(profile: &'a Profile, zone: &'a Zone) -> person::Known<'a> {
    person::Known {
        profile,
        classes: &[],
        related: None,
        devices: None,
        duties: None,
        account: None,
        school: SchoolKind::Maintained,
        zone,
        may_mark: false,
        may_change: false,
        waits: &[],
    }
}

fn writing<'a>(
    profile: Option<&'a Profile>,
    own: &'a [Taught],
    classes: &'a [ClassLine],
) -> by_hand::views::Writing<'a> {
    by_hand::views::Writing { profile, own, classes }
}

fn assignment(duty: &str, ended: bool) -> Assignment {
    Assignment {
        id: kit::Ids::default().make(MONDAY),
        given: Giving {
            person: PersonNo(3),
            duty: duty.into(),
            span: Span { starts_at: MONDAY, ends_at: None },
            covers: None,
            reason: "Appointed by the governors.".into(),
        },
        given_by: "person:1".into(),
        created_at: MONDAY,
        ended: bool::then(ended, || (MONDAY, "person:1".into())),
    }
}

/// The pages of duties, of reviews, and of systems that keep people.
pub fn house_samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let (nothing, empty) = (Mistakes::default(), Submitted::default());
    let only = |field: &'static str| {
        let mut mistakes = Mistakes::default();
        mistakes.add(field, "Enter what is missing here");
        mistakes
    };
    let kind = SchoolKind::Maintained;
    let duties = people::duty::Duties::built_in();
    let mut cover = assignment("head", false);
    cover.given.covers = Some(cover.id);
    cover.given.span.ends_at = Some(MONDAY.plus_millis(86_400_000));
    let held = [assignment("head", false), cover, assignment("head", true)];
    let names: BTreeMap<PersonNo, Private<String>> = [(PersonNo(3), name(3))].into();
    let without = held.iter().map(|one| one.given.person).collect();
    let shown = duty::views::Shown {
        assignments: &held,
        names: &names,
        without: &without,
        may_invite: true,
        at: MONDAY,
        zone: &zone,
    };
    let gaps = people::duty::gaps(duties, kind, &held, MONDAY);
    let head = duties.named("head").unwrap();
    let pupil = duties.named("digital-leader").unwrap();
    let nobody = duty::views::Shown { assignments: &[], ..shown };
    let review = |ended: bool| Review {
        number: 2,
        began: (MONDAY, "person:1".into()),
        ended: ended.then(|| (MONDAY, "person:1".into())),
    };
    let seen = Seen {
        duties: vec![Held {
            duty: "dsl".into(),
            since_ms: MONDAY.as_millis(),
            until_ms: None,
            covers: false,
        }],
        signed_in: SignedIn::At(MONDAY.as_millis()),
        devices: 2,
    };
    let line = |verdict| Line {
        person: PersonNo(3),
        verdict,
        reason: Private::new("They lead the sixth form now, and no longer safeguarding.".into()),
        seen: seen.clone(),
        by: "person:1".into(),
        at: MONDAY,
    };
    let progress = |left: &[u32]| Progress {
        pupils: 1_200,
        left: left.iter().copied().map(PersonNo).collect(),
        lines: [Verdict::Keep, Verdict::Change, Verdict::End].map(line).into(),
    };
    let (some, none) = (progress(&[3, 9]), progress(&[]));
    let (open, ended) = (review(false), review(true));
    let shown_review = |review, progress| access::views::Shown {
        review,
        progress,
        names: &names,
        who: PersonNo(9),
        may_review: true,
    };
    let staff = profile(3, Some(Kind::Staff));
    let looking = |seen, devices| access::views::Looking {
        number: 2,
        profile: &staff,
        seen,
        devices,
        done: 3,
        left: 9,
        may_end: true,
        school: kind,
        zone: &zone,
    };
    let devices = [device()];
    let client = |ended: bool| people::scim::Client {
        id: kit::Ids::default().make(MONDAY),
        source: "scim-entra".into(),
        made: ("person:1".into(), MONDAY),
        used_at: None,
        ended_at: ended.then_some(MONDAY),
    };
    let clients = [client(false), client(true)];
    let token = people::account::Token::of([7; 32]);
    let address = "https://portal.school.example/scim/v2";
    vec![
        ("staff-duties", duty::views::all(kind, &gaps, &shown)),
        ("staff-duty", duty::views::one(head, kind, &shown, true, &empty, &only("to"))),
        ("staff-duty-nobody", duty::views::one(pupil, kind, &nobody, false, &empty, &nothing)),
        ("staff-duty-holder", duty::views::holder(&held[0], &name(3), kind, &zone, &empty, &only("until"))),
        ("staff-access-none", access::views::all(&[], Due::Nothing, true, &zone)),
        (
            "staff-access",
            access::views::all(&[open.clone(), ended.clone()], Due::Overdue(MONDAY), true, &zone),
        ),
        (
            "staff-access-goes-on",
            access::views::all(std::slice::from_ref(&open), Due::GoesOn(2, 9), true, &zone),
        ),
        ("staff-review", access::views::one(&shown_review(&open, &some), &nothing, &zone)),
        ("staff-review-done", access::views::one(&shown_review(&open, &none), &nothing, &zone)),
        ("staff-review-ended", access::views::one(&shown_review(&ended, &none), &nothing, &zone)),
        (
            "staff-review-person",
            access::views::person(&looking(&seen, Some(&devices)), &empty, &only("verdict")),
        ),
        (
            "staff-review-person-plain",
            access::views::person(&looking(&Seen::default(), None), &empty, &nothing),
        ),
        ("staff-scim-none", scim::views::page(&[], None, address, &empty, &nothing, &zone)),
        (
            "staff-scim",
            scim::views::page(&clients, Some((&clients[0], &token)), address, &empty, &only("name"), &zone),
        ),
    ]
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
    let classes_all: Vec<ClassLine> = (1..40)
        .map(|one| ClassLine {
            id: format!("class_{one}"),
            name: format!("{one}B Mathematics"),
            key: one.to_string(),
        })
        .collect();
    let roll = |people, page, pages, words| Roll {
        people,
        count: 812,
        page,
        pages,
        kind: Some(Kind::Pupil),
        class: Some("class_3"),
        classes: &classes_all,
        words,
    };
    let may = views::Offers { import: true, duties: true, access: true, scim: true, ways_in: true };
    let taught = |teaches| Taught {
        name: "7B Mathematics".into(),
        room: Some("Room 3".into()),
        teaches,
        id: "class_7".into(),
    };
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
    let namesakes = [(PersonNo(1), name(1)), (PersonNo(2), name(2))];
    let upon = |shape| import("waiting", shape, Summary { changes: true, ..summary(2) });
    let (delta, lessons) = (upon(Shape::OneRoster11), upon(Shape::Timetable));
    let slot = |day, period: &str| people::timetable::Slot {
        day,
        period: period.into(),
        room: Some("Laboratory beside the gymnasium".into()),
        ..people::timetable::Slot::default()
    };
    let taught_anew =
        Class { slots: [slot(Some(1), "1"), slot(None, "After school")].into(), ..class.clone() };
    let weeks = [change(Thing::Class, What::Moves, Some(&class), &taught_anew)];
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
        leading: usize::from(applying),
        namesakes: &namesakes,
    };
    let own = [taught(false)];
    let of_year = |year| Facts { year: people::YearGroup::of_number(year), here: true, ..Facts::default() };
    let waits = [person::Waits {
        source: "scim-entra".into(),
        import: 7,
        lines: views::facts_differ(Some(&of_year(5)), Some(&of_year(13))),
    }];
    let left = Left {
        duties: vec![assignment("dsl", true), assignment("teacher", false)],
        devices: vec![device()],
        guests: vec![(
            people::guest::Guest {
                id: kit::Ids::default().make(MONDAY),
                person: PersonNo(9),
                sponsor: PersonNo(3),
                supervisor: PersonNo(3),
                aim: "Mends the boiler".into(),
                starts_at: MONDAY,
                ends_at: MONDAY.plus_millis(86_400_000),
                ended_at: None,
            },
            name(9),
        )],
        ..Left::default()
    };
    let by = leaving::views::Seen {
        kind: SchoolKind::Maintained,
        may_give: true,
        may_hand: true,
        may_give_guests: true,
        sees_devices: true,
        at: MONDAY,
    };
    let written = Submitted::of([("then", "hand"), ("to", "Nobody at all")]);
    let wrong = only("to");
    let wrong = leaving::views::Wrong {
        about: leaving::views::About::Duty(left.duties[1].id),
        form: &written,
        mistakes: &wrong,
        knowing: Some(PersonNo(7)),
    };
    vec![
        ("staff-roll-empty", views::roll(&roll(&[], 1, 0, "nobody"), &may)),
        ("staff-roll", views::roll(&roll(&many, 2, 17, ""), &may)),
        (
            "staff-person",
            person::view(&person::Known {
                classes: &[taught(false)],
                related: Some(&[parent(true), parent(false)]),
                devices: Some(&[device()]),
                duties: Some(&[assignment("digital-leader", false)]),
                account: Some(person::Signs::At(MONDAY)),
                may_mark: true,
                may_change: true,
                ..known(&pupil, &zone)
            }),
        ),
        (
            "staff-person-waits",
            person::view(&person::Known { waits: &waits, may_change: true, ..known(&pupil, &zone) }),
        ),
        ("staff-person-waits-plain", person::view(&person::Known { waits: &waits, ..known(&pupil, &zone) })),
        ("staff-person-plain", person::view(&known(&profile(3, None), &zone))),
        (
            "staff-person-left",
            person::view(&person::Known { may_change: true, ..known(&profile(3, Some(Kind::Staff)), &zone) }),
        ),
        ("staff-hand-new", by_hand::views::write(&writing(None, &[], &classes_all), &empty, &only("kind"))),
        (
            "staff-hand",
            by_hand::views::write(
                &writing(Some(&pupil), &own, &classes_all),
                &by_hand::views::as_it_is(&pupil),
                &only("keep"),
            ),
        ),
        ("staff-import-empty", views::import(&[], &empty, &nothing, (&[], &[]), &zone)),
        (
            "staff-import",
            views::import(
                &[waiting.clone(), quiet.clone(), import("undone", Shape::SdsV21, summary(0))],
                &empty,
                &nothing,
                (&[], &[]),
                &zone,
            ),
        ),
        (
            "staff-import-wrong",
            views::import(
                &[],
                &empty,
                &only("roll"),
                (&["users.csv: line 3: no".into()], &["Child".into(), "Yr Grp".into(), String::new()]),
                &zone,
            ),
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
        (
            "staff-preview-changes",
            views::preview(&seen(&delta, &moved, Some((Thing::Person, What::Moves)), false), &nothing, &zone),
        ),
        (
            "staff-preview-timetable",
            views::preview(
                &seen(&lessons, &weeks, Some((Thing::Class, What::Moves)), false),
                &nothing,
                &zone,
            ),
        ),
        ("staff-columns-remembered", people::intake::columns::remembered("mis", &summary(0).columns)),
        ("staff-columns-none", people::intake::columns::remembered("mis", &BTreeMap::new())),
        ("staff-preview-nothing", views::preview(&seen(&quiet, &[], None, false), &nothing, &zone)),
        ("staff-preview-applying", views::preview(&seen(&waiting, &[], None, true), &only("leavers"), &zone)),
        ("staff-leaving-nothing", leaving::views::leaving(&pupil, &Left::default(), &[], &by, None)),
        (
            "staff-leaving",
            leaving::views::leaving(
                &profile(3, Some(Kind::Staff)),
                &left,
                &[taught(true)],
                &by,
                Some(&wrong),
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
