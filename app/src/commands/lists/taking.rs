//! Taking lists in: from files and folders, from the web, those that come with the program, and all of them again.

use std::path::PathBuf;

use anyhow::{Result, bail};
use filtering::list::{self, ImportError, Imported, Intake, Kinds, List, TooMuch};
use kit::nearby::did_you_mean;
use serde_json::json;

use super::{no_list, object};
use crate::commands::context::Context;
use crate::commands::fetching::{self, FromWeb};
use crate::commands::records::{Weighed, commit_and_publish_lists, commit_and_publish_weighed};
use crate::output::Failure;

pub(super) fn import(
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

pub(super) fn import_built_in(context: &Context, names: &[String]) -> Result<()> {
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

pub(super) fn update(context: &Context, only: &[String]) -> Result<()> {
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
