//! `policy`.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use engine::document::differences;
use engine::{PolicyDocument, Problem};
use filtering::filter_policy::{self, Version};
use filtering::publish::Scope;
use serde_json::json;

use crate::cli::Policy;
use crate::commands::context::Context;
use crate::commands::records::{Content, publish_in, say_problems};
use crate::output::Failure;

/// Runs the command.
pub fn run(context: &Context, asked: Policy) -> Result<()> {
    match asked {
        Policy::Check { file } => check(context, &file),
        Policy::Apply { file, note } => apply(context, &file, &note),
        Policy::Show { version } => show(context, version),
        Policy::Diff { old, new } => diff(context, &old, new.as_deref()),
        Policy::Export { version, output } => export(context, version, output.as_deref()),
        Policy::History => history(context),
    }
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn check(context: &Context, file: &Path) -> Result<()> {
    let content = Content::of(&context.home)?;
    let (document, problems) = filter_policy::check(&read(file)?, &content.catalogue, &content.sealed);
    context.output.object(&json!({
        "file": file,
        "usable": document.is_some() && !Problem::any_error(&problems),
        "problems": problems,
    }));
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{}: {problem}", file.display())).collect();
    if document.is_none() || Problem::any_error(&problems) {
        return Err(Failure::Problems(lines.join("\n")).into());
    }
    for line in &lines {
        context.output.say(format!("worth a look: {line}"));
    }
    context.output.say(format!("{} can be applied.", file.display()));
    Ok(())
}

fn apply(context: &Context, file: &Path, note: &str) -> Result<()> {
    let content = Content::of(&context.home)?;
    let text = read(file)?;
    let records = context.records()?;
    let (version, problems, published) = context.wait(async {
        let mut tx = records.begin().await?;
        let (version, problems) = filter_policy::apply(
            &mut tx,
            &context.actor,
            &text,
            note,
            &content.catalogue,
            &content.sealed,
            context.at,
        )
        .await
        .map_err(|error| say_problems(&file.display().to_string(), error))?;
        let published = publish_in(context, &mut tx, Scope::Policy).await?;
        tx.commit().await?;
        anyhow::Ok((version, problems, published))
    })?;
    for problem in &problems {
        context.output.say(format!("worth a look: {}: {problem}", file.display()));
    }
    context
        .output
        .say(format!("Version {} is in force; a running gate has it within two seconds.", version.number));
    context.output.object(
        &json!({ "version": version.number, "generation": published.generation, "problems": problems }),
    );
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
    // A document read beside an empty one is every sentence of it.
    let empty = PolicyDocument {
        groups: Vec::new(),
        uses: Vec::new(),
        locked: Vec::new(),
        rules: Vec::new(),
        ..document.clone()
    };
    for sentence in differences(&empty, &document) {
        context.output.say(format!("  {sentence}"));
    }
    Ok(())
}

/// A version by number, or a file.
fn one_side(context: &Context, given: &str) -> Result<PolicyDocument> {
    if let Ok(number) = given.parse() {
        return document(&version_of(context, Some(number))?);
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
        None => std::io::stdout().lock().write_all(version.text.as_bytes())?,
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
