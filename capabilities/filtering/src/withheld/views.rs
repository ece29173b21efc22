//! What the pages of withheld access say.

use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, InsetText, Legend, Radio, Radios, SummaryList, SummaryRow, Table, Tag,
};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, Submitted, filled, words_field};

use super::Withheld;
use crate::lasting::State;
use crate::lasting::second_views::{Labels, Waiting, answer_it};

/// When a decision can be looked at again: the form's word, days, and the label of what people say.
pub const REVIEWS: [(&str, u16, &str); 3] = [
    ("week", 7, "withheld.in-a-week"),
    ("fortnight", 14, "withheld.in-two-weeks"),
    ("month", 28, "withheld.in-four-weeks"),
];

/// One decision, with the names that go with it.
#[derive(Debug, Clone)]
pub struct Line {
    /// It.
    pub one: Withheld,
    /// From whom.
    pub whose: Private<String>,
    /// Who decided it.
    pub by: Private<String>,
    /// What is proposed about it.
    pub waiting: Option<Waiting>,
}

const LABELS: Labels = Labels {
    proposed: "withheld.proposed-give-it-back",
    why: "withheld.why-give-it-back",
    another_must: "withheld.another-person-must",
    agree: "withheld.agree-and-give-it",
};

fn tag(one: &Withheld, at: Timestamp) -> Tag {
    if one.review_is_due(at) {
        return Tag::new(say("withheld.to-be-looked-at"), "govuk-tag--orange");
    }
    match one.state(at) {
        State::Later => Tag::new(say("withheld.begins-later"), "govuk-tag--blue"),
        _ => Tag::new(say("withheld.withheld"), "govuk-tag--red"),
    }
}

/// Everything that holds or will.
pub fn all(lines: &[Line], at: Timestamp, zone: &Zone) -> Page {
    let caption = &say("withheld.whose-access-is");
    let title = &say("monday.withheld-internet-access");
    let rows = lines.iter().map(|line| {
        let one = &line.one;
        let whose = html! {
            a .govuk-link href={ "/staff/withheld/" (one.number) } { (line.whose.reveal()) }
        };
        let (from, until) = (moment(one.span.starts_at, zone), moment(one.span.ends_at, zone));
        let span = filled!("overrides.to", when = from, whenb = until);
        vec![
            Cell::new(whose),
            Cell::new(html! {
                (tag(one, at))
                @if line.waiting.is_some() { " " (Tag::new(say("request.needs-a-second-person"), "govuk-tag--yellow")) }
            }),
            Cell::new(span),
            Cell::new(line.by.reveal()),
            Cell::new(&one.reason),
        ]
    });
    let rows: Vec<_> = rows.collect();
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("withheld.help-what-devices")) }
            @if rows.is_empty() {
                (InsetText::new(say("withheld.nobodys-access-is")))
            } @else {
                div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
                    (Table {
                        caption: Some(caption.clone()),
                        caption_classes: "govuk-table__caption--m".into(),
                        head: [
                            say("withheld.whose"),
                            say("common.state"),
                            say("overrides.from-and-until"),
                            say("overrides.by-whom"),
                            say("common.why"),
                        ]
                        .map(Cell::new)
                        .to_vec(),
                        rows,
                        first_cell_is_header: true,
                        ..Table::default()
                    })
                }
            }
        },
    )
    .before(BackLink::new("/today"))
}

/// One decision; `may_end` and `may_decide` are what the reader may do.
pub fn one(
    line: &Line,
    (may_end, may_decide): (bool, bool),
    form: &Submitted,
    mistakes: &Mistakes,
    at: Timestamp,
    zone: &Zone,
) -> Page {
    let one = &line.one;
    let title = &say("monday.withheld-internet-access");
    let page = format!("/staff/withheld/{}", one.number);
    let mut rows = vec![
        SummaryRow::new(say("withheld.whose"), line.whose.reveal()),
        SummaryRow::new(say("common.state"), tag(one, at)),
        SummaryRow::new(say("common.from"), moment(one.span.starts_at, zone)),
        SummaryRow::new(say("common.until"), moment(one.span.ends_at, zone)),
        SummaryRow::new(say("withheld.decided-by"), line.by.reveal()),
        SummaryRow::new(say("common.why"), &one.reason),
    ];
    if let Some(review_at) = one.review_at {
        rows.push(SummaryRow::new(say("withheld.to-be-looked-at"), moment(review_at, zone)));
    }
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(rows))
            @match &line.waiting {
                Some(waiting) => (answer_it(waiting, LABELS, &page, form, mistakes, zone)),
                None if may_end => (give_back(&page, form, mistakes)),
                None => {},
            }
            @if may_decide { (decide_anew(&page, form, mistakes)) }
        },
    )
    .before(BackLink::new("/staff/withheld"))
    .problems(mistakes.summary())
}

fn give_back(page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    html! {
        h2 .govuk-heading-m { (say("withheld.give-it-back")) }
        p .govuk-body { (say("withheld.giving-it-back-takes")) }
        form method="post" action={ (page) "/ending" } novalidate {
            (words_field("why", say("withheld.why-is-it-given"), say("withheld.whoever-looks-at-this"), form, mistakes))
            (Button { once: Some(true), ..Button::new(say("withheld.propose-to-give-it")) })
        }
    }
}

fn decide_anew(page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let answers = REVIEWS.map(|(id, _, words)| Radio::new(id, say(words)));
    let review = Radios {
        error: mistakes.beside("review"),
        ..Radios::new(
            "review",
            Legend::new(say("withheld.when-is-it-looked")),
            answers.to_vec(),
            form.text("review"),
        )
    };
    html! {
        h2 .govuk-heading-m { (say("withheld.or-decide-anew-that")) }
        p .govuk-body { (say("withheld.what-nobody-looks")) }
        form method="post" action={ (page) "/renewal" } novalidate {
            (review)
            (words_field("reason", say("withheld.why-does-it-go"), say("withheld.whoever-looks-at-this"), form, mistakes))
            (Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new(say("withheld.decide-anew")) })
        }
    }
}
