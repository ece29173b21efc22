//! What people do with webhooks.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::{Permit, Timestamp};
use people::programs::{AddWebhooks, ChangeWebhooks, ReadWebhooks};
use serde_json::{Value, json};

use super::carrying::Deliver;
use super::model::{
    Delivery, DeliveryId, Mistake, State, Webhook, WebhookId, WebhookSecret, body, checked_events,
    checked_url,
};
use super::store as table;
use crate::content::{Content, TEST};
use crate::opaque::Opaque;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// It cannot be so.
    #[error(transparent)]
    Mistake(#[from] Mistake),
    /// There are too many.
    #[error("There are {0} webhooks already. End one of them first")]
    TooMany(usize),
    /// There is none, or it was ended.
    #[error("There is no such webhook any more")]
    NotThere,
    /// It is told nothing.
    #[error("This webhook is paused. Let it go on first")]
    Paused,
    /// The machine gives no randomness.
    #[error("The machine gives no randomness")]
    NoRandomness,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn purpose(id: WebhookId) -> String {
    format!("webhook secret {id}")
}

fn fresh() -> Result<WebhookSecret, WebhookError> {
    let mut random = [0; WebhookSecret::BYTES];
    getrandom::fill(&mut random).map_err(|_| WebhookError::NoRandomness)?;
    Ok(WebhookSecret::of(&random))
}

fn sealed(opaque: &Opaque, id: WebhookId, secret: &WebhookSecret) -> Result<String, WebhookError> {
    opaque.seal(&purpose(id), secret.bytes()).ok_or(WebhookError::NoRandomness)
}

/// The secret that was sealed for a webhook; `None` where the school's key has changed since.
pub(super) fn opened(opaque: &Opaque, id: WebhookId, sealed: &str) -> Option<WebhookSecret> {
    opaque.open(&purpose(id), sealed).map(|bytes| WebhookSecret::of(&bytes))
}

/// Has an address told of events. The secret is told once.
pub async fn add(
    tx: &mut Tx,
    permit: &Permit<AddWebhooks>,
    opaque: &Opaque,
    url: &str,
    events: &[String],
) -> Result<(Webhook, WebhookSecret), WebhookError> {
    let (url, events) = (checked_url(url)?, checked_events(events)?);
    let most = Content::built_in().limits.most_webhooks;
    if table::not_ended(tx).await?.len() >= most {
        return Err(WebhookError::TooMany(most));
    }
    let at = permit.at();
    let one = Webhook {
        id: tx.ids().make(at),
        url,
        events,
        state: State::Active,
        made: (permit.actor().to_string(), at),
        failing_since: None,
        old_until: None,
    };
    let secret = fresh()?;
    table::insert(tx, &one, &sealed(opaque, one.id, &secret)?).await?;
    told(tx, permit.actor(), "webhook.add", one.id, &json!({ "events": one.events }), at).await?;
    Ok((one, secret))
}

async fn told(
    tx: &mut Tx,
    actor: &Actor,
    verb: &str,
    id: WebhookId,
    detail: &Value,
    at: Timestamp,
) -> Result<(), StoreError> {
    trail::changed(tx, actor, verb, &Subject::new("webhook", id), detail, at).await?;
    Ok(())
}

/// All that were not ended, newest first.
pub async fn all(tx: &mut Tx, _: &Permit<ReadWebhooks>) -> Result<Vec<Webhook>, StoreError> {
    table::not_ended(tx).await
}

/// One that was not ended.
pub async fn one(
    tx: &mut Tx,
    _: &Permit<ReadWebhooks>,
    id: WebhookId,
) -> Result<Option<Webhook>, StoreError> {
    Ok(there(tx, id).await?.map(|(one, _)| one))
}

async fn there(tx: &mut Tx, id: WebhookId) -> Result<Option<(Webhook, table::Secrets)>, StoreError> {
    Ok(table::one(tx, id).await?.filter(|(one, _)| one.state != State::Ended))
}

/// Ends one.
pub async fn end(
    tx: &mut Tx,
    permit: &Permit<ChangeWebhooks>,
    id: WebhookId,
) -> Result<Webhook, WebhookError> {
    let (one, _) = there(tx, id).await?.ok_or(WebhookError::NotThere)?;
    if !table::set_state(tx, id, (one.state, State::Ended)).await? {
        return Err(WebhookError::NotThere);
    }
    told(tx, permit.actor(), "webhook.end", id, &json!({}), permit.at()).await?;
    Ok(Webhook { state: State::Ended, ..one })
}

/// Lets one go on that was paused. It is theirs from then on: should they leave, it is paused with them.
pub async fn resume(tx: &mut Tx, permit: &Permit<AddWebhooks>, id: WebhookId) -> Result<(), WebhookError> {
    if !table::set_state(tx, id, (State::Paused, State::Active)).await? {
        return Err(WebhookError::NotThere);
    }
    table::set_maker(tx, id, &permit.actor().to_string()).await?;
    told(tx, permit.actor(), "webhook.resume", id, &json!({}), permit.at()).await?;
    Ok(())
}

/// Gives one another secret, told once. The one before it signs beside it for a day, so that whoever receives can change over.
pub async fn renew(
    tx: &mut Tx,
    permit: &Permit<AddWebhooks>,
    opaque: &Opaque,
    id: WebhookId,
) -> Result<(Webhook, WebhookSecret), WebhookError> {
    let (one, secrets) = there(tx, id).await?.ok_or(WebhookError::NotThere)?;
    let secret = fresh()?;
    let hours = i64::from(Content::built_in().limits.old_secret_hours);
    let until = permit.at().plus_millis(hours * HOUR_MS);
    table::set_secret(tx, id, (&sealed(opaque, id, &secret)?, &secrets.now), until).await?;
    told(tx, permit.actor(), "webhook.renew", id, &json!({}), permit.at()).await?;
    Ok((Webhook { old_until: Some(until), ..one }, secret))
}

/// Sends a test to one.
pub async fn test(
    tx: &mut Tx,
    permit: &Permit<ChangeWebhooks>,
    id: WebhookId,
) -> Result<Delivery, WebhookError> {
    let (one, _) = there(tx, id).await?.ok_or(WebhookError::NotThere)?;
    if one.state == State::Paused {
        return Err(WebhookError::Paused);
    }
    let at = permit.at();
    let made = make(tx, id, TEST, body(TEST, None, at), at).await?;
    jobs::put(tx, &Deliver::of(made.id), at, at).await?;
    told(tx, permit.actor(), "webhook.test", id, &json!({}), at).await?;
    Ok(made)
}

/// Writes a delivery down.
pub(super) async fn make(
    tx: &mut Tx,
    webhook: WebhookId,
    event: &str,
    body: String,
    at: Timestamp,
) -> Result<Delivery, StoreError> {
    let days = i64::from(Content::built_in().limits.deliveries_days);
    table::forget_before(tx, at.plus_millis(-days * DAY_MS)).await?;
    let one = Delivery {
        id: tx.ids().make(at),
        webhook,
        event: event.to_owned(),
        body,
        made_at: at,
        state: "waiting".to_owned(),
        tries: 0,
        tried_at: None,
        says: None,
    };
    table::insert_delivery(tx, &one).await?;
    Ok(one)
}

/// Sends a delivery again, under the same id.
pub async fn again(
    tx: &mut Tx,
    permit: &Permit<ChangeWebhooks>,
    id: WebhookId,
    delivery: DeliveryId,
) -> Result<Delivery, WebhookError> {
    let (one, _) = there(tx, id).await?.ok_or(WebhookError::NotThere)?;
    if one.state == State::Paused {
        return Err(WebhookError::Paused);
    }
    let found = table::delivery(tx, delivery).await?.filter(|found| found.webhook == id);
    let found = found.ok_or(WebhookError::NotThere)?;
    let at = permit.at();
    jobs::put(tx, &Deliver::of(delivery), at, at).await?;
    told(tx, permit.actor(), "webhook.again", id, &json!({ "delivery": delivery.to_string() }), at).await?;
    Ok(found)
}

/// The last deliveries of one, newest first.
pub async fn deliveries(
    tx: &mut Tx,
    _: &Permit<ReadWebhooks>,
    id: WebhookId,
    at_most: u64,
) -> Result<Vec<Delivery>, StoreError> {
    table::deliveries(tx, id, at_most).await
}
