//! `policy`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use engine::document::{EVERYONE, Unknown, differences};
use engine::live::LeftOut;
use engine::{Catalogue, PolicyDocument, Problem};
use filtering::filter_policy::{self, ApplyError, Version};
use filtering::publish::Scope;
use serde::Serialize;
use serde_json::json;
use store::Tx;

use crate::commands::context::Context;
use crate::commands::findings::{Findings, NOTHING_CHANGED, with};
use crate::commands::records::{Content, commit_and_publish, left_out, say_problems};
use crate::commands::replay;
use crate::commands::secret::{Budget, Tells, covered, told_by};
use crate::output::{Failure, Printed};
use crate::process::portal;

#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Say every problem of a policy file, or that it has none.
    Check {
        /// The policy file.
        file: PathBuf,
    },
    /// Make a policy file the school's filter policy; it is live within two seconds.
    Apply {
        /// The policy file.
        file: PathBuf,
        /// Why it is changed; kept with the version for good.
        #[arg(long)]
        note: String,
    },
    /// Show the policy that is in force as a person reads it.
    Show {
        /// An earlier version.
        #[arg(long)]
        version: Option<u32>,
    },
    /// Say what a policy file would do to what devices asked for before: what would be newly blocked and newly open, by
    /// group, with counts and examples. Nothing is changed.
    Replay(replay::Replay),
    /// Say in sentences how two versions, or a version and a file, differ.
    Diff {
        /// A version number or a file.
        old: String,
        /// A version number or a file; the version in force if left out.
        new: Option<String>,
    },
    /// Write a version out as a policy file.
    Export {
        /// An earlier version.
        #[arg(long)]
        version: Option<u32>,
        /// The file to write; standard output if left out.
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
    /// List every version with who, when and why.
    History,
    /// Write a draft of what e2guardian's lists say of times and rooms: parts of a policy and of a roll, in a folder. Nothing is
    /// taken into use, and what is not understood is said.
    FromE2guardian {
        /// The folder of e2guardian's lists, as /etc/e2guardian/lists.
        folder: PathBuf,
        /// The folder to write to: policy-part.toml and roll-part.toml.
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
}

/// Runs the command.
pub fn run(context: &Context, asked: Policy) -> Result<()> {
    match asked {
        Policy::Check { file } => check(context, &file),
        Policy::Apply { file, note } => apply(context, &file, &note),
        Policy::Replay(asked) => replay::run(context, &asked),
        Policy::Show { version } => show(context, version),
        Policy::Diff { old, new } => diff(context, &old, new.as_deref()),
        Policy::Export { version, output } => export(context, version, output.as_deref()),
        Policy::History => history(context),
        Policy::FromE2guardian { folder, to } => from_e2guardian(context, &folder, &to),
    }
}

fn from_e2guardian(context: &Context, folder: &Path, to: &Path) -> Result<()> {
    let draft = filtering::e2guardian::draft(folder, &filtering::list::Kinds::built_in()?)?;
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let mut written = Vec::new();
    for (name, text) in [("policy-part.toml", &draft.policy), ("roll-part.toml", &draft.roll)] {
        if text.is_empty() {
            continue;
        }
        let path = to.join(name);
        // What somebody has worked on is never written over.
        let mut file = fs::File::create_new(&path).with_context(|| {
            format!("cannot write {}; move what is there, or give another folder", path.display())
        })?;
        file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        written.push(path.display().to_string());
    }
    context.output.object(&json!({
        "made": draft.made, "not_understood": draft.not_understood, "files": written,
    }));
    for made in &draft.made {
        context.output.say(format!("made: {made}"));
    }
    for what in &draft.not_understood {
        context.output.say(format!("not understood: {what}"));
    }
    context.output.say(match written.as_slice() {
        [] => "There is nothing of times or rooms to write down.".to_owned(),
        files => format!(
            "Written: {}. Put the parts into your policy file and your roll, look at each, and have `fivebar policy check` judge them.",
            files.join(", ")
        ),
    });
    if draft.not_understood.is_empty() {
        return Ok(());
    }
    Err(Failure::Problems(format!(
        "{} things were not understood or cannot be said in a policy; they are named above",
        draft.not_understood.len()
    ))
    .into())
}

/// A policy file is text of some hundred kilobytes at most; what is larger is another file.
const MOST_BYTES: u64 = 16 << 20;

/// Reads a policy file.
pub fn read(file: &Path) -> Result<String> {
    let why = || format!("cannot read {}", file.display());
    let mut text = String::new();
    fs::File::open(file)
        .with_context(why)?
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(why)?;
    if text.len() as u64 > MOST_BYTES {
        bail!("{} is larger than any policy; give a policy file", file.display())
    }
    Ok(text)
}

fn check(context: &Context, file: &Path) -> Result<()> {
    let budget = Budget::open(context, "policy check")?;
    let records = context.records()?;
    let (content, listed) = context.wait(async {
        let mut tx = records.read().await?;
        let content = Content::of(&context.home, &mut tx).await?;
        let listed = filtering::list::categories_in_use(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok((content, listed))
    })?;
    let text = read(file)?;
    let catalogue = with_portal(context, &content);
    let (document, mut problems) = filter_policy::check(&text, &catalogue, &content.sealed, Some(&listed));
    let told = told_by(context, &text, &catalogue, &problems)?;
    if told > 0 {
        budget.tell(told)?;
    }
    let dropped = match &document {
        Some(document) => context.wait(async {
            let mut tx = records.read().await?;
            let dropped = Dropped::by(document, &mut tx).await?;
            tx.roll_back().await?;
            anyhow::Ok(dropped)
        })?,
        None => Dropped::default(),
    };
    problems.extend(dropped.problems());
    let found = Findings::of(file, problems);
    context.output.object(&with(
        found.fields(),
        json!({
            "usable": document.is_some(), "applied": false, "dropped_groups": dropped,
        }),
    ));
    if document.is_none() {
        return Err(found.failure().into());
    }
    for line in found.lines() {
        context.output.say(line);
    }
    context.output.say(found.closing(NOTHING_CHANGED));
    context.output.say(format!("{} can be applied.", file.display()));
    Ok(())
}

/// The content with this school's portal in it, so that rules about the portal are seen.
fn with_portal(context: &Context, content: &Content) -> Arc<Catalogue> {
    content.catalogue.with_portal(&portal::hosts(&context.config))
}

/// Groups that the roll names and a policy does not have, with how many are in each.
#[derive(Debug, Default, Serialize)]
pub struct Dropped {
    groups: BTreeMap<String, Members>,
    /// How many people would be in no group at all, and meet what a stranger meets.
    people_left_over: usize,
}

/// How many are in a group.
#[derive(Debug, Default, Serialize)]
struct Members {
    people: usize,
    devices: usize,
    ranges: usize,
}

impl Dropped {
    pub async fn by(document: &PolicyDocument, tx: &mut Tx) -> Result<Self> {
        let known: BTreeSet<&str> =
            document.groups.iter().map(|group| group.id.as_str()).chain([EVERYONE]).collect();
        let roll = people::gate_roll(tx).await?;
        let mut dropped = Self::default();
        let people = roll.people.iter().map(|one| (&one.groups, 0));
        let devices = roll.devices.iter().map(|one| (&one.groups, 1));
        let ranges = roll.ranges.iter().map(|one| (&one.groups, 2));
        for (groups, kind) in people.chain(devices).chain(ranges) {
            let missing: Vec<&String> = groups.iter().filter(|id| !known.contains(id.as_str())).collect();
            if kind == 0 && !groups.is_empty() && missing.len() == groups.len() {
                dropped.people_left_over += 1;
            }
            for id in missing {
                let members = dropped.groups.entry(id.clone()).or_default();
                match kind {
                    0 => members.people += 1,
                    1 => members.devices += 1,
                    _ => members.ranges += 1,
                }
            }
        }
        Ok(dropped)
    }

    /// The same as things worth a look, each of no line.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (id, Members { people, devices, ranges }) in &self.groups {
            let counted =
                [(people, "person", "people"), (devices, "device", "devices"), (ranges, "range", "ranges")];
            let counted: Vec<String> = counted
                .into_iter()
                .filter(|(many, ..)| **many > 0)
                .map(|(many, one, more)| format!("{many} {}", if *many == 1 { one } else { more }))
                .collect();
            problems.push(Problem::warning(
                0,
                format!(
                    "the roll has {} in the group {id:?}, which this policy does not have",
                    counted.join(", ")
                ),
                "Add the group, or correct the roll with `fivebar people import`.",
            ));
        }
        if self.people_left_over > 0 {
            problems.push(Problem::warning(
                0,
                format!(
                    "{} of them would be in no group of the policy, and meet what a stranger meets",
                    self.people_left_over
                ),
                "Put them into a group that the policy has.",
            ));
        }
        problems
    }
}

fn apply(context: &Context, file: &Path, note: &str) -> Result<()> {
    let text = read(file)?;
    let budget = Budget::open(context, "policy apply")?;
    let records = context.records()?;
    let applied = context.wait(async {
        let mut tx = records.begin().await?;
        let content = Content::of(&context.home, &mut tx).await?;
        let catalogue = with_portal(context, &content);
        let applied = filter_policy::apply(
            &mut tx,
            &context.actor,
            &text,
            note,
            &catalogue,
            &content.sealed,
            context.at,
        )
        .await;
        let (version, mut problems) = match applied {
            Ok(applied) => applied,
            Err(error) => {
                let told = match &error {
                    ApplyError::Problems(problems) => told_by(context, &text, &catalogue, problems)?,
                    _ => 0,
                };
                return Err(Tells::of(say_problems(file, error), told));
            }
        };
        problems.extend(left_out(context, &mut tx, &content).await?.iter().map(LeftOut::problem));
        let dropped = Dropped::by(&version.document().map_err(ApplyError::Problems)?, &mut tx).await?;
        let published = commit_and_publish(context, tx, Scope::Policy).await?;
        anyhow::Ok((version, problems, dropped, published))
    });
    let (version, mut problems, dropped, published) = budget.answer(applied).inspect_err(|error| {
        if let Some(Failure::Found { found, .. }) = error.downcast_ref() {
            context.output.object(&with(found.clone(), json!({ "usable": false, "applied": false })));
        }
    })?;
    // Newer sealed entries can cover what was given before. Beyond the budget nothing is said of that.
    let told = covered(&problems);
    if told > 0 && budget.tell(told).is_err() {
        problems.retain(|problem| covered(std::slice::from_ref(problem)) == 0);
    }
    problems.extend(dropped.problems());
    let found = Findings::of(file, problems);
    for line in found.lines() {
        context.output.say(line);
    }
    context.output.say(found.closing(&format!("version {} is in force", version.number)));
    context.output.say("A running gate has it within two seconds.");
    context.output.object(&with(
        found.fields(),
        json!({
            "usable": true, "applied": true, "version": version.number, "generation": published.generation,
            "dropped_groups": dropped,
        }),
    ));
    Ok(())
}

fn version_of(context: &Context, number: Option<u32>) -> Result<Version> {
    let records = context.records()?;
    let found = context.wait(async {
        let mut tx = records.read().await?;
        let found = match number {
            Some(number) => filter_policy::at_version(&mut tx, number).await?,
            None => filter_policy::current(&mut tx).await?,
        };
        tx.roll_back().await?;
        anyhow::Ok(found)
    })?;
    match (found, number) {
        (Some(version), _) => Ok(version),
        (None, Some(number)) => {
            bail!("there is no version {number} of the policy; `fivebar policy history` shows them")
        }
        (None, None) => {
            bail!("no policy has been applied yet; `fivebar policy apply FILE --note WHY` applies one")
        }
    }
}

fn document(version: &Version) -> Result<PolicyDocument> {
    version.document().map_err(|problems| {
        let lines: Vec<String> =
            problems.iter().map(|problem| format!("version {}: {problem}", version.number)).collect();
        Failure::Problems(lines.join("\n")).into()
    })
}

fn show(context: &Context, number: Option<u32>) -> Result<()> {
    let version = version_of(context, number)?;
    let document = document(&version)?;
    context.output.object(&json!({ "version": version.number, "at": version.at.to_string(), "note": version.note, "policy": document }));
    context.output.say(format!(
        "{} (version {}, applied {} by {}: {})",
        document.title, version.number, version.at, version.applied_by, version.note
    ));
    say_document(context, &document);
    Ok(())
}

/// The table as a person reads it: each row with whom it is for, then the rules.
fn say_document(context: &Context, document: &PolicyDocument) {
    let name = |id: &str| -> String {
        if id == EVERYONE {
            return "everyone".to_owned();
        }
        document
            .groups
            .iter()
            .find(|group| group.id == id)
            .map_or_else(|| id.to_owned(), |group| group.name.clone())
    };
    context.output.say("\nPermitted use");
    for row in &document.uses {
        let seen = if row.seen_by_gate { "" } else { "  (not something the gate can see)" };
        context.output.say(format!("  {}{seen}", row.activity));
        for (group, cell) in &row.cells {
            context.output.say(format!("      {:<32} {}", name(group), cell.words()));
        }
    }
    context.output.say("\nWhat no list knows");
    for group in &document.groups {
        if let Some(unknown) = group.unknown {
            context.output.say(format!("      {:<32} {}", group.name, unknown_words(unknown)));
        }
    }
    let target = |parts: [&Option<String>; 4]| -> String {
        parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
    };
    if !document.locked.is_empty() {
        context.output.say("\nLocked by leadership or trust");
    }
    for rule in &document.locked {
        context.output.say(format!(
            "  {} {} for {}: {}",
            rule.effect.id(),
            target([&rule.site, &rule.url, &rule.expression, &rule.category]),
            name(rule.group.as_deref().unwrap_or(EVERYONE)),
            rule.reason
        ));
    }
    if !document.rules.is_empty() {
        context.output.say("\nThe school's own rules");
    }
    for rule in &document.rules {
        context.output.say(format!(
            "  {} {} for {}: {} ({})",
            rule.effect.id(),
            target([&rule.site, &rule.url, &rule.expression, &rule.category]),
            name(rule.group.as_deref().unwrap_or(EVERYONE)),
            rule.reason,
            rule.owner
        ));
    }
}

const fn unknown_words(unknown: Unknown) -> &'static str {
    match unknown {
        Unknown::Allow => "allowed",
        Unknown::Block => "not allowed",
        Unknown::Scan => "allowed, with the page read",
    }
}

/// A version by number, or a file.
fn one_side(context: &Context, given: &str) -> Result<PolicyDocument> {
    if let Ok(number) = given.parse() {
        return document(&version_of(context, Some(number))?);
    }
    if !Path::new(given).exists() {
        bail!(
            "{given:?} is neither a file here nor the number of a version; `fivebar policy history` shows the versions"
        )
    }
    PolicyDocument::parse(&read(Path::new(given))?).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(|problem| format!("{given}: {problem}")).collect();
        Failure::Problems(lines.join("\n")).into()
    })
}

fn diff(context: &Context, old: &str, new: Option<&str>) -> Result<()> {
    let old = one_side(context, old)?;
    let new = match new {
        Some(new) => one_side(context, new)?,
        None => document(&version_of(context, None)?)?,
    };
    let sentences = differences(&old, &new);
    context.output.object(&json!({ "differences": sentences }));
    if sentences.is_empty() {
        context.output.say("They say the same.");
    }
    for sentence in sentences {
        context.output.say(sentence);
    }
    Ok(())
}

fn export(context: &Context, number: Option<u32>, output: Option<&Path>) -> Result<()> {
    let version = version_of(context, number)?;
    match output {
        Some(file) => {
            fs::write(file, &version.text).with_context(|| format!("cannot write {}", file.display()))?;
            context.output.say(format!("Version {} is in {}.", version.number, file.display()));
        }
        None => Printed.write_all(version.text.as_bytes())?,
    }
    Ok(())
}

fn history(context: &Context) -> Result<()> {
    let records = context.records()?;
    let versions = context.wait(async {
        let mut tx = records.read().await?;
        let versions = filter_policy::history(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(versions)
    })?;
    if versions.is_empty() {
        context.output.say("No policy has been applied yet.");
    }
    for version in versions {
        context
            .output
            .say(format!("{:>4}  {}  {}  {}", version.number, version.at, version.applied_by, version.note));
        context.output.object(&json!({
            "version": version.number, "at": version.at.to_string(), "by": version.applied_by, "note": version.note,
        }));
    }
    Ok(())
}
