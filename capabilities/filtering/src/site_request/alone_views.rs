//! What is said of a site that one person opened alone, and the two forms about it.

use kit::{Private, Zone};
use maud::{Markup, html};
use register::emergency::{Emergency, Verdict};
use web::component::{BackLink, Button, Legend, Radio, Radios, SummaryList, SummaryRow, WarningText};
use web::page::{host, moment};
use web::speech::say;
use web::{Mistakes, Page, Submitted, marked, words_field};

use super::SiteRequest;
use super::agreeing::Proposed;

/// What was opened alone of a request.
#[derive(Debug, Clone)]
pub struct Alone {
    /// The opening.
    pub emergency: Emergency,
    /// Who opened it.
    pub opener: Option<Private<String>>,
    /// Whether it is closed by now.
    pub is_over: bool,
    /// Whether whoever looks at the page may look at it, and it is not their own.
    pub may_look: bool,
}

/// What the page of a request says of it.
pub(super) fn told(all: &[Alone], page: &str, zone: &Zone) -> Markup {
    html! {
        @for one in all {
            h2 .govuk-heading-m { (say("request.opened-alone")) }
            @if one.emergency.reviewed.is_none() && !one.is_over {
                (WarningText::new(say("request.one-person-has-opened")))
            }
            (SummaryList::new(rows(one, zone)))
            @if one.may_look { (Button::link(say("request.look-at-it"), format!("{page}/look"))) }
        }
    }
}

fn rows(one: &Alone, zone: &Zone) -> Vec<SummaryRow> {
    let (emergency, opener) = (&one.emergency, one.opener.as_ref());
    let mut rows = vec![
        SummaryRow::new(
            say("request.opened-by"),
            opener.map_or_else(|| say("request.somebody"), |name| name.reveal().clone()),
        ),
        SummaryRow::new(say("request.opened"), moment(emergency.opened_at, zone)),
        SummaryRow::new(say("request.ends-by-itself"), moment(emergency.ends_at, zone)),
        SummaryRow::new(say("request.why-it-could-not"), &emergency.reason),
    ];
    if let Some(review) = &emergency.reviewed {
        let verdict = match review.verdict {
            Verdict::Right => say("request.it-was-right"),
            Verdict::Ended => say("request.it-was-ended"),
            Verdict::Agreed => say("request.a-second-person-agreed"),
        };
        rows.push(SummaryRow::new(say("request.looked-at"), moment(review.at, zone)));
        rows.push(SummaryRow::new(say("request.what-was-found"), html! { (verdict) ": " (review.words) }));
    }
    rows
}

/// The form of whoever opens it alone.
pub fn open_form(
    request: &SiteRequest,
    proposed: &Proposed,
    form: &Submitted,
    mistakes: &Mistakes,
    zone: &Zone,
) -> Page {
    let page = format!("/staff/requests/{}", request.reference);
    let title = &say("request.open-it-alone-now-for");
    let until = moment(proposed.terms.ends_at, zone);
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (marked!("request.opening-a-site-takes-two", site = host(&request.ask.site.host), until))
            }
            form method="post" action={ (page) "/alone" } novalidate {
                input type="hidden" name="proposal" value=(proposed.id);
                (words_field("reason", say("request.why-can-it-not"), say("request.whoever-looks-at-it"), form, mistakes))
                (Button { once: Some(true), classes: "govuk-button--warning".into(), ..Button::new(say("request.open-it-alone")) })
            }
        },
    )
    .before(BackLink::new(page))
    .problems(mistakes.summary())
}

/// The form of whoever looks at what another opened alone.
pub fn look_form(
    request: &SiteRequest,
    alone: &Alone,
    form: &Submitted,
    mistakes: &Mistakes,
    zone: &Zone,
) -> Page {
    let page = format!("/staff/requests/{}", request.reference);
    let title = &say("request.look-at-what-was");
    let found = vec![
        Radio::new("right", say("request.it-was-right-and")),
        Radio::new("end", say("request.end-it-now")),
    ];
    let found = Radios {
        error: mistakes.beside("found"),
        ..Radios::new("found", Legend::new(say("request.what-do-you-find")), found, form.text("found"))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (host(&request.ask.site.host)) }
            (SummaryList::new(rows(alone, zone)))
            p .govuk-body {
                (marked!("request.to-leave-it-open", link = html! { a .govuk-link href={ (page) "/agreement" } { (say("request.answer-as-the-second-person")) } }))
            }
            form method="post" action={ (page) "/look" } novalidate {
                input type="hidden" name="opened" value=(alone.emergency.id);
                (found)
                (words_field("words", say("common.why-asked"), say("request.whoever-opened-it-reads"), form, mistakes))
                (Button { once: Some(true), ..Button::new(say("request.say-so")) })
            }
        },
    )
    .before(BackLink::new(page))
    .problems(mistakes.summary())
}
