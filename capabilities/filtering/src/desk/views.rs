//! What "Your work" shows.

use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use register::calendar::Run;
use register::task::{Done, Ending, Kind, State, Task, Whose};
use web::component::{
    BackLink, Button, Cell, Choice, Hint, InsetText, Label, Legend, Radio, Radios, Select, SummaryList,
    SummaryRow, Table, Tag, Textarea,
};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

/// One line of the list.
#[derive(Debug, Clone)]
pub struct Line {
    /// The task.
    pub task: Task,
    /// What kind it is of.
    pub kind: &'static Kind,
    /// Why it is theirs.
    pub whose: Whose,
    /// Its clock.
    pub run: Run,
    /// Who has it, where somebody else has.
    pub owner: Option<Private<String>>,
}

/// Everything that is theirs, the first due first, and what they ended lately.
pub fn work(lines: &[Line], ended: &[(Task, &'static Kind)], at: Timestamp, zone: &Zone) -> Page {
    let title = "Your work";
    let late = lines.iter().filter(|line| line.task.is_late(at)).count();
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if lines.is_empty() {
                (InsetText::new("There is nothing for you to do."))
            } @else {
                @if late > 0 {
                    p .govuk-body {
                        @if late == 1 { "1 of these is late." } @else { (late) " of these are late." }
                    }
                }
                (table(lines, at, zone))
            }
            @if !ended.is_empty() {
                h2 .govuk-heading-m { "What you and others of your duties ended lately" }
                ul .govuk-list.govuk-list--bullet {
                    @for (task, kind) in ended {
                        li {
                            a .govuk-link href=(href(task)) { (kind.name) ", since " (moment(task.opened_at, zone)) }
                            ": " (task.state.id())
                        }
                    }
                }
            }
        },
    )
    .before(BackLink::new("/today"))
}

/// The page of a task.
pub(super) fn href(task: &Task) -> String {
    format!("/tasks/{}", task.id)
}

fn table(lines: &[Line], at: Timestamp, zone: &Zone) -> Markup {
    const CAPTION: &str = "To do, the first due first";
    let rows = lines.iter().map(|line| {
        let link = html! {
            a .govuk-link href=(href(&line.task)) {
                (line.kind.name) ", since " (moment(line.task.opened_at, zone))
            }
        };
        let due = html! {
            (moment(line.task.due_at, zone)) " "
            @if line.task.is_late(at) {
                (Tag::new("Late", "govuk-tag--red"))
            } @else if is_paused(&line.run, at) {
                (Tag::new("Paused", "govuk-tag--grey"))
            }
        };
        vec![Cell::new(link), Cell::new(whose(line)), Cell::new(due)]
    });
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(CAPTION) {
            (Table {
                caption: Some(CAPTION.to_owned()),
                caption_classes: "govuk-table__caption--m".into(),
                head: ["What", "Whose", "Due"].map(Cell::new).to_vec(),
                rows: rows.collect(),
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    }
}

fn is_paused(run: &Run, at: Timestamp) -> bool {
    run.pauses.iter().any(|pause| pause.from <= at && at < pause.to)
}

fn whose(line: &Line) -> Markup {
    let somebody = line.owner.as_ref().map_or("somebody", |name| name.reveal());
    html! {
        @match line.whose {
            Whose::Mine => "Yours",
            Whose::Cover => { "You stand in for " (somebody) },
            Whose::Duty => "Of a duty of yours; nobody has taken it",
            Whose::Late => { "Late, so it has come to you too" @if line.owner.is_some() { "; " (somebody) " has it" } },
        }
    }
}

/// What the page of one task must know of whoever looks at it.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The names of the duties whose it is now.
    pub duties: Vec<String>,
    /// To whom it can be handed: values of the form, and words.
    pub hand_to: Vec<(String, String)>,
    /// Who ended it, where it has ended.
    pub ended_by: Option<Private<String>>,
}

/// One task, with what whoever looks at it may do.
pub fn one(
    line: &Line,
    seen: &Seen,
    form: &Submitted,
    mistakes: &Mistakes,
    at: Timestamp,
    zone: &Zone,
) -> Page {
    let (task, kind) = (&line.task, line.kind);
    let page = href(task);
    let mut rows = vec![
        SummaryRow::new("Whose", whose(line)),
        SummaryRow::new("Whose duty", seen.duties.join(", ")),
        SummaryRow::new("Since", moment(task.opened_at, zone)),
        SummaryRow::new("Due", html! { (moment(task.due_at, zone)) ": " (kind.clock.to_string()) }),
    ];
    if task.state == State::Open {
        rows.push(SummaryRow::new("Time used", format!("{} %", line.run.used_percent(at))));
    }
    let pauses: Vec<_> = line.run.pauses.iter().collect();
    if !pauses.is_empty() {
        let words = html! {
            ul .govuk-list {
                @for pause in pauses {
                    li { (moment(pause.from, zone)) " to " (moment(pause.to, zone)) ": " (pause.why.words()) }
                }
            }
        };
        rows.push(SummaryRow::new("The time does not run", words));
    }
    match &task.state {
        State::Open => {}
        State::Done(ending) => rows.extend(ended("Done", ending, zone)),
        State::Dropped(ending) => rows.extend(ended("Dropped", ending, zone)),
    }
    if let Some(by) = &seen.ended_by {
        rows.push(SummaryRow::new("By", by.reveal()));
    }
    Page::new(
        &*kind.name,
        html! {
            h1 .govuk-heading-l { (kind.name) }
            @if task.is_late(at) { p .govuk-body { (Tag::new("Late", "govuk-tag--red")) } }
            p .govuk-body { (kind.about) }
            @if !task.path.is_empty() {
                p .govuk-body { a .govuk-link href=(task.path) { "Go to what it is about" } }
            }
            (SummaryList::new(rows))
            @if task.state == State::Open {
                @if line.whose != Whose::Mine { (take_it(&page)) }
                (end_it(kind, &page, form, mistakes))
                @if !seen.hand_to.is_empty() { (hand_it(seen, &page, form, mistakes)) }
            }
        },
    )
    .before(BackLink::new("/tasks"))
    .problems(mistakes.summary())
}

fn ended(what: &str, ending: &Ending, zone: &Zone) -> Vec<SummaryRow> {
    let mut rows = vec![SummaryRow::new(what, moment(ending.at, zone))];
    if !ending.words.is_empty() {
        rows.push(SummaryRow::new("What was said", &ending.words));
    }
    rows
}

fn take_it(page: &str) -> Markup {
    html! {
        form method="post" action={ (page) "/taking" } novalidate {
            (Button { once: Some(true), ..Button::new("Take it") })
        }
    }
}

fn end_it(kind: &Kind, page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    if kind.done == Done::ByItself {
        return html! { (InsetText::new("This is done by itself, once what it is about is settled.")) };
    }
    let outcomes = vec![Radio::new("done", "It is done"), Radio::new("dropped", "It need not be done")];
    let outcome = Radios {
        error: mistakes.beside("outcome"),
        ..Radios::new("outcome", Legend::new("What became of it?"), outcomes, form.text("outcome"))
    };
    let words = Textarea {
        hint: Some(Hint::new("Name nobody. Whoever looks back at this reads it.")),
        error: mistakes.beside("words"),
        value: form.text("words").to_owned(),
        rows: 3,
        ..Textarea::new("words", Label::new("What was done, or why need it not be?"))
    };
    html! {
        h2 .govuk-heading-m { "End it" }
        form method="post" action={ (page) "/ending" } novalidate {
            (outcome) (words)
            (Button { once: Some(true), ..Button::new("End it") })
        }
    }
}

fn hand_it(seen: &Seen, page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let to = seen.hand_to.iter().map(|(value, words)| Choice::new(value.as_str(), words));
    let choose = std::iter::once(Choice::new("", "Choose"));
    let to = Select {
        error: mistakes.beside("to"),
        ..Select::new("to", Label::new("To whom?"), choose.chain(to).collect(), form.text("to"))
    };
    html! {
        h2 .govuk-heading-m { "Hand it on" }
        form method="post" action={ (page) "/handing" } novalidate {
            (to)
            (Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new("Hand it on") })
        }
    }
}
