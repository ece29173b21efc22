//! `words`: what pages say that anybody meets, in the school's own words and in other languages.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use filtering::own_words::OwnWords;
use filtering::own_words::actions::written_down;
use serde_json::json;
use words::{Change, SOURCE, Words};

use crate::commands::context::Context;
use crate::commands::records::commit_and_publish;
use crate::output::Failure;
use crate::own_words::{Read, make, read};

#[derive(Debug, Subcommand)]
pub enum Asked {
    /// Say which languages there are, who checked each, and what the school says otherwise.
    List,
    /// Check the school's own words in hub/words: labels that no page has, lost words in braces, files that cannot be read.
    Check,
    /// Show every label of a language beside its English.
    Show(Show),
    /// Say one label otherwise, on every page at once; it says what stood there before.
    Set(Set),
    /// Take back what the school says of a label, so that the program's own stands there again.
    Unset(Unset),
}

#[derive(Debug, Args)]
pub struct Show {
    /// The language's tag, as in `cy`.
    pub language: String,
}

#[derive(Debug, Args)]
pub struct Set {
    /// The language's tag, as in `cy`.
    pub language: String,
    /// The label, as `words show` names it.
    pub label: String,
    /// What it shall say.
    pub text: String,
}

#[derive(Debug, Args)]
pub struct Unset {
    /// The language's tag, as in `cy`.
    pub language: String,
    /// The label, as `words show` names it.
    pub label: String,
}

/// Runs the command.
pub fn run(context: &Context, asked: &Asked) -> Result<()> {
    match asked {
        Asked::List => list(context),
        Asked::Check => check(context),
        Asked::Show(asked) => show(context, asked),
        Asked::Set(asked) => say(context, &asked.language, &asked.label, Some(&asked.text)),
        Asked::Unset(asked) => say(context, &asked.language, &asked.label, None),
    }
}

fn list(context: &Context) -> Result<()> {
    let own = read(&context.home).own;
    let words = Words::built_in().with(&own);
    for language in words.languages() {
        let theirs = own.language(&language.tag).map_or(0, |own| own.words.len());
        context.output.say(format!(
            "{}  {}: {}; {theirs} labels in the school's own words",
            language.tag, language.name, language.standing
        ));
        context.output.object(&json!({
            "language": language.tag, "name": language.name, "standing": language.standing, "draft": language.is_draft(),
            "own": theirs,
        }));
    }
    Ok(())
}

fn check(context: &Context) -> Result<()> {
    let words = Words::built_in();
    let Read { own, problems } = read(&context.home);
    let mut lines: Vec<String> =
        problems.iter().map(|(file, problem)| format!("{}: {problem}", file.display())).collect();
    lines.extend(own.check(&words).into_iter().map(|complaint| {
        let file = context.home.words().join(format!("{}.toml", complaint.language));
        let label = if complaint.key.is_empty() { String::new() } else { format!("{}: ", complaint.key) };
        format!("{}: {label}{}", file.display(), complaint.what)
    }));
    for language in words.languages() {
        let missing = words.missing(&language.tag);
        // A form for numbers is not one that every language has.
        let missing: Vec<&String> = missing.iter().filter(|key| !words::is_a_form(key)).collect();
        if !missing.is_empty() {
            context.output.say(format!(
                "{}: {} labels are missing, and are said in English",
                language.tag,
                missing.len()
            ));
        }
        if language.is_draft() && own.language(&language.tag).is_none_or(|own| own.standing.is_none()) {
            context.output.say(format!("{} ({}): {}", language.tag, language.name, language.standing));
        }
    }
    if lines.is_empty() {
        context.output.say("Nothing is wrong with the school's own words.");
        context.output.object(&json!({ "problems": [] }));
        return Ok(());
    }
    context.output.object(&json!({ "problems": lines }));
    Err(Failure::Problems(lines.join("\n")).into())
}

fn show(context: &Context, asked: &Show) -> Result<()> {
    let own = read(&context.home).own;
    let program = Words::built_in();
    let words = program.with(&own);
    let Some(language) = words.language(&asked.language) else { bail!("{}", no_language(&asked.language)) };
    let Some(source) = program.language(SOURCE) else { bail!("the program has no English") };
    for (key, text) in language.labels() {
        let is_own = own.language(&language.tag).is_some_and(|own| own.words.contains_key(key));
        context.output.say(format!("{key}{}", if is_own { " (the school's own words)" } else { "" }));
        if let Some(english) = source.text(key).filter(|_| language.tag != SOURCE) {
            context.output.say(format!("    {english}"));
        }
        context.output.say(format!("    {text}"));
        context.output.object(&json!({
            "label": key, "english": source.text(key), "text": text, "own": is_own,
        }));
    }
    Ok(())
}

fn no_language(tag: &str) -> String {
    let words = Words::built_in();
    let known: Vec<&str> = words.languages().iter().map(|language| language.tag.as_str()).collect();
    format!("there is no language {tag:?}; those that there are: {}", known.join(", "))
}

/// Says a label otherwise, or takes that back, and publishes it: block pages and the portal say it at once.
fn say(context: &Context, tag: &str, key: &str, text: Option<&str>) -> Result<()> {
    let program = Words::built_in();
    if program.language(tag).is_none() {
        bail!("{}", no_language(tag));
    }
    let change = Change::Label { key: key.to_owned(), text: text.map(str::to_owned) };
    if let Some(wrong) = program.wrong_with_change(tag, &change) {
        bail!("{key}: {wrong}. Nothing was changed");
    }
    let records = context.records()?;
    let said = OwnWords { language: tag.to_owned(), change };
    let made = context.wait(async {
        let mut tx = records.begin().await?;
        let in_use = program.with(&read(&context.home).own);
        written_down(&mut tx, &context.actor, &said, &in_use, context.at).await?;
        let made = make(&context.home, tag, &said.change)?;
        if let Err(error) = commit_and_publish(context, tx, filtering::publish::Scope::Policy).await {
            made.take_back(&context.home, tag)?;
            return Err(error.context("nothing was changed"));
        }
        anyhow::Ok(made)
    })?;
    let now = program.with(&made.own);
    let now = now.language(tag).and_then(|language| language.text(key)).unwrap_or_default().to_owned();
    context.output.say(format!("{key} says now: {now}"));
    if let Some(before) = &made.before {
        context.output.say(format!("Before, the school said: {before}"));
    }
    context.output.object(&json!({ "language": tag, "label": key, "text": now, "before": made.before }));
    Ok(())
}
