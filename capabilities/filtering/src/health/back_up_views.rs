//! What the page about back-ups says.

use backups::kept::{Depth, Drill, Made};
use backups::{Owed, Rule};
use kit::Zone;
use maud::{Markup, html};
use web::component::{BackLink, Cell, InsetText, SummaryList, SummaryRow, Table};
use web::page::moment;
use web::speech::{say, say_or};
use web::{Page, counted, filled, marked};

use super::backups::BackUp;
use super::model::Level;
use super::owed::backups_owed;
use super::views::tag;
use crate::errand::views::{Form, Offer};

/// Where they are.
pub(super) const PAGE: &str = "/staff/back-ups";

/// What is known of the school's back-ups.
#[derive(Clone, Copy)]
pub struct BackUps<'a> {
    /// What the school wants, where it wants anything of this program.
    pub rule: Option<&'a Rule>,
    /// What is owed to it.
    pub owed: &'a [Owed],
    /// What is being done just now.
    pub now: Option<&'a str>,
    /// How making one now is offered, and how it goes.
    pub send: &'a Offer,
    /// Those that were made by the rule, newest first.
    pub made: &'a [Made],
    /// Drills, newest first.
    pub drills: &'a [Drill],
    /// Those that somebody made by hand or put back, newest first.
    pub by_hand: &'a [BackUp],
}

/// The page.
pub fn back_ups(known: &BackUps<'_>, zone: &Zone) -> Page {
    let title = &say("health.back-ups");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if let Some(rule) = known.rule { (state(rule, known, zone)) } @else { (no_rule()) }
            @if known.rule.is_some() { (make_one(known.send, zone)) }
            @if known.rule.is_some() || !known.made.is_empty() { (made(known.made, zone)) }
            @if known.rule.is_some() || !known.drills.is_empty() { (drills(known.drills, zone)) }
            @if known.rule.is_none() || !known.by_hand.is_empty() { (by_hand(known.by_hand, zone)) }
        },
    )
    .before(BackLink::new("/staff/health"))
}

fn make_one(send: &Offer, zone: &Zone) -> Markup {
    let (about, button) = (say("back-ups.it-is-made-read"), say("back-ups.back-up-now"));
    let form = Form { action: "/staff/back-ups/now", page: PAGE, about: &about, button: &button };
    send.shown(&form, "", zone)
}

fn no_rule() -> Markup {
    html! {
        p .govuk-body {
            (say("health.nothing-is-backed-up"))
        }
    }
}

fn state(rule: &Rule, known: &BackUps<'_>, zone: &Zone) -> Markup {
    let when = match &rule.wanted {
        None => say("health.not-by-itself"),
        Some(wanted) => {
            let (hour, minute) = (wanted.from_minute / 60, wanted.from_minute % 60);
            let days = if wanted.days.len() == 7 {
                say("health.every-day")
            } else {
                let named = |day: &jiff::civil::Weekday| {
                    say_or(&format!("date.weekday-{}", day.to_monday_one_offset()), "")
                };
                wanted.days.iter().map(named).collect::<Vec<_>>().join(", ")
            };
            filled!("back-ups.at-on", time = format!("{hour:02}:{minute:02}"), days = days)
        }
    };
    let keep = rule.keep;
    html! {
        @if let Some(now) = known.now { (InsetText::new(filled!("health.just-now", now))) }
        @if known.owed.is_empty() {
            p .govuk-body { (tag(Level::Well)) " " (say("back-ups.nothing-is-owed")) }
        }
        @for owed in known.owed {
            @let (says, level) = backups_owed(owed, zone);
            p .govuk-body { (tag(level)) " " (says) }
        }
        (SummaryList::new(vec![
            SummaryRow::new(say("health.where"), html! { (rule.place) }),
            SummaryRow::new(say("common.when"), html! { (when) }),
            SummaryRow::new(say("health.encrypted"), html! { (if rule.encrypted { say("health.yes") } else { say("health.no-whoever-finds-one") }) }),
            SummaryRow::new(say("health.how-many-stay"), html! {
                (marked!("health.the-newest-of-days", days = keep.days, weeks = keep.weeks, months = keep.months))
            }),
            SummaryRow::new(say("health.tried"), html! { (marked!("health.at-least-every-days", days = rule.drill_every_days)) }),
        ]))
    }
}

fn table(caption: &str, head: Vec<Cell>, rows: Vec<Vec<Cell>>) -> Markup {
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.to_owned()),
                caption_classes: "govuk-table__caption--m".into(),
                head,
                rows,
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    }
}

/// Sizes as people read them.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => filled!("back-ups.bytes", n = bytes),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// How long something took.
fn span(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    match seconds {
        0 => say("back-ups.under-a-second"),
        1..120 => counted!("back-ups.seconds-count", seconds),
        _ => counted!("back-ups.minutes-count", seconds / 60),
    }
}

fn made(made: &[Made], zone: &Zone) -> Markup {
    if made.is_empty() {
        return html! { (InsetText::new(say("health.none-was-made-by"))) };
    }
    let rows = made.iter().map(|one| {
        let state = match one.removed_at {
            None => say("health.lies-there"),
            Some(at) => filled!("health.went-by-the-rule", when = moment(at, zone)),
        };
        vec![
            Cell::new(moment(one.made_at, zone)),
            Cell::new(one.place.clone()),
            Cell::new(state),
            Cell::new(if one.encrypted { say("health.encrypted") } else { say("health.not-encrypted") }),
            Cell::number(size(one.bytes)),
            Cell::new(if one.left_out.is_empty() { say("health.nothing") } else { one.left_out.clone() }),
        ]
    });
    let head = vec![
        Cell::new(say("common.when")),
        Cell::new(say("health.where")),
        Cell::new(say("health.what-became-of-it")),
        Cell::new(say("health.encrypted")),
        Cell::number(say("health.size")),
        Cell::new(say("health.what-it-lacks")),
    ];
    html! {
        p .govuk-body { (say("health.each-was-read-back")) }
        (table(&say("health.made-by-the-rule"), head, rows.collect()))
    }
}

fn drills(drills: &[Drill], zone: &Zone) -> Markup {
    if drills.is_empty() {
        return html! { (InsetText::new(say("health.none-was-tried-yet"))) };
    }
    let rows = drills.iter().map(|drill| {
        vec![
            Cell::new(format!("{}, {}", drill.number, moment(drill.at, zone))),
            Cell::new(match (drill.passed, drill.depth) {
                (false, _) => say("health.failed"),
                (true, Depth::Restored) => say("health.it-would-bring-the"),
                (true, Depth::Read) => say("health.it-is-there-and"),
            }),
            Cell::new(span(drill.took_ms)),
            Cell::new(drill.says.clone()),
        ]
    });
    let head = vec![
        Cell::new(say("health.drill")),
        Cell::new(say("health.outcome")),
        Cell::new(say("health.took")),
        Cell::new(say("health.what-was-found")),
    ];
    html! {
        p .govuk-body {
            (say("health.in-a-drill-a"))
        }
        (table(&say("health.drills-newest-first"), head, rows.collect()))
    }
}

fn by_hand(backups: &[BackUp], zone: &Zone) -> Markup {
    if backups.is_empty() {
        return html! {
            (InsetText::new(say("health.no-back-up-was")))
        };
    }
    let rows = backups.iter().map(|one| {
        vec![
            Cell::new(moment(one.at, zone)),
            Cell::new(if one.restored { say("health.put-back") } else { say("health.made-and-read-back") }),
            Cell::new(match (one.restored, one.encrypted) {
                (true, _) => String::new(),
                (false, true) => say("health.encrypted"),
                (false, false) => say("health.not-encrypted"),
            }),
            Cell::number(one.entries.map_or_else(String::new, |entries| entries.to_string())),
        ]
    });
    let head = vec![
        Cell::new(say("common.when")),
        Cell::new(say("common.what")),
        Cell::new(say("health.encrypted")),
        Cell::number(say("health.entries-of-the-access")),
    ];
    html! {
        p .govuk-body {
            (say("health.each-is-checked-when"))
        }
        (table(&say("health.by-hand-newest-first"), head, rows.collect()))
    }
}
