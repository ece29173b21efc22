//! `people import` of what other systems export, `people imports`, `people undo` and `people rules`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use filtering::publish::Scope;
use kit::Zone;
use people::intake::{
    self, ApplyImport, ApplyLeading, Change, Given, Import, ImportRoll, ReadImports, Tally, Thing, What,
    WriteRules, views::facts_differ,
};
use people::roster::{Complaint, Files, Options, Order, Roster, Shape, column_kinds};
use people::{Kind, Rules};
use serde_json::{Value, json};
use store::Tx;

use crate::commands::context::Context;
use crate::commands::lasting::school_zone;
use crate::commands::people::policy_in_force;
use crate::commands::records::commit_and_publish;
use crate::output::Failure;

/// What whoever imports says besides the file.
#[derive(Debug, Args)]
pub struct Told {
    /// Whose ids the file goes by, as in sims: the same name every time. Left out, the form's own.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Only people of the school with this id, where the file holds several schools.
    #[arg(long, value_name = "ID")]
    school: Option<String>,
    /// What everybody in a table is, where no column says it: pupil, staff, supply, volunteer, contractor, trainee, parent, governor, visitor.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// Which comes first where days are written as 4/2/2014 and the file does not show it.
    #[arg(long, value_enum)]
    dates: Option<DateOrder>,
    /// Which column of a table is which, as in --column given=Forename; remembered for the source. An empty name says that there is none.
    #[arg(long, value_name = "WHAT=HEADER", value_parser = column)]
    column: Vec<(String, String)>,
    /// How many people leave, where they are so many that it must be said.
    #[arg(long, value_name = "NUMBER")]
    leavers: Option<usize>,
    /// Name everybody whom it concerns, not only the first of each kind.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DateOrder {
    /// 28/2/2014.
    DayFirst,
    /// 2/28/2014.
    MonthFirst,
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::of_id(text).ok_or_else(|| format!("write one of {}", Kind::ALL.map(Kind::id).join(", ")))
}

fn column(text: &str) -> Result<(String, String), String> {
    let kinds: Vec<&str> = column_kinds().map(|(id, _)| id).collect();
    match text.split_once('=') {
        Some((id, header)) if kinds.contains(&id) => Ok((id.to_owned(), header.to_owned())),
        _ => Err(format!(
            "write what a column is and the words above it, as in given=Forename; it can be {}",
            kinds.join(", ")
        )),
    }
}

/// How many are named of each kind of change.
const NAMED: u64 = 20;

/// Whether what somebody gave is a roll file of our own form.
pub fn is_own_form(path: &Path) -> bool {
    let ends = |end: &str| path.extension().is_some_and(|is| is.eq_ignore_ascii_case(end));
    if path.is_dir() || ends("zip") || ends("csv") {
        return false;
    }
    // Whatever else it is called: a table has no line that begins so.
    ends("toml")
        || fs::read_to_string(path).map_or(true, |text| text.lines().any(|line| line.starts_with("[[")))
}

/// Reads what another system exported, keeps the difference, and applies it where that is asked for.
pub fn import(context: &Context, path: &Path, told: &Told, apply: bool) -> Result<()> {
    let source = match (&told.source, told.kind) {
        (Some(source), _) => Some(source.clone()),
        (None, Some(kind)) => Some(format!("table-{}", kind.id())),
        (None, None) => None,
    };
    let files = Files::open(path)?;
    let records = context.records()?;
    let permit = context.permit::<ImportRoll>(())?;
    let groups = groups_in_force(context)?;
    let (import, zone) = context.wait(async {
        let mut tx = records.begin().await?;
        let zone = school_zone(&mut tx).await?;
        let table = source.as_deref().unwrap_or(Shape::Table.source());
        let mut columns = intake::remembered_columns(&mut tx, table).await?;
        if !told.column.is_empty() {
            columns.extend(told.column.iter().cloned());
            intake::remember_columns(&mut tx, &permit, table, &columns, context.at).await?;
        }
        let options = Options {
            school: told.school.clone(),
            kind: told.kind,
            dates: told.dates.map(|order| match order {
                DateOrder::DayFirst => Order::DayFirst,
                DateOrder::MonthFirst => Order::MonthFirst,
            }),
            columns,
        };
        let roster = Roster::read(&files, &options).map_err(|complaints| unusable(path, &complaints))?;
        let given = Given { source: source.as_deref(), groups: groups.as_ref(), zone: &zone };
        let import = intake::prepare(&mut tx, &permit, &roster, &given, context.at).await?;
        tx.commit().await?;
        anyhow::Ok((import, zone))
    })?;
    answer(context, import, (apply, told.leavers, told.all), &zone)
}

/// Turns an import back.
pub fn undo(context: &Context, number: i64, apply: bool, leavers: Option<usize>) -> Result<()> {
    let records = context.records()?;
    let permit = context.permit::<ImportRoll>(())?;
    let (import, zone) = context.wait(async {
        let mut tx = records.begin().await?;
        let zone = school_zone(&mut tx).await?;
        let import = intake::prepare_undo(&mut tx, &permit, number, context.at).await?;
        tx.commit().await?;
        anyhow::Ok((import, zone))
    })?;
    answer(context, import, (apply, leavers, false), &zone)
}

fn unusable(path: &Path, complaints: &[Complaint]) -> anyhow::Error {
    let lines: Vec<String> =
        complaints.iter().map(|one| format!("error: {}: {one}", path.display())).collect();
    Failure::Problems(format!("{}\nnothing was changed", lines.join("\n"))).into()
}

/// Shows a difference, and applies it where that was asked for.
fn answer(
    context: &Context,
    import: Import,
    (apply, leavers, all): (bool, Option<usize>, bool),
    zone: &Zone,
) -> Result<()> {
    let records = context.records()?;
    show(context, &import, all)?;
    if !apply {
        context.output.say(format!("This is import {}, and nothing was changed. Give the command again with --apply to change the roll.", import.number));
        context.output.object(&object(&import, false));
        return Ok(());
    }
    let permit = context.permit::<ApplyImport>(import.number)?;
    let leading = context.permit::<ApplyLeading>(import.number)?;
    let applied = context.wait(async {
        let mut tx = records.begin().await?;
        let applied = intake::apply(&mut tx, &permit, Some(&leading), leavers, zone, context.at)
            .await
            .map_err(|error| match error {
                intake::ApplyError::Held(held) => {
                    anyhow!("{error}, as in --leavers {held}; nothing was changed")
                }
                other => other.into(),
            })?;
        commit_and_publish(context, tx, Scope::Live).await?;
        anyhow::Ok(applied)
    })?;
    context.output.say(format!(
        "Import {0} is applied. `fivebar people undo {0}` shows what undoing it would change.",
        applied.number
    ));
    context.output.object(&object(&applied, true));
    Ok(())
}

fn object(import: &Import, applied: bool) -> Value {
    json!({
        "import": import.number, "source": import.source, "undoes": import.undoes, "state": import.state, "applied": applied,
        "people": import.summary.people, "classes": import.summary.classes, "relations": import.summary.relations,
        "held": import.summary.held, "complaints": import.summary.complaints, "columns": import.summary.columns,
        "unused_columns": import.summary.unused, "unknown_groups": import.summary.strangers,
    })
}

fn show(context: &Context, import: &Import, all: bool) -> Result<()> {
    let summary = &import.summary;
    let out = &context.output;
    if import.shape == Some(Shape::Table) && import.undoes.is_none() {
        let read: Vec<String> = column_kinds()
            .filter_map(|(id, name)| {
                summary.columns.get(id).map(|header| format!("{name}: {header} (--column {id}=…)"))
            })
            .collect();
        out.say("The columns were read so:");
        read.iter().for_each(|line| out.say(format!("  {line}")));
        if !summary.unused.is_empty() {
            out.say(format!("  not used: {}", summary.unused.join(", ")));
        }
    }
    for (name, tally) in
        [("people", &summary.people), ("classes", &summary.classes), ("family", &summary.relations)]
    {
        let Tally { joins, moves, leaves, kept, same } = tally;
        let kept = if *kept == 0 { String::new() } else { format!(", {kept} kept as they are") };
        out.say(format!("{name}: {joins} come, {moves} change, {leaves} go{kept}, {same} as before"));
    }
    let records = context.records()?;
    let permit = context.permit::<ReadImports>(())?;
    let most = if all { u64::from(u32::MAX) } else { NAMED };
    for what in What::ALL {
        let (changes, count) = context.wait(async {
            let mut tx = records.read().await?;
            let some = people(&mut tx, &permit, import, what, most).await?;
            tx.roll_back().await?;
            anyhow::Ok(some)
        })?;
        if count == 0 {
            continue;
        }
        out.say(match what {
            What::Joins => "Come:",
            What::Moves => "Change:",
            What::Leaves => "Go:",
            What::Kept => "Changed since, and kept as they are:",
        });
        for change in &changes {
            let (before, after) = change.facts();
            let name = after.as_ref().or(before.as_ref()).map_or("", |facts| &facts.name);
            out.say(format!("  {name}: {}", facts_differ(before.as_ref(), after.as_ref()).join("; ")));
        }
        let more = count.saturating_sub(changes.len() as u64);
        if more > 0 {
            out.say(format!("  and {more} more (--all names them)"));
        }
    }
    for complaint in &summary.complaints {
        out.say(format!("worth a look: {complaint}"));
    }
    for group in &summary.strangers {
        out.say(format!("worth a look: your rules name the group {group:?}, which the policy does not have; nobody joins it"));
    }
    Ok(())
}

async fn people(
    tx: &mut Tx,
    permit: &kit::Permit<ReadImports>,
    import: &Import,
    what: What,
    most: u64,
) -> Result<(Vec<Change>, u64)> {
    Ok(intake::changes(tx, permit, import.number, Some((Thing::Person, what)), (0, most)).await?)
}

/// Lists the imports there were.
pub fn list(context: &Context) -> Result<()> {
    let records = context.records()?;
    let permit = context.permit::<ReadImports>(())?;
    let (imports, zone) = context.wait(async {
        let mut tx = records.read().await?;
        let imports = intake::list(&mut tx, &permit, 50).await?;
        let zone = school_zone(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok((imports, zone))
    })?;
    if imports.is_empty() {
        context.output.say("There was no import yet. `fivebar people import PATH` makes one.");
    }
    for import in &imports {
        let people = &import.summary.people;
        let undoes = import.undoes.map(|undone| format!(", undoing of {undone}")).unwrap_or_default();
        context.output.say(format!(
            "{:<5} {}  {:<9} {}{undoes}: {} come, {} change, {} go",
            import.number,
            zone.local(import.made_at).civil().strftime("%Y-%m-%d %H:%M"),
            import.state,
            import.source,
            people.joins,
            people.moves,
            people.leaves
        ));
        context.output.object(&object(import, import.state == "applied"));
    }
    Ok(())
}

/// Shows the rules by which people join groups, or writes a school's own.
pub fn rules(context: &Context, file: Option<PathBuf>, apply: bool, built_in: bool) -> Result<()> {
    let records = context.records()?;
    let text = match &file {
        Some(file) => {
            Some(fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?)
        }
        None => None,
    };
    if text.is_none() && !built_in {
        let rules = context.wait(async {
            let mut tx = records.read().await?;
            let rules = intake::rules(&mut tx).await?;
            tx.roll_back().await?;
            anyhow::Ok(rules)
        })?;
        let whose = if rules.is_own() { "the school's own" } else { "those that come with the program" };
        context.output.say(format!(
            "# The rules in force are {whose}. Write a file of your own, and give it with --apply."
        ));
        context.output.say_lines(rules.to_text());
        context.output.object(&json!({ "own": rules.is_own(), "rules": rules.to_text() }));
        return Ok(());
    }
    if let Some(text) = &text {
        let rules = Rules::parse(text)?;
        let known = groups_in_force(context)?.unwrap_or_default();
        let strangers = rules.fixed_groups().filter(|group| !known.contains(*group)).collect::<BTreeSet<_>>();
        for group in strangers {
            context.output.say(format!(
                "worth a look: the policy has no group {group:?}; nobody joins it until it has"
            ));
        }
    }
    if !apply {
        bail!("nothing was changed: give the command again with --apply to write the rules");
    }
    let permit = context.permit::<WriteRules>(())?;
    let rules = context.wait(async {
        let mut tx = records.begin().await?;
        let rules = intake::write_rules(&mut tx, &permit, text.as_deref(), context.at).await?;
        tx.commit().await?;
        anyhow::Ok(rules)
    })?;
    context.output.say("The rules hold from the next import on.");
    context.output.object(&json!({ "own": rules.is_own() }));
    Ok(())
}

fn groups_in_force(context: &Context) -> Result<Option<BTreeSet<String>>> {
    let policy = policy_in_force(context)?;
    Ok(policy.map(|policy| policy.groups.into_iter().map(|group| group.id).collect()))
}

/// The keys of those whom other sources keep: a roll file may say which devices are theirs.
pub fn kept_elsewhere(context: &Context) -> Result<BTreeSet<String>> {
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.read().await?;
        let keys = people::kept_elsewhere(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(keys)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_named_by_what_it_is() {
        assert_eq!(column("given=Forename"), Ok(("given".to_owned(), "Forename".to_owned())));
        assert_eq!(column("class="), Ok(("class".to_owned(), String::new())));
        assert!(column("Forename").is_err() && column("shoe=Size").is_err());
        assert!(column_kinds().any(|(id, _)| id == "id"));
    }
}
