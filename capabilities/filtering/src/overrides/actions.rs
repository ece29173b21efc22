//! Granting, and how what was granted for a request ended.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use engine::PersonNo;
use engine::document::Effect;
use kit::Timestamp;
use serde_json::json;

use super::model::{Grant, Override, OverrideId, Refused, Whom};
use super::store;
use crate::lasting::Withdrawn;
use crate::site_request::SiteRequestId;

/// Why nothing was granted.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// It may not be.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Nobody has that number.
    #[error("nobody on the roll has the number {}; `fivebar people show` lists the roll", .0.0)]
    NobodyThere(PersonNo),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes an exception. Whether a gate can carry it out beside its policy and its sealed sites is for whoever publishes
/// to ask first, with [`FromRecords::carries_out`](crate::publish::FromRecords::carries_out).
pub async fn grant(tx: &mut Tx, actor: &Actor, grant: Grant, at: Timestamp) -> Result<Override, GrantError> {
    grant.check(at)?;
    // Whoever asked for a site was known to the gate when they did.
    if grant.request.is_none() {
        somebody(tx, &grant.whom).await?;
    }
    let id: OverrideId = tx.ids().make(at);
    let number = store::KIND.next_number(tx).await?;
    let made = Override { id, number, grant, granted_by: actor.to_string(), created_at: at, withdrawn: None };
    store::insert(tx, &made).await?;
    let detail = json!({
        "verdict": made.grant.effect.id(),
        "ends_at": made.grant.span.ends_at.as_millis(),
        "request": made.grant.request.map(|request| request.to_string()),
    });
    trail::changed(tx, actor, "override.grant", &Subject::new("override", id), &detail, at).await?;
    if made.grant.effect == Effect::Allow {
        people::event::happened(tx, "override.opened", ("override", id.to_string()), at).await?;
    }
    Ok(made)
}

/// Whether there is a person where one is named: an override for nobody would look like one that works.
pub async fn somebody(tx: &mut Tx, whom: &Whom) -> Result<(), GrantError> {
    match whom {
        Whom::Person(number) if people::person(tx, *number).await?.is_none() => {
            Err(GrantError::NobodyThere(*number))
        }
        _ => Ok(()),
    }
}

/// How the override that answered a request ended before its time, where it did.
pub async fn withdrawn(tx: &mut Tx, request: SiteRequestId) -> Result<Option<Withdrawn>, StoreError> {
    store::withdrawn(tx, request).await
}

/// What was opened or closed for somebody without a request, and began after `since`, whether it is over or not.
pub async fn begun_since(tx: &mut Tx, whom: &Whom, since: Timestamp) -> Result<Vec<Override>, StoreError> {
    store::begun_since(tx, whom, since).await
}
