//! Holding a list as it is, releasing it, and taking it out of use.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::model::State;
use super::store;

/// Why a list was not held, released or taken out.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// There is none.
    #[error("there is no list {0:?} in use; `fivebar lists status` shows them")]
    NotFound(String),
    /// It is so already.
    #[error("the list {id} is {state} already")]
    Already {
        /// The list.
        id: String,
        /// How it is.
        state: &'static str,
    },
    /// Nobody could say later why.
    #[error("say why; the reason is kept and shown with the list")]
    NoReason,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps a list as it is until it is released.
pub async fn hold(
    tx: &mut Tx,
    actor: &Actor,
    id: &str,
    reason: &str,
    at: Timestamp,
) -> Result<(), HoldError> {
    turn(tx, actor, id, reason, State::Held, at).await
}

/// Lets a held list be updated again.
pub async fn release(
    tx: &mut Tx,
    actor: &Actor,
    id: &str,
    reason: &str,
    at: Timestamp,
) -> Result<(), HoldError> {
    turn(tx, actor, id, reason, State::Active, at).await
}

/// Keeps why somebody has an update of a list taken that waits for a person.
pub async fn note(tx: &mut Tx, id: &str, reason: &str) -> Result<(), HoldError> {
    if reason.trim().is_empty() {
        return Err(HoldError::NoReason);
    }
    Ok(store::note(tx, id, reason.trim()).await?)
}

async fn turn(
    tx: &mut Tx,
    actor: &Actor,
    id: &str,
    reason: &str,
    to: State,
    at: Timestamp,
) -> Result<(), HoldError> {
    if reason.trim().is_empty() {
        return Err(HoldError::NoReason);
    }
    let from = match to {
        State::Held => State::Active,
        State::Active => State::Held,
    };
    if !store::set_state(tx, id, from, to).await? {
        return Err(match store::one(tx, id).await? {
            Some(list) => HoldError::Already { id: list.id, state: list.state.id() },
            None => HoldError::NotFound(id.to_owned()),
        });
    }
    store::note(tx, id, reason.trim()).await?;
    let verb = if to == State::Held { "list.hold" } else { "list.release" };
    trail::changed(tx, actor, verb, &Subject::new("list", id), &json!({}), at).await?;
    if to == State::Held {
        people::event::happened(tx, "list.held", ("list", id.to_owned()), at).await?;
    }
    Ok(())
}

/// Takes a list out of use, such as one imported by mistake. Its versions stay in the records with the reason. Publish
/// afterwards.
pub async fn remove(
    tx: &mut Tx,
    actor: &Actor,
    id: &str,
    reason: &str,
    at: Timestamp,
) -> Result<(), HoldError> {
    if reason.trim().is_empty() {
        return Err(HoldError::NoReason);
    }
    if !store::take_out(tx, id).await? {
        return Err(HoldError::NotFound(id.to_owned()));
    }
    let (version, reason) = (store::highest(tx, id).await?, reason.trim());
    store::wait(tx, id, None).await?;
    store::note(tx, id, reason).await?;
    store::keep_removal(tx, id, version, reason).await?;
    // Words have no place in the trail, where nothing can be erased. Their hash proves those that are kept beside it.
    let detail = json!({ "version": version, "reason_sha256": hash(reason) });
    trail::changed(tx, actor, REMOVE, &Subject::new("list", id), &detail, at).await?;
    Ok(())
}

const REMOVE: &str = "list.remove";

/// A list that was taken out of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Its id.
    pub id: String,
    /// Who took it out, as the trail writes it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why; unknown where it was taken out by a program that kept no reason.
    pub reason: Option<String>,
    /// Whether the reason is the one the trail vouches for.
    pub is_proved: bool,
}

/// Every list that was taken out of use, the last first, with why.
pub async fn removed(tx: &mut Tx) -> Result<Vec<Removed>, StoreError> {
    let mut all = Vec::new();
    for entry in trail::of_kind(tx, "list", REMOVE).await?.into_iter().rev() {
        let detail: serde_json::Value = serde_json::from_str(&entry.detail).unwrap_or_default();
        let version = detail.get("version").and_then(serde_json::Value::as_u64);
        let reason = match version.and_then(|version| u32::try_from(version).ok()) {
            Some(version) => store::removal(tx, &entry.subject_id, version).await?,
            None => None,
        };
        let proof = detail.get("reason_sha256").and_then(serde_json::Value::as_str);
        let is_proved = reason.as_deref().is_some_and(|reason| Some(hash(reason).as_str()) == proof);
        all.push(Removed { id: entry.subject_id, by: entry.actor, at: entry.at, reason, is_proved });
    }
    Ok(all)
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
