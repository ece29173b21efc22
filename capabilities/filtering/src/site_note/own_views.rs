//! What somebody sees of what they asked for and reported.

use kit::{Timestamp, Zone};
use maud::{Markup, html};
use web::Page;
use web::component::{BackLink, InsetText, SummaryList, SummaryRow, Tag};
use web::page::{host, moment};
use web::speech::say;

use crate::site_report::{Outcome, SiteReport};
use crate::site_request::{SiteRequest, State};

/// Everything of theirs, the newest first, with the answers.
pub fn asked(requests: &[SiteRequest], reports: &[SiteReport], zone: &Zone) -> Page {
    let title = &say("asked.what-you-asked-for");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("asked.what-you-send-while")) }
            @if requests.is_empty() && reports.is_empty() { (InsetText::new(say("asked.there-is-nothing-yet"))) }
            @if !requests.is_empty() {
                h2 .govuk-heading-m { (say("asked.sites-that-you-asked")) }
                @for request in requests { (one_request(request, zone)) }
            }
            @if !reports.is_empty() {
                h2 .govuk-heading-m { (say("asked.sites-that-you-reported")) }
                @for report in reports { (one_report(report, zone)) }
            }
            p .govuk-body { a .govuk-link href="/requests" { (say("asked.ask-for-a-site")) } }
            p .govuk-body { a .govuk-link href="/reports" { (say("asked.report-a-site")) } }
        },
    )
    .before(BackLink::new("/me"))
}

fn one_request(request: &SiteRequest, zone: &Zone) -> Markup {
    let (tag, answer, ends_at) = match &request.state {
        State::Open => (Tag::new(say("request.waiting-for-an-answer"), "govuk-tag--blue"), None, None),
        State::Approved { answer, ends_at, .. } => {
            (Tag::new(say("request.approved"), "govuk-tag--green"), Some(answer), Some(*ends_at))
        }
        State::Refused { answer, .. } => {
            (Tag::new(say("request.refused"), "govuk-tag--red"), Some(answer), None)
        }
    };
    let href = format!("/requests/{}", request.reference);
    let mut rows = rows(&request.ask.site.host, &href, request.created_at, zone);
    rows.push(SummaryRow::new(say("common.state"), tag));
    rows.extend(answer.map(|answer| SummaryRow::new(say("request.answer"), answer)));
    rows.extend(ends_at.map(|ends_at| SummaryRow::new(say("request.open-until"), moment(ends_at, zone))));
    html! { (SummaryList::new(rows)) }
}

fn one_report(report: &SiteReport, zone: &Zone) -> Markup {
    let (tag, answer) = match &report.outcome {
        Outcome::Open => (Tag::new(say("request.waiting-for-an-answer"), "govuk-tag--blue"), None),
        Outcome::Changed { answer, .. } => (Tag::new(say("asked.changed"), "govuk-tag--green"), Some(answer)),
        Outcome::LeftAsItIs { answer, .. } => {
            (Tag::new(say("reports.left-as-it-is"), "govuk-tag--grey"), Some(answer))
        }
    };
    let href = format!("/reports/{}", report.reference);
    let mut rows = rows(&report.tell.site.host, &href, report.created_at, zone);
    rows.insert(1, SummaryRow::new(say("asked.what-is-wrong"), say(report.tell.kind.label())));
    rows.push(SummaryRow::new(say("common.state"), tag));
    rows.extend(answer.map(|answer| SummaryRow::new(say("request.answer"), answer)));
    html! { (SummaryList::new(rows)) }
}

fn rows(site: &str, href: &str, at: Timestamp, zone: &Zone) -> Vec<SummaryRow> {
    vec![
        SummaryRow::new(say("common.site"), html! { a .govuk-link href=(href) { (host(site)) } }),
        SummaryRow::new(say("common.when"), moment(at, zone)),
    ]
}
