//! What the pages about tests of the filter say.

use kit::{Timestamp, Zone};
use maud::{Markup, html};
use web::Page;
use web::component::{BackLink, Cell, InsetText, SummaryList, SummaryRow, Table, Tag, WarningText};
use web::page::{host, moment};

use super::model::{Answer, CheckResult, Outcome};
use super::{Kept, still_failed};

/// A test that is older wants another, in milliseconds.
pub const TEST_EVERY_MS: i64 = 31 * 86_400_000;

fn tag(outcome: Outcome) -> Tag {
    match outcome {
        Outcome::Passed => Tag::new("Passed", "govuk-tag--green"),
        Outcome::PassedInPart => Tag::new("Passed in part", "govuk-tag--blue"),
        Outcome::Failed => Tag::new("Failed", "govuk-tag--red"),
        Outcome::NotMet => Tag::new("Not met", "govuk-tag--orange"),
        Outcome::NotTested => Tag::new("Not tested", "govuk-tag--grey"),
    }
}

/// All kept tests, newest first.
pub fn all(tests: &[Kept], problem: Option<&str>, at: Timestamp, zone: &Zone) -> Page {
    let title = "Tests of the filter";
    let rows = tests.iter().map(|test| {
        vec![
            Cell::new(html! {
                a .govuk-link href={ "/staff/filter-tests/" (test.number) } { "Test " (test.number) }
            }),
            Cell::new(moment(test.at, zone)),
            Cell::new(test.report.in_short()),
        ]
    });
    let standing = still_failed(tests);
    let is_old = tests.first().is_some_and(|test| at.as_millis() - test.at.as_millis() > TEST_EVERY_MS);
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "What the running gate really answered, as each group, held against what it should answer." }
            @if is_old { (WarningText::new("The last test is more than a month old. Ask the network manager for another.")) }
            @if let Some(why) = problem { (WarningText::new(format!("The filter could not be tested by itself: {why}"))) }
            @for test in standing {
                (WarningText::new(format!("Test {} {}, and nobody was tested as these groups since.", test.number, test.report.in_short())))
            }
            @if tests.is_empty() {
                (InsetText::new("The filter was never tested. The network manager does that with `fivebar filter-test`."))
            } @else {
                (Table {
                    caption: Some("Kept tests, newest first".to_owned()),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: ["Test", "When", "Outcome"].map(Cell::new).to_vec(),
                    rows: rows.collect(),
                    first_cell_is_header: true,
                    ..Table::default()
                })
            }
        },
    )
    .before(BackLink::new("/today"))
}

/// One test: what each check came to, and what that says of the published criteria.
pub fn one(test: &Kept, zone: &Zone) -> Page {
    let title = format!("Test {} of the filter", test.number);
    let report = &test.report;
    let checks = report.checks.iter().map(|check| {
        vec![
            Cell::new(html! { (check.title) (details(check)) }),
            Cell::new(tag(check.outcome)),
            Cell::number(check.asked.to_string()),
            Cell::number(check.failed.to_string()),
        ]
    });
    let rows = report.rows.iter().map(|row| {
        let words = html! {
            (row.words)
            @if let Some(by) = &row.by { br; "Shown by: " (by) }
            @for why in &row.not_met { br; (why) }
        };
        vec![Cell::new(&row.id), Cell::new(words), Cell::new(tag(row.outcome))]
    });
    Page::new(
        &*title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(vec![
                SummaryRow::new("When", moment(test.at, zone)),
                SummaryRow::new("Outcome", report.in_short()),
                SummaryRow::new("Policy", format!("Version {}", report.policy)),
                SummaryRow::new("Asked as", if report.all_groups { "All groups".to_owned() } else { report.groups.join(", ") }),
            ]))
            @if let Some(notice) = &report.notice { (WarningText::new(notice)) }
            div .fivebar-scroll tabindex="0" role="region" aria-label="What was asked" {
                (Table {
                    caption: Some("What was asked".to_owned()),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: vec![Cell::new("Check"), Cell::new("Outcome"), Cell::number("Asked"), Cell::number("Otherwise")],
                    rows: checks.collect(),
                    first_cell_is_header: true,
                    ..Table::default()
                })
            }
            div .fivebar-scroll tabindex="0" role="region" aria-label="Published criteria" {
                (Table {
                    caption: Some("What that says of the published criteria".to_owned()),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: ["Row", "What it asks", "Outcome"].map(Cell::new).to_vec(),
                    rows: rows.collect(),
                    first_cell_is_header: true,
                    ..Table::default()
                })
            }
        },
    )
    .before(BackLink::new("/staff/filter-tests"))
}

fn details(check: &CheckResult) -> Markup {
    let answered = |answer: Answer| match answer {
        Answer::Refused => "was refused",
        Answer::Records => "was answered",
        Answer::Absent => "was said not to exist",
        Answer::Failed => "could not be found out",
        Answer::Nothing => "was not answered",
    };
    html! {
        @if !check.failures.is_empty() || !check.left_open.is_empty() || !check.not_tested.is_empty() {
            ul .govuk-list.govuk-list--bullet {
                @for one in &check.failures {
                    li { (host(&one.name)) " " (answered(one.answer)) " as " (one.group) ". It should be: " (one.should) }
                }
                @for one in &check.left_open { li { (one.to_string()) } }
                @for what in &check.not_tested { li { "Not tested: " (what) } }
            }
        }
    }
}
