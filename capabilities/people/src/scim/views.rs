//! What the page about systems says that keep people over SCIM.

use kit::Zone;
use maud::{Markup, html};
use web::component::{BackLink, Button, Cell, Hint, Input, InsetText, Label, WarningText};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, Submitted, marked};

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
    let title = &say("scim.systems-that-keep-people");
    let mut called = Input::new("name", Label::new(say("scim.what-do-you-call")));
    called.hint = Some(Hint::new(say("scim.small-letters-digits-and")));
    called.error = mistakes.beside("name");
    called.value = Some(form.line("name")).filter(|text| !text.is_empty());
    called.classes = "govuk-input--width-20".into();
    let rows = clients.iter().map(|client| {
        let used = client.used_at.map_or_else(|| say("scim.never"), |at| moment(at, zone));
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
            (say("scim.a-directory-such-as"))
        }
        p .govuk-body {
            (say("scim.it-sees-nothing-of"))
        }
        h2 .govuk-heading-m { (say("scim.let-a-system-in")) }
        form method="post" action="/staff/roll/scim" novalidate { (called) (Button::new(say("scim.make-a-token"))) }
        h2 .govuk-heading-m { (say("scim.systems")) }
        @if clients.is_empty() { (InsetText::new(say("scim.there-is-none"))) } @else {
            div .fivebar-scroll tabindex="0" role="region" aria-label=(say("scim.systems-newest-first")) {
                (table(&say("scim.systems-newest-first"), &[&say("scim.system"), &say("scim.let-in"), &say("scim.last-heard-of"), &say("common.where-it-stands")], rows.collect()))
            }
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/roll")).problems(mistakes.summary())
}

fn fresh(client: &Client, token: &Token, address: &str) -> Markup {
    html! {
        (WarningText::new(say("scim.copy-the-token-now")))
        p .govuk-body { (marked!("scim.for-the-system", client = name(client))) }
        p .govuk-body { (say("common.address")) br; code .fivebar-host { (address) } }
        p .govuk-body { (say("scim.token")) br; code .fivebar-host { (token.reveal()) } }
    }
}

fn ending(client: &Client, zone: &Zone) -> Markup {
    html! {
        @match client.ended_at {
            Some(at) => { (marked!("scim.ended-at", when = moment(at, zone))) }
            None => form method="post" action={ "/staff/roll/scim/" (name(client)) "/end" } novalidate {
                (Button { classes: "govuk-button--secondary".into(), ..Button::new(html! {
                    (marked!("scim.end-it", hidden = html! { span .govuk-visually-hidden { ": " (name(client)) } }))
                }) })
            },
        }
    }
}
