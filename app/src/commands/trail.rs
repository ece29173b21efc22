//! `trail`: who looked at or changed what, and signed statements of how far the access trail has come, and what they prove later.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use activity::Client;
use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, Subcommand};
use filtering::filter_policy;
use kit::Zone;
use serde_json::{Value, json};
use store::trail::{Checkpoint, CheckpointKey, Entry, NotACheckpoint, Stands, Wanted, changed, find};
use store::{Db, Subject};

use crate::commands::activity::shown::write_down;
use crate::commands::context::Context;
use crate::commands::when;
use crate::home::{Home, make_key, read_key};
use crate::output::Failure;

/// The key that signs checkpoints.
pub const KEY: &str = "checkpoint.key";

#[derive(Debug, Subcommand)]
pub enum Trail {
    /// Sign how far the access trail has come: keep what this prints where nobody who runs the machine can change it, as on
    /// the governors' report. `fivebar verify --checkpoint FILE` compares the trail with it.
    Checkpoint {
        /// The file to write; it must not be there yet. Standard output if left out.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Show who looked at or changed what, newest first. People are numbers, those of the roll.
    Show(Show),
}

/// Which entries are to be shown.
#[derive(Debug, Args)]
pub struct Show {
    /// Only from this time on the school's clocks; a day alone, `today` or `yesterday` is from midnight.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only before this time on the school's clocks; a day alone is its midnight.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only what this one did, as an entry has it: command-line:1000 for an account of this machine, person:12, job:NAME.
    #[arg(long)]
    actor: Option<String>,
    /// Only this being done: a whole word as activity.search-opened, or the thing before its dot, as activity.
    #[arg(long)]
    verb: Option<String>,
    /// Only what was done to this, as an entry has it: person:12, policy-version:3.
    #[arg(long, value_name = "KIND:ID")]
    about: Option<String>,
    /// At most so many, the newest.
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// Show what people are called. Leaves an entry in the access trail and in the activity log before anything is shown.
    #[arg(long, requires = "reason")]
    open_identities: bool,
    /// Why identities are opened, without anybody's name: it is kept as long as the log.
    #[arg(long, requires = "open_identities")]
    reason: Option<String>,
}

/// Runs the command.
pub fn run(context: &Context, asked: &Trail) -> Result<()> {
    match asked {
        Trail::Checkpoint { to } => checkpoint(context, to.as_deref()),
        Trail::Show(wanted) => show(context, wanted),
    }
}

fn show(context: &Context, asked: &Show) -> Result<()> {
    let reason = match asked.reason.as_deref().map(str::trim) {
        Some("") => bail!("say with --reason why identities are to be opened"),
        reason => reason.filter(|_| asked.open_identities),
    };
    let pair = |option: &str, text: &str| {
        let odd =
            || anyhow!("{text:?} is not {option} as an entry has it; write it with a colon, as in person:12");
        text.split_once(':').filter(|(kind, id)| !kind.is_empty() && !id.is_empty()).ok_or_else(odd).map(drop)
    };
    asked.actor.as_deref().map(|text| pair("an actor", text)).transpose()?;
    asked.about.as_deref().map(|text| pair("a thing", text)).transpose()?;
    let records = context.records()?;
    let zone = context.wait(async {
        let mut tx = records.read().await?;
        let version = filter_policy::current(&mut tx).await?;
        tx.roll_back().await?;
        let zone = version.and_then(|version| Zone::named(&version.document().ok()?.calendar.zone).ok());
        anyhow::Ok(zone.unwrap_or_else(Zone::utc))
    })?;
    let moment =
        |text: &Option<String>| text.as_deref().map(|text| when::past(text, &zone, context.at)).transpose();
    let wanted = Wanted {
        since: moment(&asked.since)?,
        until: moment(&asked.until)?,
        actor: asked.actor.as_deref(),
        verb: asked.verb.as_deref(),
        about: asked.about.as_deref().and_then(|text| text.split_once(':')),
        before: None,
    };
    if let Some(reason) = reason {
        let client = Client::new(&context.home.run());
        let subject = Subject::new("trail", "identities");
        write_down(context, &client, "trail.show-opened", &subject, &json!({}), reason)?;
    }
    let (entries, names) = context.wait(async {
        let mut tx = records.read().await?;
        let entries = find(&mut tx, &wanted, asked.limit).await?;
        let names = if reason.is_some() { people::names(&mut tx).await? } else { Vec::new() };
        tx.roll_back().await?;
        anyhow::Ok((entries, names))
    })?;
    let names: HashMap<u32, String> =
        names.into_iter().map(|(number, name)| (number.0, name.into_revealed())).collect();
    for entry in &entries {
        one(context, &zone, entry, &names);
    }
    if entries.is_empty() {
        context.output.say("Nothing was found. Leave a filter out, or widen the time.");
    }
    Ok(())
}

fn one(context: &Context, zone: &Zone, entry: &Entry, names: &HashMap<u32, String>) {
    let Entry { seq, at, actor, verb, subject_kind, subject_id, detail, .. } = entry;
    let about = format!("{subject_kind}:{subject_id}");
    let told: Value = serde_json::from_str(detail).unwrap_or(Value::Null);
    let mut people = BTreeSet::new();
    in_it(&Value::from(actor.as_str()), &mut people);
    in_it(&Value::from(about.as_str()), &mut people);
    in_it(&told, &mut people);
    let named: BTreeMap<String, &str> = (people.iter())
        .filter_map(|number| Some((format!("person:{number}"), names.get(number)?.as_str())))
        .collect();
    let mut object = json!({
        "seq": seq, "at": at.to_string(), "actor": actor, "verb": verb, "about": about, "detail": told,
        "hash": entry.hash,
    });
    if let Some(members) = object.as_object_mut().filter(|_| !named.is_empty()) {
        members.insert("names".to_owned(), json!(named));
    }
    context.output.object(&object);
    let civil = zone.local(*at).civil();
    let detail = if matches!(detail.as_str(), "{}" | "null") { "" } else { detail };
    let named: String = named.iter().map(|(number, name)| format!("  {number} is {name}")).collect();
    let line = format!("{seq:>6}  {civil:.0}  {actor:<20} {verb:<28} {about}  {detail}");
    context.output.say(format!("{}{named}", line.trim_end()));
}

/// The numbers of all people who stand in what an entry says.
fn in_it(value: &Value, people: &mut BTreeSet<u32>) {
    match value {
        Value::String(text) => {
            people.extend(text.strip_prefix("person:").and_then(|number| number.parse::<u32>().ok()));
        }
        Value::Array(items) => items.iter().for_each(|item| in_it(item, people)),
        Value::Object(members) => {
            for (key, member) in members {
                if key == "person" {
                    people.extend(member.as_u64().and_then(|number| u32::try_from(number).ok()));
                }
                in_it(member, people);
            }
        }
        _ => {}
    }
}

fn checkpoint(context: &Context, to: Option<&Path>) -> Result<()> {
    let key = key(&context.home)?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| anyhow!("the machine has no random numbers: {error}"))?;
    let records = context.records()?;
    let made = context.wait(async {
        let made = Checkpoint::sign(&records, &key, salt, context.at).await?;
        let mut tx = records.begin().await?;
        let detail = json!({ "entries": made.entries, "head": made.head, "key": made.key });
        let subject = Subject::new("checkpoint", &made.id);
        changed(&mut tx, &context.actor, "trail.checkpoint", &subject, &detail, context.at).await?;
        tx.commit().await?;
        anyhow::Ok(made)
    })?;
    if let Some(file) = to {
        let out = fs::File::options().write(true).create_new(true).open(file);
        let mut out = out.with_context(|| format!("cannot write {} as a new file", file.display()))?;
        writeln!(out, "{made}")?;
        out.sync_all()?;
        context.output.say(format!(
            "Checkpoint {} of {} entries is in {}. Keep it away from this machine.",
            made.id,
            made.entries,
            file.display()
        ));
    } else {
        context.output.say_lines(made.to_string());
    }
    context.output.object(&json!({ "checkpoint": made, "text": made.to_string(), "file": to }));
    Ok(())
}

/// The school's key, made where there is none yet: an older home has none.
fn key(home: &Home) -> Result<CheckpointKey> {
    make_key(home, KEY)?;
    Ok(CheckpointKey::new(&read_key(home, KEY)?))
}

/// Compares the school's trail with a checkpoint.
pub fn prove_checkpoint(context: &Context, file: &Path) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let checkpoint: Checkpoint = text
        .parse()
        .map_err(|error: NotACheckpoint| Failure::Problems(format!("{}: {error}", file.display())))?;
    let records = context.wait(Db::look(&context.database()?)).context("cannot open the records")?;
    let stands = context.wait(checkpoint.compare(&records))?;
    // Nothing is made here: whoever proves a school changes nothing of it.
    let own = read_key(&context.home, KEY).ok().map(|secret| CheckpointKey::new(&secret).public());
    let is_own = own.as_ref() == Some(&checkpoint.key);
    let Checkpoint { id, entries, at, key, .. } = &checkpoint;
    context.output.object(&json!({
        "checkpoint": checkpoint, "held": stands == Stands::Held, "signed_by_this_home": is_own,
        "found": match stands {
            Stands::Held => json!({ "as": "held" }),
            Stands::Shortened { entries } => json!({ "as": "shortened", "entries": entries }),
            Stands::Rewritten => json!({ "as": "rewritten" }),
            Stands::Broken { seq } => json!({ "as": "broken", "at": seq }),
        },
    }));
    let home = context.home.path().display();
    let mut problems = Vec::new();
    match stands {
        Stands::Held => {}
        Stands::Shortened { entries: there } => problems.push(format!(
            "the access trail in {home} has {there} entries, and had {entries} at {at}: the last {} of them are missing",
            entries - there
        )),
        Stands::Rewritten => problems.push(format!(
            "entry {entries} of the access trail in {home} is not the one that checkpoint {id} was signed over at {at}: it, or \
             what came before it, was written anew"
        )),
        Stands::Broken { seq } => problems.push(format!(
            "the access trail in {home} is broken at entry {seq}, which checkpoint {id} covers: it was altered after {at}"
        )),
    }
    if !is_own {
        problems.push(format!(
            "checkpoint {id} is signed with the key {key}, which is not this home's: it is of another school, somebody made it \
             up, or the key of this home was exchanged. Compare the key with an earlier checkpoint"
        ));
    }
    if problems.is_empty() {
        context.output.say(format!(
            "The access trail in {home} still has all {entries} entries of checkpoint {id}, as they were at {at}."
        ));
        return Ok(());
    }
    problems.push(
        "unless the school was brought back from an older back-up, keep every back-up and checkpoint and tell the data \
         protection officer"
            .to_owned(),
    );
    Err(Failure::Problems(problems.join(".\n")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_wherever_they_stand_in_an_entry() {
        let detail = json!({ "person": 7, "version": 9, "for": ["person:8", "group:year-7"], "made": { "person": null } });
        let mut people = BTreeSet::new();
        in_it(&detail, &mut people);
        in_it(&Value::from("command-line:1000"), &mut people);
        in_it(&Value::from("person:12"), &mut people);
        assert_eq!(people.into_iter().collect::<Vec<_>>(), [7, 8, 12]);
    }
}
