//! What the pages of cards and slips say.

use kit::Zone;
use maud::{Markup, html};
use web::component::{BackLink, Button, Cell, Hint, InsetText, Legend, Radio, Radios, Table, WarningText};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, Submitted, counted, filled, marked};

use super::actions::{LeftOut, Line, MOST_AT_ONCE, Plan};
use super::model::{Card, State};
use crate::by_age::ByAge;
use crate::intake::Called;

/// The classes and groups there are; `any` says whether whoever looks may handle any.
pub fn all(classes: &[Called], groups: &[Called], any: bool) -> Page {
    let title = &say("card.cards-names-and-passwords");
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
                p .govuk-body { a .govuk-link href="/staff/accounts/rules" { (say("card.how-people-of-each")) } }
            }
            @if classes.is_empty() && groups.is_empty() {
                @if any {
                    (InsetText::new(say("card.there-is-nobody-on")))
                } @else {
                    (InsetText::new(say("card.the-roll-names-no")))
                }
            }
            (list(&say(if any { "common.classes" } else { "card.your-classes" }), classes))
            (list(&say("common.groups"), groups))
        },
    )
}

/// One class or group: who has what.
pub fn one(plan: &Plan, may_issue: bool, zone: &Zone, mistakes: &Mistakes) -> Page {
    let title = filled!("card.cards-names-and-passwords-of", name = plan.name);
    let to = |rest: &str| format!("/staff/cards/{}/{rest}", plan.of);
    let without = plan.lines.iter().filter(|line| line.left_out.is_none() && !line.has()).count();
    let are_adults = plan.lines.iter().all(|line| line.rule.stages.is_empty());
    let printed = plan.lines.iter().filter(|line| is_in(line, State::Issued)).count();
    let untaught = plan.lines.iter().filter(|line| !line.taught).count();
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @if plan.lines.is_empty() {
            (InsetText::new(say("card.the-roll-has-no")))
        } @else {
            @if plan.no_strange_devices {
                (WarningText::new(
                    say("card.cards-of-this-class")
                ))
            }
            @if untaught > 0 {
                p .govuk-body {
                    (counted!("card.untaught-count", untaught)) " "
                    a .govuk-link href={ "/staff/taught/" (plan.of) } { (say("card.say-that-they-were")) }
                }
            }
            @if may_issue {
                p .govuk-body {
                    @if without > 0 && are_adults { (counted!("card.adults-without-count", without)) " " }
                    @else if without > 0 { (counted!("card.without-count", without)) " " }
                    a .govuk-link href=(to("issue")) { (say("card.make-and-print-cards")) }
                }
            }
            @if printed > 0 {
                form method="post" action=(to("handing-out")) novalidate {
                    (Button { once: Some(true), ..Button::new(counted!("card.handed-count", printed)) })
                }
            }
            div .fivebar-scroll.fivebar-act tabindex="0" role="region" aria-label=(say("card.who-has-what")) {
                (Table {
                    caption: Some(say("card.who-has-what")),
                    caption_classes: "govuk-visually-hidden".into(),
                    head: [say("common.name"), say("card.signs-in-as"), say("card.what-they-have"), say("card.what-to-do")].map(Cell::new).to_vec(),
                    first_cell_is_header: true,
                    rows: plan.lines.iter().map(|line| row(plan, line, zone)).collect(),
                    ..Table::default()
                })
            }
            p .govuk-body { a .govuk-link href=(to("elsewhere")) { (say("card.words-for-passwords-in")) } }
            h2 .govuk-heading-m { (say("card.class-card")) }
            p .govuk-body {
                @match plan.class_card {
                    Some(at) => {
                        (marked!("card.devices-show-the-names", when = moment(at, zone)))
                    }
                    None => (say("card.there-is-none-with")),
                }
            }
            form method="post" action=(to("class-card")) novalidate {
                (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new(say("card.print-a-new-class")) })
            }
        }
    };
    Page::new(title.clone(), content).before(BackLink::new("/staff/cards")).problems(mistakes.summary())
}

fn is_in(line: &Line, state: State) -> bool {
    line.card.as_ref().is_some_and(|card| card.state == state)
}

fn row(plan: &Plan, line: &Line, zone: &Zone) -> Vec<Cell> {
    let sign_in = line.account.as_ref().map(|account| account.name.reveal().to_owned());
    let sign_in = match (&sign_in, &line.sign_in) {
        (Some(name), _) => html! { (name) },
        (None, Some(name)) => html! { (marked!("card.once-it-is-made", name = name.reveal())) },
        (None, None) => html! {},
    };
    let has = match line.left_out {
        Some(LeftOut::HasDuty) => html! { (say("card.they-have-a-duty")) },
        Some(LeftOut::HasProof) => html! { (say("card.they-sign-in-by")) },
        Some(LeftOut::NoName) => html! { (say("card.no-name-can-be")) },
        None => html! {
            @match &line.card {
                Some(card) => (what(line, card, zone)),
                None => { (marked!("card.nothing-yet", length = line.rule.way.in_words(line.rule.length))) },
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
            " " (marked!("card.the-rule-for-their", length = line.rule.way.in_words(line.rule.length)))
        }
        @if card.state.holds() && card.strange >= bounds.on_strange_devices {
            " " strong { (say("card.tried-too-often-elsewhere")) }
        } @else if card.state.holds() && card.strange > 2 {
            " " (counted!("card.in-vain-count", card.strange))
        }
    }
}

fn buttons(plan: &Plan, line: &Line) -> Markup {
    if line.left_out.is_some() {
        return html! {};
    }
    let to = |rest: &str| format!("/staff/cards/{}/{}/{rest}", plan.of, line.person.0);
    let hidden =
        html! { span .govuk-visually-hidden { " " (marked!("card.of", name = line.name.reveal())) } };
    let held = line.card.as_ref().filter(|card| card.state.holds());
    let places = [
        (State::Handed, say("card.handed-out")),
        (State::TakenBack, say("card.taken-back")),
        (State::Lost, say("card.lost-or-seen-by")),
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
                    button .fivebar-plain.fivebar-choice type="submit" { (marked!("card.let-it-be-tried", hidden)) }
                }
            }
        }
        form method="post" action=(to("card")) novalidate {
            button .fivebar-plain.fivebar-choice type="submit" {
                @if held.is_some() { (say("card.print-another-which-ends")) } @else { (say("card.print-one")) } (hidden)
            }
        }
    }
}

/// What will be made, before it is.
pub fn issue(plan: &Plan, form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = filled!("card.make-cards-and-slips", name = plan.name);
    let theirs = plan.lines.iter().filter(|line| line.left_out.is_none());
    let without = theirs.clone().filter(|line| !line.has()).count();
    let all = theirs.clone().count();
    let of = |count: usize| {
        if count > MOST_AT_ONCE {
            filled!("card.the-first-of", rest = MOST_AT_ONCE, count)
        } else {
            format!(": {count}")
        }
    };
    let answers = vec![
        Radio::new("without", filled!("card.those-who-have-nothing", without = of(without))),
        Radio {
            hint: Some(Hint::new(say("card.what-they-have-ends"))),
            ..Radio::new("everybody", filled!("card.everybody", all = of(all)))
        },
    ];
    let chosen = if form.text("whom").is_empty() && without > 0 { "without" } else { form.text("whom") };
    let whom = Radios {
        error: mistakes.beside("whom"),
        ..Radios::new("whom", Legend::new(say("common.for-whom")), answers, chosen)
    };
    let class_cards = vec![
        Radio::new("no", say("card.keep-the-one-there")),
        Radio {
            hint: Some(Hint::new(say("card.each-device-must-be"))),
            ..Radio::new("yes", say("card.make-a-new-one"))
        },
    ];
    let rows = theirs.map(|line| {
        vec![
            Cell::new(line.name.reveal()),
            Cell::new(line.sign_in.as_ref().map_or("", |name| name.reveal())),
            Cell::new(line.rule.way.in_words(line.rule.length)),
            Cell::new(if line.has() { say("card.has-one") } else { say("card.has-nothing") }),
        ]
    });
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            (say("card.the-document-comes-once"))
        }
        form method="post" action={ "/staff/cards/" (plan.of) "/issue" } novalidate {
            (whom)
            @if plan.class_card.is_some() {
                (Radios::new("class-card", Legend::new(say("card.class-card")), class_cards, if form.text("class-card") == "yes" { "yes" } else { "no" }))
            }
            (Button::new(say("card.make-them-and-get")))
        }
        p .govuk-body { a .govuk-link href={ "/staff/cards/" (plan.of) } { (say("card.when-you-have-it")) } }
        h2 .govuk-heading-m { (say("card.what-each-gets")) }
        div .fivebar-scroll tabindex="0" role="region" aria-label=(say("card.what-each-gets")) {
            (Table {
                caption: Some(say("card.what-each-gets")),
                caption_classes: "govuk-visually-hidden".into(),
                head: [say("common.name"), say("card.signs-in-as"), say("card.gets"), say("card.until-now")].map(Cell::new).to_vec(),
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
