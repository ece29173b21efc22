//! What the form and the answer say.

use kit::Zone;
use maud::html;
use web::component::{
    Button, Hint, Input, InsetText, Label, Legend, Panel, Radio, Radios, SummaryList, SummaryRow, Tag,
    Textarea,
};
use web::page::host;
use web::{Mistakes, Page, Submitted};
use words::Say;

use super::model::{Kind, Outcome, SiteReport};
use crate::portal::speech::moment;
use crate::portal::views::back_in;
use crate::site_note::views::carried;
use crate::site_request::views::EXAMPLE;

/// The form, with whatever words stand in it.
pub fn form(say: &Say, form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = say.say("link.report");
    let site = Input {
        hint: Some(Hint::new(say.fill("report.example", &[("site", EXAMPLE)]))),
        error: mistakes.beside("site"),
        value: Some(form.text("site").to_owned()),
        inputmode: Some("url".to_owned()),
        autocomplete: Some("off".to_owned()),
        autocapitalize: Some("none".to_owned()),
        spellcheck: Some(false),
        ..Input::new("site", Label::new(say.say("report.site")))
    };
    let answers = Kind::ALL.map(|kind| Radio::new(kind.id(), say.say(kind.label())));
    let kind = Radios {
        error: mistakes.beside("kind"),
        ..Radios::new("kind", Legend::new(say.say("report.wrong")), answers.to_vec(), form.text("kind"))
    };
    let what = Textarea {
        hint: Some(Hint::new(say.say("report.what-hint"))),
        error: mistakes.beside("what"),
        value: form.text("what").to_owned(),
        ..Textarea::new("what", Label::new(say.say("report.what")))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say.say("report.lead")) }
            (InsetText::new(html! {
                (say.say("report.about")) " " a .govuk-link href="/help" { (say.say("link.help")) }
            }))
            form method="post" action="/reports" novalidate {
                (carried(form))
                (site) (kind) (what)
                (Button { once: Some(true), ..Button::new(say.say("report.send")) })
            }
        },
    )
    .before(back_in(say))
    .problems(mistakes.summary())
    .light()
}

/// A report and what became of it.
pub fn answer(say: &Say, report: &SiteReport, zone: &Zone) -> Page {
    let (title, tag, colour) = match report.outcome {
        Outcome::Open => ("answer.sent-report", "answer.waiting", "govuk-tag--blue"),
        Outcome::Changed { .. } => ("answer.answered", "answer.changed", "govuk-tag--green"),
        Outcome::LeftAsItIs { .. } => ("answer.answered", "answer.left", "govuk-tag--grey"),
    };
    let title = say.say(title);
    let when = |at| html! { bdi { (moment(say, at, zone)) } };
    let mut rows = vec![
        SummaryRow::new(say.say("answer.state"), Tag::new(say.say(tag), colour)),
        SummaryRow::new(say.say("why.site"), host(&report.tell.site.host)),
        SummaryRow::new(say.say("report.wrong"), say.say(report.tell.kind.label())),
        SummaryRow::new(say.say("answer.asked"), when(report.created_at)),
    ];
    if let Outcome::Changed { at, .. } | Outcome::LeftAsItIs { at, .. } = &report.outcome {
        rows.push(SummaryRow::new(say.say("answer.answered-at"), when(*at)));
    }
    let reference = say.say("answer.reference");
    Page::new(
        title,
        html! {
            @match &report.outcome {
                Outcome::Open => {
                    (Panel {
                        content: Some(html! { (reference) br; bdi { strong { (report.reference) } } }),
                        ..Panel::new(title)
                    })
                    p .govuk-body { (say.say("answer.keep")) }
                }
                Outcome::Changed { answer, .. } | Outcome::LeftAsItIs { answer, .. } => {
                    h1 .govuk-heading-l { (title) }
                    p .govuk-body { (reference) ": " bdi { strong { (report.reference) } } }
                    (InsetText::new(html! { span dir="auto" { (answer) } }))
                }
            }
            (SummaryList::new(rows))
            p .govuk-body { a .govuk-link href="/" { (say.say("page.first")) } }
        },
    )
}
