//! Publishes what somebody has changed at the portal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::document::Effect;
use engine::{LiveDocument, SealedKey};
use filtering::health::GateHealth;
use filtering::list::{Intake, Kinds};
use filtering::own_words::OwnWords;
use filtering::portal::{Gate, GateHas, NotPublished, Publishes, Soon};
use filtering::publish::Published;
use filtering::sealed::telling::may_tell;
use kit::{Clock, Timestamp};
use people::intake::PublishError;
use store::{Actor, Db, Tx};

use crate::commands::records::{NotLive, is_kept, publish_lists, publish_live, publish_words};
use crate::home::Home;
use crate::own_words;
use crate::process::health::Health;
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
const FROM_THE_PORTAL: &str = "portal";

impl Publishing {
    fn late(&self, error: &filtering::publish::PublishError) {
        tracing::error!(%error, "What was decided at the portal is kept, and not published yet");
        self.alarm.late();
    }
}

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
            let unread = |error: store::StoreError| NotPublished::Failed(error.into());
            // Before anything is tried: a refusal of sealed sites alone would tell which they are. In a transaction of its own,
            // which reads only, beside the one that has changed something.
            if opens(&new)
                && !may_tell(&self.records, &actor, FROM_THE_PORTAL, 0, at).await.map_err(unread)?.0
            {
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
                        may_tell(&self.records, &actor, FROM_THE_PORTAL, told, at).await.map_err(unread)?;
                    Err(NotPublished::CannotBe(if may.0 { why } else { NOT_NOW.to_owned() }))
                }
                // It is decided. Every page says that gates do not have it yet, and it is published as soon as it can be.
                Err(NotLive::Late(error)) => {
                    self.late(&error);
                    Ok(())
                }
                Err(NotLive::Failed(error)) => Err(failed(error)),
            }
        })
    }

    fn words(&self, tx: Tx, words: OwnWords, at: Timestamp) -> Soon<'_, Result<(), NotPublished>> {
        Box::pin(async move {
            let failed = |error: anyhow::Error| NotPublished::Failed(error.into());
            let (this, runtime) = (self.clone(), tokio::runtime::Handle::current());
            let work = move || {
                let made = own_words::make(&this.home, &words.language, &words.change)
                    .map_err(|error| NotPublished::CannotBe(format!("{error:#}")))?;
                let done = publish_words(&this.home, tx, this.key.clone(), &this.portal, at);
                match runtime.block_on(done) {
                    Ok(()) => Ok(()),
                    Err(NotLive::Late(error)) => {
                        this.late(&error);
                        Ok(())
                    }
                    Err(error) => {
                        made.take_back(&this.home, &words.language).map_err(failed)?;
                        Err(failed(error.into()))
                    }
                }
            };
            tokio::task::spawn_blocking(work).await.map_err(|error| failed(error.into()))?
        })
    }

    fn lists(&self, tx: Tx, at: Timestamp) -> Soon<'_, Result<(), NotPublished>> {
        Box::pin(async move {
            let failed = |error: anyhow::Error| NotPublished::Failed(error.into());
            let (this, runtime) = (self.clone(), tokio::runtime::Handle::current());
            // Reading all lists takes seconds, in which pages are answered. Whoever agreed has looked at it: nothing is weighed.
            let work = move || {
                let intake = Intake::new(Kinds::built_in()?)?;
                let of_lists = (intake, false);
                runtime.block_on(publish_lists(&this.home, tx, this.key.clone(), &this.portal, of_lists, at))
            };
            let done = tokio::task::spawn_blocking(work).await.map_err(|error| failed(error.into()))?;
            match done {
                Ok(_) => Ok(()),
                // It is decided, and gates do not have it yet.
                Err(error) if is_kept(&error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "What was decided at the portal is kept, and not published yet"
                    );
                    self.alarm.late();
                    Ok(())
                }
                Err(error) => Err(failed(error)),
            }
        })
    }
}

/// Whether something new opens anything. What closes, and what ends, tells nothing of what is sealed.
fn opens(new: &LiveDocument) -> bool {
    new.overrides.iter().any(|one| one.effect == Effect::Allow)
        || new.focus.iter().any(|one| !one.garden.is_empty())
}

/// How long the gate is waited for.
const PATIENCE: Duration = Duration::from_millis(2_500);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Reads how the gate fares.
pub struct GateFile {
    pub home: Home,
    pub clock: Clock,
    /// Knows whether something is kept that could not be published yet.
    pub alarm: Alarm,
}

impl GateFile {
    fn now(&self) -> GateHas {
        // What is published is not the newest then.
        if self.alarm.is_late() {
            return GateHas::NotYet;
        }
        let newest = match Published::read(&self.home.gate()) {
            Ok(Some(published)) => published.generation,
            // Without a publication there is nothing to go by.
            Ok(None) | Err(_) => return GateHas::NotYet,
        };
        match Health::read(&self.home.health(), self.clock.now()) {
            None => GateHas::NoGate,
            Some(health) if health.generation >= newest => GateHas::It,
            Some(_) => GateHas::NotYet,
        }
    }
}

impl Gate for GateFile {
    fn has_newest(&self) -> Soon<'_, GateHas> {
        Box::pin(async move {
            let until = Instant::now() + PATIENCE;
            loop {
                match self.now() {
                    GateHas::NotYet if Instant::now() < until => tokio::time::sleep(LOOK_EVERY).await,
                    known => return known,
                }
            }
        })
    }

    fn health(&self) -> Option<GateHealth> {
        let health = Health::read(&self.home.health(), self.clock.now())?;
        Some(GateHealth {
            started_at: Timestamp::from_millis(health.started_ms),
            questions: health.count("dns", "questions"),
            refused: health.count("dns", "blocked"),
            failed: health.count("dns", "failed"),
            doubted: health.count("dns", "doubted"),
            connections: health.count("proxy", "open"),
            requests: health.count("proxy", "forwarded"),
            observing_until: health.observing_until_ms.map(Timestamp::from_millis),
            notice: health.notice,
        })
    }
}

impl people::intake::Publishes for Publishing {
    fn roll(&self, tx: Tx, _: Actor, at: Timestamp) -> Soon<'_, Result<(), PublishError>> {
        Box::pin(async move {
            let (this, runtime) = (self.clone(), tokio::runtime::Handle::current());
            let nothing = LiveDocument::default();
            let work = move || {
                runtime.block_on(publish_live(&this.home, tx, this.key.clone(), &this.portal, &nothing, at))
            };
            let done = tokio::task::spawn_blocking(work).await.map_err(|error| PublishError(error.into()))?;
            match done {
                Ok(()) => Ok(()),
                Err(NotLive::Late(error)) => {
                    self.late(&error);
                    Ok(())
                }
                Err(error) => Err(PublishError(error.into())),
            }
        })
    }
}
