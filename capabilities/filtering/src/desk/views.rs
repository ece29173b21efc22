//! What "Your work" shows.

use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use register::calendar::{Rule, Run, Why};
use register::task::{Done, Ending, Kind, State, Task, Whose};
use web::component::{
    BackLink, Button, Cell, Choice, Hint, InsetText, Label, Legend, Radio, Radios, Select, SummaryList,
    SummaryRow, Table, Tag, Textarea,
};
use web::page::moment;
use web::speech::{say, say_or};
use web::{Mistakes, Page, Submitted, counted, filled, marked};

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
    let title = &say("common.your-work");
    let late = lines.iter().filter(|line| line.task.is_late(at)).count();
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if lines.is_empty() {
                (InsetText::new(say("work.there-is-nothing-for")))
            } @else {
                @if late > 0 {
                    p .govuk-body {
                        (counted!("work.late-count", late))
                    }
                }
                (table(lines, at, zone))
            }
            @if !ended.is_empty() {
                h2 .govuk-heading-m { (say("work.what-you-ended-lately")) }
                ul .govuk-list.govuk-list--bullet {
                    @for (task, kind) in ended {
                        li {
                            a .govuk-link href=(href(task)) { (marked!("work.since", kind = name(kind), when = moment(task.opened_at, zone))) }
                            ": " (say(state(&task.state)))
                        }
                    }
                }
            }
        },
    )
    .before(BackLink::new("/today"))
}

/// What a kind of task is called.
fn name(kind: &Kind) -> String {
    say_or(&format!("task.{}", kind.id.replace('.', "-")), &kind.name)
}

/// How long somebody has for it.
fn clock(rule: Rule) -> String {
    let (many, what) = rule.parts();
    counted!(&format!("clock.{}-count", what.replace(' ', "-")), many)
}

/// Why it does not run.
fn paused(why: &Why) -> String {
    match why {
        Why::Night => say("pause.night"),
        Why::Weekend => say("pause.weekend"),
        Why::Closed => say("pause.closed"),
        Why::BankHoliday => say("pause.bank-holiday"),
        Why::Holiday { after } => filled!("pause.holiday", after),
    }
}

const fn state(state: &State) -> &'static str {
    match state {
        State::Open => "work.is-open",
        State::Done(_) => "work.is-done",
        State::Dropped(_) => "work.is-dropped",
    }
}

/// The page of a task.
pub(super) fn href(task: &Task) -> String {
    format!("/tasks/{}", task.id)
}

fn table(lines: &[Line], at: Timestamp, zone: &Zone) -> Markup {
    let caption = say("work.caption");
    let rows = lines.iter().map(|line| {
        let link = html! {
            a .govuk-link href=(href(&line.task)) {
                (marked!("work.since", kind = name(line.kind), when = moment(line.task.opened_at, zone)))
            }
        };
        let due = html! {
            (moment(line.task.due_at, zone)) " "
            @if line.task.is_late(at) {
                (Tag::new(say("work.late"), "govuk-tag--red"))
            } @else if is_paused(&line.run, at) {
                (Tag::new(say("work.paused"), "govuk-tag--grey"))
            }
        };
        vec![Cell::new(link), Cell::new(whose(line)), Cell::new(due)]
    });
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.clone()),
                caption_classes: "govuk-table__caption--m".into(),
                head: [say("common.what"), say("work.whose"), say("work.due")].map(Cell::new).to_vec(),
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
    let somebody = line.owner.as_ref().map_or_else(|| say("work.somebody"), |name| name.reveal().clone());
    html! {
        @match line.whose {
            Whose::Mine => (say("work.yours")),
            Whose::Cover => { (marked!("work.you-stand-in-for", somebody)) },
            Whose::Duty => (say("work.of-a-duty-of")),
            Whose::Late => { (say("work.late-so-it-has")) @if line.owner.is_some() { (marked!("work.has-it", somebody)) } },
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
        SummaryRow::new(say("work.whose"), whose(line)),
        SummaryRow::new(say("work.whose-duty"), seen.duties.join(", ")),
        SummaryRow::new(say("common.since"), moment(task.opened_at, zone)),
        SummaryRow::new(say("work.due"), html! { (moment(task.due_at, zone)) ": " (clock(kind.clock)) }),
    ];
    if task.state == State::Open {
        rows.push(SummaryRow::new(say("work.time-used"), format!("{} %", line.run.used_percent(at))));
    }
    let pauses: Vec<_> = line.run.pauses.iter().collect();
    if !pauses.is_empty() {
        let words = html! {
            ul .govuk-list {
                @for pause in pauses {
                    li { (marked!("work.to", when = moment(pause.from, zone), whenb = moment(pause.to, zone), why = paused(&pause.why))) }
                }
            }
        };
        rows.push(SummaryRow::new(say("work.the-time-does-not"), words));
    }
    match &task.state {
        State::Open => {}
        State::Done(ending) => rows.extend(ended(&say("work.done"), ending, zone)),
        State::Dropped(ending) => rows.extend(ended(&say("work.dropped"), ending, zone)),
    }
    if let Some(by) = &seen.ended_by {
        rows.push(SummaryRow::new(say("policy.by"), by.reveal()));
    }
    Page::new(
        name(kind),
        html! {
            h1 .govuk-heading-l { (name(kind)) }
            @if task.is_late(at) { p .govuk-body { (Tag::new(say("work.late"), "govuk-tag--red")) } }
            p .govuk-body { (say_or(&format!("task.{}-about", kind.id.replace('.', "-")), &kind.about)) }
            @if !task.path.is_empty() {
                p .govuk-body { a .govuk-link href=(task.path) { (say("work.go-to-what-it")) } }
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
        rows.push(SummaryRow::new(say("work.what-was-said"), &ending.words));
    }
    rows
}

fn take_it(page: &str) -> Markup {
    html! {
        form method="post" action={ (page) "/taking" } novalidate {
            (Button { once: Some(true), ..Button::new(say("work.take-it")) })
        }
    }
}

fn end_it(kind: &Kind, page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    if kind.done == Done::ByItself {
        return html! { (InsetText::new(say("work.this-is-done-by"))) };
    }
    let outcomes =
        vec![Radio::new("done", say("work.it-is-done")), Radio::new("dropped", say("work.it-need-not-be"))];
    let outcome = Radios {
        error: mistakes.beside("outcome"),
        ..Radios::new("outcome", Legend::new(say("work.what-became-of-it")), outcomes, form.text("outcome"))
    };
    let words = Textarea {
        hint: Some(Hint::new(say("work.name-nobody-whoever-looks"))),
        error: mistakes.beside("words"),
        value: form.text("words").to_owned(),
        rows: 3,
        ..Textarea::new("words", Label::new(say("work.what-was-done-or")))
    };
    html! {
        h2 .govuk-heading-m { (say("common.end-it")) }
        form method="post" action={ (page) "/ending" } novalidate {
            (outcome) (words)
            (Button { once: Some(true), ..Button::new(say("common.end-it")) })
        }
    }
}

fn hand_it(seen: &Seen, page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let to = seen.hand_to.iter().map(|(value, words)| Choice::new(value.as_str(), words));
    let choose = std::iter::once(Choice::new("", say("work.choose")));
    let to = Select {
        error: mistakes.beside("to"),
        ..Select::new("to", Label::new(say("work.to-whom")), choose.chain(to).collect(), form.text("to"))
    };
    html! {
        h2 .govuk-heading-m { (say("work.hand-it-on")) }
        form method="post" action={ (page) "/handing" } novalidate {
            (to)
            (Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new(say("work.hand-it-on")) })
        }
    }
}
