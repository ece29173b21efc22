//! What stands on printed cards, slips and class cards.

use documents::Template;
use kit::{Private, Timestamp, Zone};
use serde_json::{Value, json};
use web::page::moment;

use super::super::codes::model::picture;
use super::super::printed_code::ClassCode;
use super::SIGN_IN;
use super::actions::{Made, OnIt};
use crate::by_age::{Way, drawing};

/// Cards, slips and a class card.
pub(super) const CARDS: Template =
    Template { name: "cards", text: include_str!("../../../../../content/documents/cards.typ") };

/// What is printed beside the cards.
pub(super) struct Beside<'a> {
    /// What the class is called.
    pub class: &'a str,
    /// The class card's code, where another is made.
    pub code: Option<&'a ClassCode>,
    /// The school's name.
    pub school: &'a str,
    /// Where browsers reach the portal.
    pub url: &'a str,
    /// The school's clocks.
    pub zone: &'a Zone,
    /// When it is printed.
    pub at: Timestamp,
}

/// A square that a camera reads, as SVG.
pub(crate) fn square(text: &str) -> String {
    let drawn = picture(&Private::new(text.to_owned()));
    let (size, path) = drawn.unwrap_or_else(|| (1, String::new()));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\"><path d=\"{path}\"/></svg>"
    )
}

/// The document's data.
pub(super) fn data(made: &[Made], beside: &Beside<'_>) -> Value {
    let class = beside.code.map(|code| {
        json!({
            "drawing": square(&format!("{}{SIGN_IN}/{}", beside.url, code.reveal())),
            "address": format!("{}{SIGN_IN}", beside.url),
            "code": code.in_groups(),
        })
    });
    let title = match made {
        [] => format!("Class card for {}", beside.class),
        [one] => format!("For {}", one.line.name.reveal()),
        _ => format!("Names and passwords for {}", beside.class),
    };
    let about = match made.len() {
        0 => "A class card.".to_owned(),
        1 => "One card or slip. It is printed once: what stands on it is kept nowhere else.".to_owned(),
        many => format!(
            "{many} cards and slips. They are printed once: what stands on them is kept nowhere else."
        ),
    };
    let are_adults = made.iter().all(|one| one.line.rule.stages.is_empty());
    let teacher: &[&str] = if made.is_empty() {
        &[]
    } else if are_adults {
        &[
            "Cut them apart, give each to whom it names and to nobody else, and say at the portal that they were handed out.",
            "Put away what is not handed out. Shred this sheet's remains, and delete the file from the computer.",
            "A slip that is lost or was seen by others: say so at the portal, and print another.",
        ]
    } else {
        &[
            "Teach the rules for their age first, and say at the portal that you did.",
            "Cut them apart, give each to its child alone, and say at the portal that they were handed out.",
            "Put away what is not handed out. Shred this sheet's remains, and delete the file from the computer.",
            "A card that is lost or was seen by others: say so at the portal, and print another.",
        ]
    };
    json!({
        "title": title,
        "about": about,
        "school": beside.school,
        "printed": format!("Printed at {}", moment(beside.at, beside.zone)),
        "class": class,
        "teacher": teacher,
        "cards": made.iter().map(|one| card(one, beside)).collect::<Vec<_>>(),
    })
}

fn card(made: &Made, beside: &Beside<'_>) -> Value {
    let mut card = json!({
        "name": made.line.name.reveal(),
        "sign-in": made.sign_in.reveal(),
        "way": made.way().id(),
        "words": "",
        "where": place(made.way(), beside.url),
        "keep": keep(made.way()),
    });
    let Some(fields) = card.as_object_mut() else { return card };
    match &made.on_it {
        OnIt::Secret(secret) if made.way() == Way::Pictures => {
            let pictures =
                secret.parts().iter().map(|word| json!({ "word": word, "drawing": drawing(word) }));
            fields.insert("pictures".to_owned(), pictures.collect());
        }
        OnIt::Secret(secret) => {
            fields.insert("words".to_owned(), secret.parts().join(" ").into());
        }
        OnIt::Password(password, _) => {
            fields.insert("words".to_owned(), password.reveal().as_str().into());
        }
        OnIt::Link(token) => {
            let link = format!("{}/welcome/{}", beside.url, token.reveal());
            let until = beside.at.plus_millis(made.line.rule.slip_days.saturating_mul(86_400_000));
            fields.insert("drawing".to_owned(), square(&link).into());
            fields.insert("link".to_owned(), link.into());
            fields.insert("until".to_owned(), moment(until, beside.zone).into());
        }
    }
    card
}

/// Where one signs in by it.
fn place(way: Way, url: &str) -> String {
    match way {
        Way::Pictures | Way::Words => {
            format!(
                "On a device of your class the page is there. Else open {url}{SIGN_IN} and type the class card’s code."
            )
        }
        Way::Password => format!("Open {url} and press Sign in."),
        Way::Own => format!("After that, open {url} and press Sign in."),
    }
}

const fn keep(way: Way) -> &'static str {
    match way {
        Way::Pictures | Way::Words => "This is yours. Show it to nobody but your teacher.",
        Way::Password => "Learn it, then keep this where nobody finds it. Tell nobody but your teacher.",
        Way::Own => {
            "For you alone. Whoever has this before you can choose your password: do not leave it lying about."
        }
    }
}
