//! How people want to be told.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use serde_json::json;

use crate::content::{KindText, Notices};
use crate::model::{Kind, Ways};
use crate::quiet::Hours;
use crate::store;

/// One kind and how somebody is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The kind.
    pub kind: &'static KindText,
    /// By which ways.
    pub ways: Ways,
}

/// How somebody is told of each kind.
pub async fn chosen(tx: &mut Tx, person: u32) -> Result<Vec<Chosen>, StoreError> {
    let own = store::choices(tx, person).await?;
    let ways = |kind: &KindText| {
        own.iter().find(|(id, _)| *id == kind.id).map_or_else(|| kind.usual(), |(_, ways)| *ways)
    };
    Ok(Notices::built_in().kinds().iter().map(|kind| Chosen { kind, ways: ways(kind) }).collect())
}

pub(crate) async fn ways(tx: &mut Tx, person: u32, kind: Kind) -> Result<Ways, StoreError> {
    let all = chosen(tx, person).await?;
    Ok(all.into_iter().find(|one| one.kind.id == kind.id()).map_or_else(Ways::default, |one| one.ways))
}

/// Somebody chooses how they are told of some kinds.
pub async fn choose(
    tx: &mut Tx,
    person: u32,
    choices: &[(Kind, Ways)],
    at: Timestamp,
) -> Result<(), StoreError> {
    for (kind, ways) in choices {
        store::choose(tx, person, *kind, *ways, at).await?;
    }
    let detail: serde_json::Map<String, serde_json::Value> = choices
        .iter()
        .map(|(kind, ways)| (kind.id().to_owned(), json!({ "mail": ways.mail, "push": ways.push })))
        .collect();
    said(tx, person, "notice.choose", &detail.into(), at).await
}

/// When somebody is told nothing that is not urgent.
pub async fn quiet_of(tx: &mut Tx, person: u32) -> Result<Hours, StoreError> {
    Ok(store::hours(tx, person).await?.unwrap_or_else(|| Notices::built_in().quiet()))
}

/// Somebody chooses their quiet hours.
pub async fn choose_quiet(tx: &mut Tx, person: u32, hours: Hours, at: Timestamp) -> Result<(), StoreError> {
    store::set_hours(tx, person, hours, at).await
}

pub(crate) async fn said(
    tx: &mut Tx,
    person: u32,
    verb: &str,
    detail: &serde_json::Value,
    at: Timestamp,
) -> Result<(), StoreError> {
    let subject = Subject::new("person", person);
    trail::changed(tx, &Actor::Person(person), verb, &subject, detail, at).await?;
    Ok(())
}
