//! Reports as those see them who answer, in every state.

use engine::{Identity, PersonNo};
use filtering::asker::Asker;
use filtering::explain::now::{Now, Said};
use filtering::site::Site;
use filtering::site_note::own_views;
use filtering::site_report::staff_views::{self, Seen, Teller};
use filtering::site_report::{Kind, Outcome, SiteReport, Tell};
use filtering::site_request::{Ask, HowLong, SiteRequest, State};
use kit::{Ids, Private, Zone};
use testing::MONDAY;
use web::{Mistakes, Page, Submitted};

/// How a site stands, with everything that can be said of one.
pub fn everything() -> Said {
    Said::Now(Box::new(Now {
        closed: true,
        question: web::speech::say("step.permitted-use"),
        reason:
            "The permitted-use table closes \"Online games\" for Year 5 (category \"Games\", list \"games\")."
                .into(),
        categories: vec!["Games".into(), "Strangers can write to each other".into()],
        services: vec!["A game that many play".into()],
        parts: vec![("Pornography".into(), 1), ("Gambling".into(), 1_204)],
        lists: vec![format!("source/{}", "games-".repeat(12)), "starter/games".into()],
    }))
}

fn report(words: &str, path: Option<&str>, outcome: Outcome) -> SiteReport {
    SiteReport {
        id: Ids::default().make(MONDAY),
        reference: "P-7KQ4M2HX".parse().unwrap(),
        tell: Tell {
            kind: Kind::ShouldBeClosed,
            site: Site {
                host: format!("{}.{}.example", "a".repeat(63), "b".repeat(63)),
                path: path.map(str::to_owned),
            },
            words: Private::new(words.into()),
            asker: Asker::at(
                [10, 0, 0, 1].into(),
                &Identity { person: Some(PersonNo(1)), ..Identity::default() },
            ),
        },
        created_at: MONDAY,
        outcome,
    }
}

fn request(state: State) -> SiteRequest {
    SiteRequest {
        id: Ids::default().make(MONDAY),
        reference: "R-7KQ4M2HX".parse().unwrap(),
        ask: Ask {
            site: Site { host: "video.example".into(), path: None },
            words: Private::new("Chess club".into()),
            how_long: HowLong::Lesson,
            asker: Asker::at([10, 0, 0, 1].into(), &Identity::default()),
        },
        created_at: MONDAY,
        state,
    }
}

fn seen(teller: Teller, now: Said, open: bool) -> Seen {
    Seen { teller, now, may_answer: open, may_close: open, may_ask: open }
}

/// Each with its name.
pub fn samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let (empty, nothing, long) = (Submitted::default(), Mistakes::default(), "word ".repeat(400));
    let changed = || Outcome::Changed { answer: long.clone(), at: MONDAY };
    let left = Outcome::LeftAsItIs { answer: "No.".into(), at: MONDAY };
    let mut wrong = Mistakes::default();
    for field in ["outcome", "why", "answer"] {
        wrong.add(field, "Enter what is missing here");
    }
    let (bo, cy) = (|| Private::new("Bo Example".into()), || Private::new("Cy Example".into()));
    let ada = || Teller::DeviceOf(Private::new("Ada Example".into()));
    let waiting = [report("", None, Outcome::Open), report("x", None, Outcome::Open)];
    let one = |report: &SiteReport, seen: Seen, form: &Submitted, mistakes: &Mistakes| {
        staff_views::one(report, &seen, form, mistakes, &zone)
    };
    let long_path = format!("/{}", "part/".repeat(60));
    vec![
        ("staff-reports-empty", staff_views::all(&[], &[], &zone)),
        (
            "staff-reports",
            staff_views::all(&waiting, &[report("", None, changed()), report("", None, left.clone())], &zone),
        ),
        (
            "staff-report",
            one(
                &report("Somebody wrote to me.", None, Outcome::Open),
                seen(ada(), everything(), true),
                &empty,
                &nothing,
            ),
        ),
        (
            "staff-report-longest",
            one(
                &report(&long, Some(&long_path), Outcome::Open),
                seen(Teller::SignedIn(bo(), Some(cy())), Said::NoSite, true),
                &Submitted::of([("outcome", "close"), ("why", &long), ("answer", &long)]),
                &wrong,
            ),
        ),
        (
            "staff-report-answered",
            one(&report("", None, changed()), seen(Teller::NotKept, Said::NotNow, false), &empty, &nothing),
        ),
        ("me-asked-empty", own_views::asked(&[], &[], &zone)),
        (
            "me-asked",
            own_views::asked(
                &[
                    request(State::Open),
                    request(State::Refused { answer: long.clone(), at: MONDAY }),
                    request(State::Approved { answer: "Yes.".into(), at: MONDAY, ends_at: MONDAY }),
                ],
                &[report("", None, Outcome::Open), report("", None, changed()), report("", None, left)],
                &zone,
            ),
        ),
    ]
}
