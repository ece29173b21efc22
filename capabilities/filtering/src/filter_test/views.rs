//! What the pages about tests of the filter say.

use kit::{Timestamp, Zone};
use maud::{Markup, html};
use web::component::{BackLink, Cell, InsetText, SummaryList, SummaryRow, Table, Tag, WarningText};
use web::page::{host, moment};
use web::speech::say;
use web::{Page, filled, marked};

use super::model::{Answer, CheckResult, Outcome};
use super::{Kept, still_failed};
use crate::errand::views::{Form, Offer};

/// Where all tests are.
pub(super) const PAGE: &str = "/staff/filter-tests";

/// A test that is older wants another, in milliseconds.
pub const TEST_EVERY_MS: i64 = 31 * 86_400_000;

fn tag(outcome: Outcome) -> Tag {
    match outcome {
        Outcome::Passed => Tag::new(say("tests.passed"), "govuk-tag--green"),
        Outcome::PassedInPart => Tag::new(say("tests.passed-in-part"), "govuk-tag--blue"),
        Outcome::Failed => Tag::new(say("tests.failed"), "govuk-tag--red"),
        Outcome::NotMet => Tag::new(say("tests.not-met"), "govuk-tag--orange"),
        Outcome::NotTested => Tag::new(say("tests.not-tested"), "govuk-tag--grey"),
    }
}

/// All kept tests, newest first.
pub fn all(tests: &[Kept], problem: Option<&str>, now: &Offer, at: Timestamp, zone: &Zone) -> Page {
    let title = &say("tests.tests-of-the-filter");
    let rows = tests.iter().map(|test| {
        vec![
            Cell::new(html! {
                a .govuk-link href={ "/staff/filter-tests/" (test.number) } { (marked!("tests.test", number = test.number)) }
            }),
            Cell::new(moment(test.at, zone)),
            Cell::new(test.report.in_short()),
        ]
    });
    let standing = still_failed(tests);
    let (about, button) = (say("tests.the-gate-is-asked"), say("tests.test-now"));
    let form = Form { action: "/staff/filter-tests/now", page: PAGE, about: &about, button: &button };
    let is_old = tests.first().is_some_and(|test| at.as_millis() - test.at.as_millis() > TEST_EVERY_MS);
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("tests.what-the-running-gate")) }
            (now.shown(&form, "", zone))
            @if is_old { (WarningText::new(say("tests.the-last-test-is"))) }
            @if let Some(why) = problem { (WarningText::new(filled!("tests.the-filter-could-not", why))) }
            @for test in standing {
                (WarningText::new(filled!("tests.test-and-nobody-was", number = test.number, found = test.report.in_short())))
            }
            @if tests.is_empty() {
                (InsetText::new(say("tests.the-filter-was-never")))
            } @else {
                (Table {
                    caption: Some(say("tests.kept-tests-newest-first")),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: [say("tests.test-2"), say("common.when"), say("tests.outcome")].map(Cell::new).to_vec(),
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
    let title = filled!("tests.test-of-the-filter", number = test.number);
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
            @if let Some(by) = &row.by { br; (marked!("tests.shown-by", by)) }
            @for why in &row.not_met { br; (why) }
        };
        vec![Cell::new(&row.id), Cell::new(words), Cell::new(tag(row.outcome))]
    });
    Page::new(
        &*title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(vec![
                SummaryRow::new(say("common.when"), moment(test.at, zone)),
                SummaryRow::new(say("tests.outcome"), report.in_short()),
                SummaryRow::new(say("tests.policy"), filled!("tests.version", policy = report.policy)),
                SummaryRow::new(say("tests.asked-as"), if report.all_groups { say("tests.all-groups") } else { report.groups.join(", ") }),
            ]))
            @if let Some(notice) = &report.notice { (WarningText::new(notice)) }
            div .fivebar-scroll tabindex="0" role="region" aria-label=(say("tests.what-was-asked")) {
                (Table {
                    caption: Some(say("tests.what-was-asked")),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: vec![Cell::new(say("tests.check")), Cell::new(say("tests.outcome")), Cell::number(say("tests.asked")), Cell::number(say("tests.otherwise"))],
                    rows: checks.collect(),
                    first_cell_is_header: true,
                    ..Table::default()
                })
            }
            div .fivebar-scroll tabindex="0" role="region" aria-label=(say("tests.published-criteria")) {
                (Table {
                    caption: Some(say("tests.what-that-says-of")),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: [say("tests.row"), say("tests.what-it-asks"), say("tests.outcome")].map(Cell::new).to_vec(),
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
        Answer::Refused => say("tests.was-refused"),
        Answer::Records => say("tests.was-answered"),
        Answer::Absent => say("tests.was-said-not-to"),
        Answer::Failed => say("tests.could-not-be-found"),
        Answer::Nothing => say("tests.was-not-answered"),
    };
    html! {
        @if !check.failures.is_empty() || !check.left_open.is_empty() || !check.not_tested.is_empty() {
            ul .govuk-list.govuk-list--bullet {
                @for one in &check.failures {
                    li { (marked!("tests.as-it-should-be", site = host(&one.name), came = answered(one.answer), group = one.group, should = one.should)) }
                }
                @for one in &check.left_open { li { (one.to_string()) } }
                @for what in &check.not_tested { li { (marked!("tests.not-tested-2", what)) } }
            }
        }
    }
}
