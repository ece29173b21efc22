//! What a page says of a proposal to end something before its time, and what it asks of whoever looks at it.

use kit::{Private, Zone};
use maud::{Markup, html};
use register::approval::Approval;
use web::component::{Button, InsetText, SummaryList, SummaryRow};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, SecondPerson, Submitted, take_back};

/// What is proposed, for whoever looks at it.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// It.
    pub proposed: Approval,
    /// Who proposed it.
    pub proposer: Private<String>,
    /// Whether whoever looks at it did.
    pub own: bool,
    /// Whether they may be the second person.
    pub may_agree: bool,
    /// Whether they are about to answer.
    pub answering: bool,
}

/// What the pages of one kind call it.
#[derive(Debug, Clone, Copy)]
pub struct Labels {
    /// What is proposed.
    pub proposed: &'static str,
    /// Why it was proposed.
    pub why: &'static str,
    /// What whoever proposed it waits for.
    pub another_must: &'static str,
    /// The button of whoever agrees.
    pub agree: &'static str,
}

/// The proposal, with the answer that is the reader's to give.
pub fn answer_it(
    waiting: &Waiting,
    labels: Labels,
    page: &str,
    form: &Submitted,
    mistakes: &Mistakes,
    zone: &Zone,
) -> Markup {
    let proposed = &waiting.proposed;
    html! {
        h2 .govuk-heading-m { (say(labels.proposed)) }
        (SummaryList::new(vec![
            SummaryRow::new(say(labels.why), &proposed.reason),
            SummaryRow::new(say("request.proposed-by"), waiting.proposer.reveal()),
            SummaryRow::new(say("request.proposed"), moment(proposed.proposed_at, zone)),
        ]))
        @if waiting.own {
            (InsetText::new(say(labels.another_must)))
            (take_back(page, say("request.take-it-back")))
        } @else if waiting.may_agree && waiting.answering {
            (SecondPerson {
                page,
                proposal: proposed.id.to_string(),
                agree: [say("request.why-do-you-agree"), say("overrides.whoever-looks-back"), say(labels.agree)],
                disagree: [say("request.or-why-do-you"), say("overrides.whoever-proposed-it"), say("request.do-not-agree")],
                form,
                mistakes,
            })
        } @else if waiting.may_agree {
            (Button::link(say("request.answer-as-the-second"), format!("{page}/agreement")))
        } @else {
            (InsetText::new(say("request.it-waits-for-a")))
        }
    }
}
