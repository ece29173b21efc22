//! What the page of a proposal to take a list out of use says.

use kit::Zone;
use maud::html;
use register::approval::Approval;
use web::component::{BackLink, InsetText};
use web::page::host;
use web::speech::say;
use web::{Mistakes, Page, Submitted};

use super::views::{Line, summary, way};
use crate::lasting::second_views::{Labels, Waiting, answer_it};

const LABELS: Labels = Labels {
    proposed: "lists.proposed-to-take-it",
    why: "lists.why-take-it-out",
    another_must: "lists.another-person-must",
    agree: "lists.agree-and-take-it",
};

/// The page of a proposal.
pub(crate) fn page(proposed: &Approval) -> String {
    format!("/staff/lists/removals/{}", proposed.id)
}

/// What is proposed about a list, with the answer that is the reader's to give.
pub fn removal(line: &Line, waiting: &Waiting, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let id = &line.status.list.id;
    Page::new(
        say("lists.take-it-out"),
        html! {
            h1 .govuk-heading-l { (say("lists.take-it-out")) ": " (host(id)) }
            (summary(line, zone))
            (InsetText::new(say("lists.that-opens-every")))
            (answer_it(waiting, LABELS, &page(&waiting.proposed), form, mistakes, zone))
        },
    )
    .before(BackLink::new(way(id)))
    .problems(mistakes.summary())
}
