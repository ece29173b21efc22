//! Carrying events to webhooks, and deliveries to their addresses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::store::{Actor, StoreError, Subject, Tx, trail};
use engine::PersonNo;
use jobs::{Carrier, Carrying, Message, Taken, Undelivered, again_after_ms};
use kit::{Actor as Who, Timestamp};
use people::duty;
use people::event::{DUTY_ENDED, Event, PERSON_LEFT};
use people::programs::ChangeWebhooks;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::model::{Delivery, DeliveryId, State, Webhook, WebhookId, body};
use super::sending::{Answer, Sending};
use super::{actions, store as table};
use crate::token::actions as tokens;
use crate::{Api, filter, people_ops};

/// Who acts where a webhook is paused by itself.
const JOB: Actor = Who::Job("webhooks");

/// A delivery that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deliver {
    delivery: String,
}

impl Deliver {
    pub fn of(delivery: DeliveryId) -> Self {
        Self { delivery: delivery.to_string() }
    }
}

impl Message for Deliver {
    const KIND: &'static str = "webhook";
}

pub(crate) fn carriers(api: &Api, sending: Sending) -> Vec<Arc<dyn Carrier>> {
    vec![
        Arc::new(Events { api: api.clone() }),
        Arc::new(Deliveries { api: api.clone(), sending, resting: Resting::default() }),
    ]
}

fn later(error: &StoreError) -> Undelivered {
    tracing::warn!(%error, "The records could not be read for a webhook");
    Undelivered::Later("the records did not answer")
}

/// Pauses what somebody has had told who may do that no more: whoever may looks at it, and has it go on.
async fn pause_of(tx: &mut Tx, person: PersonNo, at: Timestamp) -> Result<(), StoreError> {
    let maker = Who::Person(person.0).to_string();
    if duty::may_still::<ChangeWebhooks>(tx, &maker, at).await? {
        return Ok(());
    }
    for webhook in table::not_ended(tx).await?.iter().filter(|one| one.made.0 == maker) {
        pause(tx, webhook, &JOB, at).await?;
    }
    Ok(())
}

/// Pauses every webhook, for records that were brought back to an earlier state: one that was ended since stands in them again.
pub async fn pause_all(tx: &mut Tx, actor: &Actor, at: Timestamp) -> Result<(), StoreError> {
    for webhook in table::not_ended(tx).await? {
        pause(tx, &webhook, actor, at).await?;
    }
    Ok(())
}

async fn pause(tx: &mut Tx, webhook: &Webhook, actor: &Actor, at: Timestamp) -> Result<bool, StoreError> {
    let paused = table::set_state(tx, webhook.id, (State::Active, State::Paused)).await?;
    if paused {
        let subject = Subject::new("webhook", webhook.id);
        trail::changed(tx, actor, "webhook.pause", &subject, &json!({}), at).await?;
    }
    Ok(paused)
}

/// Carries events to every webhook that asked for them.
struct Events {
    api: Api,
}

impl Carrier for Events {
    fn kind(&self) -> &'static str {
        Event::KIND
    }

    fn carry(&self, message: Taken) -> Carrying<'_> {
        Box::pin(async move {
            let event: Event = message.read()?;
            self.fan_out(&message, &event).await.map_err(|error| later(&error))
        })
    }
}

impl Events {
    async fn fan_out(&self, message: &Taken, event: &Event) -> Result<(), StoreError> {
        let mut tx = self.api.portal.db.begin().await?;
        let person = event.id.parse().ok().map(PersonNo).filter(|_| event.kind == "person");
        match (event.name.as_str(), person) {
            (PERSON_LEFT, Some(person)) => {
                tokens::end_of_leaver(&mut tx, person, message.at).await?;
            }
            (DUTY_ENDED, Some(person)) => {
                tokens::end_of(&mut tx, person, message.at).await?;
            }
            _ => {}
        }
        if let (PERSON_LEFT | DUTY_ENDED, Some(person)) = (event.name.as_str(), person) {
            pause_of(&mut tx, person, message.at).await?;
        }
        let at = Timestamp::from_millis(event.at);
        let subject = self.subject(event);
        let subject = subject.as_ref().map(|(kind, id)| (kind.as_str(), id.as_str()));
        for webhook in table::not_ended(&mut tx).await? {
            if webhook.state == State::Active && webhook.events.contains(&event.name) {
                let body = body(&event.name, subject, at);
                self.deliver(&mut tx, message, (event, &webhook), body).await?;
            }
        }
        tx.commit().await
    }

    async fn deliver(
        &self,
        tx: &mut Tx,
        message: &Taken,
        (event, webhook): (&Event, &Webhook),
        body: String,
    ) -> Result<(), StoreError> {
        let made = actions::make(tx, webhook.id, &event.name, body, message.at).await?;
        let key = format!("{} {}", message.id, webhook.id);
        let put = jobs::put_once(tx, &key, &Deliver::of(made.id), message.at, message.at).await?;
        if put.is_none() {
            // It was carried before: that delivery is the one.
            table::forget(tx, made.id).await?;
        }
        Ok(())
    }

    /// The thing that an event is about, by an id that tells nothing.
    fn subject(&self, event: &Event) -> Option<(String, String)> {
        let kind = event.kind.clone();
        match kind.as_str() {
            "" => None,
            "person" => {
                let person = PersonNo(event.id.parse().ok()?);
                Some((kind, people_ops::person_id(&self.api, person)))
            }
            "filter-test" => Some((kind, filter::test_id(&self.api, &event.id))),
            // References, ids of overrides and of lists are the same here and at the portal.
            _ => Some((kind, event.id.clone())),
        }
    }
}

/// For how long an address that did not answer is left alone, but for one try: whoever else is told waits for none of its time.
const REST_MS: i64 = 60_000;
/// How soon what waits for a paused webhook is looked at again.
const PAUSED_MS: i64 = 5 * 60_000;

/// The addresses that did not answer of late, so that they are tried by one delivery at a time.
#[derive(Debug, Default)]
struct Resting(Mutex<BTreeMap<String, Timestamp>>);

impl Resting {
    /// Whether a delivery is sent now; otherwise how long it waits. Where an address rests no more, whoever asks first is the one that tries it,
    /// and it rests again meanwhile.
    fn may_send(&self, webhook: &Webhook, at: Timestamp) -> Result<(), i64> {
        let mut resting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = webhook.id.to_string();
        // Whom a person let go on is tried at once.
        if webhook.failing_since.is_none() {
            resting.remove(&id);
        }
        match resting.get_mut(&id) {
            None => Ok(()),
            Some(until) if at < *until => Err(until.as_millis() - at.as_millis()),
            Some(until) => {
                *until = at.plus_millis(REST_MS);
                Ok(())
            }
        }
    }

    /// What a try came to.
    fn tried(&self, webhook: WebhookId, arrived: bool, at: Timestamp) {
        let mut resting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if arrived {
            resting.remove(&webhook.to_string());
        } else {
            resting.insert(webhook.to_string(), at.plus_millis(REST_MS));
        }
    }
}

/// Carries deliveries to their addresses.
struct Deliveries {
    api: Api,
    sending: Sending,
    resting: Resting,
}

impl Carrier for Deliveries {
    fn kind(&self) -> &'static str {
        Deliver::KIND
    }

    fn carry(&self, message: Taken) -> Carrying<'_> {
        Box::pin(self.send(message))
    }
}

impl Deliveries {
    async fn send(&self, message: Taken) -> Result<(), Undelivered> {
        let id: Deliver = message.read()?;
        let id = id.delivery.parse().map_err(|_| Undelivered::Never("it names no delivery"))?;
        let (delivery, webhook, secrets) = match self.found(id).await.map_err(|error| later(&error))? {
            Some(found) => found,
            None => return Err(Undelivered::Never("its webhook was ended")),
        };
        if webhook.state == State::Paused {
            return Err(Undelivered::NotYet("its webhook is paused", PAUSED_MS));
        }
        let (opaque, at) = (&self.api.opaque, self.api.portal.clock.now());
        let may = self.resting.may_send(&webhook, at);
        may.map_err(|wait| Undelivered::NotYet("its address did not answer a moment ago", wait))?;
        let old = secrets.old.filter(|_| webhook.old_until.is_some_and(|until| at < until));
        let both = [Some(secrets.now), old];
        let secrets = both.iter().flatten().filter_map(|sealed| actions::opened(opaque, webhook.id, sealed));
        let (name, seconds) = (delivery.id.to_string(), at.as_millis().div_euclid(1_000));
        let signed: Vec<String> =
            secrets.filter_map(|secret| secret.sign(&name, seconds, &delivery.body)).collect();
        let answer = if signed.is_empty() {
            Answer::No("its secret cannot be read: give it another")
        } else {
            self.sending.send(&webhook.url, (&name, seconds, &signed.join(" ")), &delivery.body).await
        };
        let now = self.api.portal.clock.now();
        self.resting.tried(webhook.id, matches!(answer, Answer::Arrived), now);
        let kept = self.write_down(&delivery, &webhook, &answer, message.tries).await;
        kept.map_err(|error| later(&error))?;
        match answer {
            Answer::Arrived => Ok(()),
            Answer::Gone => Err(Undelivered::Never("the address says that it wants no more")),
            Answer::No(says) => Err(Undelivered::Later(says)),
        }
    }

    async fn found(&self, id: DeliveryId) -> Result<Option<(Delivery, Webhook, table::Secrets)>, StoreError> {
        let mut tx = self.api.portal.db.read().await?;
        let delivery = table::delivery(&mut tx, id).await?;
        let found = match delivery {
            None => None,
            Some(delivery) => {
                let webhook = table::one(&mut tx, delivery.webhook).await?;
                let webhook = webhook.filter(|(webhook, _)| webhook.state != State::Ended);
                webhook.map(|(webhook, secrets)| (delivery, webhook, secrets))
            }
        };
        tx.roll_back().await?;
        Ok(found)
    }

    async fn write_down(
        &self,
        delivery: &Delivery,
        webhook: &Webhook,
        answer: &Answer,
        tries: u32,
    ) -> Result<(), StoreError> {
        let at = self.api.portal.clock.now();
        let mut tx = self.api.portal.db.begin().await?;
        let is_last = again_after_ms(tries).is_none();
        let (state, says) = match answer {
            Answer::Arrived => ("arrived", "it arrived"),
            Answer::Gone => ("given-up", "the address says that it wants no more"),
            Answer::No(says) if is_last => ("given-up", *says),
            Answer::No(says) => ("waiting", *says),
        };
        table::tried(&mut tx, delivery.id, (state, says), tries, at).await?;
        match answer {
            Answer::Arrived if webhook.failing_since.is_some() => {
                table::set_failing(&mut tx, webhook.id, None).await?;
            }
            Answer::Arrived => {}
            Answer::Gone => self.pause(&mut tx, webhook, at).await?,
            Answer::No(_) if webhook.is_failing_too_long(at) => self.pause(&mut tx, webhook, at).await?,
            Answer::No(_) if webhook.failing_since.is_none() => {
                table::set_failing(&mut tx, webhook.id, Some(at)).await?;
            }
            Answer::No(_) => {}
        }
        tx.commit().await
    }

    async fn pause(&self, tx: &mut Tx, webhook: &Webhook, at: Timestamp) -> Result<(), StoreError> {
        if pause(tx, webhook, &JOB, at).await? {
            tracing::warn!(webhook = %webhook.id, "A webhook is paused, since nothing arrives there");
        }
        Ok(())
    }
}
