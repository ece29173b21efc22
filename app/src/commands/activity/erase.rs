//! `activity erase`.

use std::net::IpAddr;
use std::ops::ControlFlow;

use activity::{Client, Search, Subject, TimeRange, Whose};
use anyhow::{Result, bail};
use clap::Args;
use kit::Timestamp;
use serde_json::json;

use super::not_running;
use super::shown::{ActivityFilter, Shown};
use crate::commands::context::Context;

/// What no erasure reaches.
pub const WHAT_STAYS: &str = "\
What stays: encrypted records of sealed addresses are evidence and go when `keep-sealed-days` is over. The roll, and requests and \
reports sent at the portal, are in the records and in back-ups of them until those are deleted; no back-up holds the activity log. \
The access trail keeps numbers, no names. Files that were exported are wherever they were put. What a device asked for before it \
was known whose it is stands under its address: erase that too. What is decided from now on is kept as before.";

#[derive(Debug, Args)]
pub struct Asked {
    /// Whose: a person's pseudonym, number or name, or the number of somebody who has left; device:NAME, device:NUMBER or
    /// a device's pseudonym; or an address.
    who: String,
    /// Why, without anybody's name: it is kept as long as the log.
    #[arg(long)]
    reason: String,
    /// Only from this time on the school's clocks; a day alone, `today` or `yesterday` is from midnight.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only before this time on the school's clocks; a day alone is its midnight.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Really erase. Nothing brings it back.
    #[arg(long)]
    apply: bool,
}

/// How much there is.
#[derive(Debug, Default)]
struct Kept {
    events: u64,
    span: Option<(Timestamp, Timestamp)>,
}

impl Kept {
    fn add(&mut self, at: Timestamp) {
        self.events += 1;
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }
}

/// Runs the command.
pub fn run(context: &Context, client: &Client, asked: &Asked) -> Result<()> {
    let reason = asked.reason.trim();
    if reason.is_empty() {
        bail!("say with --reason why it is to be erased, without anybody's name");
    }
    // Whoever is to be erased is known: the entry below tells of it, whether anything is erased or not.
    let filter = ActivityFilter {
        open_identities: true,
        reason: Some(reason.to_owned()),
        since: asked.since.clone(),
        until: asked.until.clone(),
        ..ActivityFilter::default()
    };
    let shown = Shown::new(context, &filter)?;
    let time = shown.search(context, &filter)?.time;
    let whose = whose(context, &shown, &asked.who)?;
    let kept = look(client, whose, time)?;
    let apply = asked.apply && kept.events > 0;

    let subject = match whose {
        Whose::Person(person) => store::Subject::new("person", person.0),
        Whose::Device(device) => store::Subject::new("device", device.0),
        Whose::Client(_) | Whose::Import(_) => store::Subject::new("activity-log", "address"),
    };
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let detail = json!({ "events": kept.events, "since": moment(time.from), "until": moment(time.to) });
    let verb = if apply { "activity.erase" } else { "activity.erase-previewed" };
    trail(context, verb, &subject, &detail)?;
    let erased =
        if apply { client.erase_for(Subject { whose, time }, reason).map_err(not_running)? } else { 0 };
    show(context, &shown, (whose, asked.apply), &kept, erased);
    Ok(())
}

fn whose(context: &Context, shown: &Shown, who: &str) -> Result<Whose> {
    if let Ok(address) = who.trim().parse::<IpAddr>() {
        return Ok(Whose::Client(address.to_canonical()));
    }
    if who.starts_with("device:") || people::pseudonym::is_a_device(who) {
        return shown.device(who).map(Whose::Device);
    }
    shown.person(context, who).map(Whose::Person)
}

fn look(client: &Client, whose: Whose, time: TimeRange) -> Result<Kept> {
    let search = match whose {
        Whose::Person(person) => Search { person: Some(person), time, ..Search::default() },
        Whose::Device(device) => Search { device: Some(device), time, ..Search::default() },
        Whose::Client(address) => Search { client: Some(address), time, ..Search::default() },
        Whose::Import(run) => bail!("`fivebar activity import --undo {run}` takes an import out"),
    };
    let mut kept = Kept::default();
    let each = |event: activity::Event| {
        kept.add(event.at);
        ControlFlow::Continue(())
    };
    client.search(&search, each).map_err(not_running)?;
    Ok(kept)
}

fn trail(context: &Context, verb: &str, subject: &store::Subject, detail: &serde_json::Value) -> Result<()> {
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        store::trail::changed(&mut tx, &context.actor, verb, subject, detail, context.at).await?;
        tx.commit().await?;
        anyhow::Ok(())
    })
}

fn show(context: &Context, shown: &Shown, (whose, apply): (Whose, bool), kept: &Kept, erased: u64) {
    let out = context.output;
    let (kind, name) = match whose {
        Whose::Person(person) => ("person", shown.pseudonyms.person(person)),
        Whose::Device(device) => ("device", shown.pseudonyms.device(device)),
        Whose::Client(address) => ("address", address.to_string()),
        Whose::Import(run) => ("import", run.to_string()),
    };
    out.object(&json!({
        "about": { kind: name }, "events": kept.events, "applied": apply, "erased": erased,
        "first_at": kept.span.map(|(first, _)| first.to_string()),
        "last_at": kept.span.map(|(_, last)| last.to_string()), "stays": WHAT_STAYS,
    }));
    let Some((first, last)) = kept.span else {
        out.say(format!("The activity log keeps nothing of {name} of that time. Nothing was changed."));
        return;
    };
    let local = |at| shown.zone.local(at).civil();
    out.say(format!(
        "The activity log {} {} events of {name}, from {:.0} to {:.0}.",
        if apply { "kept" } else { "keeps" },
        kept.events,
        local(first),
        local(last)
    ));
    if apply {
        out.say(format!(
            "{erased} events were erased: they are in no answer and in none of the log's files."
        ));
    }
    out.say(WHAT_STAYS);
    if !apply {
        out.say("Nothing was changed. Give the command again with --apply to erase them; nothing brings them back.");
    }
}
