//! `status`: how the school's filter fares.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filtering::filter_test;
use filtering::publish::Published;
use kit::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::commands::context::Context;
use crate::output::{Failure, is_unheard};
use crate::process::health::Health;

#[derive(Debug, Args)]
#[command(
    after_help = "The exit code is 4 where the gate or the log is not running. With --watch it goes on until it is stopped."
)]
pub struct Status {
    /// Go on, every two seconds.
    #[arg(long)]
    watch: bool,
}

const EVERY: Duration = Duration::from_secs(2);
/// A test of the filter that is older wants another.
const TEST_EVERY_DAYS: i64 = 31;
const DAY_MS: i64 = 86_400_000;

/// How everything is at one moment.
struct Seen {
    at: Timestamp,
    gate: Option<Health>,
    log: Option<activity::Status>,
    generation: Option<u64>,
    /// Lists that wait for a person, are held, or fail, by their word.
    lists: Vec<(String, &'static str)>,
    in_use: usize,
    tested: Option<(u32, Timestamp, bool)>,
}

/// Runs the command.
pub fn run(context: &Context, asked: &Status) -> Result<()> {
    let mut before: Option<Seen> = None;
    loop {
        let seen = Seen::now(context)?;
        if asked.watch {
            context.output.clear_screen();
        }
        seen.tell(context, before.as_ref());
        if !asked.watch {
            return if seen.gate.is_some() && seen.log.is_some() {
                Ok(())
            } else {
                Err(Failure::NotRunning("not everything is running; `fivebar run` starts it".to_owned())
                    .into())
            };
        }
        if is_unheard() {
            return Ok(());
        }
        before = Some(seen);
        std::thread::sleep(EVERY);
    }
}

impl Seen {
    fn now(context: &Context) -> Result<Self> {
        let at = Clock::System.now();
        let records = context.records()?;
        let (all, tests) = context.wait(async {
            let mut tx = records.read().await?;
            let all = filtering::list::status(&mut tx).await?;
            let tests = filter_test::newest(&mut tx, 1).await?;
            tx.roll_back().await?;
            anyhow::Ok((all, tests))
        })?;
        let lists = all.iter().map(|one| (one.list.id.clone(), one.word()));
        Ok(Self {
            at,
            gate: Health::read(&context.home.health(), at),
            log: activity::Client::new(&context.home.run()).status().ok(),
            generation: Published::read(&context.home.gate())?.map(|published| published.generation),
            in_use: all.len(),
            lists: lists.filter(|(_, word)| *word != "active").collect(),
            tested: tests.first().map(|test| (test.number, test.at, test.report.passed)),
        })
    }

    fn tell(&self, context: &Context, before: Option<&Self>) {
        context.output.object(&self.object());
        let out = context.output;
        match &self.gate {
            None => out.say("Gate  NOT RUNNING: devices get no answers from it."),
            Some(gate) => {
                let rate = rate(before, self);
                out.say(format!("Gate  runs since {}{rate}", Timestamp::from_millis(gate.started_ms)));
                let of = |name| gate.count("dns", name);
                out.say(format!(
                    "      DNS: {} questions, {} refused, {} from the cache, {} could not be found out",
                    of("questions"),
                    of("blocked"),
                    of("cached"),
                    of("failed")
                ));
                let of = |name| gate.count("proxy", name);
                out.say(format!(
                    "      proxy: {} connections now, {} requests, {} tunnels, {} refused",
                    of("open"),
                    of("forwarded"),
                    of("tunnels"),
                    of("blocked")
                ));
                if let Some(notice) = &gate.notice {
                    out.say(format!("      {notice}"));
                }
            }
        }
        match &self.log {
            None => out.say("Log   NOT RUNNING: what devices do is kept by the gate until it is full, then lost and counted."),
            Some(log) => {
                let kept = log.last_seq.saturating_sub(log.first_seq.saturating_sub(1));
                out.say(format!("Log   keeps {kept} events in {} bytes", log.bytes));
                if let Some(alarm) = &log.alarm {
                    out.say(format!("      ALARM since {}: events cannot be written: {}", alarm.since, alarm.why));
                }
            }
        }
        match self.generation {
            None => out.say("Rules nothing was published yet; `fivebar policy apply` does"),
            Some(generation) => {
                out.say(format!("Rules publication {generation}, {} lists in use", self.in_use));
            }
        }
        for (list, word) in &self.lists {
            out.say(format!("      {list} is {word}; `fivebar lists status` says why"));
        }
        match self.tested {
            None => out.say("Test  the filter was never tested; `fivebar filter-test` does"),
            Some((number, at, passed)) => {
                let outcome = if passed { "passed" } else { "FAILED" };
                let old = (self.at.as_millis() - at.as_millis()) / DAY_MS > TEST_EVERY_DAYS;
                let old = if old { "; that was more than a month ago" } else { "" };
                out.say(format!("Test  number {number} of {at} {outcome}{old}"));
            }
        }
    }

    fn object(&self) -> Value {
        let counts = |gate: &Health| -> Value {
            gate.counts.iter().map(|one| (format!("{}_{}", one.front, one.name), json!(one.value))).collect()
        };
        json!({
            "at": self.at.to_string(),
            "gate": self.gate.as_ref().map(|gate| json!({
                "pid": gate.pid, "since": Timestamp::from_millis(gate.started_ms).to_string(),
                "notice": gate.notice, "counts": counts(gate),
            })),
            "log": self.log.as_ref().map(|log| json!({
                "events": log.last_seq.saturating_sub(log.first_seq.saturating_sub(1)), "bytes": log.bytes,
                "alarm": log.alarm,
            })),
            "generation": self.generation,
            "lists": { "in_use": self.in_use, "waiting": self.lists.iter().map(|(id, word)| json!({ "id": id, "state": word })).collect::<Vec<_>>() },
            "filter_test": self.tested.map(|(number, at, passed)| json!({ "number": number, "at": at.to_string(), "passed": passed })),
        })
    }
}

/// How many questions a second, since the time before.
fn rate(before: Option<&Seen>, now: &Seen) -> String {
    let (Some(before), Some(gate)) = (before.and_then(|seen| seen.gate.as_ref()), &now.gate) else {
        return String::new();
    };
    let ms = gate.at_ms - before.at_ms;
    if before.pid != gate.pid || ms <= 0 {
        return String::new();
    }
    let more = gate.count("dns", "questions").saturating_sub(before.count("dns", "questions"));
    format!("; {} questions a second", more.saturating_mul(1000) / ms.unsigned_abs())
}
