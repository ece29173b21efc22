//! What "Open and closed for a time" shows.

use engine::document::Effect;
use kit::{Private, Zone};
use maud::{Markup, html};
use register::approval::Approval;
use web::component::{
    BackLink, Button, Cell, Choice, Hint, Input, InsetText, Label, Select, SummaryList, SummaryRow, Table,
    Tag, Textarea,
};
use web::page::{host, moment};
use web::{Mistakes, Page, Submitted};

use super::closing::Closing;
use super::{Override, Whom};
use crate::site_note::views::of_a_part;

/// One that holds or will, with the names that go with it.
#[derive(Debug, Clone)]
pub struct Line {
    /// It.
    pub one: Override,
    /// For whom.
    pub whom: Private<String>,
    /// Who made it.
    pub by: Private<String>,
    /// What is proposed about it.
    pub proposed: Option<Approval>,
    /// By whom.
    pub proposer: Option<Private<String>>,
    /// Whether the proposal is the reader's own.
    pub own: bool,
    /// Whether the reader may end it alone.
    pub alone: bool,
    /// Whether they may end it, or propose to.
    pub may_end: bool,
    /// Whether they may agree to what another proposed.
    pub may_agree: bool,
}

/// One that is over.
#[derive(Debug, Clone)]
pub struct Ended {
    /// It.
    pub one: Override,
    /// For whom it was.
    pub whom: Private<String>,
    /// Who ended it before its time.
    pub by: Option<Private<String>>,
}

const TITLE: &str = "Open and closed for a time";

fn tag(one: &Override) -> Tag {
    match one.grant.effect {
        Effect::Allow => Tag::new("Open", "govuk-tag--green"),
        Effect::Block => Tag::new("Closed", "govuk-tag--red"),
    }
}

/// Everything that holds or will, and what ended lately.
pub fn all(lines: &[Line], over: &[Ended], may_close: bool, zone: &Zone) -> Page {
    Page::new(
        TITLE,
        html! {
            h1 .govuk-heading-l { (TITLE) }
            p .govuk-body { "What stands here holds beside the filter policy, and each ends by itself." }
            @if may_close { (Button::link("Close a site now", "/staff/overrides/close")) }
            @if lines.is_empty() {
                (InsetText::new("Nothing is open or closed for a time."))
            } @else {
                (holding(lines, zone))
            }
            @if !over.is_empty() { (ended(over, zone)) }
        },
    )
    .before(BackLink::new("/today"))
}

fn holding(lines: &[Line], zone: &Zone) -> Markup {
    const CAPTION: &str = "What holds now or will";
    let rows = lines.iter().map(|line| {
        let one = &line.one;
        let site = html! {
            a .govuk-link href={ "/staff/overrides/" (one.number) } { (host(&one.grant.target)) }
        };
        let state = html! {
            (tag(one))
            @if line.proposed.is_some() { " " (Tag::new("Needs a second person", "govuk-tag--yellow")) }
        };
        let span = html! {
            (moment(one.grant.span.starts_at, zone)) " to " (moment(one.grant.span.ends_at, zone))
        };
        vec![
            Cell::new(site),
            Cell::new(state),
            Cell::new(line.whom.reveal()),
            Cell::new(span),
            Cell::new(line.by.reveal()),
            Cell::new(&one.grant.reason),
        ]
    });
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(CAPTION) {
            (Table {
                caption: Some(CAPTION.to_owned()),
                caption_classes: "govuk-table__caption--m".into(),
                head: ["Site", "State", "For whom", "From and until", "By whom", "Why"].map(Cell::new).to_vec(),
                rows: rows.collect(),
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    }
}

fn ended(over: &[Ended], zone: &Zone) -> Markup {
    const CAPTION: &str = "What ended lately";
    let rows = over.iter().map(|ended| {
        let one = &ended.one;
        let how = match (&one.withdrawn, &ended.by) {
            (Some(withdrawn), Some(by)) => html! {
                (moment(withdrawn.at, zone)) ", by " (by.reveal())
                @if let Some(why) = &withdrawn.reason { ": " (why) }
            },
            _ => html! { (moment(one.grant.span.ends_at, zone)) ", by itself" },
        };
        vec![
            Cell::new(host(&one.grant.target)),
            Cell::new(tag(one)),
            Cell::new(ended.whom.reveal()),
            Cell::new(how),
        ]
    });
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(CAPTION) {
            (Table {
                caption: Some(CAPTION.to_owned()),
                caption_classes: "govuk-table__caption--m".into(),
                head: ["Site", "It was", "For whom", "Ended"].map(Cell::new).to_vec(),
                rows: rows.collect(),
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    }
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

/// One that holds, with what the reader may do.
pub fn one(line: &Line, answering: bool, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let one = &line.one;
    let opens = one.grant.effect == Effect::Allow;
    let title = if opens { "Open for a time" } else { "Closed for a time" };
    let page = format!("/staff/overrides/{}", one.number);
    let mut rows = vec![
        SummaryRow::new("Site", host(&one.grant.target)),
        SummaryRow::new("State", tag(one)),
        SummaryRow::new("For whom", line.whom.reveal()),
        SummaryRow::new("From", moment(one.grant.span.starts_at, zone)),
        SummaryRow::new("Until", moment(one.grant.span.ends_at, zone)),
        SummaryRow::new("By whom", line.by.reveal()),
        SummaryRow::new("Why", &one.grant.reason),
    ];
    if one.grant.request.is_some() {
        rows.push(SummaryRow::new("It answers", "A request, to which two people agreed"));
    }
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) ": " (host(&one.grant.target)) }
            (SummaryList::new(rows))
            @if let Some(says) = of_a_part(&one.grant.target).filter(|_| opens) { p .govuk-body { (says) } }
            @match &line.proposed {
                Some(proposed) => (answer_it(line, proposed, answering, &page, form, mistakes, zone)),
                None if line.may_end => (end_it(line, opens, &page, form, mistakes)),
                None => {},
            }
        },
    )
    .before(BackLink::new("/staff/overrides"))
    .problems(mistakes.summary())
}

fn end_it(line: &Line, opens: bool, page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let (heading, says, button) = if line.alone && opens {
        (
            "End it now",
            "The policy holds again within a second. One person may end what is open: it takes two to open it again.",
            "End it now",
        )
    } else if line.alone {
        (
            "End it now",
            "You closed it yourself, so you can take that back: the policy holds again.",
            "End it now",
        )
    } else {
        (
            "Propose to end it",
            "Somebody else closed it. Ending that opens the site again before its time, so it takes two people.",
            "Propose to end it",
        )
    };
    html! {
        h2 .govuk-heading-m { (heading) }
        p .govuk-body { (says) }
        form method="post" action={ (page) "/ending" } novalidate {
            (words("why", "Why?", "Whoever looks back at this reads it. Name nobody.", form, mistakes))
            (Button { once: Some(true), classes: "govuk-button--warning".into(), ..Button::new(button) })
        }
    }
}

fn answer_it(
    line: &Line,
    proposed: &Approval,
    answering: bool,
    page: &str,
    form: &Submitted,
    mistakes: &Mistakes,
    zone: &Zone,
) -> Markup {
    let by = line.proposer.as_ref().map_or("Somebody", |name| name.reveal());
    html! {
        h2 .govuk-heading-m { "Proposed: end it" }
        (SummaryList::new(vec![
            SummaryRow::new("Why end it", &proposed.reason),
            SummaryRow::new("Proposed by", by),
            SummaryRow::new("Proposed", moment(proposed.proposed_at, zone)),
        ]))
        @if line.own {
            (InsetText::new("Another person must agree before the site opens again."))
            form method="post" action={ (page) "/withdrawal" } novalidate {
                (Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new("Take it back") })
            }
        } @else if line.may_agree && answering {
            form method="post" action={ (page) "/agreement" } novalidate {
                input type="hidden" name="proposal" value=(proposed.id);
                (words("agreement", "Why do you agree?", "Whoever looks back at this reads it.", form, mistakes))
                (Button { once: Some(true), ..Button::new("Agree and end it") })
            }
            form method="post" action={ (page) "/disagreement" } novalidate {
                input type="hidden" name="proposal" value=(proposed.id);
                (words("disagreement", "Or why do you not agree?", "Whoever proposed it reads this.", form, mistakes))
                (Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new("Do not agree") })
            }
        } @else if line.may_agree {
            (Button::link("Answer as the second person", format!("{page}/agreement")))
        } @else {
            (InsetText::new("It waits for a second person, which your duties do not let you be."))
        }
    }
}

/// The form that closes a site.
pub fn close(groups: &[(String, String)], form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = "Close a site now";
    let mut choices = vec![Choice::new("", "Choose for whom")];
    choices.push(Choice::new(&*Whom::Everyone.to_string(), "Everyone"));
    choices.extend(
        groups.iter().map(|(id, name)| Choice::new(&*Whom::Group(id.clone()).to_string(), name.as_str())),
    );
    let line = |id: &'static str, label: &str, hint: &str| Input {
        hint: Some(Hint::new(hint)),
        error: mistakes.beside(id),
        value: Some(form.line(id)),
        spellcheck: Some(false),
        autocapitalize: Some("none".to_owned()),
        autocomplete: Some("off".to_owned()),
        ..Input::new(id, Label::new(label))
    };
    let hours = Closing::built_in().hours;
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "It is closed within a second, with everything below it, and opens again by itself in " (hours)
                " hours. What is to stay closed belongs in the filter policy. Sites of help are open to everyone, always."
            }
            form method="post" action="/staff/overrides/close" novalidate {
                (line("site", "Which site?", "Its address, like www.example.org"))
                (Select {
                    error: mistakes.beside("whom"),
                    ..Select::new("whom", Label::new("For whom?"), choices, form.text("whom"))
                })
                (line("pupil", "Or one pupil", "The name as the roll has it, or the school’s own number."))
                (words(
                    "why",
                    "Why?",
                    "Whoever meets the closed site reads this. Name nobody.",
                    form,
                    mistakes,
                ))
                (Button { once: Some(true), classes: "govuk-button--warning".into(), ..Button::new("Close it now") })
            }
        },
    )
    .before(BackLink::new("/staff/overrides"))
    .problems(mistakes.summary())
}
