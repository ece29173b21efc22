//! What the pages of withheld access say.

use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Hint, InsetText, Label, Legend, Radio, Radios, SummaryList, SummaryRow, Table,
    Tag, Textarea,
};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

use super::Withheld;
use crate::lasting::State;

/// When a decision can be looked at again: the form's word, days, and what people say.
pub const REVIEWS: [(&str, u16, &str); 3] =
    [("week", 7, "In a week"), ("fortnight", 14, "In two weeks"), ("month", 28, "In four weeks")];

/// One decision, with the names that go with it.
#[derive(Debug, Clone)]
pub struct Line {
    /// It.
    pub one: Withheld,
    /// From whom.
    pub whose: Private<String>,
    /// Who decided it.
    pub by: Private<String>,
}

fn tag(one: &Withheld, at: Timestamp) -> Tag {
    if one.review_is_due(at) {
        return Tag::new("To be looked at again", "govuk-tag--orange");
    }
    match one.state(at) {
        State::Later => Tag::new("Begins later", "govuk-tag--blue"),
        _ => Tag::new("Withheld", "govuk-tag--red"),
    }
}

/// Everything that holds or will.
pub fn all(lines: &[Line], at: Timestamp, zone: &Zone) -> Page {
    const CAPTION: &str = "Whose access is withheld";
    let title = "Withheld internet access";
    let rows = lines.iter().map(|line| {
        let one = &line.one;
        let whose = html! {
            a .govuk-link href={ "/staff/withheld/" (one.number) } { (line.whose.reveal()) }
        };
        let span = html! { (moment(one.span.starts_at, zone)) " to " (moment(one.span.ends_at, zone)) };
        vec![
            Cell::new(whose),
            Cell::new(tag(one, at)),
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
            p .govuk-body {
                "Help, what devices need, and the sites for learning that the policy names stay open to whoever stands here. They see that \
                 their access is paused, and not why."
            }
            @if rows.is_empty() {
                (InsetText::new("Nobody’s access is withheld."))
            } @else {
                div .fivebar-scroll tabindex="0" role="region" aria-label=(CAPTION) {
                    (Table {
                        caption: Some(CAPTION.to_owned()),
                        caption_classes: "govuk-table__caption--m".into(),
                        head: ["Whose", "State", "From and until", "By whom", "Why"].map(Cell::new).to_vec(),
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
    let title = "Withheld internet access";
    let page = format!("/staff/withheld/{}", one.number);
    let mut rows = vec![
        SummaryRow::new("Whose", line.whose.reveal()),
        SummaryRow::new("State", tag(one, at)),
        SummaryRow::new("From", moment(one.span.starts_at, zone)),
        SummaryRow::new("Until", moment(one.span.ends_at, zone)),
        SummaryRow::new("Decided by", line.by.reveal()),
        SummaryRow::new("Why", &one.reason),
    ];
    if let Some(review_at) = one.review_at {
        rows.push(SummaryRow::new("To be looked at again", moment(review_at, zone)));
    }
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(rows))
            @if may_end { (give_back(&page, form, mistakes)) }
            @if may_decide { (decide_anew(&page, form, mistakes)) }
        },
    )
    .before(BackLink::new("/staff/withheld"))
    .problems(mistakes.summary())
}

fn words(id: &'static str, label: &str, form: &Submitted, mistakes: &Mistakes) -> Textarea {
    Textarea {
        hint: Some(Hint::new("Whoever looks at this later reads it. The pupil does not.")),
        error: mistakes.beside(id),
        value: form.text(id).to_owned(),
        rows: 3,
        ..Textarea::new(id, Label::new(label))
    }
}

fn give_back(page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    html! {
        h2 .govuk-heading-m { "Give it back" }
        form method="post" action={ (page) "/ending" } novalidate {
            (words("why", "Why is it given back?", form, mistakes))
            (Button { once: Some(true), ..Button::new("Give it back now") })
        }
    }
}

fn decide_anew(page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let answers = REVIEWS.map(|(id, _, words)| Radio::new(id, words));
    let review = Radios {
        error: mistakes.beside("review"),
        ..Radios::new(
            "review",
            Legend::new("When is it looked at again?"),
            answers.to_vec(),
            form.text("review"),
        )
    };
    html! {
        h2 .govuk-heading-m { "Or decide anew that it goes on" }
        p .govuk-body { "What nobody looks at again ends by itself four weeks after that day." }
        form method="post" action={ (page) "/renewal" } novalidate {
            (review)
            (words("reason", "Why does it go on?", form, mistakes))
            (Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new("Decide anew") })
        }
    }
}
