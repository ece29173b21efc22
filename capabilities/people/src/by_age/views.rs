//! What the page of the rules by age says.

use maud::{Markup, html};
use web::component::{
    BackLink, Button, Hint, Input, InsetText, Label, Legend, Radio, Radios, SummaryList, SummaryRow,
};
use web::speech::say;
use web::{Mistakes, Page, Submitted, counted, filled, marked};

use super::content::{Rule, Way};
use super::rules::Rules;

/// The rules, and a form for each that can be chosen otherwise.
pub fn rules(rules: &Rules, may_set: bool) -> Page {
    let title = &say("by-age.how-people-of-each");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (InsetText::new(
                say("by-age.what-is-changed-here")
            ))
            @for rule in rules.all() { (one(rule, may_set)) }
        },
    )
    .before(BackLink::new("/staff/cards"))
}

fn one(rule: &Rule, may_set: bool) -> Markup {
    let mut rows = vec![
        SummaryRow::new(say("by-age.they-get"), rule.way.in_words(rule.length)),
        SummaryRow::new(say("by-age.who-may-see-it"), &rule.seen_by),
        SummaryRow::new(
            say("by-age.made-anew"),
            match rule.renewed.as_deref() {
                Some("term") => say("by-age.each-term"),
                Some(_) => say("by-age.each-school-year"),
                None => say("by-age.only-where-somebody-else"),
            },
        ),
    ];
    if rule.way == Way::Own {
        let days = counted!("by-age.days-count", rule.slip_days);
        rows.push(SummaryRow::new(say("by-age.a-slip-holds-for"), days));
    }
    html! {
        h2 .govuk-heading-m { (rule.name) }
        (SummaryList::new(rows))
        @if may_set {
            p .govuk-body {
                a .govuk-link href={ "/staff/accounts/rules/" (rule.id) } {
                    (marked!("by-age.change", hidden = html! { span .govuk-visually-hidden { " " (marked!("by-age.this-for", name = rule.name)) } }))
                }
            }
        }
    }
}

/// The form for one of them.
pub fn set(rule: &Rule, form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = filled!("by-age.how-they-sign-in", name = rule.name);
    let least = |way: Way| rule.ways.iter().find(|choice| choice.way == way).map_or(0, |choice| choice.least);
    let what = |way: Way| match way {
        Way::Pictures => say("by-age.cards-with-pictures"),
        Way::Words => say("by-age.cards-with-short-words"),
        Way::Password => say("by-age.slips-with-a-password"),
        Way::Own => say("by-age.slips-with-a-link"),
    };
    let answers = rule.ways.iter().map(|choice| Radio {
        hint: Some(Hint::new(filled!("by-age.from-to", way = least(choice.way), most = choice.way.most()))),
        ..Radio::new(choice.way.id(), what(choice.way))
    });
    let chosen = if form.text("way").is_empty() { rule.way.id() } else { form.text("way") };
    let way = Radios {
        error: mistakes.beside("way"),
        ..Radios::new("way", Legend::new(say("by-age.what-do-they-get")), answers.collect(), chosen)
    };
    let length = if form.text("length").is_empty() { rule.length.to_string() } else { form.line("length") };
    let length = Input {
        error: mistakes.beside("length"),
        value: Some(length),
        hint: Some(Hint::new(say("by-age.of-pictures-or-words"))),
        classes: "govuk-input--width-2".into(),
        inputmode: Some("numeric".to_owned()),
        ..Input::new("length", Label::new(say("by-age.how-many")))
    };
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            form method="post" action={ "/staff/accounts/rules/" (rule.id) } novalidate {
                (way) (length)
                (Button { once: Some(true), ..Button::new(say("by-age.keep-this")) })
            }
        },
    )
    .before(BackLink::new("/staff/accounts/rules"))
    .problems(mistakes.summary())
}
