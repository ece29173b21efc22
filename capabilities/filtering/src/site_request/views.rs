//! What the form and the answer say.

use kit::Zone;
use maud::html;
use web::component::{
    Button, Hint, Input, InsetText, Label, Legend, Panel, Radio, Radios, SummaryList, SummaryRow, Tag,
    Textarea,
};
use web::page::{host, moment};
use web::{Mistakes, Page, Submitted};

use super::model::{HowLong, SiteRequest, State};
use crate::portal::views::back;
use crate::site_note::views::carried;

/// The form, with whatever words stand in it.
pub fn form(form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = "Ask for a site";
    let site = Input {
        hint: Some(Hint::new("For example, www.example.org")),
        error: mistakes.beside("site"),
        value: Some(form.text("site").to_owned()),
        inputmode: Some("url".to_owned()),
        autocomplete: Some("off".to_owned()),
        autocapitalize: Some("none".to_owned()),
        spellcheck: Some(false),
        ..Input::new("site", Label::new("Which site do you need?"))
    };
    let what = Textarea {
        hint: Some(Hint::new("Only the people who answer requests read this. Do not write anybody’s name.")),
        error: mistakes.beside("what"),
        value: form.text("what").to_owned(),
        ..Textarea::new("what", Label::new("What do you need it for?"))
    };
    let answers = HowLong::ALL.map(|how_long| Radio::new(how_long.id(), how_long.words()));
    let how_long = Radios {
        error: mistakes.beside("how-long"),
        ..Radios::new(
            "how-long",
            Legend::new("How long do you need it?"),
            answers.to_vec(),
            form.text("how-long"),
        )
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "Somebody at the school will read what you ask and answer." }
            form method="post" action="/requests" novalidate {
                (carried(form))
                (site) (what) (how_long)
                (Button { once: Some(true), ..Button::new("Send request") })
            }
        },
    )
    .before(back())
    .problems(mistakes.summary())
}

/// A request and where it stands.
pub fn answer(request: &SiteRequest, zone: &Zone) -> Page {
    let (title, tag) = match request.state {
        State::Open => ("Request sent", Tag::new("Waiting for an answer", "govuk-tag--blue")),
        State::Approved { .. } => ("Request approved", Tag::new("Approved", "govuk-tag--green")),
        State::Refused { .. } => ("Request refused", Tag::new("Refused", "govuk-tag--red")),
    };
    let mut rows = vec![
        SummaryRow::new("State", tag),
        SummaryRow::new("Site", host(&request.ask.site.host)),
        SummaryRow::new("What for", request.ask.words.reveal()),
        SummaryRow::new("How long", request.ask.how_long.words()),
        SummaryRow::new("Asked", moment(request.created_at, zone)),
    ];
    match &request.state {
        State::Open => {}
        State::Approved { at, ends_at, .. } => {
            rows.push(SummaryRow::new("Answered", moment(*at, zone)));
            rows.push(SummaryRow::new("Open until", moment(*ends_at, zone)));
        }
        State::Refused { at, .. } => rows.push(SummaryRow::new("Answered", moment(*at, zone))),
    }
    Page::new(
        title,
        html! {
            @match &request.state {
                State::Open => {
                    (Panel {
                        content: Some(html! { "Your reference" br; strong { (request.reference) } }),
                        ..Panel::new(title)
                    })
                    p .govuk-body {
                        "Somebody at the school will read it. The answer will be on this page: keep its address, and \
                         open it on this device."
                    }
                }
                State::Approved { answer, .. } | State::Refused { answer, .. } => {
                    h1 .govuk-heading-l { (title) }
                    p .govuk-body { "Reference: " strong { (request.reference) } }
                    (InsetText::new(answer))
                }
            }
            (SummaryList::new(rows))
            p .govuk-body { a .govuk-link href="/" { "Go to the first page" } }
        },
    )
}
