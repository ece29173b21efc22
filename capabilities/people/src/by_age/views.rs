//! What the page of the rules by age says.

use maud::{Markup, html};
use web::component::{
    BackLink, Button, Hint, Input, InsetText, Label, Legend, Radio, Radios, SummaryList, SummaryRow,
};
use web::{Mistakes, Page, Submitted};

use super::content::{Rule, Way};
use super::rules::Rules;

/// The rules, and a form for each that can be chosen otherwise.
pub fn rules(rules: &Rules, may_set: bool) -> Page {
    let title = "How people of each age sign in";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (InsetText::new(
                "What is changed here holds for what is made from then on. What somebody has already holds until it is made anew, and the pages of \
                 classes say where it is weaker than its rule."
            ))
            @for rule in rules.all() { (one(rule, may_set)) }
        },
    )
    .before(BackLink::new("/staff/cards"))
}

fn one(rule: &Rule, may_set: bool) -> Markup {
    let mut rows = vec![
        SummaryRow::new("They get", rule.way.in_words(rule.length)),
        SummaryRow::new("Who may see it, and make another", &rule.seen_by),
        SummaryRow::new(
            "Made anew",
            match rule.renewed.as_deref() {
                Some("term") => "Each term",
                Some(_) => "Each school year",
                None => "Only where somebody else may know it",
            },
        ),
    ];
    if rule.way == Way::Own {
        let days = if rule.slip_days == 1 { "A day".to_owned() } else { format!("{} days", rule.slip_days) };
        rows.push(SummaryRow::new("A slip holds for", days));
    }
    html! {
        h2 .govuk-heading-m { (rule.name) }
        (SummaryList::new(rows))
        @if may_set {
            p .govuk-body {
                a .govuk-link href={ "/staff/accounts/rules/" (rule.id) } {
                    "Change" span .govuk-visually-hidden { " this for " (rule.name) }
                }
            }
        }
    }
}

/// The form for one of them.
pub fn set(rule: &Rule, form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = format!("{}: how they sign in", rule.name);
    let least = |way: Way| rule.ways.iter().find(|choice| choice.way == way).map_or(0, |choice| choice.least);
    let what = |way: Way| match way {
        Way::Pictures => "Cards with pictures",
        Way::Words => "Cards with short words",
        Way::Password => "Slips with a password that is made for them",
        Way::Own => "Slips with a link, to choose a password themselves",
    };
    let answers = rule.ways.iter().map(|choice| Radio {
        hint: Some(Hint::new(format!("From {} to {}", least(choice.way), choice.way.most()))),
        ..Radio::new(choice.way.id(), what(choice.way))
    });
    let chosen = if form.text("way").is_empty() { rule.way.id() } else { form.text("way") };
    let way = Radios {
        error: mistakes.beside("way"),
        ..Radios::new("way", Legend::new("What do they get?"), answers.collect(), chosen)
    };
    let length = if form.text("length").is_empty() { rule.length.to_string() } else { form.line("length") };
    let length = Input {
        error: mistakes.beside("length"),
        value: Some(length),
        hint: Some(Hint::new("Of pictures or words; of characters, where they choose a password themselves")),
        classes: "govuk-input--width-2".into(),
        inputmode: Some("numeric".to_owned()),
        ..Input::new("length", Label::new("How many?"))
    };
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            form method="post" action={ "/staff/accounts/rules/" (rule.id) } novalidate {
                (way) (length)
                (Button { once: Some(true), ..Button::new("Keep this") })
            }
        },
    )
    .before(BackLink::new("/staff/accounts/rules"))
    .problems(mistakes.summary())
}
