//! A list at the portal, in every state; and what the hub is sent for.

use filtering::errand::views::Offer;
use filtering::errand::{Ended, Ran};
use filtering::lasting::second_views::Waiting;
use filtering::list::{List, ListReport, State, Status, removal_views, views};
use kit::{Ids, Private, Zone};
use register::approval::{Approval, State as ApprovalState};
use testing::MONDAY;
use web::{Mistakes, Page, Submitted};

/// What is said of an errand: never begun, under way, done, or not done and why.
pub fn offered(ran: Option<Option<&str>>, may: bool) -> Offer {
    let ended = |why: &str| Ended { at: MONDAY, why_not: Some(why.to_owned()) };
    let ran = ran.map(|why| Ran { by: "person:1".into(), begun_at: MONDAY, ended: why.map(ended) });
    Offer { ran, by: Private::new("Ada Example".into()), may }
}

fn line(state: State, source: &str, waits: Option<&str>, note: Option<&str>) -> views::Line {
    let list = List {
        id: format!("source/{}", "games-".repeat(12)),
        version: 3,
        categories: vec!["games".into()],
        source: source.into(),
        state,
        sha256: String::new(),
        report: ListReport { accepted: 1_000_000, ..ListReport::default() },
        imported_at: MONDAY,
    };
    let (waits, note) = (waits.map(str::to_owned), note.map(str::to_owned));
    views::Line { status: Status { list, note, waits, web: None }, about: "Games".into() }
}

/// Each with its name.
pub fn samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let (empty, nothing, long) = (Submitted::default(), Mistakes::default(), "word ".repeat(100));
    let from_web = "https://lists.example/games.txt";
    let waits = || line(State::Active, from_web, Some(&long), None);
    let mut wrong = Mistakes::default();
    wrong.add("why", "Enter what is missing here");
    let taking = Submitted::of([("then", "take")]);
    let held_back = Submitted::of([("then", "hold")]);
    let of = |line: &views::Line, take: &Offer, form: &Submitted, mistakes: &Mistakes| {
        let may = views::May { hold: true, remove: true, proposed: None, take };
        views::of(line, &may, form, mistakes, &zone)
    };
    let proposed = |own, answering| Waiting {
        proposed: Approval {
            id: Ids::default().make(MONDAY),
            kind: "list.remove".into(),
            subject: "source/games".into(),
            terms: serde_json::Value::Null,
            reason: long.clone(),
            proposed_by: "person:2".into(),
            proposed_at: MONDAY,
            lapses_at: MONDAY.plus_millis(86_400_000),
            state: ApprovalState::Waiting,
        },
        proposer: Private::new("Bo Example".into()),
        own,
        may_agree: true,
        answering,
    };
    let mut unanswered = Mistakes::default();
    for field in ["agreement", "disagreement"] {
        unanswered.add(field, "Enter what is missing here");
    }
    let removal = |waiting: &Waiting, mistakes: &Mistakes| {
        removal_views::removal(&line(State::Active, from_web, None, None), waiting, &empty, mistakes, &zone)
    };
    let going = [("source/games".to_owned(), "/staff/lists/removals/x".to_owned())];
    let done = Offer {
        ran: offered(Some(Some("")), true)
            .ran
            .map(|ran| Ran { ended: Some(Ended { at: MONDAY, why_not: None }), ..ran }),
        ..offered(None, true)
    };
    let never = offered(None, true);
    let may =
        views::May { hold: false, remove: false, proposed: Some("/staff/lists/removals/x"), take: &never };
    let seen = |line: &views::Line| views::of(line, &may, &empty, &nothing, &zone);
    vec![
        ("staff-lists-going", views::all(&[waits()], &going, &[], &zone)),
        ("staff-list-going", seen(&waits())),
        ("staff-list-removal", removal(&proposed(false, false), &nothing)),
        ("staff-list-removal-own", removal(&proposed(true, false), &nothing)),
        ("staff-list-removal-agree", removal(&proposed(false, true), &unanswered)),
        ("staff-list", of(&line(State::Active, from_web, None, None), &done, &empty, &nothing)),
        ("staff-list-waits", of(&waits(), &never, &empty, &nothing)),
        ("staff-list-waits-wrong", of(&waits(), &never, &taking, &wrong)),
        ("staff-list-taken", of(&waits(), &offered(Some(None), true), &empty, &nothing)),
        ("staff-list-not-taken", of(&waits(), &offered(Some(Some(&long)), true), &empty, &nothing)),
        (
            "staff-list-of-a-file",
            of(&line(State::Active, "/srv/x", Some("x"), None), &never, &held_back, &wrong),
        ),
        ("staff-list-held", of(&line(State::Held, from_web, None, Some(&long)), &never, &held_back, &wrong)),
    ]
}
