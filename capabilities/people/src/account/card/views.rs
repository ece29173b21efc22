//! What the pages of cards and slips say.

use kit::Zone;
use maud::{Markup, html};
use web::component::{BackLink, Button, Cell, Hint, InsetText, Legend, Radio, Radios, Table, WarningText};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

use super::actions::{LeftOut, Line, MOST_AT_ONCE, Plan};
use super::model::{Card, State};
use crate::by_age::ByAge;
use crate::intake::Called;

/// The classes and groups there are; `any` says whether whoever looks may handle any.
pub fn all(classes: &[Called], groups: &[Called], any: bool) -> Page {
    let title = "Cards, names and passwords";
    let list = |heading: &str, all: &[Called]| {
        html! {
            @if !all.is_empty() {
                h2 .govuk-heading-m { (heading) }
                ul .govuk-list {
                    @for one in all { li { a .govuk-link href={ "/staff/cards/" (one.of) } { (one.name) } } }
                }
            }
        }
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if any {
                p .govuk-body { a .govuk-link href="/staff/accounts/rules" { "How people of each age sign in" } }
            }
            @if classes.is_empty() && groups.is_empty() {
                @if any {
                    (InsetText::new("There is nobody on the roll yet. Import it, and its classes stand here."))
                } @else {
                    (InsetText::new("The roll names no class that you teach. Ask the school office if that is wrong."))
                }
            }
            (list(if any { "Classes" } else { "Your classes" }, classes))
            (list("Groups", groups))
        },
    )
}

/// One class or group: who has what.
pub fn one(plan: &Plan, may_issue: bool, zone: &Zone, mistakes: &Mistakes) -> Page {
    let title = format!("Cards, names and passwords of {}", plan.name);
    let to = |rest: &str| format!("/staff/cards/{}/{rest}", plan.of);
    let without = plan.lines.iter().filter(|line| line.left_out.is_none() && !line.has()).count();
    let printed = plan.lines.iter().filter(|line| is_in(line, State::Issued)).count();
    let untaught = plan.lines.iter().filter(|line| !line.taught).count();
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @if plan.lines.is_empty() {
            (InsetText::new("The roll has no pupil in it."))
        } @else {
            @if plan.no_strange_devices {
                (WarningText::new(
                    "Cards of this class were tried too often on devices that it never used. Only devices that it has used take them now. Print a \
                     new class card to begin on others."
                ))
            }
            @if untaught > 0 {
                p .govuk-body {
                    (counted(untaught, "pupil was", "pupils were")) " not taught the rules for their age yet. "
                    a .govuk-link href={ "/staff/taught/" (plan.of) } { "Say that they were" }
                }
            }
            @if may_issue {
                p .govuk-body {
                    @if without > 0 { (counted(without, "pupil has", "pupils have")) " nothing to sign in by. " }
                    a .govuk-link href=(to("issue")) { "Make and print cards and slips" }
                }
            }
            @if printed > 0 {
                form method="post" action=(to("handing-out")) novalidate {
                    (Button { once: Some(true), ..Button::new(format!(
                        "I have handed out the {}", counted(printed, "one that was printed", "that were printed")
                    )) })
                }
            }
            div .fivebar-scroll tabindex="0" role="region" aria-label="Who has what" {
                (Table {
                    caption: Some("Who has what".to_owned()),
                    caption_classes: "govuk-visually-hidden".into(),
                    head: ["Name", "Signs in as", "What they have", "What to do"].map(Cell::new).to_vec(),
                    first_cell_is_header: true,
                    rows: plan.lines.iter().map(|line| row(plan, line, zone)).collect(),
                    ..Table::default()
                })
            }
            p .govuk-body { a .govuk-link href=(to("elsewhere")) { "Words for passwords in other systems" } }
            h2 .govuk-heading-m { "Class card" }
            p .govuk-body {
                @match plan.class_card {
                    Some(at) => {
                        "Devices show the names of this class to whoever has its class card. The one that holds was made at " (moment(at, zone))
                        ". Another ends it, and each device must be shown the new one."
                    }
                    None => "There is none. With it, a device shows the names of the class, so that children find their own.",
                }
            }
            form method="post" action=(to("class-card")) novalidate {
                (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new("Print a new class card") })
            }
        }
    };
    Page::new(title.clone(), content).before(BackLink::new("/staff/cards")).problems(mistakes.summary())
}

fn is_in(line: &Line, state: State) -> bool {
    line.card.as_ref().is_some_and(|card| card.state == state)
}

fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

fn row(plan: &Plan, line: &Line, zone: &Zone) -> Vec<Cell> {
    let sign_in = line.account.as_ref().map(|account| account.name.reveal().to_owned());
    let sign_in = match (&sign_in, &line.sign_in) {
        (Some(name), _) => html! { (name) },
        (None, Some(name)) => html! { (name.reveal()) ", once it is made" },
        (None, None) => html! {},
    };
    let has = match line.left_out {
        Some(LeftOut::HasDuty) => html! { "They have a duty: invite them to choose a password" },
        Some(LeftOut::HasProof) => html! { "They sign in by an app or a passkey of their own" },
        Some(LeftOut::NoName) => html! { "No name can be made for them: invite them by one" },
        None => html! {
            @match &line.card {
                Some(card) => (what(line, card, zone)),
                None => { "Nothing yet. " (line.rule.way.in_words(line.rule.length)) },
            }
        },
    };
    vec![Cell::new(line.name.reveal()), Cell::new(sign_in), Cell::new(has), Cell::new(buttons(plan, line))]
}

fn what(line: &Line, card: &Card, zone: &Zone) -> Markup {
    let bounds = ByAge::built_in().bounds();
    html! {
        (card.way.in_words(card.length)) ". " (card.state.in_words()) ", " (moment(card.said.1, zone)) "."
        @if card.state.holds() && (card.way != line.rule.way || card.length < line.rule.length) {
            " The rule for their age says: " (line.rule.way.in_words(line.rule.length)) "."
        }
        @if card.state.holds() && card.strange >= bounds.on_strange_devices {
            " " strong { "Tried too often elsewhere: only devices of the class take it." }
        } @else if card.state.holds() && card.strange > 2 {
            " Tried in vain " (card.strange) " times elsewhere."
        }
    }
}

fn buttons(plan: &Plan, line: &Line) -> Markup {
    if line.left_out.is_some() {
        return html! {};
    }
    let to = |rest: &str| format!("/staff/cards/{}/{}/{rest}", plan.of, line.person.0);
    let hidden = html! { span .govuk-visually-hidden { " of " (line.name.reveal()) } };
    let held = line.card.as_ref().filter(|card| card.state.holds());
    let places = [
        (State::Handed, "Handed out"),
        (State::TakenBack, "Taken back"),
        (State::Lost, "Lost, or seen by others"),
    ];
    html! {
        @if let Some(card) = held {
            form method="post" action=(to("place")) novalidate {
                @for (state, words) in places {
                    @if state != card.state {
                        button .fivebar-plain.fivebar-choice type="submit" name="place" value=(state.id()) { (words) (hidden) }
                    }
                }
            }
            @if card.way.is_card() {
                form method="post" action=(to("tries")) novalidate {
                    button .fivebar-plain.fivebar-choice type="submit" { "Let it be tried again" (hidden) }
                }
            }
        }
        form method="post" action=(to("card")) novalidate {
            button .fivebar-plain.fivebar-choice type="submit" {
                @if held.is_some() { "Print another, which ends this one" } @else { "Print one" } (hidden)
            }
        }
    }
}

/// What will be made, before it is.
pub fn issue(plan: &Plan, form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = format!("Make cards and slips for {}", plan.name);
    let theirs = plan.lines.iter().filter(|line| line.left_out.is_none());
    let without = theirs.clone().filter(|line| !line.has()).count();
    let all = theirs.clone().count();
    let of = |count: usize| {
        if count > MOST_AT_ONCE {
            format!(": the first {MOST_AT_ONCE} of {count}")
        } else {
            format!(": {count}")
        }
    };
    let answers = vec![
        Radio::new("without", format!("Those who have nothing to sign in by{}", of(without))),
        Radio {
            hint: Some(Hint::new("What they have ends, and they are signed out")),
            ..Radio::new("everybody", format!("Everybody{}", of(all)))
        },
    ];
    let chosen = if form.text("whom").is_empty() && without > 0 { "without" } else { form.text("whom") };
    let whom = Radios {
        error: mistakes.beside("whom"),
        ..Radios::new("whom", Legend::new("For whom?"), answers, chosen)
    };
    let class_cards = vec![
        Radio::new("no", "Keep the one there is"),
        Radio {
            hint: Some(Hint::new("Each device must be shown the new one")),
            ..Radio::new("yes", "Make a new one, which ends it")
        },
    ];
    let rows = theirs.map(|line| {
        vec![
            Cell::new(line.name.reveal()),
            Cell::new(line.sign_in.as_ref().map_or("", |name| name.reveal())),
            Cell::new(line.rule.way.in_words(line.rule.length)),
            Cell::new(if line.has() { "Has one" } else { "Has nothing" }),
        ]
    });
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            "The document comes once, for a printer: what stands on a card or slip is kept nowhere in plain. If printing fails, make them again."
        }
        form method="post" action={ "/staff/cards/" (plan.of) "/issue" } novalidate {
            (whom)
            @if plan.class_card.is_some() {
                (Radios::new("class-card", Legend::new("Class card"), class_cards, if form.text("class-card") == "yes" { "yes" } else { "no" }))
            }
            (Button::new("Make them, and get the document"))
        }
        p .govuk-body { a .govuk-link href={ "/staff/cards/" (plan.of) } { "When you have it: who has what" } }
        h2 .govuk-heading-m { "What each gets" }
        div .fivebar-scroll tabindex="0" role="region" aria-label="What each gets" {
            (Table {
                caption: Some("What each gets".to_owned()),
                caption_classes: "govuk-visually-hidden".into(),
                head: ["Name", "Signs in as", "Gets", "Until now"].map(Cell::new).to_vec(),
                first_cell_is_header: true,
                rows: rows.collect(),
                ..Table::default()
            })
        }
    };
    Page::new(title.clone(), content)
        .before(BackLink::new(format!("/staff/cards/{}", plan.of)))
        .problems(mistakes.summary())
}
