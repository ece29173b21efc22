//! The hub tests the filter by itself when the school wants it: once a day, and after a change of the policy.

use std::time::Duration;

use anyhow::{Context as _, Result};
use engine::{PolicyDocument, SealedKey};
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
            if !due {
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
        let testing = self.clone();
        // A test asks thousands of questions, in which pages are answered.
        let tested = tokio::task::spawn_blocking(move || testing.carry_out()).await;
        let tested = tested.context("testing ended before its time").and_then(|tested| tested);
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

    fn carry_out(self) -> Result<Kept> {
        let mut context = Context::of(self.home, self.config, Output::new(true))?;
        context.actor = ACTOR;
        test_everything(&context, Keys { sealed: self.sealed, ticket: self.ticket })
    }

    async fn note(&self, why: Option<&str>) -> Result<()> {
        let mut tx = self.records.begin().await?;
        filter_test::keep_problem(&mut tx, why).await?;
        Ok(tx.commit().await?)
    }
}
