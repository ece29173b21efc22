//! The pages of cards, guests and what people were taught, in every state.

use engine::PersonNo;
use kit::{Ids, Private, Timestamp, Zone};
use people::account::card::door_views::{self, Child};
use people::account::card::{Card, LeftOut, Line, Plan, State, views};
use people::account::lanyard::{self, LanyardCode};
use people::account::{Account, Name};
use people::by_age::{self, ByAge, Rules, Way};
use people::guest::{Guest, views as guest_views};
use people::intake::{Called, ClassOrGroup};
use people::teaching::{self, Pupil};
use testing::MONDAY;
use web::{Mistakes, Page, Submitted};

fn of() -> ClassOrGroup {
    ClassOrGroup::Group("reception".into())
}

fn card(way: Way, state: State, strange: u32) -> Card {
    Card {
        id: Ids::default().make(MONDAY),
        person: PersonNo(1),
        way,
        length: 3,
        hash: None,
        of: Some(of()),
        issued: ("person:1".into(), MONDAY),
        state,
        said: ("person:1".into(), MONDAY),
        strange,
    }
}

fn line(number: u32, rule: &str, card: Option<Card>, left_out: Option<LeftOut>) -> Line {
    let rule = ByAge::built_in().rules().iter().find(|one| one.id == rule).unwrap().clone();
    let name = Name::typed(&format!("adelaide.longestname{number}")).unwrap();
    let account = Account {
        id: Ids::default().make(MONDAY),
        person: PersonNo(number),
        name: name.clone(),
        password: None,
    };
    Line {
        person: PersonNo(number),
        name: Private::new(format!(
            "Adelaide-Marguerite {}Longest-Name-Thereis",
            "Example ".repeat(number as usize % 3)
        )),
        rule,
        account: card.is_some().then_some(account),
        sign_in: left_out.is_none().then_some(name),
        card,
        taught: number.is_multiple_of(2),
        left_out,
    }
}

fn plan(lines: Vec<Line>, class_card: Option<Timestamp>) -> Plan {
    let no_strange_devices = class_card.is_some();
    Plan {
        of: of(),
        name: "Otters and all the others of reception".into(),
        lines,
        class_card,
        no_strange_devices,
    }
}

fn child() -> Child {
    Child { card: Ids::default().make(MONDAY), name: Private::new("Adelaide-Marguerite".into()) }
}

fn guest(over: bool) -> guest_views::Line {
    let guest = Guest {
        id: Ids::default().make(MONDAY),
        person: PersonNo(9),
        sponsor: PersonNo(1),
        supervisor: PersonNo(2),
        aim: "Covers Year 5 while its teacher is on a course about rivers ".repeat(3),
        starts_at: MONDAY,
        ends_at: MONDAY.plus_millis(86_400_000),
        ended_at: over.then_some(MONDAY),
    };
    let name = |text: &str| Private::new(text.to_owned());
    guest_views::Line {
        is_over: over,
        name: name("Adelaide-Marguerite Longest-Name-Thereis"),
        sponsor: name("Hanna Example"),
        supervisor: name("Tess Example"),
        classes: (!over).then(|| vec!["Year 5".into(), "Year 6".into()]),
        guest,
    }
}

pub fn samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let (nothing, empty) = (Mistakes::default(), Submitted::default());
    let only = |fields: &[&'static str]| {
        let mut mistakes = Mistakes::default();
        for field in fields {
            mistakes.add(field, "Enter what is missing here");
        }
        mistakes
    };
    let called = |id: &str, name: &str| Called { of: ClassOrGroup::Group(id.into()), name: name.into() };
    let groups = [called("reception", "Reception"), called("year-1", "Year 1")];
    let full = || {
        let states = State::ALL.into_iter().zip([0, 3, 12, 0, 0, 0]).zip(1..);
        let mut lines: Vec<Line> = states
            .map(|((state, strange), number)| {
                line(number, "early-years", Some(card(Way::Pictures, state, strange)), None)
            })
            .collect();
        lines.push(line(7, "key-stage-1", Some(card(Way::Pictures, State::Handed, 0)), None));
        lines.push(line(8, "key-stage-3", Some(card(Way::Own, State::Issued, 0)), None));
        lines.push(line(9, "key-stage-2", None, None));
        lines.push(line(10, "adults", None, Some(LeftOut::HasDuty)));
        lines.push(line(11, "early-years", None, Some(LeftOut::NoName)));
        lines
    };
    let pupils: Vec<Pupil> = (1..=30)
        .map(|number| Pupil {
            person: PersonNo(number),
            name: Private::new(format!("Adelaide-Marguerite Longest-Name-Thereis {number}")),
            rule: if number % 2 == 0 { "early-years" } else { "key-stage-1" }.into(),
            taught_on: (number % 3 == 0).then(|| "2026-09-03".into()),
        })
        .collect();
    let today = "2026-11-23".parse().unwrap();
    let rule = &ByAge::built_in().rules()[1];
    let offered = [("year-5".to_owned(), "Year 5".to_owned()), ("year-6".to_owned(), "Year 6".to_owned())];
    let children: Vec<Child> = (0..30).map(|_| child()).collect();
    let taught = ByAge::built_in().taught("early-years");
    vec![
        ("card-code", door_views::code(&nothing)),
        ("card-code-wrong", door_views::code(&only(&["code"]))),
        ("card-another-class", door_views::another_class("BCDFGHJKLM")),
        ("card-names-empty", door_views::names(&[])),
        ("card-names", door_views::names(&children)),
        ("card-pictures", door_views::pictures(&child(), ("", 3), None)),
        ("card-pictures-second", door_views::pictures(&child(), ("cat", 3), None)),
        ("card-pictures-wrong", door_views::pictures(&child(), ("", 4), Some(door_views::NOT_RIGHT))),
        ("card-words", door_views::words(&child(), 2, None)),
        ("card-words-wrong", door_views::words(&child(), 2, Some(door_views::NOT_HERE))),
        ("card-hello", door_views::hello_to("Ada", taught)),
        ("card-hello-plain", door_views::hello_to("Ada", None)),
        ("lanyard-code", lanyard::views::code(&Submitted::default(), &nothing)),
        (
            "lanyard-code-wrong",
            lanyard::views::code(&Submitted::of([("code", "BCDF-GHJK")]), &only(&["code"])),
        ),
        ("lanyard-number", lanyard::views::number(&LanyardCode::of([[7; 2]; 12]), &nothing)),
        ("lanyard-number-wrong", lanyard::views::number(&LanyardCode::of([[7; 2]; 12]), &only(&["number"]))),
        ("lanyard-over", lanyard::views::over()),
        ("staff-cards", views::all(&groups, &groups, true)),
        ("staff-cards-empty", views::all(&[], &[], true)),
        ("staff-cards-teacher", views::all(&groups, &[], false)),
        ("staff-cards-teacher-empty", views::all(&[], &[], false)),
        ("staff-cards-class-empty", views::one(&plan(Vec::new(), None), true, &zone, &nothing)),
        ("staff-cards-class", views::one(&plan(full(), Some(MONDAY)), true, &zone, &nothing)),
        ("staff-cards-class-changed", views::one(&plan(full(), None), false, &zone, &only(&[""]))),
        ("staff-cards-issue", views::issue(&plan(full(), Some(MONDAY)), &empty, &nothing)),
        ("staff-cards-issue-wrong", views::issue(&plan(full(), None), &empty, &only(&["whom"]))),
        ("staff-rules", by_age::views::rules(&Rules::with(&[].into()), true)),
        ("staff-rules-read", by_age::views::rules(&Rules::with(&[].into()), false)),
        ("staff-rule", by_age::views::set(rule, &empty, &nothing)),
        ("staff-rule-wrong", by_age::views::set(rule, &empty, &only(&["way", "length"]))),
        ("staff-taught-empty", teaching::views::class(&of(), "Otters", &[], today, None, &nothing)),
        ("staff-taught", teaching::views::class(&of(), "Otters", &pupils, today, None, &nothing)),
        (
            "staff-taught-wrong",
            teaching::views::class(&of(), "Otters", &pupils, today, Some(&empty), &only(&["on", "pupils"])),
        ),
        ("staff-guests-empty", guest_views::all(&[], (true, true), None, &zone, &nothing)),
        (
            "staff-guests",
            guest_views::all(
                &[guest(false), guest(true)],
                (true, true),
                Some(guest(false).guest.id),
                &zone,
                &nothing,
            ),
        ),
        ("staff-guests-changed", guest_views::all(&[guest(false)], (false, true), None, &zone, &only(&[""]))),
        ("staff-guest-form", guest_views::form(&offered, "2026-11-23", None, &nothing)),
        (
            "staff-guest-form-wrong",
            guest_views::form(
                &offered,
                "2026-11-23",
                Some(&empty),
                &only(&["name", "kind", "aim", "sponsor", "supervisor", "first", "last", "classes"]),
            ),
        ),
    ]
}
