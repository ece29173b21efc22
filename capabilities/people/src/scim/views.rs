//! What the page about systems says that keep people over SCIM.

use kit::Zone;
use maud::{Markup, html};
use web::component::{BackLink, Button, Cell, Hint, Input, InsetText, Label, WarningText};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

use super::model::Client;
use crate::account::Token;
use crate::intake::over_scim;
use crate::intake::views::table;

fn name(client: &Client) -> &str {
    client.source.strip_prefix(over_scim()).unwrap_or(&client.source)
}

/// Which systems there are, and, just made, the token of one.
pub fn page(
    clients: &[Client],
    made: Option<(&Client, &Token)>,
    address: &str,
    form: &Submitted,
    mistakes: &Mistakes,
    zone: &Zone,
) -> Page {
    let title = "Systems that keep people over SCIM";
    let mut called = Input::new("name", Label::new("What do you call the system?"));
    called.hint = Some(Hint::new(
        "Small letters, digits and -, as in entra. The same name again goes on with what it kept before",
    ));
    called.error = mistakes.beside("name");
    called.value = Some(form.line("name")).filter(|text| !text.is_empty());
    called.classes = "govuk-input--width-20".into();
    let rows = clients.iter().map(|client| {
        let used = client.used_at.map_or_else(|| "Never".to_owned(), |at| moment(at, zone));
        vec![
            Cell::new(name(client)),
            Cell::new(moment(client.made.1, zone)),
            Cell::new(used),
            Cell::new(ending(client, zone)),
        ]
    });
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @if let Some((client, token)) = made { (fresh(client, token, address)) }
        p .govuk-body {
            "A directory such as Microsoft Entra or Okta tells by itself who comes and leaves. What it tells is held against what it told before, \
             as an import is: it stands under the imports, and can be undone. Where many would leave, somebody must agree first."
        }
        p .govuk-body {
            "It sees nothing of the roll but what it told itself. Send people and classes alone: a group with a pupil in it is taken for a class. \
             Addresses, telephone numbers and passwords are not kept."
        }
        h2 .govuk-heading-m { "Let a system in" }
        form method="post" action="/staff/roll/scim" novalidate { (called) (Button::new("Make a token")) }
        h2 .govuk-heading-m { "Systems" }
        @if clients.is_empty() { (InsetText::new("There is none.")) } @else {
            div .fivebar-scroll tabindex="0" role="region" aria-label="Systems, newest first" {
                (table("Systems, newest first", &["System", "Let in", "Last heard of", "Where it stands"], rows.collect()))
            }
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/roll")).problems(mistakes.summary())
}

fn fresh(client: &Client, token: &Token, address: &str) -> Markup {
    html! {
        (WarningText::new("Copy the token now: it is shown this once, and whoever has it can write people of the roll."))
        p .govuk-body { "For the system " (name(client)) ":" }
        p .govuk-body { "Address" br; code .fivebar-host { (address) } }
        p .govuk-body { "Token" br; code .fivebar-host { (token.reveal()) } }
    }
}

fn ending(client: &Client, zone: &Zone) -> Markup {
    html! {
        @match client.ended_at {
            Some(at) => { "Ended at " (moment(at, zone)) }
            None => form method="post" action={ "/staff/roll/scim/" (name(client)) "/end" } novalidate {
                (Button { classes: "govuk-button--secondary".into(), ..Button::new(html! {
                    "End it" span .govuk-visually-hidden { ": " (name(client)) }
                }) })
            },
        }
    }
}
