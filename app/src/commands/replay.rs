//! `policy replay`: what a draft would do to what devices asked for before.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use activity::past::Asked;
use activity::{Client, TimeRange};
use anyhow::{Result, bail};
use clap::Args;
use engine::replay::{Differing, LeftOut, Replayed};
use engine::{FilterPolicy, Sealed, SealedKey};
use filtering::filter_policy;
use kit::{Timestamp, Zone};
use serde_json::json;

use crate::commands::context::Context;
use crate::commands::findings::{Findings, NOTHING_CHANGED, with};
use crate::commands::observe::led;
use crate::commands::policy::Dropped;
use crate::commands::{activity as log, policy, when};
use crate::home::read_key;
use crate::process::snapshot::Opened;

#[derive(Debug, Args)]
#[command(
    after_help = "The policy in force and the draft decide each request anew, so that what differs is the draft's \
                        doing. Who somebody is comes from the roll of today. What is sealed stays sealed under any policy and is \
                        not asked about, nor is what the log does not keep: the names and addresses that a host led to, and \
                        what follows a ? in an address."
)]
pub struct Replay {
    /// The policy file to try.
    pub draft: PathBuf,
    /// From this time on the school's clocks; a day alone is from midnight; the last seven days if left out.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Before this time on the school's clocks.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// What was brought in from other filters' logs, in place of what was asked here.
    #[arg(long)]
    pub brought_in: bool,
    /// How many sites to show each way.
    #[arg(long, default_value_t = 20)]
    pub examples: usize,
}

const DAYS_BACK: i64 = 7;
const DAY_MS: i64 = 86_400_000;

/// Runs the command.
pub fn run(context: &Context, asked: &Replay) -> Result<()> {
    let text = policy::read(&asked.draft)?;
    let key = SealedKey::new(read_key(&context.home, "sealed.key")?);
    let opened = Opened::open(&context.home.gate(), &key)?;
    opened.report();
    let (catalogue, index) = (opened.policy.catalogue(), opened.policy.index());
    // Without sealed entries on either side, nobody learns from a replay what they hold.
    let sealed = Arc::new(Sealed::never_configured());
    let records = context.records()?;
    let listed = context.wait(async {
        let mut tx = records.read().await?;
        let listed = filtering::list::categories_in_use(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(listed)
    })?;
    let (draft, mut problems) = filter_policy::check(&text, catalogue, &sealed, Some(&listed));
    if let Some(draft) = &draft {
        problems.extend(context.wait(async {
            let mut tx = records.read().await?;
            let dropped = Dropped::by(draft, &mut tx).await?;
            tx.roll_back().await?;
            anyhow::Ok(dropped.problems())
        })?);
    }
    let found = Findings::of(&asked.draft, problems);
    let Some(draft) = draft else {
        context.output.object(&with(found.fields(), json!({ "usable": false, "applied": false })));
        return Err(found.failure().into());
    };
    let compile = |document| FilterPolicy::compile(document, catalogue, Arc::clone(index), &sealed);
    let whole = |problems: Vec<engine::Problem>| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the policy cannot be compiled: {}", lines.join("; "))
    };
    let in_force = compile(opened.policy.document()).map_err(whole)?;
    let draft = compile(&draft).map_err(whole)?;

    let zone = Zone::named(&in_force.document().calendar.zone).unwrap_or_else(|_| Zone::utc());
    let moment = |text: &Option<String>| text.as_deref().map(|text| when::moment(text, &zone)).transpose();
    let since = moment(&asked.since)?.unwrap_or_else(|| context.at.plus_millis(-DAYS_BACK * DAY_MS));
    let time = TimeRange { from: Some(since), to: moment(&asked.until)? };
    if time.to.is_some_and(|to| to <= since) {
        bail!("the time ends before it begins; give --until a moment after --since")
    }

    let mut replay = engine::replay::Replay::new(&in_force, &draft, &opened.live.roll);
    let client = Client::new(&context.home.run());
    let bar = context.output.progress(0, "requests replayed");
    let answered = client.past(&Asked { time, brought_in: asked.brought_in }, |batch| {
        replay.take_all(batch);
        bar.set_position(replay.taken());
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let answered = answered.map_err(log::not_running)?;
    let replayed = replay.end(asked.examples);
    let led = led::compare(&client, [&in_force, &draft], &opened.live.roll, (time, asked.brought_in))?;
    let problems = with(found.fields(), json!({}));
    context.output.object(&json!({
        "draft": asked.draft, "since": since.to_string(), "until": time.to.map(|to| to.to_string()),
        "damaged_bytes": answered.damaged_bytes, "replayed": replayed, "safe_search": led, "findings": problems,
    }));
    say(context, asked, since, &replayed, answered.damaged_bytes);
    if let Some(led) = &led {
        led::say_otherwise(context, led);
    }
    for line in found.lines() {
        context.output.say(line);
    }
    context.output.say(found.closing(NOTHING_CHANGED));
    Ok(())
}

fn say(context: &Context, asked: &Replay, since: Timestamp, found: &Replayed, damaged: u64) {
    let out = context.output;
    if found.compared == 0 {
        out.say(format!(
            "Nothing to compare: the activity log has no request since {since} that {} could decide about.",
            asked.draft.display()
        ));
    } else {
        out.say(format!(
            "{} requests since {since}, decided by the policy in force and by {}:",
            found.compared,
            asked.draft.display()
        ));
        side(context, "Newly blocked", &found.newly_blocked);
        side(context, "Newly open", &found.newly_open);
    }
    let LeftOut { not_the_policys, led_elsewhere, exceptions, gone, tests } = found.left_out;
    for (many, why) in [
        (not_the_policys, "are decided by no policy: sealed, or refused for their form"),
        (led_elsewhere, "were decided by where a name led, which the log does not keep"),
        (exceptions, "were decided by an override, a focus or withheld access, and would be again"),
        (gone, "are of somebody who is not on the roll any more"),
        (tests, "were asked by the school's own test of its filter"),
    ] {
        if many > 0 {
            out.say(format!("Left out: {many} {why}."));
        }
    }
    if found.otherwise_then > 0 {
        let why = if asked.brought_in {
            "by the other filter than the policy in force would decide them"
        } else {
            "then: the policy in force, lists or the roll have changed since"
        };
        out.say(format!("{} of those compared were decided otherwise {why}.", found.otherwise_then));
    }
    if damaged > 0 {
        out.say(format!("{damaged} bytes of the log are damaged, and what was in them is not compared."));
    }
}

fn side(context: &Context, title: &str, differing: &Differing) {
    let out = context.output;
    if differing.requests == 0 {
        out.say(format!("\n{title}: nothing."));
        return;
    }
    let more = if differing.more > 0 { " or more" } else { "" };
    out.say(format!(
        "\n{title}: {} to {}{more}",
        counted(differing.requests, "request", "requests"),
        counted(differing.sites as u64, "site", "sites")
    ));
    for group in &differing.groups {
        out.say(format!("  {:<32} {}", group.name, group.requests));
    }
    for example in &differing.examples {
        let path = example.path.as_deref().map(|path| format!(", as in {path}")).unwrap_or_default();
        out.say(format!(
            "  {}  {} by {}{path}",
            example.host,
            counted(example.requests, "time", "times"),
            counted(example.people as u64, "person or device", "people or devices")
        ));
        out.say(format!("      in force: {}", example.in_force));
        out.say(format!("      draft:    {}", example.draft));
    }
    let shown = differing.examples.len();
    if differing.sites > shown {
        out.say(format!("  … and {} more sites; --examples shows more.", differing.sites - shown));
    }
}

/// How many of what.
fn counted(many: u64, one: &str, more: &str) -> String {
    format!("{many} {}", if many == 1 { one } else { more })
}
