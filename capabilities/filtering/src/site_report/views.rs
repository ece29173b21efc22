//! What the form and the answer say.

use kit::Zone;
use maud::html;
use web::component::{
    Button, Hint, Input, InsetText, Label, Legend, Panel, Radio, Radios, SummaryList, SummaryRow, Tag,
    Textarea,
};
use web::page::{host, moment};
use web::{Mistakes, Page, Submitted};

use super::model::{Kind, Outcome, SiteReport};
use crate::portal::views::back;
use crate::site_note::views::carried;

/// The form, with whatever words stand in it.
pub fn form(form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = "Report a site";
    let site = Input {
        hint: Some(Hint::new("For example, www.example.org. Do not open it again to copy it.")),
        error: mistakes.beside("site"),
        value: Some(form.text("site").to_owned()),
        inputmode: Some("url".to_owned()),
        autocomplete: Some("off".to_owned()),
        autocapitalize: Some("none".to_owned()),
        spellcheck: Some(false),
        ..Input::new("site", Label::new("Which site?"))
    };
    let answers = Kind::ALL.map(|kind| Radio::new(kind.id(), kind.words()));
    let kind = Radios {
        error: mistakes.beside("kind"),
        ..Radios::new("kind", Legend::new("What is wrong?"), answers.to_vec(), form.text("kind"))
    };
    let what = Textarea {
        hint: Some(Hint::new("You can leave this empty. Do not write anybody’s name.")),
        error: mistakes.beside("what"),
        value: form.text("what").to_owned(),
        ..Textarea::new("what", Label::new("What did you see?"))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "You are not in trouble for telling us." }
            (InsetText::new(html! {
                "This form is about a site. If you are worried about yourself or somebody else, "
                a .govuk-link href="/help" { "get help" } " or tell an adult you trust."
            }))
            form method="post" action="/reports" novalidate {
                (carried(form))
                (site) (kind) (what)
                (Button { once: Some(true), ..Button::new("Send report") })
            }
        },
    )
    .before(back())
    .problems(mistakes.summary())
}

/// A report and what became of it.
pub fn answer(report: &SiteReport, zone: &Zone) -> Page {
    let (title, tag) = match report.outcome {
        Outcome::Open => ("Report sent", Tag::new("Waiting for an answer", "govuk-tag--blue")),
        Outcome::Changed { .. } => ("Report answered", Tag::new("Changed", "govuk-tag--green")),
        Outcome::LeftAsItIs { .. } => ("Report answered", Tag::new("Left as it is", "govuk-tag--grey")),
    };
    let mut rows = vec![
        SummaryRow::new("State", tag),
        SummaryRow::new("Site", host(&report.tell.site.host)),
        SummaryRow::new("What is wrong", report.tell.kind.words()),
        SummaryRow::new("Sent", moment(report.created_at, zone)),
    ];
    if let Outcome::Changed { at, .. } | Outcome::LeftAsItIs { at, .. } = &report.outcome {
        rows.push(SummaryRow::new("Answered", moment(*at, zone)));
    }
    Page::new(
        title,
        html! {
            @match &report.outcome {
                Outcome::Open => {
                    (Panel {
                        content: Some(html! { "Your reference" br; strong { (report.reference) } }),
                        ..Panel::new(title)
                    })
                    p .govuk-body {
                        "Thank you. Somebody at the school will look at it. What becomes of it will be on this page: keep \
                         its address, and open it on this device."
                    }
                }
                Outcome::Changed { answer, .. } | Outcome::LeftAsItIs { answer, .. } => {
                    h1 .govuk-heading-l { (title) }
                    p .govuk-body { "Reference: " strong { (report.reference) } }
                    (InsetText::new(answer))
                }
            }
            (SummaryList::new(rows))
            p .govuk-body { a .govuk-link href="/" { "Go to the first page" } }
        },
    )
}
