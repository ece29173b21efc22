//! Publishes what somebody has changed at the portal.

use std::sync::Arc;

use engine::{LiveDocument, SealedKey};
use filtering::portal::{NotPublished, Publishes, Soon};
use kit::Timestamp;
use store::{Actor, Db, Tx};

use crate::commands::records::{NotLive, publish_live};
use crate::commands::secret::may_tell;
use crate::home::Home;
use crate::process::mending::Alarm;

/// What publishing from the hub needs.
#[derive(Clone)]
pub struct Publishing {
    pub home: Home,
    pub records: Db,
    pub key: SealedKey,
    /// The portal's hosts.
    pub portal: Arc<[String]>,
    /// Told of what is kept and could not be published.
    pub alarm: Alarm,
}

/// Said where ten answers told of sealed sites within the hour: as from the command line, no answer may tell of more.
const NOT_NOW: &str =
    "Nothing can be opened just now. Try again in an hour; the access trail says that you asked";
/// What the trail calls it.
const FROM_THE_PORTAL: &str = "portal request.agree";

impl Publishes for Publishing {
    fn live(
        &self,
        tx: Tx,
        new: LiveDocument,
        actor: Actor,
        at: Timestamp,
    ) -> Soon<'_, Result<(), NotPublished>> {
        Box::pin(async move {
            let failed = |error: anyhow::Error| NotPublished::Failed(error.into());
            // Before anything is tried: a refusal of sealed sites alone would tell which they are. In a transaction of its own,
            // which reads only, beside the one that has changed something.
            if !may_tell(&self.records, &actor, FROM_THE_PORTAL, 0, at).await.map_err(failed)?.0 {
                drop(tx);
                return Err(NotPublished::CannotBe(NOT_NOW.to_owned()));
            }
            // Reading what is in force takes a while, in which pages are answered.
            let (this, runtime) = (self.clone(), tokio::runtime::Handle::current());
            let work = move || {
                runtime.block_on(publish_live(&this.home, tx, this.key.clone(), &this.portal, &new, at))
            };
            let done = tokio::task::spawn_blocking(work).await.map_err(|error| failed(error.into()))?;
            match done {
                Ok(()) => Ok(()),
                Err(NotLive::LeftOut { why, is_secret }) => {
                    let told = u32::from(is_secret);
                    let may =
                        may_tell(&self.records, &actor, FROM_THE_PORTAL, told, at).await.map_err(failed)?;
                    Err(NotPublished::CannotBe(if may.0 { why } else { NOT_NOW.to_owned() }))
                }
                // It is decided. Every page says that gates do not have it yet, and it is published as soon as it can be.
                Err(NotLive::Late(error)) => {
                    tracing::error!(%error, "What was decided at the portal is kept, and not published yet");
                    self.alarm.late();
                    Ok(())
                }
                Err(NotLive::Failed(error)) => Err(failed(error)),
            }
        })
    }
}
