//! The pages of worries, of words for other systems and of the timetable, in every state.

use engine::PersonNo;
use filtering::timetable::{Cell, Now, Week, views as timetable_views, week};
use kit::{Ids, Private, Zone};
use people::account::elsewhere::views as elsewhere;
use people::account::worry::{Said, Worry, views as worry};
use people::intake::{ClassLine, ClassOrGroup};
use people::timetable::{Lesson, Slot};
use testing::MONDAY;
use web::{Mistakes, Page, Submitted};

fn only(fields: &[&'static str]) -> Mistakes {
    let mut mistakes = Mistakes::default();
    for field in fields {
        mistakes.add(field, "Enter it in another way");
    }
    mistakes
}

fn a_worry(whole: bool) -> Worry {
    let text = |text: &str| whole.then(|| Private::new(text.to_owned()));
    Worry {
        id: Ids::default().make(MONDAY),
        person: whole.then_some(PersonNo(3)),
        said: Said {
            what: "password".into(),
            name: text("adelaide-marguerite.longest-name-thereis"),
            words: text(&"It said that I was signed in somewhere else, and that was not me. ".repeat(6)),
        },
        at: MONDAY,
    }
}

fn a_week() -> Week {
    let slot = |day, period: &str, room: Option<&str>, week: Option<&str>| Slot {
        day,
        period: period.into(),
        room: room.map(str::to_owned),
        week: week.map(str::to_owned),
        ..Slot::default()
    };
    let lesson = |name: &str, slot| Lesson { class: Ids::default().make(MONDAY), name: name.into(), slot };
    let lessons = [
        lesson("7B", slot(Some(1), "1", Some("Lab 1"), Some("A"))),
        lesson("8A", slot(Some(1), "1", None, Some("B"))),
        lesson(
            "A class with the longest name that anybody gives one",
            slot(None, "After school", Some("The hall beside the gymnasium"), None),
        ),
    ];
    let calendar =
        toml::from_str("zone = 'Europe/London'\n[[lesson]]\nid = '1'\nfrom = '09:00'\nto = '10:00'\n")
            .unwrap();
    week(&lessons, &calendar, "2026-11-23".parse().unwrap())
}

/// Every page, by a name for its file.
pub fn samples() -> Vec<(&'static str, Page)> {
    let (nothing, empty, zone) =
        (Mistakes::default(), Submitted::default(), Zone::named("Europe/London").unwrap());
    let of = ClassOrGroup::Group("reception".into());
    let name = Private::new("Adelaide-Marguerite Longest-Name-Thereis".to_owned());
    let lines: Vec<_> =
        (0..30).map(|_| (name.clone(), Private::new("Acorn river lantern 27.".to_owned()))).collect();
    let (whole, bare) = (a_worry(true), a_worry(false));
    let seen = |worry, known: bool| worry::Seen {
        worry,
        by: known.then(|| name.clone()),
        about: known.then(|| (PersonNo(3), name.clone())),
        may_end: known,
        sees_roll: known,
    };
    let week = a_week();
    assert!(week.rows[0].1[0].contains(&Cell {
        class: "7B".into(),
        room: Some("Lab 1".into()),
        week: Some("A".into())
    }));
    let now = [Now { class: "7B".into(), room: Some("Lab 1".into()), until: "10:00".into() }];
    let classes: Vec<ClassLine> = (1..=40)
        .map(|number| ClassLine {
            id: format!("class_{number}"),
            name: format!("{number}B"),
            key: number.to_string(),
        })
        .collect();
    vec![
        ("worry", worry::form(false, &empty, &nothing)),
        ("worry-signed-in", worry::form(true, &empty, &nothing)),
        ("worry-wrong", worry::form(false, &empty, &only(&["what", "name", "words"]))),
        ("worry-told", worry::told("password", worry::Elsewhere::NotSignedIn)),
        ("worry-told-signed-in", worry::told("other", worry::Elsewhere::Ended)),
        ("worry-told-asks", worry::told("other", worry::Elsewhere::Asks)),
        ("worry-too-many", worry::too_many()),
        ("staff-worry", worry::one(&seen(&whole, true), &zone)),
        ("staff-worry-bare", worry::one(&seen(&bare, false), &zone)),
        ("staff-words-elsewhere", elsewhere::form(&of, "Reception", &empty, &nothing)),
        (
            "staff-words-elsewhere-wrong",
            elsewhere::form(&of, "Reception", &empty, &only(&["system", "form", "count"])),
        ),
        ("staff-words-elsewhere-made", elsewhere::made(&of, "Reception", "Number games", &lines)),
        ("staff-words-elsewhere-nobody", elsewhere::made(&of, "Reception", "Number games", &[])),
        ("staff-timetable-empty", timetable_views::own(&Week::default(), &[], &[])),
        ("staff-timetable", timetable_views::own(&week, &now, &classes)),
        ("staff-timetable-class", timetable_views::class("7B", &[name.clone(), name.clone()], &week)),
        ("staff-timetable-class-empty", timetable_views::class("7B", &[], &Week::default())),
        ("staff-timetable-teacher", timetable_views::teacher(&name, &week)),
        ("staff-timetable-teacher-empty", timetable_views::teacher(&name, &Week::default())),
    ]
}
