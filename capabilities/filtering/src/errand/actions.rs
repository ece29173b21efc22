//! Sending the hub.

use std::sync::Arc;

use ::store::{Subject, Tx, trail};
use kit::{Actor, Timestamp};
use serde_json::json;
use web::PageError;

use super::Errand;
use crate::portal::Portal;

/// Begins an errand for whoever a permit was granted to in this transaction, which is committed with an entry in the access trail; where it
/// is under way already nothing is begun, and nothing written. It goes on after the answer.
pub(crate) async fn send(
    portal: &Portal,
    mut tx: Tx,
    errand: Errand,
    (actor, at): (Actor, Timestamp),
) -> Result<(), PageError> {
    if !portal.errands.begin(&errand, &actor, at) {
        return tx.roll_back().await.map_err(PageError::unexpected);
    }
    let (kind, id) = errand.subject();
    let subject = Subject::new(kind, id);
    let written = match trail::changed(&mut tx, &actor, "errand.begin", &subject, &json!({}), at).await {
        Ok(_) => tx.commit().await,
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        portal.errands.forget(&errand);
        return Err(PageError::unexpected(error));
    }
    let (errands, clock) = (Arc::clone(&portal.errands), portal.clock.clone());
    let work = tokio::spawn(portal.hub.carry_out(errand.clone(), actor, at));
    tokio::spawn(async move {
        // What ended before its time has ended too: it can be begun again.
        let why_not = match work.await {
            Ok(done) => done.err(),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = &why_not {
            tracing::error!(?errand, why, "What somebody at the portal had the hub do could not be done");
        }
        errands.end(&errand, why_not, clock.now());
    });
    Ok(())
}
