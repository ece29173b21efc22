//! What the page of what a class was taught says.

use jiff::civil::Date;
use maud::html;
use web::component::{BackLink, Button, Hint, Input, InsetText, Label};
use web::speech::say;
use web::{Mistakes, Page, Submitted, filled, marked};

use super::actions::Pupil;
use crate::by_age::ByAge;
use crate::intake::ClassOrGroup;
use crate::roster::written_by_hand;

/// The pupils of a class, to tick who was taught.
pub fn class(
    of: &ClassOrGroup,
    name: &str,
    pupils: &[Pupil],
    today: Date,
    form: Option<&Submitted>,
    mistakes: &Mistakes,
) -> Page {
    let title = filled!("taught.what-was-taught-before", name);
    let mut rules: Vec<&str> = pupils.iter().map(|pupil| pupil.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    let ticked = |pupil: &Pupil| match form {
        Some(form) => form.text(&field(pupil)) == "yes",
        None => pupil.taught_on.is_none(),
    };
    let on = Input {
        error: mistakes.beside("on"),
        value: Some(form.map_or_else(|| written_by_hand(today), |form| form.line("on"))),
        hint: Some(Hint::new(say("taught.as-in-a-day"))),
        classes: "govuk-input--width-10".into(),
        ..Input::new("on", Label::new(say("taught.on-which-day")))
    };
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @if pupils.is_empty() {
            (InsetText::new(say("taught.the-roll-has-no")))
        } @else {
            p .govuk-body { (say("taught.go-through-these-with")) }
            @for rule in rules {
                @if let Some(taught) = ByAge::built_in().taught(rule) {
                    ul .govuk-list.govuk-list--bullet { @for line in &taught.lines { li { (line) } } }
                    p .govuk-hint { (marked!("taught.version", version = taught.version)) }
                }
            }
            form method="post" action={ "/staff/taught/" (of) } novalidate {
                (on)
                div .govuk-form-group.govuk-form-group--error[mistakes.beside("pupils").is_some()] #pupils tabindex="-1" {
                    fieldset .govuk-fieldset {
                        legend .govuk-fieldset__legend.govuk-fieldset__legend--m { (say("taught.who-was-there")) }
                        @if let Some(error) = mistakes.beside("pupils") { (error) }
                        div .govuk-checkboxes.govuk-checkboxes--small {
                            @for pupil in pupils {
                                div .govuk-checkboxes__item {
                                    input .govuk-checkboxes__input type="checkbox" id=(field(pupil)) name=(field(pupil)) value="yes"
                                        checked[ticked(pupil)];
                                    label .govuk-label.govuk-checkboxes__label for=(field(pupil)) {
                                        (pupil.name.reveal())
                                        @if let Some(on) = &pupil.taught_on { (marked!("taught.taught-on", on)) }
                                    }
                                }
                            }
                        }
                    }
                }
                (Button { once: Some(true), ..Button::new(say("taught.they-were-taught-this")) })
            }
        }
    };
    Page::new(title.clone(), content)
        .before(BackLink::new(format!("/staff/cards/{of}")))
        .problems(mistakes.summary())
}

fn field(pupil: &Pupil) -> String {
    format!("pupil-{}", pupil.person.0)
}
