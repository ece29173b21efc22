//! The hub tests the filter by itself when the school wants it: once a day, and after a change of the policy.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use engine::{PolicyDocument, SealedKey};
use filtering::errand::{Errand, Errands};
use filtering::filter_test::daily::{Known, is_due};
use filtering::filter_test::{self, Kept};
use filtering::publish::Published;
use kit::{Clock, Private, Timestamp, Zone};
use store::{Actor, Db};

use crate::commands::context::Context;
use crate::commands::filter_test::{Keys, test_everything};
use crate::config::Config;
use crate::home::Home;
use crate::output::Output;

/// How often it is looked whether it is time.
const LOOK_EVERY: Duration = Duration::from_secs(10);

const ACTOR: Actor = Actor::Job("filter-test");

/// Tests the filter.
#[derive(Clone)]
pub struct Testing {
    pub home: Home,
    pub config: Config,
    pub records: Db,
    pub sealed: SealedKey,
    /// The key of passes.
    pub ticket: Private<[u8; 32]>,
    /// Where it is known that one is under way.
    pub errands: Arc<Errands>,
}

impl Testing {
    /// Goes on for as long as the hub runs.
    pub async fn run(self) {
        let wanted = self.config.filter_test.wanted();
        if wanted.from_minute.is_none() && !wanted.after_changes {
            return;
        }
        let mut failed_at = None;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let at = Clock::System.now();
            let due = match self.known(failed_at).await {
                Ok(Some((known, zone))) => is_due(wanted, known, &zone, at),
                Ok(None) => false,
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "Whether it is time to test the filter cannot be said"
                    );
                    false
                }
            };
            // One that somebody at the portal began goes first.
            if !due || !self.errands.begin(&Errand::Test, &ACTOR, at) {
                continue;
            }
            failed_at = self.test(at).await.err();
        }
    }

    /// What is known of earlier tests, and the school's own time; nothing before a policy is published.
    async fn known(&self, failed_at: Option<Timestamp>) -> Result<Option<(Known, Zone)>> {
        let folder = self.home.gate();
        let Some(published) = Published::read(&folder)? else { return Ok(None) };
        let policy = published.policy(&folder)?;
        let zone = PolicyDocument::parse(&policy.document)
            .ok()
            .and_then(|document| Zone::named(&document.calendar.zone).ok())
            .unwrap_or_else(Zone::utc);
        let mut tx = self.records.read().await?;
        let last = filter_test::newest_by(&mut tx, &ACTOR.to_string()).await;
        tx.roll_back().await?;
        let last = last?.map(|test| (test.at, test.report.policy));
        Ok(Some((Known { last, failed_at, policy: policy.version }, zone)))
    }

    /// Tests once. Where that could not be done, the time of it; `status` says why.
    async fn test(&self, at: Timestamp) -> Result<(), Timestamp> {
        let tested = self.clone().as_actor(ACTOR).await;
        let why_not = tested.as_ref().err().map(|error| format!("{error:#}"));
        self.errands.end(&Errand::Test, why_not, Clock::System.now());
        let why = match &tested {
            Ok(kept) => {
                let (number, outcome) = (kept.number, kept.report.in_short());
                if kept.report.passed {
                    tracing::info!(number, outcome, "The filter was tested");
                } else {
                    tracing::error!(
                        number,
                        outcome,
                        "The filter was tested, and failed; `fivebar filter-test show` says more"
                    );
                }
                None
            }
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "The filter could not be tested; it is tried again"
                );
                Some(format!("{error:#} (tried at {at}, and again after a quarter of an hour)"))
            }
        };
        if let Err(error) = self.note(why.as_deref()).await {
            tracing::error!(
                error = format!("{error:#}"),
                "How testing the filter went is not in the records"
            );
        }
        tested.map(drop).map_err(|_| at)
    }

    /// Tests once for somebody at the portal.
    pub async fn once(self, actor: Actor) -> Result<()> {
        let kept = self.as_actor(actor).await?;
        tracing::info!(number = kept.number, outcome = kept.report.in_short(), "The filter was tested");
        Ok(())
    }

    async fn as_actor(self, actor: Actor) -> Result<Kept> {
        // A test asks thousands of questions, in which pages are answered.
        let tested = tokio::task::spawn_blocking(move || self.carry_out(actor)).await;
        tested.context("testing ended before its time").and_then(|tested| tested)
    }

    fn carry_out(self, actor: Actor) -> Result<Kept> {
        let mut context = Context::of(self.home, self.config, Output::new(true))?;
        context.actor = actor;
        test_everything(&context, Keys { sealed: self.sealed, ticket: self.ticket })
    }

    async fn note(&self, why: Option<&str>) -> Result<()> {
        let mut tx = self.records.begin().await?;
        filter_test::keep_problem(&mut tx, why).await?;
        Ok(tx.commit().await?)
    }
}
