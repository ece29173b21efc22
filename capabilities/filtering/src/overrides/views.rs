//! What "Open and closed for a time" shows.

use engine::document::Effect;
use kit::{Private, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Choice, Hint, Input, InsetText, Label, Select, SummaryList, SummaryRow, Table,
    Tag,
};
use web::page::{host, moment};
use web::speech::say;
use web::{Mistakes, Page, Submitted, filled, marked, words_field};

use super::closing::Closing;
use super::{Override, Whom};
use crate::lasting::second_views::{Labels, Waiting, answer_it};
use crate::site_note::views::of_a_part;

const LABELS: Labels = Labels {
    proposed: "overrides.proposed-end-it",
    why: "overrides.why-end-it",
    another_must: "overrides.another-person-must",
    agree: "overrides.agree-and-end-it",
};

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
    pub waiting: Option<Waiting>,
    /// Whether the reader may end it alone.
    pub alone: bool,
    /// Whether they may end it, or propose to.
    pub may_end: bool,
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

fn tag(one: &Override) -> Tag {
    match one.grant.effect {
        Effect::Allow => Tag::new(say("overrides.open"), "govuk-tag--green"),
        Effect::Block => Tag::new(say("overrides.closed"), "govuk-tag--red"),
    }
}

/// Everything that holds or will, and what ended lately.
pub fn all(lines: &[Line], over: &[Ended], may_close: bool, zone: &Zone) -> Page {
    let title = &say("monday.open-and-closed-for");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("overrides.what-stands-here")) }
            @if may_close { (Button::link(say("overrides.close-a-site-now"), "/staff/overrides/close")) }
            @if lines.is_empty() {
                (InsetText::new(say("overrides.nothing-is-open-or")))
            } @else {
                (holding(lines, zone))
            }
            @if !over.is_empty() { (ended(over, zone)) }
        },
    )
    .before(BackLink::new("/today"))
}

fn holding(lines: &[Line], zone: &Zone) -> Markup {
    let caption = &say("overrides.what-holds-now-or");
    let rows = lines.iter().map(|line| {
        let one = &line.one;
        let site = html! {
            a .govuk-link href={ "/staff/overrides/" (one.number) } { (host(&one.grant.target)) }
        };
        let state = html! {
            (tag(one))
            @if line.waiting.is_some() { " " (Tag::new(say("request.needs-a-second-person"), "govuk-tag--yellow")) }
        };
        let span = html! {
            (filled!("overrides.to", when = moment(one.grant.span.starts_at, zone), whenb = moment(one.grant.span.ends_at, zone)))
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
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.clone()),
                caption_classes: "govuk-table__caption--m".into(),
                head: [
                    say("common.site"),
                    say("common.state"),
                    say("overrides.for-whom"),
                    say("overrides.from-and-until"),
                    say("overrides.by-whom"),
                    say("common.why"),
                ]
                .map(Cell::new)
                .to_vec(),
                rows: rows.collect(),
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    }
}

fn ended(over: &[Ended], zone: &Zone) -> Markup {
    let caption = &say("overrides.what-ended-lately");
    let rows = over.iter().map(|ended| {
        let one = &ended.one;
        let how = match (&one.withdrawn, &ended.by) {
            (Some(withdrawn), Some(by)) => html! {
                (filled!("overrides.at-by", when = moment(withdrawn.at, zone), by = by.reveal()))
                @if let Some(why) = &withdrawn.reason { ": " (why) }
            },
            _ => html! {
                (filled!("overrides.at-by-itself", when = moment(one.grant.span.ends_at, zone)))
            },
        };
        vec![
            Cell::new(host(&one.grant.target)),
            Cell::new(tag(one)),
            Cell::new(ended.whom.reveal()),
            Cell::new(how),
        ]
    });
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.clone()),
                caption_classes: "govuk-table__caption--m".into(),
                head: [say("common.site"), say("overrides.it-was"), say("overrides.for-whom"), say("overrides.ended")]
                    .map(Cell::new)
                    .to_vec(),
                rows: rows.collect(),
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    }
}

/// One that holds, with what the reader may do.
pub fn one(line: &Line, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let one = &line.one;
    let opens = one.grant.effect == Effect::Allow;
    let title = &say(if opens { "overrides.open-for-a-time" } else { "overrides.closed-for-a-time" });
    let page = format!("/staff/overrides/{}", one.number);
    let mut rows = vec![
        SummaryRow::new(say("common.site"), host(&one.grant.target)),
        SummaryRow::new(say("common.state"), tag(one)),
        SummaryRow::new(say("overrides.for-whom"), line.whom.reveal()),
        SummaryRow::new(say("common.from"), moment(one.grant.span.starts_at, zone)),
        SummaryRow::new(say("common.until"), moment(one.grant.span.ends_at, zone)),
        SummaryRow::new(say("overrides.by-whom"), line.by.reveal()),
        SummaryRow::new(say("common.why"), &one.grant.reason),
    ];
    if one.grant.request.is_some() {
        rows.push(SummaryRow::new(say("overrides.it-answers"), say("overrides.a-request-to-which")));
    }
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) ": " (host(&one.grant.target)) }
            (SummaryList::new(rows))
            @if let Some(says) = of_a_part(&one.grant.target).filter(|_| opens) { p .govuk-body { (says) } }
            @match &line.waiting {
                Some(waiting) => (answer_it(waiting, LABELS, &page, form, mistakes, zone)),
                None if line.may_end => (end_it(line, opens, &page, form, mistakes)),
                None => {},
            }
        },
    )
    .before(BackLink::new("/staff/overrides"))
    .problems(mistakes.summary())
}

fn end_it(line: &Line, opens: bool, page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let (heading, says) = if line.alone && opens {
        ("request.end-it-now", "overrides.the-policy-holds-again")
    } else if line.alone {
        ("request.end-it-now", "overrides.you-closed-it-yourself")
    } else {
        ("overrides.propose-to-end-it", "overrides.somebody-else-closed-it")
    };
    html! {
        h2 .govuk-heading-m { (say(heading)) }
        p .govuk-body { (say(says)) }
        form method="post" action={ (page) "/ending" } novalidate {
            (words_field("why", say("common.why-asked"), say("overrides.whoever-looks-back-name"), form, mistakes))
            (Button { once: Some(true), classes: "govuk-button--warning".into(), ..Button::new(say(heading)) })
        }
    }
}

/// The form that closes a site.
pub fn close(groups: &[(String, String)], form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = &say("overrides.close-a-site-now");
    let mut choices = vec![Choice::new("", say("overrides.choose-for-whom"))];
    choices.push(Choice::new(&*Whom::Everyone.to_string(), say("common.everyone")));
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
            p .govuk-body { (marked!("overrides.it-is-closed-within", hours = hours)) }
            form method="post" action="/staff/overrides/close" novalidate {
                (line("site", &say("lesson.which-site"), &say("lesson.its-address-like-www")))
                (Select {
                    error: mistakes.beside("whom"),
                    ..Select::new("whom", Label::new(say("common.for-whom")), choices, form.text("whom"))
                })
                (line("pupil", &say("lesson.or-one-pupil"), &say("lesson.the-name-as-the")))
                (words_field(
                    "why",
                    say("common.why-asked"),
                    say("overrides.whoever-meets-the"),
                    form,
                    mistakes,
                ))
                (Button { once: Some(true), classes: "govuk-button--warning".into(), ..Button::new(say("overrides.close-it-now")) })
            }
        },
    )
    .before(BackLink::new("/staff/overrides"))
    .problems(mistakes.summary())
}
