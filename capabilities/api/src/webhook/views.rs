//! What the pages about webhooks say.

use kit::{Timestamp, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, ButtonKind, Cell, ErrorMessage, Hint, Input, InsetText, Label, Table, WarningText,
};
use web::page::{host, moment};
use web::speech::say;
use web::{Mistakes, Page, Submitted, filled, marked};

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
    let title = &say("webhooks.webhooks");
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
            (say("webhooks.a-webhook-tells-another"))
        }
        @if may_change {
            (Button { kind: ButtonKind::Link("/staff/webhooks/new".into()), ..Button::new(say("webhooks.add-a-webhook")) })
        }
        @if webhooks.is_empty() { (InsetText::new(say("webhooks.there-is-none"))) } @else {
            (table(&say("webhooks.webhooks-newest-first"), &[&say("common.address"), &say("webhooks.events"), &say("common.where-it-stands")], rows.collect()))
        }
    };
    Page::new(title, content).before(BackLink::new("/today"))
}

fn stands(webhook: &Webhook, zone: &Zone) -> String {
    match (webhook.state, webhook.failing_since) {
        (State::Paused, _) => {
            let days = Content::built_in().limits.failing_days;
            filled!("webhooks.paused-nothing-arrived-for", days)
        }
        (State::Ended, _) => say("webhooks.ended"),
        (State::Active, Some(since)) => filled!("webhooks.nothing-arrives-since", when = moment(since, zone)),
        (State::Active, None) => say("webhooks.it-is-told"),
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
    let title = &say("webhooks.a-webhook");
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
            (WarningText::new(say("webhooks.copy-the-secret-now")))
            p .govuk-body { (say("webhooks.secret")) br; code .fivebar-host { (secret.reveal()) } }
        }
        p .govuk-body { (say("common.address")) br; code .fivebar-host { (webhook.url) } }
        p .govuk-body { (say("webhooks.events")) br; (webhook.events.join(", ")) }
        p .govuk-body { (stands(webhook, zone)) "." }
        @if let Some(until) = webhook.old_until.filter(|until| at < *until) {
            p .govuk-body { (marked!("webhooks.the-secret-before-this", when = moment(until, zone))) }
        }
        @if may_change {
            @if webhook.state == State::Paused { (button("resume", &say("webhooks.let-it-go-on"))) } @else { (button("test", &say("webhooks.send-a-test"))) }
            (button("secret", &say("webhooks.give-it-another-secret")))
            (button("end", &say("common.end-it")))
        }
        h2 .govuk-heading-m { (say("webhooks.last-deliveries")) }
        @if deliveries.is_empty() { (InsetText::new(say("webhooks.there-is-none"))) } @else {
            (table(&say("webhooks.last-deliveries-newest-first"), &[&say("webhooks.event"), &say("common.when"), &say("common.where-it-stands"), &say("webhooks.do")], rows(webhook, deliveries, may_change, zone)))
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/webhooks")).problems(mistakes.summary())
}

fn rows(webhook: &Webhook, deliveries: &[Delivery], may_change: bool, zone: &Zone) -> Vec<Vec<Cell>> {
    let row = |one: &Delivery| {
        let state = match one.state.as_str() {
            "arrived" => say("webhooks.arrived"),
            "given-up" => filled!("webhooks.given-up", why = one.says.as_deref().unwrap_or("")),
            _ => match &one.says {
                Some(says) => filled!("webhooks.tried-times", tries = one.tries, says),
                None => say("webhooks.on-its-way"),
            },
        };
        let again = html! {
            @if may_change && webhook.state == State::Active {
                form method="post" action={ "/staff/webhooks/" (webhook.id) "/deliveries/" (one.id) "/again" } novalidate {
                    (Button { classes: "govuk-button--secondary".into(), ..Button::new(html! {
                        (marked!("webhooks.send-again", hidden = html! { span .govuk-visually-hidden { ": " (one.event) ", " (moment(one.made_at, zone)) } }))
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
    let title = &say("webhooks.add-a-webhook");
    let mut url = Input::new("url", Label::new(say("webhooks.which-address-is-told")));
    url.hint = Some(Hint::new(say("webhooks.it-begins-with-https")));
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
                    legend .govuk-fieldset__legend.govuk-fieldset__legend--m { (say("webhooks.of-what-is-it")) }
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
            (Button::new(say("webhooks.add-it")))
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/webhooks")).problems(mistakes.summary())
}
