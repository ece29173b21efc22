//! Who did something, as people say it.

use ::store::{StoreError, Tx};
use web::speech::say;

use crate::site_request::staff_pages::number;

/// The name of whoever the trail means by this, as in `person:12` or `command-line:0`.
pub async fn who_did(tx: &mut Tx, actor: &str) -> Result<String, StoreError> {
    let name = match number(actor) {
        Some(person) => people::name_of(tx, person).await?,
        None => None,
    };
    Ok(match name {
        Some(name) => name.into_revealed(),
        None if actor.starts_with("command-line") => say("policy.the-machines-administrator"),
        None => say("common.somebody-who-has-left"),
    })
}
