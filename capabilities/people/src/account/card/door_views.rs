//! What the pages say on which the youngest sign in: few words, large targets, a picture for each thing.

use std::collections::BTreeMap;

use kit::Private;
use maud::{Markup, PreEscaped, html};
use web::component::{BackLink, Button, Hint, Input, Label};
use web::speech::say;
use web::{Mistakes, Page, filled};

use super::SIGN_IN;
use super::model::CardId;
use crate::by_age::{ByAge, Taught, drawing};
use crate::store::Known;

/// Said where the pictures or words are not those of the card.
pub const NOT_RIGHT: &str = "card.not-right";
/// Said where this device has had all its tries of the card.
pub const NOT_HERE_TODAY: &str = "card.not-here-today";
/// Said where a card was tried in vain too often today.
pub const NOT_TODAY: &str = "card.not-today";
/// Said where a strange device takes no card of the child or the class.
pub const NOT_HERE: &str = "card.not-here";

/// A child who has a card, as their class calls them.
#[derive(Debug, Clone)]
pub struct Child {
    /// Their card.
    pub card: CardId,
    /// What they are called.
    pub name: Private<String>,
}

/// What each is called among the others: by the first name, with as much besides as tells two apart.
pub(super) fn called(all: &[&Known]) -> Vec<String> {
    let first = |one: &Known| {
        let given = one.facts.given.clone();
        given.unwrap_or_else(|| one.facts.name.split_whitespace().next().unwrap_or("").to_owned())
    };
    let with_letter = |one: &Known| {
        let family =
            one.facts.family.as_deref().or(one.facts.name.split_whitespace().next_back()).unwrap_or("");
        let letter: String = family.chars().take(1).collect();
        format!("{} {letter}", first(one))
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for one in all {
        *counts.entry(first(one)).or_default() += 1;
        *counts.entry(with_letter(one)).or_default() += 1;
    }
    let alone = |name: &String| counts.get(name).is_none_or(|count| *count < 2);
    let call = |one: &&Known| {
        Some(first(one))
            .filter(&alone)
            .or_else(|| Some(with_letter(one)).filter(&alone))
            .unwrap_or_else(|| one.facts.name.clone())
    };
    all.iter().map(call).collect()
}

/// The field for the code of a class card.
pub fn code(mistakes: &Mistakes) -> Page {
    let title = &say("card.sign-in-with-a");
    let code = Input {
        error: mistakes.beside("code"),
        hint: Some(Hint::new(say("card.ten-letters-on-the"))),
        classes: "govuk-input--width-10".into(),
        autocomplete: Some("off".to_owned()),
        autocapitalize: Some("characters".to_owned()),
        spellcheck: Some(false),
        ..Input::new("code", Label::new(say("card.code-of-the-class")))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            form method="post" action=(SIGN_IN) novalidate {
                (code)
                (Button { once: Some(true), ..Button::new(say("common.continue")) })
            }
            p .govuk-body { a .govuk-link href="/sign-in" { (say("card.sign-in-with-a-name")) } }
        },
    )
    .problems(mistakes.summary())
}

/// Asks before a device that shows one class shows another: whoever sent it here may not be who holds it.
pub fn another_class(code: &str) -> Page {
    let title = &say("card-class.show-another-class");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-xl { (title) }
            p .govuk-body-l { (say("card-class.this-device-shows-a")) }
            form method="post" action=(SIGN_IN) novalidate {
                input type="hidden" name="code" value=(code);
                (Button { once: Some(true), ..Button::new(say("card-class.show-the-other-class")) })
            }
            p .govuk-body { a .govuk-link href=(SIGN_IN) { (say("card-class.stay-with-our-class")) } }
        },
    )
}

/// The names of a class.
pub fn names(children: &[Child]) -> Page {
    let title = &say("card.who-are-you");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-xl { (title) }
            @if children.is_empty() {
                p .govuk-body { (say("card.nobody-of-this-class")) }
            }
            ul .fivebar-tiles {
                @for child in children {
                    li { a .fivebar-tile href={ (SIGN_IN) "/of/" (child.card) } { (child.name.reveal()) } }
                }
            }
            form method="post" action="/sign-in/card/forget" novalidate {
                p .govuk-body { button .fivebar-plain type="submit" { (say("card.this-is-not-my")) } }
            }
        },
    )
}

fn said(told: Option<&'static str>) -> Markup {
    html! { @if let Some(told) = told { p .fivebar-said role="alert" { (say(told)) } } }
}

/// The pictures to press, one after another. What was pressed is shown as dots: somebody may look over a shoulder.
pub fn pictures(child: &Child, (so_far, length): (&str, usize), told: Option<&'static str>) -> Page {
    let pressed = so_far.split_whitespace().count();
    let title = filled!("card.press-picture-of", name = child.name.reveal(), pressed = pressed + 1, length);
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            (said(told))
            p .fivebar-dots aria-hidden="true" {
                @for place in 0..length { @if place < pressed { "●" } @else { "○" } }
            }
            form method="post" action={ (SIGN_IN) "/of/" (child.card) } novalidate {
                input type="hidden" name="so-far" value=(so_far);
                ul .fivebar-tiles.fivebar-pictures {
                    @for picture in ByAge::built_in().pictures() {
                        li {
                            button .fivebar-tile type="submit" name="pick" value=(picture) {
                                span aria-hidden="true" { (PreEscaped(drawing(picture).unwrap_or(""))) }
                                (picture)
                            }
                        }
                    }
                }
            }
            @if pressed > 0 {
                p .govuk-body { a .govuk-link href={ (SIGN_IN) "/of/" (child.card) } { (say("card.start-again")) } }
            }
        },
    )
    .before(BackLink::new(SIGN_IN))
}

/// The field for the words.
pub fn words(child: &Child, length: usize, told: Option<&'static str>) -> Page {
    let title = filled!("card.type-your-words", name = child.name.reveal());
    let words = Input {
        hint: Some(Hint::new(filled!("card.words-with-a-space", length))),
        autocomplete: Some("off".to_owned()),
        autocapitalize: Some("none".to_owned()),
        spellcheck: Some(false),
        ..Input::new("words", Label::new(say("card.words-of-your-card")))
    };
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            (said(told))
            form method="post" action={ (SIGN_IN) "/of/" (child.card) } novalidate {
                (words)
                (Button { once: Some(true), ..Button::new(say("common.sign-in")) })
            }
        },
    )
    .before(BackLink::new(SIGN_IN))
}

/// Where whoever signed in by a card begins: that it is them, what they were taught, and the way out.
pub(super) fn hello(known: &Known, taught: Option<&Taught>) -> Page {
    let name = called(&[known]).into_iter().next().unwrap_or_default();
    hello_to(&name, taught)
}

/// The same for whoever is called so.
pub fn hello_to(name: &str, taught: Option<&Taught>) -> Page {
    let title = filled!("card.hello", name);
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-xl { (title) }
            p .govuk-body-l { (say("card.you-are-signed-in")) }
            form method="post" action="/sign-out" novalidate {
                (Button { once: Some(true), ..Button::new(say("card.i-am-finished")) })
            }
            p .govuk-body { a .govuk-link href="/help" { (say("card.get-help")) } }
            @if let Some(taught) = taught {
                h2 .govuk-heading-m { (say("card.what-we-do")) }
                ul .govuk-list.govuk-list--bullet { @for line in &taught.lines { li { (line) } } }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use engine::PersonNo;

    use super::*;
    use crate::intake::Facts;

    #[test]
    fn two_of_one_name_are_told_apart_with_as_little_as_it_needs() {
        let known = |name: &str| Known {
            number: PersonNo(1),
            key: String::new(),
            facts: Facts { name: name.to_owned(), ..Facts::default() },
        };
        let all = ["Ada Example", "Bo Example", "Bo Other", "Cy Example", "Cy Extra"].map(known);
        let names = called(&all.iter().collect::<Vec<_>>());
        assert_eq!(names, ["Ada", "Bo E", "Bo O", "Cy Example", "Cy Extra"]);
    }
}
