//! Webhooks through the API.

use people::programs::{AddWebhooks, ChangeWebhooks, ReadWebhooks};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::door::{Call, Done, Publish, Told};
use crate::operation::{Gives, Operation, of};
use crate::paging::page_of;
use crate::problem::Problem;
use crate::webhook::actions::{self, WebhookError};
use crate::webhook::{Delivery, Webhook, WebhookId, WebhookSecret};
use crate::{Api, handled, input};

/// How many deliveries are looked through.
const DELIVERIES: u64 = 2_000;

/// A webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookTold {
    /// Its id.
    id: String,
    /// The address that is told.
    url: String,
    /// Of which events.
    events: Vec<String>,
    /// Where it stands.
    #[schema(value_type = WebhookState)]
    state: &'static str,
    /// When it was made.
    #[schema(format = DateTime)]
    made_at: String,
    /// Since when nothing arrives.
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// Its secret: told once, when it is made or given another.
    secret: Option<String>,
}

/// Where a webhook stands.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is described, and written as the records have it")]
pub(crate) enum WebhookState {
    Active,
    Paused,
    Ended,
}

/// A webhook that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adding {
    /// The address that is told: https, a server of the internet.
    #[schema(inline)]
    url: input::Url,
    /// Of which events.
    #[schema(inline, min_items = 1, max_items = 20)]
    events: Vec<EventName>,
}

/// An event.
#[derive(Deserialize, ToSchema)]
pub(crate) enum EventName {
    #[serde(rename = "request.made")]
    RequestMade,
    #[serde(rename = "request.answered")]
    RequestAnswered,
    #[serde(rename = "override.opened")]
    OverrideOpened,
    #[serde(rename = "list.held")]
    ListHeld,
    #[serde(rename = "filter-test.failed")]
    FilterTestFailed,
    #[serde(rename = "back-up.failed")]
    BackUpFailed,
    #[serde(rename = "person.left")]
    PersonLeft,
}

impl EventName {
    const ALL: [(Self, &'static str); 7] = [
        (Self::RequestMade, "request.made"),
        (Self::RequestAnswered, "request.answered"),
        (Self::OverrideOpened, "override.opened"),
        (Self::ListHeld, "list.held"),
        (Self::FilterTestFailed, "filter-test.failed"),
        (Self::BackUpFailed, "back-up.failed"),
        (Self::PersonLeft, "person.left"),
    ];

    fn id(&self) -> &'static str {
        let same = |other: &Self| std::mem::discriminant(self) == std::mem::discriminant(other);
        Self::ALL.iter().find(|(one, _)| same(one)).map_or("", |(_, id)| id)
    }
}

/// A delivery of a webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryTold {
    /// Its id, which is the header webhook-id of each try.
    id: String,
    /// Of which event.
    event: String,
    /// When it was made.
    #[schema(format = DateTime)]
    made_at: String,
    /// Where it stands: waiting, arrived or given-up.
    state: String,
    /// How often it was tried.
    tries: u32,
    /// What came of the last try.
    says: Option<String>,
}

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list-webhooks",
        summary: "Webhooks, newest first",
        about: "Without their secrets.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<WebhookTold>),
        handler: handled!(list),
    },
    Operation {
        id: "add-webhook",
        summary: "Have an address told of events",
        about: "It needs a fresh proof of who somebody is, so a token is answered at-the-portal: what a token that was taken had added would outlive it. \
                It stands here so that a program can say so.",
        query: &[],
        takes: Some(of::<Adding>),
        status: 201,
        gives: Gives::One(of::<WebhookTold>),
        handler: handled!(add),
    },
    Operation {
        id: "read-webhook",
        summary: "One webhook",
        about: "",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<WebhookTold>),
        handler: handled!(one),
    },
    Operation {
        id: "end-webhook",
        summary: "End a webhook",
        about: "It is told nothing more.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<WebhookTold>),
        handler: handled!(end),
    },
    Operation {
        id: "renew-webhook-secret",
        summary: "Give a webhook another secret",
        about: "It needs a fresh proof of who somebody is, so a token is answered at-the-portal.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<WebhookTold>),
        handler: handled!(renew),
    },
    Operation {
        id: "test-webhook",
        summary: "Send a test",
        about: "An event webhook.test, to this one alone.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<DeliveryTold>),
        handler: handled!(test),
    },
    Operation {
        id: "list-deliveries",
        summary: "Deliveries of a webhook, newest first",
        about: "Kept for 30 days.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<DeliveryTold>),
        handler: handled!(deliveries),
    },
    Operation {
        id: "send-delivery-again",
        summary: "Send a delivery again",
        about: "Under the same id, so that whoever receives it can tell.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<DeliveryTold>),
        handler: handled!(again),
    },
];

fn told(one: &Webhook, secret: Option<&WebhookSecret>) -> WebhookTold {
    WebhookTold {
        id: one.id.to_string(),
        url: one.url.clone(),
        events: one.events.clone(),
        state: one.state.id(),
        made_at: one.made.1.to_string(),
        failing_since: one.failing_since.map(|since| since.to_string()),
        secret: secret.map(WebhookSecret::reveal),
    }
}

fn of_delivery(one: &Delivery) -> DeliveryTold {
    DeliveryTold {
        id: one.id.to_string(),
        event: one.event.clone(),
        made_at: one.made_at.to_string(),
        state: one.state.clone(),
        tries: one.tries,
        says: one.says.clone(),
    }
}

fn refused(error: WebhookError) -> Problem {
    match error {
        WebhookError::NotThere => Problem::not_found(),
        WebhookError::Store(error) => error.into(),
        other => Problem::not_now(other.to_string()),
    }
}

fn id(call: &Call) -> Result<WebhookId, Problem> {
    call.part("webhook").parse().map_err(|_| Problem::not_found())
}

async fn list(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, permit) = call.read::<ReadWebhooks>(api, ()).await?;
    let all = actions::all(&mut tx, &permit).await?;
    tx.roll_back().await?;
    page_of(api, call, all, |one| one.id.to_string(), |one| json!(told(one, None)))
}

async fn add(api: &Api, call: &Call) -> Result<Done, Problem> {
    let adding = call.message::<Adding>()?;
    if !(1..=20).contains(&adding.events.len()) {
        return Err(Problem::unreadable("events has 1 to 20 events"));
    }
    let events: Vec<String> = adding.events.iter().map(|event| event.id().to_owned()).collect();
    let (mut tx, permit) = call.begin::<AddWebhooks>(api, ()).await?;
    let added = actions::add(&mut tx, &permit, &api.opaque, &adding.url.0, &events).await;
    let (one, secret) = added.map_err(refused)?;
    Ok(Done::changed(tx, &permit, Publish::Nothing, Told::made(json!(told(&one, Some(&secret))))))
}

async fn one(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, permit) = call.read::<ReadWebhooks>(api, ()).await?;
    let one = actions::one(&mut tx, &permit, id(call)?).await?.ok_or_else(Problem::not_found)?;
    tx.roll_back().await?;
    Ok(Done::Told(Told::ok(json!(told(&one, None)))))
}

async fn end(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, permit) = call.begin::<ChangeWebhooks>(api, ()).await?;
    let one = actions::end(&mut tx, &permit, id(call)?).await.map_err(refused)?;
    Ok(Done::changed(tx, &permit, Publish::Nothing, Told::ok(json!(told(&one, None)))))
}

async fn renew(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, permit) = call.begin::<AddWebhooks>(api, ()).await?;
    let (one, secret) = actions::renew(&mut tx, &permit, &api.opaque, id(call)?).await.map_err(refused)?;
    Ok(Done::changed(tx, &permit, Publish::Nothing, Told::ok(json!(told(&one, Some(&secret))))))
}

async fn test(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, permit) = call.begin::<ChangeWebhooks>(api, ()).await?;
    let made = actions::test(&mut tx, &permit, id(call)?).await.map_err(refused)?;
    Ok(Done::changed(tx, &permit, Publish::Nothing, Told::ok(json!(of_delivery(&made)))))
}

async fn deliveries(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, permit) = call.read::<ReadWebhooks>(api, ()).await?;
    let id = id(call)?;
    if actions::one(&mut tx, &permit, id).await?.is_none() {
        return Err(Problem::not_found());
    }
    let all = actions::deliveries(&mut tx, &permit, id, DELIVERIES).await?;
    tx.roll_back().await?;
    page_of(api, call, all, |one| one.id.to_string(), |one| json!(of_delivery(one)))
}

async fn again(api: &Api, call: &Call) -> Result<Done, Problem> {
    let delivery = call.part("delivery").parse().map_err(|_| Problem::not_found())?;
    let (mut tx, permit) = call.begin::<ChangeWebhooks>(api, ()).await?;
    let sent = actions::again(&mut tx, &permit, id(call)?, delivery).await.map_err(refused)?;
    Ok(Done::changed(tx, &permit, Publish::Nothing, Told::ok(json!(of_delivery(&sent)))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Content, TEST};

    #[test]
    fn the_description_names_every_event_of_the_content() {
        let known: Vec<&str> = Content::built_in()
            .events()
            .iter()
            .map(|event| event.id.as_str())
            .filter(|id| *id != TEST)
            .collect();
        assert_eq!(EventName::ALL.iter().map(|(_, id)| *id).collect::<Vec<_>>(), known);
    }
}
