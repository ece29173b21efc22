//! Withheld access, in every state.

use engine::PersonNo;
use filtering::lasting::Span;
use filtering::lasting::second_views::Waiting;
use filtering::withheld::Withheld;
use filtering::withheld::views::{self, Line};
use kit::{Ids, Private, Zone};
use register::approval::{Approval, State};
use testing::MONDAY;
use web::{Mistakes, Page, Submitted};

const DAY_MS: i64 = 86_400_000;

fn line(number: u32, reason: &str, review_days: i64) -> Line {
    Line {
        one: Withheld {
            id: Ids::default().make(MONDAY),
            number,
            person: PersonNo(3),
            reason: reason.into(),
            span: Span { starts_at: MONDAY, ends_at: MONDAY.plus_millis(40 * DAY_MS) },
            review_at: Some(MONDAY.plus_millis(review_days * DAY_MS)),
            made_by: "person:1".into(),
            created_at: MONDAY,
            withdrawn: None,
        },
        whose: Private::new("Ada Example".into()),
        by: Private::new(web::speech::say("policy.the-machines-administrator")),
        waiting: None,
    }
}

/// Something proposed about what `kind` names, for whoever may be its second person.
pub fn waiting(kind: &str, reason: &str, answering: bool) -> Waiting {
    Waiting {
        proposed: Approval {
            id: Ids::default().make(MONDAY),
            kind: kind.into(),
            subject: "one".into(),
            terms: serde_json::Value::Null,
            reason: reason.into(),
            proposed_by: "person:2".into(),
            proposed_at: MONDAY,
            lapses_at: MONDAY.plus_millis(DAY_MS),
            state: State::Waiting,
        },
        proposer: Private::new("Bo Example".into()),
        own: false,
        may_agree: true,
        answering,
    }
}

/// Each with its name.
pub fn samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let (empty, nothing, long) = (Submitted::default(), Mistakes::default(), "word ".repeat(400));
    let mut wrong = Mistakes::default();
    for field in ["why", "review", "reason", "agreement", "disagreement"] {
        wrong.add(field, "Enter what is missing here");
    }
    let filled = Submitted::of([("why", &*long), ("review", "week"), ("reason", &*long)]);
    let proposed = |waiting| Line { waiting: Some(waiting), ..line(3, &long, 0) };
    let one = |line: &Line, mistakes| views::one(line, (true, true), &empty, mistakes, MONDAY, &zone);
    let kind = "withheld.end";
    vec![
        ("staff-withheld-agree", one(&proposed(waiting(kind, &long, true)), &wrong)),
        ("staff-withheld-second", one(&proposed(waiting(kind, "x", false)), &nothing)),
        (
            "staff-withheld-proposed-own",
            one(&proposed(Waiting { own: true, ..waiting(kind, "x", false) }), &nothing),
        ),
        ("staff-withheld-empty", views::all(&[], MONDAY, &zone)),
        (
            "staff-withheld",
            views::all(
                &[line(1, &long, 0), line(2, "x", 7), proposed(waiting(kind, "x", false))],
                MONDAY,
                &zone,
            ),
        ),
        ("staff-withheld-one", views::one(&line(1, "x", 0), (true, true), &empty, &nothing, MONDAY, &zone)),
        (
            "staff-withheld-wrong",
            views::one(&line(1, &long, 7), (true, true), &filled, &wrong, MONDAY, &zone),
        ),
    ]
}
