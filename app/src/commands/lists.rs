//! `lists`.

use anyhow::Result;
use filtering::list::{self, ImportError, Imported, Kinds, List};
use filtering::publish::Scope;
use serde_json::json;

use crate::cli::Lists;
use crate::commands::context::Context;
use crate::commands::records::commit_and_publish;
use crate::output::Failure;

/// Runs the command.
pub fn run(context: &Context, asked: Lists) -> Result<()> {
    match asked {
        Lists::Import { paths, category } => import(context, &paths, category),
        Lists::Update { lists } => update(context, &lists),
        Lists::Status => status(context),
        Lists::Hold { list, reason } => turn(context, &list, &reason, true),
        Lists::Release { list, reason } => turn(context, &list, &reason, false),
    }
}

fn import(context: &Context, paths: &[std::path::PathBuf], category: Option<String>) -> Result<()> {
    let kinds = Kinds::built_in()?;
    let categories = category.map(|category| vec![category]);
    let mut found = Vec::new();
    for path in paths {
        found.extend(list::find(path)?);
    }
    let records = context.records()?;
    let bar = context.output.progress(found.len() as u64, "reading lists");
    let (taken, refused) = context.wait(async {
        let (mut taken, mut refused) = (0usize, Vec::new());
        let mut tx = records.begin().await?;
        for one in &found {
            let kept = context.home.lists();
            let outcome =
                list::import(&mut tx, &context.actor, &kept, one, categories.as_deref(), &kinds, context.at)
                    .await;
            bar.inc(1);
            match outcome {
                Ok(imported) => {
                    say(context, &imported);
                    taken += 1;
                }
                Err(ImportError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    context
                        .output
                        .object(&json!({ "id": one.id, "source": one.source, "problem": error.to_string() }));
                    refused.push(format!("{}: {error}", one.source));
                }
            }
        }
        bar.finish_and_clear();
        if taken > 0 {
            commit_and_publish(context, tx, Scope::Everything).await?;
        } else {
            tx.commit().await?;
        }
        anyhow::Ok((taken, refused))
    })?;
    finish(context, taken, &refused)
}

fn update(context: &Context, only: &[String]) -> Result<()> {
    let kinds = Kinds::built_in()?;
    let records = context.records()?;
    let (taken, refused) = context.wait(async {
        let (mut taken, mut refused) = (0usize, Vec::new());
        let mut tx = records.begin().await?;
        let outcomes =
            list::update(&mut tx, &context.actor, &context.home.lists(), only, &kinds, context.at).await?;
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
                    context.output.object(
                        &json!({ "id": list.id, "source": list.source, "problem": error.to_string() }),
                    );
                    refused.push(format!("{}: {error}; it stays as it was", list.id));
                }
            }
        }
        if taken > 0 {
            commit_and_publish(context, tx, Scope::Everything).await?;
        } else {
            tx.commit().await?;
        }
        anyhow::Ok((taken, refused))
    })?;
    finish(context, taken, &refused)
}

/// Lists that could not be taken are told together at the end; the others are in use.
fn finish(context: &Context, taken: usize, refused: &[String]) -> Result<()> {
    context
        .output
        .say(format!("{taken} lists are in use as read now; a running gate has them within two seconds."));
    if refused.is_empty() { Ok(()) } else { Err(Failure::Problems(refused.join("\n")).into()) }
}

fn say(context: &Context, imported: &Imported) {
    let List { id, categories, report, .. } = &imported.list;
    context.output.object(&object(&imported.list, Some(imported.changed), None));
    let refused = report.refused_count();
    let how = if imported.changed { "" } else { ", unchanged" };
    context.output.say(format!(
        "{id} ({}): {} lines of {}, {} taken, {refused} refused{how}",
        categories.join(", "),
        report.lines,
        report.format,
        report.accepted,
    ));
    for (why, lines) in &report.refused {
        let first: Vec<String> = lines.first_lines.iter().map(ToString::to_string).collect();
        context.output.say(format!(
            "    {} × {} (line {}{})",
            lines.count,
            why.words(),
            first.join(", "),
            if lines.count > first.len() as u64 { ", …" } else { "" }
        ));
    }
}

fn object(list: &List, changed: Option<bool>, note: Option<&str>) -> serde_json::Value {
    let mut object = json!({
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
    });
    if let Some(fields) = object.as_object_mut() {
        if let Some(changed) = changed {
            fields.insert("changed".to_owned(), changed.into());
        }
        if let Some(note) = note {
            fields.insert("note".to_owned(), note.into());
        }
    }
    object
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
    for (list, note) in &lists {
        context.output.object(&object(list, None, note.as_deref()));
        context.output.say(format!(
            "{:<40} {:<8} {:>9} names  {}  read {} from {}{}",
            list.id,
            list.state.id(),
            list.report.accepted,
            list.categories.join(", "),
            list.imported_at,
            list.source,
            note.as_ref().map(|note| format!("  ({note})")).unwrap_or_default(),
        ));
    }
    context.output.say(format!("Categories: {}", Kinds::built_in()?.all().join(", ")));
    Ok(())
}

fn turn(context: &Context, id: &str, reason: &str, hold: bool) -> Result<()> {
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        if hold {
            list::hold(&mut tx, &context.actor, id, reason, context.at).await?;
        } else {
            list::release(&mut tx, &context.actor, id, reason, context.at).await?;
        }
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
