//! "Your work" and what one person opened alone, in every state.

use filtering::asker::Asker;
use filtering::desk::views::{self, Line, Seen};
use filtering::overrides::Whom;
use filtering::site::Site;
use filtering::site_request::agreeing::{Proposed, Terms};
use filtering::site_request::alone_views::{self, Alone};
use filtering::site_request::staff_views;
use filtering::site_request::{Ask, HowLong, SiteRequest, State as Asked};
use kit::{Ids, Private, Timestamp, Zone};
use register::SchoolYear;
use register::emergency::{Emergency, Review, Verdict};
use register::task::{Ending, Kinds, Owner, State, Task, Whose};
use testing::MONDAY;
use web::{Mistakes, Page, Submitted};

const DAY_MS: i64 = 86_400_000;

fn zone() -> Zone {
    Zone::named("Europe/London").unwrap()
}

fn line(kind: &str, opened_at: Timestamp, whose: Whose) -> Line {
    let kind = Kinds::built_in().named(kind).unwrap();
    let run = kind.clock.start(opened_at, &SchoolYear::new(zone()));
    let task = Task {
        id: Ids::default().make(MONDAY),
        kind: kind.id.clone(),
        subject: "subject".into(),
        path: "/staff/requests/R-7KQ4M2HX".into(),
        owner: (whose == Whose::Cover).then_some(Owner::Person(2)),
        not_by: None,
        opened_at,
        due_at: run.due_at,
        escalated: u32::from(whose == Whose::Late),
        state: State::Open,
    };
    let owner = (whose == Whose::Cover).then(|| Private::new("Bo Example".to_owned()));
    Line { task, kind, whose, run, owner }
}

fn only(names: &[&'static str]) -> Mistakes {
    let mut mistakes = Mistakes::default();
    for name in names {
        mistakes.add(name, "Enter what is missing here");
    }
    mistakes
}

fn request() -> SiteRequest {
    SiteRequest {
        id: Ids::default().make(MONDAY),
        reference: "R-7KQ4M2HX".parse().unwrap(),
        ask: Ask {
            site: Site { host: format!("{}.{}.example", "a".repeat(63), "b".repeat(63)), path: None },
            words: Private::new("Chess club".into()),
            how_long: HowLong::Lesson,
            asker: Asker::at([10, 0, 0, 1].into(), &engine::Identity::default()),
        },
        created_at: MONDAY,
        state: Asked::Open,
    }
}

fn proposed() -> Proposed {
    Proposed {
        id: Ids::default().make(MONDAY),
        terms: Terms {
            whom: Whom::Everyone,
            ends_at: MONDAY.plus_millis(7 * DAY_MS),
            risk: Private::new("Low.".into()),
        },
        by: "person:1".into(),
        at: MONDAY,
        lapses_at: MONDAY.plus_millis(7 * DAY_MS),
    }
}

fn alone(proposed: &Proposed, words: &str, reviewed: Option<Verdict>) -> Alone {
    let emergency = Emergency {
        id: Ids::default().make(MONDAY),
        approval: proposed.id,
        kind: "request.approve".into(),
        subject: "site-request".into(),
        made: "1".into(),
        reason: words.into(),
        opened_by: "person:1".into(),
        opened_at: MONDAY,
        ends_at: MONDAY.plus_millis(DAY_MS),
        reviewed: reviewed.map(|verdict| Review {
            by: "person:2".into(),
            at: MONDAY,
            verdict,
            words: words.into(),
        }),
    };
    let opener = Some(Private::new("Ada Example".to_owned()));
    Alone { emergency, opener, is_over: false, may_look: reviewed.is_none() }
}

/// Each with its name.
pub fn samples() -> Vec<(&'static str, Page)> {
    let (zone, long) = (zone(), "word ".repeat(400));
    let (empty, nothing) = (Submitted::default(), Mistakes::default());
    let ago = |days: i64| MONDAY.plus_millis(-days * DAY_MS);
    let lines = [
        line("site-request", ago(9), Whose::Late),
        line("filter-test-failed", ago(3), Whose::Cover),
        line("access-review", ago(1), Whose::Mine),
        line("site-request", MONDAY, Whose::Duty),
    ];
    let ending = || Ending { by: "person:1".into(), at: MONDAY, words: long.clone() };
    let done = Line {
        task: Task { state: State::Done(ending()), ..line("list-held", ago(40), Whose::Mine).task },
        ..line("list-held", ago(40), Whose::Mine)
    };
    let dropped = Line {
        task: Task {
            state: State::Dropped(Ending { words: String::new(), ..ending() }),
            ..done.task.clone()
        },
        ..done.clone()
    };
    let seen = Seen {
        duties: vec!["Network manager".into(), "Online safety lead".into()],
        hand_to: (1..40)
            .map(|n| (format!("person:{n}"), format!("Ada Example {n}, Network manager")))
            .collect(),
        ended_by: Some(Private::new("Bo Example".to_owned())),
    };
    let one = |line: &Line, mistakes: &Mistakes| views::one(line, &seen, &empty, mistakes, MONDAY, &zone);
    let (request, proposed) = (request(), proposed());
    let opened = |words: &str, verdict, own| {
        let seen = staff_views::Seen {
            own,
            may_open_alone: true,
            may_agree: true,
            alone: vec![alone(&proposed, words, verdict)],
            ..staff_views::Seen::default()
        };
        staff_views::one(&request, Some(&proposed), &[], &seen, &empty, &nothing, &zone)
    };
    let may_open = staff_views::Seen { own: true, may_open_alone: true, ..staff_views::Seen::default() };
    vec![
        ("staff-work-empty", views::work(&[], &[], MONDAY, &zone)),
        (
            "staff-work",
            views::work(
                &lines,
                &[(done.task.clone(), done.kind), (dropped.task.clone(), done.kind)],
                MONDAY,
                &zone,
            ),
        ),
        ("staff-task", one(&lines[3], &nothing)),
        ("staff-task-cover", one(&lines[1], &only(&["outcome", "words", "to"]))),
        ("staff-task-late", one(&lines[0], &nothing)),
        ("staff-task-done", one(&done, &nothing)),
        ("staff-task-dropped", one(&dropped, &nothing)),
        (
            "staff-request-may-open-alone",
            staff_views::one(&request, Some(&proposed), &[], &may_open, &empty, &nothing, &zone),
        ),
        ("staff-request-opened-alone-own", opened("A visitor waits.", None, true)),
        ("staff-request-opened-alone", opened(&long, None, false)),
        ("staff-request-looked-at", opened(&long, Some(Verdict::Right), false)),
        ("staff-alone", alone_views::open_form(&request, &proposed, &empty, &nothing, &zone)),
        ("staff-alone-wrong", alone_views::open_form(&request, &proposed, &empty, &only(&["reason"]), &zone)),
        (
            "staff-look",
            alone_views::look_form(
                &request,
                &alone(&proposed, "A visitor waits.", None),
                &empty,
                &nothing,
                &zone,
            ),
        ),
        (
            "staff-look-wrong",
            alone_views::look_form(
                &request,
                &alone(&proposed, &long, None),
                &empty,
                &only(&["found", "words"]),
                &zone,
            ),
        ),
    ]
}
