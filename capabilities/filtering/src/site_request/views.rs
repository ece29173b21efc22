//! What the form and the answer say.

use kit::Zone;
use maud::{Markup, html};
use web::component::{
    Button, Hint, Input, InsetText, Label, Legend, Panel, Radio, Radios, SummaryList, SummaryRow, Tag,
    Textarea,
};
use web::page::host;
use web::{Mistakes, Page, Submitted};
use words::Say;

use super::model::{HowLong, SiteRequest, State};
use crate::portal::speech::moment;
use crate::portal::views::back_in;
use crate::site_note::views::carried;

/// What stands for any site in examples.
pub(crate) const EXAMPLE: &str = "www.example.org";

/// The form, with whatever words stand in it.
pub fn form(say: &Say, form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = say.say("link.ask");
    let site = Input {
        hint: Some(Hint::new(say.fill("ask.example", &[("site", EXAMPLE)]))),
        error: mistakes.beside("site"),
        value: Some(form.text("site").to_owned()),
        inputmode: Some("url".to_owned()),
        autocomplete: Some("off".to_owned()),
        autocapitalize: Some("none".to_owned()),
        spellcheck: Some(false),
        ..Input::new("site", Label::new(say.say("ask.site")))
    };
    let what = Textarea {
        hint: Some(Hint::new(say.say("ask.what-hint"))),
        error: mistakes.beside("what"),
        value: form.text("what").to_owned(),
        ..Textarea::new("what", Label::new(say.say("ask.what")))
    };
    let answers = HowLong::ALL.map(|how_long| Radio::new(how_long.id(), say.say(how_long.label())));
    let how_long = Radios {
        error: mistakes.beside("how-long"),
        ..Radios::new("how-long", Legend::new(say.say("ask.long")), answers.to_vec(), form.text("how-long"))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say.say("ask.lead")) }
            form method="post" action="/requests" novalidate {
                (carried(form))
                (site) (what) (how_long)
                (Button { once: Some(true), ..Button::new(say.say("ask.send")) })
            }
        },
    )
    .before(back_in(say))
    .problems(mistakes.summary())
}

/// What somebody asked for of late, each with where it stands and the way to its answer.
pub fn lately(say: &Say, requests: &[SiteRequest]) -> Markup {
    html! {
        @if !requests.is_empty() {
            h2 .govuk-heading-m { (say.say("ask.lately")) }
            ul .govuk-list {
                @for request in requests {
                    li {
                        a .govuk-link href={ "/requests/" (request.reference) } { (host(&request.ask.site.host)) }
                        " " (tag(say, request).1)
                    }
                }
            }
        }
    }
}

/// A request's heading and tag.
fn tag(say: &Say, request: &SiteRequest) -> (&'static str, Tag) {
    match request.state {
        State::Open => ("answer.sent-ask", Tag::new(say.say("answer.waiting"), "govuk-tag--blue")),
        State::Approved { .. } => ("answer.yes", Tag::new(say.say("answer.yes"), "govuk-tag--green")),
        State::Refused { .. } => ("answer.no", Tag::new(say.say("answer.no"), "govuk-tag--red")),
    }
}

/// A request and where it stands.
pub fn answer(say: &Say, request: &SiteRequest, zone: &Zone) -> Page {
    let (title, tag) = tag(say, request);
    let title = say.say(title);
    let when = |at| html! { bdi { (moment(say, at, zone)) } };
    let mut rows = vec![
        SummaryRow::new(say.say("answer.state"), tag),
        SummaryRow::new(say.say("why.site"), host(&request.ask.site.host)),
        SummaryRow::new(say.say("answer.what-for"), html! { bdi { (request.ask.words.reveal()) } }),
        SummaryRow::new(say.say("answer.how-long"), say.say(request.ask.how_long.label())),
        SummaryRow::new(say.say("answer.asked"), when(request.created_at)),
    ];
    match &request.state {
        State::Open => {}
        State::Approved { at, ends_at, .. } => {
            rows.push(SummaryRow::new(say.say("answer.answered-at"), when(*at)));
            rows.push(SummaryRow::new(say.say("answer.open-until"), when(*ends_at)));
        }
        State::Refused { at, .. } => {
            rows.push(SummaryRow::new(say.say("answer.answered-at"), when(*at)));
        }
    }
    let reference = say.say("answer.reference");
    Page::new(
        title,
        html! {
            @match &request.state {
                State::Open => {
                    (Panel {
                        content: Some(html! { (reference) br; bdi { strong { (request.reference) } } }),
                        ..Panel::new(title)
                    })
                    p .govuk-body { (say.say("answer.keep")) }
                }
                State::Approved { answer, .. } | State::Refused { answer, .. } => {
                    h1 .govuk-heading-l { (title) }
                    p .govuk-body { (reference) ": " bdi { strong { (request.reference) } } }
                    (InsetText::new(html! { span dir="auto" { (answer) } }))
                }
            }
            (SummaryList::new(rows))
            p .govuk-body { a .govuk-link href="/" { (say.say("page.first")) } }
        },
    )
}
