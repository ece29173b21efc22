//! The hub makes back-ups by itself when the rule of `[backup]` owes one, and tries them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use backups::kept;
use backups::{Known, Rule};
use filtering::errand::{Errand, Errands};
use kit::{Clock, Timestamp, Zone};
use store::{Actor, Db};

use crate::commands::backup::{drill_by_rule, make_by_rule, read_by_rule};
use crate::commands::context::Context;
use crate::commands::lasting::school_zone;
use crate::config::{Backup, Config};
use crate::home::Home;
use crate::output::Output;

/// How often it is looked whether it is time.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long to wait where a drill could not even be begun.
const DRILL_AGAIN_MS: i64 = 3_600_000;

const ACTOR: Actor = Actor::Job("back-ups");

/// Keeps the school's back-ups as the rule says.
#[derive(Clone)]
pub struct Keeping {
    pub home: Home,
    pub config: Config,
    pub records: Db,
    /// Where it is known that a back-up is under way.
    pub errands: Arc<Errands>,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    BackUp,
    /// Restoring one to try it.
    Drill,
    /// Reading one whole: it is encrypted, and nobody's identity is here.
    Look,
}

/// What was tried since the hub started.
#[derive(Debug, Clone, Copy, Default)]
struct Tried {
    /// When it started.
    since: Option<Timestamp>,
    /// When a drill was last begun.
    drill: Option<Timestamp>,
}

/// What is due, a back-up before anything else: what would be tried is there then.
///
/// What failed before this start waits for nothing: somebody has looked at it, as a rule.
fn due(rule: &Rule, known: &Known, tried: &Tried, zone: &Zone, at: Timestamp) -> Option<Due> {
    let failed = known.problem.as_ref().filter(|problem| problem.no_backup).map(|problem| problem.at);
    let failed = failed.filter(|failed| tried.since.is_none_or(|since| since <= *failed));
    let wanted = rule.wanted.as_ref()?;
    if wanted.is_due(known.last_made, failed, zone, at) {
        return Some(Due::BackUp);
    }
    let waits = tried.drill.is_some_and(|tried| tried <= at && at < tried.plus_millis(DRILL_AGAIN_MS));
    if waits || known.last_made.is_none() {
        return None;
    }
    // What failed is a person's to look at: it is not tried over and over.
    if known.drilled.as_ref().is_some_and(|drill| !drill.passed && drill.at.plus_millis(DAY_MS) > at) {
        return None;
    }
    if rule.encrypted {
        return rule.look_is_due(known, at).then_some(Due::Look);
    }
    rule.drill_is_due(known, at).then_some(Due::Drill)
}

const DAY_MS: i64 = 86_400_000;

impl Keeping {
    /// Goes on for as long as the hub runs.
    pub async fn run(self) {
        let Some(backup) = self.config.backup.clone() else { return };
        let rule = backup.rule();
        if rule.wanted.is_none() {
            return;
        }
        let mut tried = Tried { since: Some(Clock::System.now()), drill: None };
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let at = Clock::System.now();
            let due = match self.known().await {
                Ok((known, zone)) => due(&rule, &known, &tried, &zone, at),
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "Whether it is time for a back-up cannot be said"
                    );
                    None
                }
            };
            let Some(due) = due else { continue };
            if due != Due::BackUp {
                tried.drill = Some(at);
            } else if !self.errands.begin(&Errand::BackUp, &ACTOR, at) {
                // Somebody at the portal began one.
                continue;
            }
            let done = self.clone().as_actor(due, backup.clone(), ACTOR).await;
            if due == Due::BackUp {
                let why_not = done.as_ref().err().map(|error| format!("{error:#}"));
                self.errands.end(&Errand::BackUp, why_not, Clock::System.now());
            }
            if let Err(error) = done {
                tracing::error!(
                    error = format!("{error:#}"),
                    ?due,
                    "What the back-ups are owed could not be done; it is tried again, and the portal says so"
                );
            }
        }
    }

    async fn known(&self) -> Result<(Known, Zone)> {
        let mut tx = self.records.read().await?;
        let known = kept::known(&mut tx).await?;
        let zone = school_zone(&mut tx).await?;
        tx.roll_back().await?;
        Ok((known, zone))
    }

    /// Makes one back-up for somebody at the portal.
    pub async fn once(self, actor: Actor) -> Result<()> {
        let Some(backup) = self.config.backup.clone() else {
            bail!("the settings have no section [backup], which says where back-ups lie")
        };
        self.as_actor(Due::BackUp, backup, actor).await
    }

    async fn as_actor(self, due: Due, backup: Backup, actor: Actor) -> Result<()> {
        // Hashing and sending take minutes, in which pages are answered.
        let done = tokio::task::spawn_blocking(move || self.carry_out(due, &backup, actor)).await;
        done.context("it ended before its time").and_then(|done| done)
    }

    fn carry_out(self, due: Due, backup: &Backup, actor: Actor) -> Result<()> {
        let mut context = Context::of(self.home, self.config, Output::new(true))?;
        context.actor = actor;
        let drill = match due {
            Due::BackUp => {
                let done = make_by_rule(&context, backup, &|_, _| {})?;
                tracing::info!(
                    bytes = done.made.bytes,
                    took_ms = done.made.took_ms,
                    removed = done.removed,
                    "A back-up was made and read back where it lies"
                );
                if let Some(why) = done.beside {
                    tracing::error!(why, "The back-up is made, and something beside it went wrong");
                }
                return Ok(());
            }
            Due::Drill => drill_by_rule(&context, backup, None, None)?,
            Due::Look => read_by_rule(&context, backup)?,
        };
        if drill.passed {
            tracing::info!(number = drill.number, took_ms = drill.took_ms, "A back-up was tried");
        } else {
            tracing::error!(number = drill.number, says = drill.says, "A back-up was tried, and failed");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use backups::kept::{Depth, Drill, Problem};
    use backups::{Keep, Wanted, weekday_of};

    use super::*;

    #[test]
    fn a_back_up_comes_first_and_a_drill_that_failed_waits_for_a_person() {
        let (zone, at) = (Zone::utc(), Timestamp::parse("2026-06-03T12:00:00Z").unwrap());
        let ago = |hours: i64| at.plus_millis(-hours * 3_600_000);
        let days = vec![weekday_of("wednesday").unwrap()];
        let rule = |encrypted| Rule {
            wanted: Some(Wanted { from_minute: 150, days: days.clone() }),
            keep: Keep::default(),
            drill_every_days: 90,
            place: String::new(),
            encrypted,
        };
        let drill = |hours, passed| Drill {
            number: 1,
            at: ago(hours),
            run_by: String::new(),
            backup: String::new(),
            depth: Depth::Restored,
            passed,
            took_ms: 1,
            says: String::new(),
        };
        let none = Known::default();
        let made = Known { last_made: Some(ago(9)), ..Known::default() };
        let failed = Problem { at: ago(0), why: String::new(), no_backup: true };
        let failing = Known { problem: Some(failed), ..Known::default() };
        let drilled = |hours, passed| Known {
            drilled: Some(drill(hours, passed)),
            restored: passed.then(|| drill(hours, passed)),
            ..made.clone()
        };
        for (rule, known, tried, expected) in [
            (rule(false), &none, None, Some(Due::BackUp)),
            (rule(false), &failing, None, None),
            (rule(false), &made, None, Some(Due::Drill)),
            (rule(true), &made, None, Some(Due::Look)),
            (rule(false), &made, Some(ago(0)), None),
            (rule(false), &drilled(5, true), None, None),
            (rule(true), &drilled(24 * 31, true), None, Some(Due::Look)),
            (rule(false), &drilled(24 * 31, true), None, None),
            (rule(false), &drilled(5, false), None, None),
            (rule(false), &drilled(25, false), None, Some(Due::Drill)),
        ] {
            let tried = Tried { since: None, drill: tried };
            assert_eq!(due(&rule, known, &tried, &zone, at), expected, "{known:?}");
        }
        // A start after it had failed.
        let started = Tried { since: Some(ago(-1)), drill: None };
        assert_eq!(due(&rule(false), &failing, &started, &zone, at), Some(Due::BackUp));
        let unscheduled = Rule { wanted: None, ..rule(false) };
        assert_eq!(due(&unscheduled, &none, &Tried::default(), &zone, at), None);
    }
}
