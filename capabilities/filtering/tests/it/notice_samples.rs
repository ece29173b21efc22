//! The pages of notices, in every state.

use kit::{Ids, Private, Timestamp, Zone};
use notices::address::Addresses;
use notices::push::Subscription;
use notices::{Chosen, Hours, Kind, Notice, Notices, Ways, Where};
use people::account::notices::views::{self, Own};
use testing::MONDAY;
use web::{Mistakes, Page, Submitted};

fn notice(kind: &str, count: u32, seen_at: Option<Timestamp>) -> Notice {
    Notice {
        id: Ids::default().make(MONDAY),
        person: 1,
        kind: Kind::named(kind).unwrap(),
        count,
        path: Where::Requests,
        at: MONDAY,
        last_at: MONDAY,
        sent_at: None,
        seen_at,
    }
}

fn own(zone: &Zone, is_staff: bool, full: bool) -> Own<'_> {
    let address =
        |name: &str| Private::new(format!("{}@{}.example", name, "long-name-of-a-school".repeat(3)));
    Own {
        chosen: Notices::built_in()
            .kinds()
            .iter()
            .map(|kind| Chosen { kind, ways: Ways { mail: full, push: false } })
            .collect(),
        quiet: Hours { from_minute: 1_080, until_minute: 450, weekends: full },
        addresses: Addresses {
            confirmed: full.then(|| address("adelaide.marguerite.longest-name")),
            asked: full.then(|| (address("another"), MONDAY)),
        },
        browsers: (0..if full { 3 } else { 0 })
            .map(|number| Subscription {
                id: Ids::default().make(MONDAY),
                person: 1,
                endpoint: Private::default(),
                key: Private::default(),
                auth: Private::default(),
                called: Private::new(format!("My phone number {number} with-a-name-that-has-no-end")),
                made_at: MONDAY,
                sent_at: (number == 1).then_some(MONDAY),
            })
            .collect(),
        is_staff,
        mail: full,
        push: full.then(|| "AAAA".to_owned()),
        zone,
        at: MONDAY,
    }
}

pub fn samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let (empty, nothing) = (Submitted::default(), Mistakes::default());
    let mut mistakes = Mistakes::default();
    for field in ["address", "code", "from", "until"] {
        mistakes.add(field, "Enter what is missing here");
    }
    let typed = Submitted::of([("address", "no address"), ("from", "soon"), ("weekends", "no")]);
    let all: Vec<Notice> = Notices::built_in()
        .kinds()
        .iter()
        .enumerate()
        .map(|(number, kind)| notice(&kind.id, 1_200, (number % 2 == 0).then_some(MONDAY)))
        .collect();
    vec![
        ("staff-notices", views::own(&own(&zone, true, true), &empty, &nothing)),
        ("staff-notices-none", views::own(&own(&zone, true, false), &empty, &nothing)),
        ("staff-notices-wrong", views::own(&own(&zone, true, true), &typed, &mistakes)),
        ("notices-pupil", views::own(&own(&zone, false, false), &empty, &nothing)),
        ("staff-notices-all", views::all(&all, &zone)),
        ("notices-all-empty", views::all(&[], &zone)),
    ]
}
