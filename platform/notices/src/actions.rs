//! Telling people, and what they do with what they were told.

use ::store::{Db, StoreError, Tx};
use jobs::{Carrier, Carrying, Taken, Undelivered};
use kit::{Timestamp, Zone};

use crate::choosing;
use crate::content::Notices;
use crate::mail::MailMessage;
use crate::model::{Goes, Kind, Notice, NoticeId, Tell, goes};
use crate::push::PushMessage;
use crate::{address, push, store};

/// How many of somebody's are shown.
const SHOWN: u64 = 100;

/// Tells somebody, in the transaction of the change that it is about: at the portal, and by mail and a browser as they chose. Nothing goes
/// in their quiet hours that is not urgent. What they have not looked at is counted up and not sent over and over.
pub async fn tell(tx: &mut Tx, tell: &Tell, at: Timestamp) -> Result<(), StoreError> {
    let content = Notices::built_in();
    let Some(text) = content.text(tell.kind) else { return Ok(()) };
    let sent = store::last_sent(tx, tell.person, tell.kind).await?;
    let new = Notice {
        id: tx.ids().make(at),
        person: tell.person,
        kind: tell.kind,
        count: tell.count,
        path: tell.path,
        at,
        last_at: at,
        sent_at: None,
        seen_at: None,
    };
    let mut unseen = store::unseen_of(tx, tell.person, tell.kind).await?;
    if unseen.is_none() && !store::insert(tx, &new).await? {
        // Somebody else told them in this very moment.
        unseen = store::unseen_of(tx, tell.person, tell.kind).await?;
    }
    if let Some(unseen) = &unseen {
        store::count_up(tx, unseen.id, tell.count, tell.path, at).await?;
    }
    let Goes::From(from) = goes(content, text.urgent, unseen.is_some(), sent, at) else { return Ok(()) };
    let from = if text.urgent {
        from
    } else {
        choosing::quiet_of(tx, tell.person).await?.over(&zone(tx).await?, from)
    };
    send(tx, unseen.as_ref().map_or(new.id, |unseen| unseen.id), tell, from, at).await
}

/// Puts what goes by mail and by browsers into the outbox.
async fn send(
    tx: &mut Tx,
    id: NoticeId,
    tell: &Tell,
    from: Timestamp,
    at: Timestamp,
) -> Result<(), StoreError> {
    let ways = choosing::ways(tx, tell.person, tell.kind).await?;
    let mut goes = false;
    if ways.mail && address::confirmed(tx, tell.person).await?.is_some() {
        jobs::put(tx, &MailMessage::Notice { notice: id }, from, at).await?;
        goes = true;
    }
    if ways.push {
        for subscription in push::of(tx, tell.person).await? {
            let message = PushMessage { notice: id, subscription: subscription.id };
            jobs::put(tx, &message, from, at).await?;
            goes = true;
        }
    }
    if goes {
        store::sent(tx, id, from).await?;
    }
    Ok(())
}

/// Writes down which zone the school's clocks are of, by which hours are quiet.
pub async fn set_clock(tx: &mut Tx, zone: &str) -> Result<(), StoreError> {
    if store::zone(tx).await?.as_deref() != Some(zone) {
        store::set_zone(tx, zone).await?;
    }
    Ok(())
}

/// The school's clocks.
async fn zone(tx: &mut Tx) -> Result<Zone, StoreError> {
    let named = store::zone(tx).await?;
    Ok(named.and_then(|name| Zone::named(&name).ok()).unwrap_or_else(Zone::utc))
}

/// Forgets every browser and every address that people are told by, for records that were brought back to an earlier state: what somebody took
/// away since stands in them again. They give them anew.
pub async fn forget_ways(tx: &mut Tx) -> Result<(), StoreError> {
    store::forget_ways(tx).await
}

/// What somebody was told, newest first.
pub async fn of(tx: &mut Tx, person: u32) -> Result<Vec<Notice>, StoreError> {
    store::newest(tx, person, SHOWN).await
}

/// What somebody was told and has not looked at, newest first.
pub async fn unseen(tx: &mut Tx, person: u32) -> Result<Vec<Notice>, StoreError> {
    store::unseen(tx, person).await
}

/// Somebody looked at one of their notices, or at all of them; how many these were.
pub async fn mark_seen(
    tx: &mut Tx,
    person: u32,
    only: Option<NoticeId>,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let seen = store::seen(tx, person, only, None, at).await?;
    looked_at_before(tx, person, at).await?;
    Ok(seen)
}

/// What waits for the end of quiet hours and was looked at meanwhile never goes, so the next of its kind does not wait for it.
async fn looked_at_before(tx: &mut Tx, person: u32, at: Timestamp) -> Result<(), StoreError> {
    let urgent: Vec<&str> =
        Notices::built_in().kinds().iter().filter(|text| text.urgent).map(|text| text.id.as_str()).collect();
    store::not_to_be_sent(tx, person, &urgent, at).await
}

/// Somebody looked at what a kind of notice is about.
pub async fn mark_seen_of(tx: &mut Tx, person: u32, kind: Kind, at: Timestamp) -> Result<u64, StoreError> {
    let seen = store::seen(tx, person, None, Some(kind), at).await?;
    looked_at_before(tx, person, at).await?;
    Ok(seen)
}

/// Tells what came as a message, for whoever could not tell it in their own transaction.
#[derive(Clone)]
pub struct School {
    /// The records.
    pub records: Db,
}

impl Carrier for School {
    fn kind(&self) -> &'static str {
        <Tell as jobs::Message>::KIND
    }

    fn carry(&self, message: Taken) -> Carrying<'_> {
        Box::pin(async move {
            let said = message.read::<Tell>()?;
            let unkept = |_: StoreError| Undelivered::Later("the records failed");
            let mut tx = self.records.begin().await.map_err(unkept)?;
            tell(&mut tx, &said, message.at).await.map_err(unkept)?;
            tx.commit().await.map_err(unkept)
        })
    }
}
