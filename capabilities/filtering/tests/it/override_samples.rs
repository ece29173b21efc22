//! "Open and closed for a time", in every state.

use engine::document::Effect;
use filtering::lasting::second_views::Waiting;
use filtering::lasting::{Span, Withdrawn};
use filtering::overrides::views::{self, Ended, Line};
use filtering::overrides::{Grant, Override, Whom};
use filtering::site_request::replaying::{LastWeek, Told};
use filtering::site_request::{Ask, HowLong, SiteRequest, State, staff_views};
use kit::{Ids, Private, Zone};
use testing::MONDAY;
use web::{Mistakes, Page, Submitted};

use crate::report_samples::everything;
use crate::withheld_samples::waiting;

const DAY_MS: i64 = 86_400_000;

fn line(number: u32, effect: Effect, reason: &str) -> Line {
    let one = Override {
        id: Ids::default().make(MONDAY),
        number,
        grant: Grant {
            whom: Whom::Group("year-5".into()),
            effect,
            target: format!("{}.{}.example", "a".repeat(63), "b".repeat(63)),
            reason: reason.into(),
            span: Span { starts_at: MONDAY, ends_at: MONDAY.plus_millis(DAY_MS) },
            request: (number == 1).then(|| Ids::default().make(MONDAY)),
        },
        granted_by: "person:1".into(),
        created_at: MONDAY,
        withdrawn: None,
    };
    Line {
        one,
        whom: Private::new("Year 5".into()),
        by: Private::new("Ada Example".into()),
        waiting: None,
        alone: true,
        may_end: true,
    }
}

fn proposed(line: Line, reason: &str, answering: bool) -> Line {
    Line { waiting: Some(waiting("override.end", reason, answering)), alone: false, ..line }
}

fn request(path: Option<&str>) -> SiteRequest {
    SiteRequest {
        id: Ids::default().make(MONDAY),
        reference: "R-7KQ4M2HX".parse().unwrap(),
        ask: Ask {
            site: filtering::site::Site { host: "video.example".into(), path: path.map(str::to_owned) },
            words: Private::new("Chess club".into()),
            how_long: HowLong::Lesson,
            asker: filtering::asker::Asker::at([10, 0, 0, 1].into(), &engine::Identity::default()),
        },
        created_at: MONDAY,
        state: State::Open,
    }
}

/// Each with its name.
pub fn samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let (empty, nothing, long) = (Submitted::default(), Mistakes::default(), "word ".repeat(400));
    let only = |names: &[&'static str]| {
        let mut mistakes = Mistakes::default();
        for name in names {
            mistakes.add(name, "Enter what is missing here");
        }
        mistakes
    };
    let open = || line(1, Effect::Allow, "For chess club.");
    let closed = || line(2, Effect::Block, &long);
    let over = |withdrawn: bool| {
        let Line { mut one, whom, by, .. } = closed();
        one.withdrawn = withdrawn.then(|| Withdrawn {
            by: "person:1".into(),
            at: MONDAY,
            reason: Some("It was a mistake.".into()),
        });
        Ended { one, whom, by: withdrawn.then_some(by) }
    };
    let groups: Vec<_> = (1..=13).map(|year| (format!("year-{year}"), format!("Year {year}"))).collect();
    let one = |line: &Line, mistakes: &Mistakes| views::one(line, &empty, mistakes, &zone);
    let own = || Line {
        waiting: Some(Waiting { own: true, ..waiting("override.end", "It is wanted.", false) }),
        ..closed()
    };
    let about = |told: Told| staff_views::Seen {
        may_propose: true,
        about: Some(staff_views::About {
            whom: web::speech::say("common.everyone"),
            said: everything(),
            replayed: Some(told),
        }),
        ..staff_views::Seen::default()
    };
    let asked =
        |path, told| staff_views::one(&request(path), None, &[], &about(told), &empty, &nothing, &zone);
    vec![
        ("staff-overrides-empty", views::all(&[], &[], true, &zone)),
        (
            "staff-overrides",
            views::all(
                &[open(), closed(), proposed(closed(), "x", false)],
                &[over(true), over(false)],
                true,
                &zone,
            ),
        ),
        ("staff-override-open", one(&open(), &nothing)),
        ("staff-override-own", one(&closed(), &only(&["why"]))),
        (
            "staff-override-agree",
            one(&proposed(closed(), &long, true), &only(&["agreement", "disagreement"])),
        ),
        ("staff-override-proposed-own", one(&own(), &nothing)),
        (
            "staff-close-wrong",
            views::close(
                &groups,
                &Submitted::of([("site", "x"), ("why", &long)]),
                &only(&["site", "whom", "pupil", "why"]),
            ),
        ),
        (
            "staff-request-a-page-of-a-site",
            asked(
                Some("/watch"),
                Told::LastWeek(LastWeek { requests: 1, opened: 1, askers: 2, more: false }),
            ),
        ),
        ("staff-request-for-a-few", asked(None, Told::Few(10))),
    ]
}
