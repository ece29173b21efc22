//! The hub looks after what is published: whatever of it is found damaged, and whatever is in the records and could not be
//! published, is published again from the records, at once, and every page of the portal says so until it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use engine::SealedKey;
use filtering::publish::{Damage, Published, Trace, damaged};
use kit::Clock;
use store::Db;

use crate::commands::records::publish_again;
use crate::home::Home;
use crate::process::snapshot::BEHIND;

/// What is looked at a second time before anybody is alarmed: somebody may be publishing.
const SECOND_LOOK: Duration = Duration::from_millis(100);
/// How long to wait after publishing has failed, at first and at most.
const WAIT: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

/// What every page says while gates do not go by something that the records hold.
const LATE: &str = "Something that was decided here is kept, but the filter does not go by it yet. It is tried again until it does. \
                    If this stays, tell the network manager: the service log says more.";

/// What is wrong with what is published.
#[derive(Debug, Clone, Default)]
pub struct Alarm(Arc<Wrong>);

#[derive(Debug, Default)]
struct Wrong {
    /// Some of it is damaged.
    damaged: AtomicBool,
    /// The records hold more.
    late: AtomicBool,
}

impl Alarm {
    /// What every page says.
    pub fn notices(&self) -> Vec<String> {
        let said = [(&self.0.damaged, BEHIND), (&self.0.late, LATE)];
        said.into_iter()
            .filter(|(is, _)| is.load(Ordering::Relaxed))
            .map(|(_, words)| words.to_owned())
            .collect()
    }

    /// Something is in the records and could not be published: it is tried again until it is.
    pub fn late(&self) {
        self.0.late.store(true, Ordering::Relaxed);
    }

    /// Whether that is so.
    pub fn is_late(&self) -> bool {
        self.0.late.load(Ordering::Relaxed)
    }
}

/// Looks after the published files.
pub struct Mending {
    home: Home,
    records: Db,
    key: SealedKey,
    /// The portal's hosts.
    portal: Arc<[String]>,
    alarm: Alarm,
    /// What the system said of the files when all of them were whole.
    whole: Option<Trace>,
    /// Not before then, and how long to wait after that.
    next: Option<(Instant, Duration)>,
}

impl Mending {
    pub fn new(home: Home, records: Db, key: SealedKey, portal: Vec<String>, alarm: Alarm) -> Self {
        Self { home, records, key, portal: portal.into(), alarm, whole: None, next: None }
    }

    /// Looks once. Files that nobody has written to since they were found whole are not read.
    pub async fn look(&mut self) {
        let folder = self.home.gate();
        let trace = Published::read(&folder).ok().flatten().map(|published| published.trace(&folder));
        let late = self.alarm.0.late.load(Ordering::Relaxed);
        if trace.is_some() && trace == self.whole && !late {
            return;
        }
        if self.next.is_some_and(|(at, _)| Instant::now() < at) {
            return;
        }
        let mut damage = self.damage().await;
        if !damage.is_empty() {
            tokio::time::sleep(SECOND_LOOK).await;
            damage = self.damage().await;
        }
        if damage.is_empty() && self.alarm.0.damaged.swap(false, Ordering::Relaxed) {
            tracing::info!("What is published is whole again");
        }
        if damage.is_empty() && !late {
            (self.whole, self.next) = (trace, None);
            return;
        }
        self.alarm.0.damaged.store(!damage.is_empty(), Ordering::Relaxed);
        for one in &damage {
            tracing::error!(error = %one.error, "What was published is damaged; it is published again");
        }
        // Before the records are read: what comes into them after that is told anew.
        self.alarm.0.late.store(false, Ordering::Relaxed);
        match self.publish(damage).await {
            Ok(published) => tracing::warn!(
                generation = published.generation,
                "What was damaged or late has been published from the records"
            ),
            Err(error) => {
                self.alarm.0.late.store(late, Ordering::Relaxed);
                let wait = self.next.map_or(WAIT.0, |(_, wait)| (wait * 2).min(WAIT.1));
                self.next = Some((Instant::now() + wait, wait));
                tracing::error!(
                    error = format!("{error:#}"),
                    "It could not be published again; gates go by what was published before"
                );
            }
        }
    }

    async fn damage(&self) -> Vec<Damage> {
        let folder = self.home.gate();
        tokio::task::spawn_blocking(move || damaged(&folder)).await.unwrap_or_default()
    }

    /// Building an index takes seconds, in which pages are answered.
    async fn publish(&self, damage: Vec<Damage>) -> Result<Published> {
        let (home, records, key) = (self.home.clone(), self.records.clone(), self.key.clone());
        let portal = Arc::clone(&self.portal);
        let runtime = tokio::runtime::Handle::current();
        let publishing = move || {
            runtime.block_on(publish_again(&home, &records, key, &portal, &damage, Clock::System.now()))
        };
        tokio::task::spawn_blocking(publishing).await.context("publishing ended before its time")?
    }
}
