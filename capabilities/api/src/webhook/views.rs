//! What the pages about webhooks say.

use kit::{Timestamp, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, ButtonKind, Cell, ErrorMessage, Hint, Input, InsetText, Label, Table, WarningText,
};
use web::page::{host, moment};
use web::{Mistakes, Page, Submitted};

use super::model::{Delivery, State, Webhook, WebhookSecret};
use crate::content::{Content, TEST};

/// The field of an event in the form.
pub fn field(event: &str) -> String {
    format!("event-{}", event.replace('.', "-"))
}

fn table(caption: &str, head: &[&str], rows: Vec<Vec<Cell>>) -> Markup {
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.to_owned()), caption_classes: "govuk-visually-hidden".into(),
                head: head.iter().map(Cell::new).collect(), rows, ..Table::default()
            })
        }
    }
}

/// Every webhook.
pub fn all(webhooks: &[Webhook], may_change: bool, zone: &Zone) -> Page {
    let title = "Webhooks";
    let rows = webhooks.iter().map(|one| {
        vec![
            Cell::new(html! { a .govuk-link href={ "/staff/webhooks/" (one.id) } { (host(&one.url)) } }),
            Cell::new(one.events.join(", ")),
            Cell::new(stands(one, zone)),
        ]
    });
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            "A webhook tells another program of the school that something happened here, as that somebody asked for a site. It says what happened \
             and an id, and never a name or anybody’s words: the program asks the API for the rest, by a token of its own."
        }
        @if may_change {
            (Button { kind: ButtonKind::Link("/staff/webhooks/new".into()), ..Button::new("Add a webhook") })
        }
        @if webhooks.is_empty() { (InsetText::new("There is none.")) } @else {
            (table("Webhooks, newest first", &["Address", "Events", "Where it stands"], rows.collect()))
        }
    };
    Page::new(title, content).before(BackLink::new("/today"))
}

fn stands(webhook: &Webhook, zone: &Zone) -> String {
    match (webhook.state, webhook.failing_since) {
        (State::Paused, _) => {
            let days = Content::built_in().limits.failing_days;
            format!("Paused: nothing arrived for {days} days, or it said that it wants no more")
        }
        (State::Ended, _) => "Ended".to_owned(),
        (State::Active, Some(since)) => format!("Nothing arrives since {}", moment(since, zone)),
        (State::Active, None) => "It is told".to_owned(),
    }
}

/// What the page of one shows.
#[derive(Debug, Clone, Copy)]
pub struct One<'a> {
    /// The webhook.
    pub webhook: &'a Webhook,
    /// Its last deliveries.
    pub deliveries: &'a [Delivery],
    /// Its secret, where it was just made.
    pub secret: Option<&'a WebhookSecret>,
    /// Whether whoever looks at it may change it.
    pub may_change: bool,
    /// When.
    pub at: Timestamp,
}

/// One webhook.
pub fn one(shown: &One<'_>, mistakes: &Mistakes, zone: &Zone) -> Page {
    let One { webhook, deliveries, secret, may_change, at } = *shown;
    let title = "A webhook";
    let address = |what: &str| format!("/staff/webhooks/{}/{what}", webhook.id);
    let button = |what: &str, words: &str| {
        html! {
            form method="post" action=(address(what)) novalidate {
                (Button { classes: "govuk-button--secondary".into(), ..Button::new(words) })
            }
        }
    };
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @if let Some(secret) = secret {
            (WarningText::new("Copy the secret now: it is shown this once. By it the other program knows that a message is from here."))
            p .govuk-body { "Secret" br; code .fivebar-host { (secret.reveal()) } }
        }
        p .govuk-body { "Address" br; code .fivebar-host { (webhook.url) } }
        p .govuk-body { "Events" br; (webhook.events.join(", ")) }
        p .govuk-body { (stands(webhook, zone)) "." }
        @if let Some(until) = webhook.old_until.filter(|until| at < *until) {
            p .govuk-body { "The secret before this one signs too until " (moment(until, zone)) "." }
        }
        @if may_change {
            @if webhook.state == State::Paused { (button("resume", "Let it go on")) } @else { (button("test", "Send a test")) }
            (button("secret", "Give it another secret"))
            (button("end", "End it"))
        }
        h2 .govuk-heading-m { "Last deliveries" }
        @if deliveries.is_empty() { (InsetText::new("There is none.")) } @else {
            (table("Last deliveries, newest first", &["Event", "When", "Where it stands", "Do"], rows(webhook, deliveries, may_change, zone)))
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/webhooks")).problems(mistakes.summary())
}

fn rows(webhook: &Webhook, deliveries: &[Delivery], may_change: bool, zone: &Zone) -> Vec<Vec<Cell>> {
    let row = |one: &Delivery| {
        let state = match one.state.as_str() {
            "arrived" => "Arrived".to_owned(),
            "given-up" => format!("Given up: {}", one.says.as_deref().unwrap_or("")),
            _ => match &one.says {
                Some(says) => format!("Tried {} times: {says}", one.tries),
                None => "On its way".to_owned(),
            },
        };
        let again = html! {
            @if may_change && webhook.state == State::Active {
                form method="post" action={ "/staff/webhooks/" (webhook.id) "/deliveries/" (one.id) "/again" } novalidate {
                    (Button { classes: "govuk-button--secondary".into(), ..Button::new(html! {
                        "Send again" span .govuk-visually-hidden { ": " (one.event) ", " (moment(one.made_at, zone)) }
                    }) })
                }
            }
        };
        vec![Cell::new(&one.event), Cell::new(moment(one.made_at, zone)), Cell::new(state), Cell::new(again)]
    };
    deliveries.iter().map(row).collect()
}

/// The form by which one is added.
pub fn form(form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = "Add a webhook";
    let mut url = Input::new("url", Label::new("Which address is told?"));
    url.hint = Some(Hint::new(
        "It begins with https:// and names a server of the internet. What lies inside a network is not sent to",
    ));
    url.error = mistakes.beside("url");
    url.value = Some(form.line("url")).filter(|text| !text.is_empty());
    url.kind = "url".into();
    let wrong =
        mistakes.beside("events").map(|error| ErrorMessage { id: Some("events-error".into()), ..error });
    let described = wrong.as_ref().map(|_| "events-error");
    let group = if wrong.is_some() { "govuk-form-group govuk-form-group--error" } else { "govuk-form-group" };
    let events = Content::built_in().events().iter().filter(|event| event.id != TEST);
    let content = html! {
        h1 .govuk-heading-l { (title) }
        form method="post" action="/staff/webhooks/new" novalidate {
            (url)
            div class=(group) {
                fieldset .govuk-fieldset id="events" tabindex="-1" aria-describedby=[described] {
                    legend .govuk-fieldset__legend.govuk-fieldset__legend--m { "Of what is it told?" }
                    @if let Some(wrong) = &wrong { (wrong) }
                    div .govuk-checkboxes.govuk-checkboxes--small {
                        @for event in events {
                            @let field = field(&event.id);
                            @let hint = format!("{field}-hint");
                            div .govuk-checkboxes__item {
                                input .govuk-checkboxes__input type="checkbox" id=(field) name=(field) value="yes"
                                    checked[form.text(&field) == "yes"] aria-describedby=(hint);
                                label .govuk-label.govuk-checkboxes__label for=(field) { (event.id) }
                                div .govuk-hint.govuk-checkboxes__hint id=(hint) { (event.about) }
                            }
                        }
                    }
                }
            }
            (Button::new("Add it"))
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/webhooks")).problems(mistakes.summary())
}
