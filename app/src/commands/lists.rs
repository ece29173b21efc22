//! `lists`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Subcommand;
use filtering::list::{self, HoldError, ImportError, Imported, Intake, Kinds, List, TooMuch};
use filtering::publish::Scope;
use kit::nearby::did_you_mean;
use serde_json::json;
use store::Tx;

use crate::commands::context::Context;
use crate::commands::fetching::{self, FromWeb};
use crate::commands::origins;
use crate::commands::records::{
    Weighed, commit_and_publish, commit_and_publish_lists, commit_and_publish_weighed,
};
use crate::output::Failure;

#[derive(Debug, Subcommand)]
pub enum Lists {
    /// Read lists from files or folders and put them to use.
    Import {
        /// Files, folders, or web addresses (http:// or https://), also packed with gzip; an archive of lists (.tar.gz) can be
        /// fetched from the web as it is. Forms: squidGuard or UT1, hosts, plain names and wildcards, AdGuard's rules for names,
        /// dnsmasq, unbound, RPZ zones, e2guardian's lists, Pi-hole's expressions (name the file *.regex), URLs, DNS stamps.
        #[arg(required_unless_present = "built_in", value_name = "PATH or URL")]
        paths: Vec<PathBuf>,
        /// The lists that come with the program instead: those named, as in `games`, or all. It brings back what was taken
        /// out of use.
        #[arg(long, num_args = 0.., value_name = "NAME", conflicts_with_all = ["paths", "category", "name", "sha256", "sha256_from"])]
        built_in: Option<Vec<String>>,
        /// The category of what is read, instead of the one its name says.
        #[arg(long)]
        category: Option<String>,
        /// The licence that what is read is held under, where its own text does not say it or says it wrongly.
        #[arg(long, conflicts_with = "built_in")]
        licence: Option<String>,
        #[command(flatten)]
        web: FromWeb,
    },
    /// Read lists again from where they came from.
    Update {
        /// Only these lists.
        lists: Vec<String>,
    },
    /// Show every list: where from, how many names, how old, and whether it is active, held or has an update waiting.
    Status {
        /// Show the lists that were taken out of use instead: when, by whom and why.
        #[arg(long)]
        removed: bool,
    },
    /// Say which lists name a site, or named it: with which entry, since when, and under which licence each is held.
    Why {
        /// A host, an address or a URL.
        site: String,
    },
    /// Say what has changed in a list between the version in use and the one before: how many entries came and went, and
    /// which, as examples.
    Changes {
        /// The list.
        list: String,
        /// How many examples of each.
        #[arg(long, default_value_t = 10, value_name = "COUNT")]
        examples: usize,
    },
    /// Keep a list as it is: updates wait.
    Hold {
        /// The list.
        list: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Let a held list be updated again.
    Release {
        /// The list.
        list: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Take a list out of use. Its history stays.
    Remove {
        /// The list.
        list: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// Runs the command.
pub fn run(context: &Context, asked: Lists) -> Result<()> {
    match asked {
        Lists::Import { built_in: Some(names), .. } => import_built_in(context, &names),
        Lists::Import { paths, category, licence, web, built_in: None } => {
            import(context, &paths, category, licence.as_deref(), &web)
        }
        Lists::Update { lists } => update(context, &lists),
        Lists::Status { removed: false } => status(context),
        Lists::Status { removed: true } => removed(context),
        Lists::Why { site } => origins::why(context, &site),
        Lists::Changes { list, examples } => changes(context, &list, examples),
        Lists::Hold { list, reason } => turn(context, &list, &reason, true),
        Lists::Release { list, reason } => turn(context, &list, &reason, false),
        Lists::Remove { list, reason } => remove(context, &list, &reason),
    }
}

fn import(
    context: &Context,
    named: &[PathBuf],
    category: Option<String>,
    licence: Option<&str>,
    web: &FromWeb,
) -> Result<()> {
    if licence.is_some_and(|licence| licence.trim().is_empty() || licence.chars().any(char::is_control)) {
        bail!("--licence is a name or an address of a licence, such as \"CC BY-SA 4.0\"");
    }
    let (paths, asked) = web.sort_out(named)?;
    let mut intake = Intake::new(Kinds::built_in()?)?;
    let categories = category.map(|category| vec![category]);
    let (mut found, mut passed_over, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        match list::look(path) {
            Ok(looked) => {
                found.extend(looked.lists);
                passed_over.extend(looked.passed_over);
            }
            // One wrong path holds up no other.
            Err(error) => {
                context
                    .output
                    .object(&json!({ "source": path.display().to_string(), "problem": error.to_string() }));
                refused.push(error.to_string());
            }
        }
    }
    if found.is_empty() && asked.is_empty() {
        return Err(Failure::Problems(refused.join("\n")).into());
    }
    let records = context.records()?;
    let (taken, refused) = context.wait(async {
        let mut taken = 0usize;
        let mut fetched = Vec::new();
        for one in &asked {
            match fetching::fetch(context, &records, one, categories.as_deref(), &intake).await? {
                Ok(sent) => fetched.push((one, sent)),
                Err(problem) => {
                    let source = one.address.to_string();
                    context.output.object(&json!({ "source": source, "problem": problem }));
                    refused.push(about(&source, &problem));
                }
            }
        }
        let bar = context.output.progress(found.len() as u64, "reading lists");
        let mut tx = records.begin().await?;
        let mut licensed = Vec::new();
        for one in &found {
            let kept = context.home.lists();
            let outcome = list::import(
                &mut tx,
                &context.actor,
                &kept,
                one,
                categories.as_deref(),
                &mut intake,
                context.at,
            )
            .await;
            bar.inc(1);
            match outcome {
                Ok(imported) => {
                    say(context, &imported);
                    licensed.push(imported.list.id);
                    taken += 1;
                }
                Err(ImportError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    context
                        .output
                        .object(&json!({ "id": one.id, "source": one.source, "problem": error.to_string() }));
                    refused.push(about(&one.source, &error.to_string()));
                }
            }
        }
        bar.finish_and_clear();
        for (one, sent) in fetched {
            let source = one.address.to_string();
            let outcomes =
                match fetching::take(context, &mut tx, one, sent, categories.as_deref(), &mut intake).await {
                    Ok(outcomes) => outcomes,
                    Err(ImportError::Store(error)) => return Err(error.into()),
                    Err(error) => vec![(source.clone(), Err(error))],
                };
            for (id, outcome) in outcomes {
                match outcome {
                    Ok(imported) => {
                        say(context, &imported);
                        licensed.push(imported.list.id);
                        taken += 1;
                    }
                    Err(error) => {
                        context
                            .output
                            .object(&json!({ "id": id, "source": source, "problem": error.to_string() }));
                        refused.push(about(&source, &error.to_string()));
                    }
                }
            }
        }
        if let Some(licence) = licence {
            for id in &licensed {
                list::say_licence(&mut tx, &context.actor, id, licence.trim(), context.at).await?;
            }
        }
        if taken > 0 {
            commit_and_publish_lists(context, tx, intake).await?;
        } else {
            tx.commit().await?;
        }
        anyhow::Ok((taken, refused))
    })?;
    if !passed_over.is_empty() {
        let files: Vec<_> = passed_over.iter().map(|path| path.display().to_string()).collect();
        context.output.object(&json!({ "passed_over": files.len(), "files": files }));
    }
    finish(context, taken, &refused)
}

fn import_built_in(context: &Context, names: &[String]) -> Result<()> {
    let all = list::built_in();
    // The last part of an id is what people call the list.
    let short = |id: &str| id.rsplit('/').next().unwrap_or(id).to_owned();
    let (mut ids, mut refused) = (Vec::new(), Vec::new());
    for name in names {
        match all.iter().find(|id| *id == name || short(id) == *name) {
            Some(id) => ids.push(id.clone()),
            None => {
                let known: Vec<String> = all.iter().map(|id| short(id)).collect();
                let near = did_you_mean(name, known.iter().map(String::as_str), "");
                let near = if near.is_empty() { format!(": {}", known.join(", ")) } else { near };
                let problem = format!("no list {name:?} comes with the program{near}");
                context.output.object(&json!({ "id": name, "problem": problem }));
                refused.push(problem);
            }
        }
    }
    if ids.is_empty() && !names.is_empty() {
        bail!("{}", refused.join("\n"));
    }
    let mut intake = Intake::new(Kinds::built_in()?)?;
    let records = context.records()?;
    let kept = context.home.lists();
    let taken = context.wait(async {
        let mut taken = 0usize;
        let mut tx = records.begin().await?;
        let outcomes =
            list::import_built_in(&mut tx, &context.actor, &kept, &ids, &mut intake, context.at).await?;
        for (id, outcome) in outcomes {
            match outcome {
                Ok(imported) => {
                    say(context, &imported);
                    taken += 1;
                }
                Err(error) => {
                    context.output.object(&json!({ "id": id, "problem": error.to_string() }));
                    refused.push(about(&id, &error.to_string()));
                }
            }
        }
        if taken > 0 {
            commit_and_publish_lists(context, tx, intake).await?;
        } else {
            tx.commit().await?;
        }
        anyhow::Ok(taken)
    })?;
    finish(context, taken, &refused)
}

fn update(context: &Context, only: &[String]) -> Result<()> {
    let fresh = || anyhow::Ok(Intake::new(Kinds::built_in()?)?);
    let records = context.records()?;
    let (outcomes, unknown) = context.wait(async {
        let downloads = fetching::downloads(context, &records, only, &fresh()?).await?;
        let (mut left, mut is_weighed) = (TooMuch::new(), true);
        loop {
            let mut intake = fresh()?.leaving(left.clone());
            let mut tx = records.begin().await?;
            let (kept, at) = (context.home.lists(), context.at);
            let outcomes =
                list::update(&mut tx, &context.actor, &kept, only, &downloads, &mut intake, at).await?;
            let mut unknown = Vec::new();
            for id in only.iter().filter(|id| outcomes.iter().all(|(list, _)| list.id != **id)) {
                unknown.push((id.clone(), no_list(&mut tx, id).await?));
            }
            if !only.is_empty() && outcomes.is_empty() {
                let problems: Vec<String> = unknown.into_iter().map(|(_, problem)| problem).collect();
                bail!("{}", problems.join("\n"))
            }
            // Also where nothing changed: what is published may be damaged or gone, and this is the remedy.
            let outcome = if is_weighed {
                commit_and_publish_weighed(context, tx, intake).await?
            } else {
                commit_and_publish_lists(context, tx, intake).await?;
                Weighed::Live
            };
            let Weighed::TooMuch(much) = outcome else { return anyhow::Ok((outcomes, unknown)) };
            // Once all of these are left alone, what blocks more is no update's doing, and holding it back helps nobody.
            is_weighed = much.keys().any(|id| !left.contains_key(id));
            left.extend(much);
        }
    })?;
    let (mut taken, mut refused) = (0usize, Vec::new());
    for (id, problem) in unknown {
        context.output.object(&json!({ "id": id, "problem": problem }));
        refused.push(problem);
    }
    for (list, outcome) in outcomes {
        match outcome {
            Ok(imported) => {
                say(context, &imported);
                taken += 1;
            }
            Err(error @ ImportError::Held { .. }) => {
                context.output.say(format!("{error}"));
                context.output.object(&json!({ "id": list.id, "held": true }));
            }
            Err(error) => {
                context
                    .output
                    .object(&json!({ "id": list.id, "source": list.source, "problem": error.to_string() }));
                refused.push(format!("{}; it stays as it was", about(&list.id, &error.to_string())));
            }
        }
    }
    finish(context, taken, &refused)
}

/// What went wrong with a list; an error that begins with the list's place is not told it twice.
fn about(place: &str, error: &str) -> String {
    if error.starts_with(place) { error.to_owned() } else { format!("{place}: {error}") }
}

/// Lists that could not be taken are told together at the end; the others are in use.
fn finish(context: &Context, taken: usize, refused: &[String]) -> Result<()> {
    context.output.say(match taken {
        0 => "No list was taken as read now; those in use stay as they were.".to_owned(),
        1 => "1 list is in use as read now; a running gate has it within two seconds.".to_owned(),
        _ => format!("{taken} lists are in use as read now; a running gate has them within two seconds."),
    });
    if refused.is_empty() { Ok(()) } else { Err(Failure::Problems(refused.join("\n")).into()) }
}

/// That no list in use has the id, with what is near.
async fn no_list(tx: &mut Tx, id: &str) -> Result<String> {
    let known: Vec<String> = list::status(tx).await?.into_iter().map(|status| status.list.id).collect();
    let near = did_you_mean(id, known.iter().map(String::as_str), "");
    Ok(match (known.as_slice(), &*near) {
        ([], _) => format!("there is no list {id:?} in use, nor any other"),
        (_, "") => HoldError::NotFound(id.to_owned()).to_string(),
        _ => format!("there is no list {id:?} in use{near}"),
    })
}

/// A list that nobody has is refused with what is near; every other error is as it was.
async fn or_near<T>(tx: &mut Tx, outcome: Result<T, HoldError>) -> Result<T> {
    match outcome {
        Err(HoldError::NotFound(id)) => bail!("{}", no_list(tx, &id).await?),
        other => Ok(other?),
    }
}

fn say(context: &Context, imported: &Imported) {
    let List { id, categories, report, .. } = &imported.list;
    let mut line = object(&imported.list);
    if let Some(fields) = line.as_object_mut() {
        fields.insert("changed".to_owned(), imported.changed.into());
    }
    if let Some(fields) = line.as_object_mut().filter(|_| !imported.parts.is_empty()) {
        let parts: Vec<_> = imported
            .parts
            .iter()
            .map(|part| json!({ "file": part.file, "refused": part.why.id(), "problem": part.why.to_string() }))
            .collect();
        fields.insert("refused_files".to_owned(), parts.into());
    }
    if let Some(fields) = line.as_object_mut().filter(|_| !imported.meant.is_empty()) {
        fields.insert("meant_suffixes".to_owned(), imported.meant.clone().into());
    }
    context.output.object(&line);
    let refused = report.refused_count();
    let how = if imported.changed { "" } else { ", unchanged" };
    context.output.say(format!(
        "{id} ({}): {} lines of {}, {} taken, {refused} refused{how}",
        categories.join(", "),
        report.lines,
        report.format,
        report.accepted,
    ));
    for part in &imported.parts {
        context.output.say(format!("    the file {} was left out: {}", part.file, part.why));
    }
    for suffix in lists::MEANT_SUFFIXES.iter().filter(|suffix| imported.meant.contains(&suffix.name)) {
        context.output.say(format!("    {} stands for every site below it: {}", suffix.name, suffix.why));
    }
    for (why, lines) in &report.refused {
        let first: Vec<String> = lines.first_lines.iter().map(ToString::to_string).collect();
        context.output.say(format!(
            "    {} × {}{}",
            lines.count,
            why.words(),
            match first.as_slice() {
                [] => String::new(),
                _ if lines.count > first.len() as u64 => format!(" (line {}, …)", first.join(", ")),
                _ => format!(" (line {})", first.join(", ")),
            }
        ));
    }
}

fn object(list: &List) -> serde_json::Value {
    json!({
        "id": list.id,
        "version": list.version,
        "categories": list.categories,
        "source": list.source,
        "state": list.state.id(),
        "format": list.report.format,
        "lines": list.report.lines,
        "accepted": list.report.accepted,
        "refused": list.report.refused,
        "sha256": list.sha256,
        "imported_at": list.imported_at.to_string(),
    })
}

fn status(context: &Context) -> Result<()> {
    let records = context.records()?;
    let lists = context.wait(async {
        let mut tx = records.read().await?;
        let lists = list::status(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(lists)
    })?;
    if lists.is_empty() {
        context.output.say("No list is in use. `fivebar lists import FOLDER` reads some.");
    }
    for status in &lists {
        let list = &status.list;
        let mut line = object(list);
        if let Some(fields) = line.as_object_mut() {
            fields.insert("state".to_owned(), status.word().into());
            for (key, text) in [("note", &status.note), ("waits", &status.waits)] {
                if let Some(text) = text {
                    fields.insert(key.to_owned(), text.as_str().into());
                }
            }
        }
        if let (Some(fields), Some(web)) = (line.as_object_mut(), &status.web) {
            fields.insert("web".to_owned(), fetching::object(web, context.config.lists.update));
        }
        context.output.object(&line);
        context.output.say(format!(
            "{:<40} {:<8} {:>9} names  {}  read {} from {}{}",
            list.id,
            status.word(),
            list.report.accepted,
            list.categories.join(", "),
            list.imported_at,
            list.source,
            status.note.as_ref().map(|note| format!("  ({note})")).unwrap_or_default(),
        ));
        if let Some(waits) = &status.waits {
            context.output.say(format!("    {waits}"));
        }
        if let Some(web) = &status.web {
            context.output.say(format!(
                "    {}",
                fetching::words(web, status.waits.as_deref(), context.config.lists.update)
            ));
        }
    }
    for one in filtering::publish::damaged(&context.home.gate()) {
        context.output.object(&json!({ "published": "damaged", "problem": one.error.to_string() }));
        context.output.say(format!("What gates go by is damaged: {}", one.error));
    }
    context.output.say(format!("Categories: {}", Kinds::built_in()?.all().join(", ")));
    Ok(())
}

fn changes(context: &Context, id: &str, examples: usize) -> Result<()> {
    let records = context.records()?;
    let list = context.wait(async {
        let mut tx = records.read().await?;
        let all = list::in_use(&mut tx).await?;
        let found = match all.into_iter().find(|list| list.id == id) {
            Some(list) => Ok(list),
            None => Err(no_list(&mut tx, id).await?),
        };
        tx.roll_back().await?;
        anyhow::Ok(found)
    })?;
    let list = match list {
        Ok(list) => list,
        Err(problem) => bail!("{problem}"),
    };
    let Some(changes) = list::changes(&context.home.lists(), &list, examples)? else {
        context.output.object(&json!({ "id": id, "version": list.version, "before": null }));
        context.output.say(format!("{id}: no version before {} is kept.", list.version));
        return Ok(());
    };
    context.output.object(&json!({
        "id": id,
        "version": list.version,
        "before": changes.before,
        "read_at": list.imported_at.to_string(),
        "added": changes.added.count,
        "removed": changes.removed.count,
        "kept": changes.kept,
        "added_examples": changes.added.examples,
        "removed_examples": changes.removed.examples,
    }));
    context.output.say(format!(
        "{id}: from version {} to {}, read at {}: {} entries came, {} went, {} stayed.",
        changes.before,
        list.version,
        list.imported_at,
        changes.added.count,
        changes.removed.count,
        changes.kept
    ));
    for (mark, some) in [('+', &changes.added), ('-', &changes.removed)] {
        for example in &some.examples {
            context.output.say(format!("    {mark} {example}"));
        }
        if some.count > some.examples.len() as u64 {
            context.output.say(format!("    {mark} … and {} more", some.count - some.examples.len() as u64));
        }
    }
    Ok(())
}

fn remove(context: &Context, id: &str, reason: &str) -> Result<()> {
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        let removed = list::remove(&mut tx, &context.actor, id, reason, context.at).await;
        or_near(&mut tx, removed).await?;
        commit_and_publish(context, tx, Scope::Everything).await?;
        anyhow::Ok(())
    })?;
    let back = match list::built_in().contains(&id.to_owned()) {
        true => format!(" `fivebar lists import --built-in {id}` brings it back."),
        false => String::new(),
    };
    context.output.say(format!("{id} is out of use; a running gate has that within two seconds.{back}"));
    context.output.object(&json!({ "id": id, "state": "removed" }));
    Ok(())
}

fn removed(context: &Context) -> Result<()> {
    let records = context.records()?;
    let removed = context.wait(async {
        let mut tx = records.read().await?;
        let removed = list::removed(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(removed)
    })?;
    if removed.is_empty() {
        context.output.say("No list was ever taken out of use.");
    }
    for one in &removed {
        let why = one.reason.as_deref().unwrap_or("the reason was not kept");
        let altered =
            if one.reason.is_some() && !one.is_proved { "  (not the reason that was given)" } else { "" };
        context.output.say(format!("{}  {}  by {}: {why}{altered}", one.id, one.at, one.by));
        context.output.object(&json!({
            "id": one.id, "at": one.at.to_string(), "by": one.by, "reason": one.reason, "proved": one.is_proved,
        }));
    }
    Ok(())
}

fn turn(context: &Context, id: &str, reason: &str, hold: bool) -> Result<()> {
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        let turned = if hold {
            list::hold(&mut tx, &context.actor, id, reason, context.at).await
        } else {
            list::release(&mut tx, &context.actor, id, reason, context.at).await
        };
        or_near(&mut tx, turned).await?;
        tx.commit().await?;
        anyhow::Ok(())
    })?;
    let state = if hold {
        "held: it stays as it is until it is released"
    } else {
        "released: the next update is taken"
    };
    context.output.say(format!("{id} is {state}."));
    context.output.object(&json!({ "id": id, "state": if hold { "held" } else { "active" } }));
    Ok(())
}
