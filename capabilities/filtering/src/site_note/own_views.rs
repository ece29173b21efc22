//! What somebody sees of what they asked for and reported.

use kit::{Timestamp, Zone};
use maud::{Markup, html};
use web::Page;
use web::component::{BackLink, InsetText, SummaryList, SummaryRow, Tag};
use web::page::{host, moment};

use crate::site_report::{Outcome, SiteReport};
use crate::site_request::{SiteRequest, State};

/// Everything of theirs, the newest first, with the answers.
pub fn asked(requests: &[SiteRequest], reports: &[SiteReport], zone: &Zone) -> Page {
    let title = "What you asked for and reported";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "What you send while you are signed in stands here, with its answer. What was about a site of help does not: \
                 nothing is kept of who wrote that."
            }
            @if requests.is_empty() && reports.is_empty() { (InsetText::new("There is nothing yet.")) }
            @if !requests.is_empty() {
                h2 .govuk-heading-m { "Sites that you asked for" }
                @for request in requests { (one_request(request, zone)) }
            }
            @if !reports.is_empty() {
                h2 .govuk-heading-m { "Sites that you reported" }
                @for report in reports { (one_report(report, zone)) }
            }
            p .govuk-body { a .govuk-link href="/requests" { "Ask for a site" } }
            p .govuk-body { a .govuk-link href="/reports" { "Report a site" } }
        },
    )
    .before(BackLink::new("/me"))
}

fn one_request(request: &SiteRequest, zone: &Zone) -> Markup {
    let (tag, answer, ends_at) = match &request.state {
        State::Open => (Tag::new("Waiting for an answer", "govuk-tag--blue"), None, None),
        State::Approved { answer, ends_at, .. } => {
            (Tag::new("Approved", "govuk-tag--green"), Some(answer), Some(*ends_at))
        }
        State::Refused { answer, .. } => (Tag::new("Refused", "govuk-tag--red"), Some(answer), None),
    };
    let href = format!("/requests/{}", request.reference);
    let mut rows = rows(&request.ask.site.host, &href, request.created_at, zone);
    rows.push(SummaryRow::new("State", tag));
    rows.extend(answer.map(|answer| SummaryRow::new("Answer", answer)));
    rows.extend(ends_at.map(|ends_at| SummaryRow::new("Open until", moment(ends_at, zone))));
    html! { (SummaryList::new(rows)) }
}

fn one_report(report: &SiteReport, zone: &Zone) -> Markup {
    let (tag, answer) = match &report.outcome {
        Outcome::Open => (Tag::new("Waiting for an answer", "govuk-tag--blue"), None),
        Outcome::Changed { answer, .. } => (Tag::new("Changed", "govuk-tag--green"), Some(answer)),
        Outcome::LeftAsItIs { answer, .. } => (Tag::new("Left as it is", "govuk-tag--grey"), Some(answer)),
    };
    let href = format!("/reports/{}", report.reference);
    let mut rows = rows(&report.tell.site.host, &href, report.created_at, zone);
    rows.insert(1, SummaryRow::new("What is wrong", report.tell.kind.words()));
    rows.push(SummaryRow::new("State", tag));
    rows.extend(answer.map(|answer| SummaryRow::new("Answer", answer)));
    html! { (SummaryList::new(rows)) }
}

fn rows(site: &str, href: &str, at: Timestamp, zone: &Zone) -> Vec<SummaryRow> {
    vec![
        SummaryRow::new("Site", html! { a .govuk-link href=(href) { (host(site)) } }),
        SummaryRow::new("When", moment(at, zone)),
    ]
}
