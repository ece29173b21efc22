//! The hub fetches lists from the web again when their time has come, and publishes what has changed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use engine::SealedKey;
use filtering::list::web::{self, Downloads, Every, Fetcher, Wanted};
use filtering::list::{self, ImportError, Intake, Kinds, TooMuch};
use kit::{Clock, Timestamp};
use store::{Actor, Db};

use crate::commands::records::{Weighed, publish_lists};
use crate::home::Home;

/// How often it is looked whether the time of a list has come.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long to wait where it could not even be written down how it went: no server is asked again and again for that.
const WAIT: Duration = Duration::from_secs(900);

const ACTOR: Actor = Actor::Job("lists-update");

/// Keeps lists up to date.
#[derive(Clone)]
pub struct Renewing {
    pub home: Home,
    pub records: Db,
    pub key: SealedKey,
    /// The portal's hosts.
    pub portal: Arc<[String]>,
    pub every: Every,
}

impl Renewing {
    /// Goes on for as long as the hub runs.
    pub async fn run(self) {
        if self.every == Every::Off {
            return;
        }
        loop {
            let wait = match self.look(Clock::System.now()).await {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "Lists from the web could not be renewed; those in use stay as they were"
                    );
                    WAIT
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn look(&self, at: Timestamp) -> Result<()> {
        let due = self.aside(move |renewing| async move { renewing.due(at).await }).await?;
        if due.is_empty() {
            return Ok(());
        }
        let fetcher = Fetcher::new(Intake::new(Kinds::built_in()?)?.limits().unpacked);
        // Not aside: a hub that is told to stop waits for no server.
        let downloads = web::fetch_all(&fetcher, &due, &self.home.lists(), &|_, _| {}).await;
        self.aside(move |renewing| async move { renewing.take(&downloads, at).await }).await
    }

    /// Reading lists and building an index takes seconds, in which pages are answered.
    async fn aside<T: Send + 'static, W: Future<Output = Result<T>>>(
        &self,
        work: impl FnOnce(Self) -> W + Send + 'static,
    ) -> Result<T> {
        let (renewing, runtime) = (self.clone(), tokio::runtime::Handle::current());
        let work = move || runtime.block_on(work(renewing));
        tokio::task::spawn_blocking(work).await.context("renewing ended before its time")?
    }

    async fn due(&self, at: Timestamp) -> Result<Vec<Wanted>> {
        let mut tx = self.records.read().await?;
        let due = web::due(&mut tx, &self.home.lists(), self.every, at).await;
        tx.roll_back().await?;
        Ok(due?)
    }

    /// Takes what was fetched. A list that would newly block too much is left as it was, and all others are taken.
    async fn take(&self, downloads: &Downloads, at: Timestamp) -> Result<()> {
        let (mut left, mut is_weighed) = (TooMuch::new(), true);
        loop {
            let intake = Intake::new(Kinds::built_in()?)?.leaving(left.clone());
            let Weighed::TooMuch(much) = self.take_but(downloads, intake, is_weighed, at).await? else {
                return Ok(());
            };
            // Once all of these are left alone, what blocks more is no update's doing, and holding it back helps nobody.
            is_weighed = much.keys().any(|id| !left.contains_key(id));
            left.extend(much);
        }
    }

    /// Takes the update of one list that waits for a person, for somebody at the portal who has seen what it would close.
    pub async fn take_waiting(self, id: String, actor: Actor, at: Timestamp) -> Result<()> {
        let (only, limits) = (vec![id.clone()], Intake::new(Kinds::built_in()?)?.limits());
        let mut tx = self.records.read().await?;
        let wanted = web::wanted(&mut tx, &self.home.lists(), &only).await;
        tx.roll_back().await?;
        let fetcher = Fetcher::new(limits.unpacked);
        let downloads = web::fetch_all(&fetcher, &wanted?, &self.home.lists(), &|_, _| {}).await;
        self.aside(move |renewing| async move { renewing.take_one(&id, &actor, &downloads, at).await }).await
    }

    async fn take_one(&self, id: &str, actor: &Actor, downloads: &Downloads, at: Timestamp) -> Result<()> {
        let mut intake = Intake::new(Kinds::built_in()?)?.looked_at(id);
        let kept = self.home.lists();
        let mut tx = self.records.begin().await?;
        let outcome = list::take_waiting(&mut tx, actor, &kept, id, downloads, &mut intake, at).await?;
        match outcome {
            Some(Ok(imported)) if imported.changed => {
                publish_lists(&self.home, tx, self.key.clone(), &self.portal, (intake, false), at).await?;
                tracing::info!(list = id, version = imported.list.version, "A list was taken at the portal");
                Ok(())
            }
            // What waited lies there no more: what does is in use already.
            Some(Ok(_)) => Ok(tx.commit().await?),
            Some(Err(error)) => {
                tx.commit().await?;
                Err(error.into())
            }
            None => {
                tx.roll_back().await?;
                bail!("the list is no longer in use")
            }
        }
    }

    async fn take_but(
        &self,
        downloads: &Downloads,
        mut intake: Intake,
        is_weighed: bool,
        at: Timestamp,
    ) -> Result<Weighed> {
        let kept = self.home.lists();
        let mut tx = self.records.begin().await?;
        let updated = list::update_fetched(&mut tx, &ACTOR, &kept, downloads, &mut intake, at).await?;
        let mut changed = false;
        for (list, outcome) in updated {
            match outcome {
                Ok(imported) if imported.changed => {
                    changed = true;
                    tracing::info!(list = list.id, version = imported.list.version, "A list was renewed");
                }
                Ok(_) | Err(ImportError::Held { .. }) => {}
                Err(error) => {
                    tracing::warn!(list = list.id, %error, "A list was not renewed; it stays as it was");
                }
            }
        }
        if changed {
            return publish_lists(&self.home, tx, self.key.clone(), &self.portal, (intake, is_weighed), at)
                .await;
        }
        tx.commit().await?;
        Ok(Weighed::Live)
    }
}
