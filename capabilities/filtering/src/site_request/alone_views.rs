//! What is said of a site that one person opened alone, and the two forms about it.

use kit::{Private, Zone};
use maud::{Markup, html};
use register::emergency::{Emergency, Verdict};
use web::component::{
    BackLink, Button, Hint, Label, Legend, Radio, Radios, SummaryList, SummaryRow, Textarea, WarningText,
};
use web::page::{host, moment};
use web::{Mistakes, Page, Submitted};

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
            h2 .govuk-heading-m { "Opened alone" }
            @if one.emergency.reviewed.is_none() && !one.is_over {
                (WarningText::new("One person has opened this site. Somebody else must look at it."))
            }
            (SummaryList::new(rows(one, zone)))
            @if one.may_look { (Button::link("Look at it", format!("{page}/look"))) }
        }
    }
}

fn rows(one: &Alone, zone: &Zone) -> Vec<SummaryRow> {
    let (emergency, opener) = (&one.emergency, one.opener.as_ref());
    let mut rows = vec![
        SummaryRow::new("Opened by", opener.map_or("Somebody", |name| name.reveal())),
        SummaryRow::new("Opened", moment(emergency.opened_at, zone)),
        SummaryRow::new("Ends by itself", moment(emergency.ends_at, zone)),
        SummaryRow::new("Why it could not wait", &emergency.reason),
    ];
    if let Some(review) = &emergency.reviewed {
        let verdict = match review.verdict {
            Verdict::Right => "It was right",
            Verdict::Ended => "It was ended",
            Verdict::Agreed => "A second person agreed to the proposal",
        };
        rows.push(SummaryRow::new("Looked at", moment(review.at, zone)));
        rows.push(SummaryRow::new("What was found", html! { (verdict) ": " (review.words) }));
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
    let title = "Open it alone, now, for 24 hours";
    let until = moment(proposed.terms.ends_at, zone);
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "Opening a site takes two people. Do this only if it cannot wait for another. "
                (host(&request.ask.site.host)) " is opened at once as you proposed, and closes by itself after 24 hours, or at "
                (until) " if that is sooner. Another person is asked to look at it, and whoever looks back at it later sees that you did."
            }
            form method="post" action={ (page) "/alone" } novalidate {
                input type="hidden" name="proposal" value=(proposed.id);
                (words("reason", "Why can it not wait?", "Whoever looks at it reads this. Name no pupil.", form, mistakes))
                (Button { once: Some(true), classes: "govuk-button--warning".into(), ..Button::new("Open it alone") })
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
    let title = "Look at what was opened alone";
    let found = vec![
        Radio::new("right", "It was right, and may go on until it ends by itself"),
        Radio::new("end", "End it now"),
    ];
    let found = Radios {
        error: mistakes.beside("found"),
        ..Radios::new("found", Legend::new("What do you find?"), found, form.text("found"))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (host(&request.ask.site.host)) }
            (SummaryList::new(rows(alone, zone)))
            p .govuk-body {
                "To leave it open for longer, agree to what was proposed: "
                a .govuk-link href={ (page) "/agreement" } { "answer as the second person" } "."
            }
            form method="post" action={ (page) "/look" } novalidate {
                input type="hidden" name="opened" value=(alone.emergency.id);
                (found)
                (words("words", "Why?", "Whoever opened it reads this.", form, mistakes))
                (Button { once: Some(true), ..Button::new("Say so") })
            }
        },
    )
    .before(BackLink::new(page))
    .problems(mistakes.summary())
}

fn words(id: &'static str, label: &str, hint: &str, form: &Submitted, mistakes: &Mistakes) -> Textarea {
    Textarea {
        hint: Some(Hint::new(hint)),
        error: mistakes.beside(id),
        value: form.text(id).to_owned(),
        rows: 3,
        ..Textarea::new(id, Label::new(label))
    }
}
