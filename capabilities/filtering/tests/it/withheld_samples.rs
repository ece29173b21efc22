//! Withheld access, in every state.

use engine::PersonNo;
use filtering::lasting::Span;
use filtering::withheld::Withheld;
use filtering::withheld::views::{self, Line};
use kit::{Ids, Private, Zone};
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
    }
}

/// Each with its name.
pub fn samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let (empty, nothing, long) = (Submitted::default(), Mistakes::default(), "word ".repeat(400));
    let mut wrong = Mistakes::default();
    for field in ["why", "review", "reason"] {
        wrong.add(field, "Enter what is missing here");
    }
    let filled = Submitted::of([("why", &*long), ("review", "week"), ("reason", &*long)]);
    vec![
        ("staff-withheld-empty", views::all(&[], MONDAY, &zone)),
        ("staff-withheld", views::all(&[line(1, &long, 0), line(2, "x", 7)], MONDAY, &zone)),
        ("staff-withheld-one", views::one(&line(1, "x", 0), (true, true), &empty, &nothing, MONDAY, &zone)),
        (
            "staff-withheld-wrong",
            views::one(&line(1, &long, 7), (true, true), &filled, &wrong, MONDAY, &zone),
        ),
    ]
}
