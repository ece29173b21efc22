//! What the page about back-ups says.

use backups::kept::{Depth, Drill, Made};
use backups::{Owed, Rule};
use kit::Zone;
use maud::{Markup, html};
use web::Page;
use web::component::{BackLink, Cell, InsetText, SummaryList, SummaryRow, Table};
use web::page::moment;

use super::backups::BackUp;
use super::model::Level;
use super::owed::backups_owed;
use super::views::tag;

/// What is known of the school's back-ups.
#[derive(Clone, Copy)]
pub struct BackUps<'a> {
    /// What the school wants, where it wants anything of this program.
    pub rule: Option<&'a Rule>,
    /// What is owed to it.
    pub owed: &'a [Owed],
    /// What is being done just now.
    pub now: Option<&'a str>,
    /// Those that were made by the rule, newest first.
    pub made: &'a [Made],
    /// Drills, newest first.
    pub drills: &'a [Drill],
    /// Those that somebody made by hand or put back, newest first.
    pub by_hand: &'a [BackUp],
}

/// The page.
pub fn back_ups(known: &BackUps<'_>, zone: &Zone) -> Page {
    let title = "Back-ups";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if let Some(rule) = known.rule { (state(rule, known, zone)) } @else { (no_rule()) }
            @if known.rule.is_some() || !known.made.is_empty() { (made(known.made, zone)) }
            @if known.rule.is_some() || !known.drills.is_empty() { (drills(known.drills, zone)) }
            @if known.rule.is_none() || !known.by_hand.is_empty() { (by_hand(known.by_hand, zone)) }
        },
    )
    .before(BackLink::new("/staff/health"))
}

fn no_rule() -> Markup {
    html! {
        p .govuk-body {
            "Nothing is backed up by itself here. Whoever looks after the machine can have it made every night, to a disk or to a store "
            "elsewhere, and tried once a term: docs/operations/back-ups.md says how."
        }
    }
}

fn state(rule: &Rule, known: &BackUps<'_>, zone: &Zone) -> Markup {
    let when = match &rule.wanted {
        None => "Not by itself".to_owned(),
        Some(wanted) => {
            let (hour, minute) = (wanted.from_minute / 60, wanted.from_minute % 60);
            let days = if wanted.days.len() == 7 {
                "every day".to_owned()
            } else {
                wanted.days.iter().map(|day| format!("{day:?}")).collect::<Vec<_>>().join(", ")
            };
            format!("At {hour:02}:{minute:02}, {days}")
        }
    };
    let keep = rule.keep;
    html! {
        @if let Some(now) = known.now { (InsetText::new(format!("Just now: {now}"))) }
        @if known.owed.is_empty() {
            p .govuk-body { (tag(Level::Well)) " Nothing is owed." }
        }
        @for owed in known.owed {
            @let (says, level) = backups_owed(owed, zone);
            p .govuk-body { (tag(level)) " " (says) }
        }
        (SummaryList::new(vec![
            SummaryRow::new("Where", html! { (rule.place) }),
            SummaryRow::new("When", html! { (when) }),
            SummaryRow::new("Encrypted", html! { (if rule.encrypted { "Yes" } else { "No: whoever finds one has the roll and the keys" }) }),
            SummaryRow::new("How many stay", html! {
                "The newest of " (keep.days) " days, " (keep.weeks) " weeks and " (keep.months) " months"
            }),
            SummaryRow::new("Tried", html! { "At least every " (rule.drill_every_days) " days" }),
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
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// How long something took.
fn span(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    match seconds {
        0 => "under a second".to_owned(),
        1 => "1 second".to_owned(),
        2..120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds / 60),
    }
}

fn made(made: &[Made], zone: &Zone) -> Markup {
    if made.is_empty() {
        return html! { (InsetText::new("None was made by the rule yet. The network manager makes the first with `fivebar backup now`.")) };
    }
    let rows = made.iter().map(|one| {
        let state = match one.removed_at {
            None => "Lies there".to_owned(),
            Some(at) => format!("Went by the rule at {}", moment(at, zone)),
        };
        vec![
            Cell::new(moment(one.made_at, zone)),
            Cell::new(one.place.clone()),
            Cell::new(state),
            Cell::new(if one.encrypted { "Encrypted" } else { "Not encrypted" }),
            Cell::number(size(one.bytes)),
            Cell::new(if one.left_out.is_empty() { "Nothing".to_owned() } else { one.left_out.clone() }),
        ]
    });
    let head = vec![
        Cell::new("When"),
        Cell::new("Where"),
        Cell::new("What became of it"),
        Cell::new("Encrypted"),
        Cell::number("Size"),
        Cell::new("What it lacks"),
    ];
    html! {
        p .govuk-body { "Each was read back whole where it lies, and compared, before it counted." }
        (table("Made by the rule, newest first", head, rows.collect()))
    }
}

fn drills(drills: &[Drill], zone: &Zone) -> Markup {
    if drills.is_empty() {
        return html! { (InsetText::new("None was tried yet.")) };
    }
    let rows = drills.iter().map(|drill| {
        vec![
            Cell::new(format!("{}, {}", drill.number, moment(drill.at, zone))),
            Cell::new(match (drill.passed, drill.depth) {
                (false, _) => "Failed",
                (true, Depth::Restored) => "It would bring the school back",
                (true, Depth::Read) => "It is there, and as it was put there",
            }),
            Cell::new(span(drill.took_ms)),
            Cell::new(drill.says.clone()),
        ]
    });
    let head = vec![Cell::new("Drill"), Cell::new("Outcome"), Cell::new("Took"), Cell::new("What was found")];
    html! {
        p .govuk-body {
            "In a drill a back-up is fetched from where it lies and restored beside the school, which goes on meanwhile; what is in it is held "
            "against the school, and then it is removed again."
        }
        (table("Drills, newest first", head, rows.collect()))
    }
}

fn by_hand(backups: &[BackUp], zone: &Zone) -> Markup {
    if backups.is_empty() {
        return html! {
            (InsetText::new("No back-up was ever made of these records. The network manager makes one with `fivebar backup`."))
        };
    }
    let rows = backups.iter().map(|one| {
        vec![
            Cell::new(moment(one.at, zone)),
            Cell::new(if one.restored { "Put back" } else { "Made, and read back" }),
            Cell::new(match (one.restored, one.encrypted) {
                (true, _) => "",
                (false, true) => "Encrypted",
                (false, false) => "Not encrypted",
            }),
            Cell::number(one.entries.map_or_else(String::new, |entries| entries.to_string())),
        ]
    });
    let head = vec![
        Cell::new("When"),
        Cell::new("What"),
        Cell::new("Encrypted"),
        Cell::number("Entries of the access trail"),
    ];
    html! {
        p .govuk-body {
            "Each is checked when it is made: it is read back and compared. Where it was put, and whether it is still there, this program cannot "
            "know."
        }
        (table("By hand, newest first", head, rows.collect()))
    }
}
