//! What the school says of the licence of a list that does not say it itself.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use serde_json::json;

use super::model::List;
use super::store;

/// Writes down under which licence the school holds a list.
pub async fn say_licence(
    tx: &mut Tx,
    actor: &Actor,
    id: &str,
    licence: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    if store::licence(tx, id).await?.as_deref() == Some(licence) {
        return Ok(());
    }
    store::keep_licence(tx, id, licence).await?;
    let detail = json!({ "licence": licence });
    trail::changed(tx, actor, "list.licence", &Subject::new("list", id), &detail, at).await?;
    Ok(())
}

/// What the school says of the licence of each.
pub async fn licences(tx: &mut Tx, lists: &[List]) -> Result<Vec<Option<String>>, StoreError> {
    let mut all = Vec::with_capacity(lists.len());
    for list in lists {
        all.push(store::licence(tx, &list.id).await?);
    }
    Ok(all)
}
