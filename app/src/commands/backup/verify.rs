//! `verify`: that the running school is whole, or a back-up.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;
use store::Db;
use store::backup::{BackupIdentity, TrailLine, check};
use store::trail::{Known, Verified, compare, verify};

use super::log::{Harmed, lost_object, lost_words, prove_log};
use super::tier::prove_sealed;
use super::{identity, watch};
use crate::commands::context::Context;
use crate::commands::trail::prove_checkpoint;
use crate::output::{Failure, Output};

#[derive(Debug, Args)]
pub struct Verify {
    /// A back-up to verify instead of the running school, and to compare the school's access trail with.
    pub file: Option<PathBuf>,
    /// The file with the identity that opens the back-up, where it is encrypted.
    #[arg(long, value_name = "FILE", requires = "file")]
    pub identity: Option<PathBuf>,
    /// A checkpoint of the access trail to compare the school's with, as `fivebar trail checkpoint` printed it.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub checkpoint: Option<PathBuf>,
}

/// Proves the running school, or a back-up.
pub fn prove(given: Option<PathBuf>, asked: &Verify, output: Output) -> Result<()> {
    match (&asked.file, &asked.checkpoint) {
        (Some(file), _) => prove_archive(given, file, identity(asked.identity.as_ref())?.as_ref(), output),
        (None, Some(checkpoint)) => prove_checkpoint(&Context::open(given, output)?, checkpoint),
        (None, None) => prove_school(&Context::open(given, output)?),
    }
}

fn prove_archive(
    given: Option<PathBuf>,
    file: &Path,
    identity: Option<&BackupIdentity>,
    output: Output,
) -> Result<()> {
    // A school that is named must be there; the usual place may be empty where a back-up is tried on another machine.
    let context = match given {
        Some(home) => Some(Context::open(Some(home), output)?),
        None => Context::open(None, output).ok(),
    };
    // A PostgreSQL dump needs a server to be read back in; the school's own is used where there is one.
    let server = context.as_ref().and_then(|context| context.database().ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let manifest = runtime.block_on(check(file, identity, server.as_ref(), &watch(output)))?;
    output.say(format!(
        "{} is whole: made {}, {} files, {} entries in the access trail, all as they were written.",
        file.display(),
        manifest.made_at,
        manifest.files.len(),
        manifest.trail.entries
    ));
    let known = context.as_ref().map(|context| compare_with_school(context, &manifest.trail));
    output.object(&json!({
        "file": file, "whole": true, "trail": manifest.trail, "rows": manifest.rows,
        "held_by_school": known.as_ref().map(|known| matches!(known, Ok(Ok(())))),
    }));
    match (known, context) {
        (Some(Ok(Ok(()))), Some(context)) => output.say(format!(
            "The access trail of the school in {} still has all {} entries of it, as they were.",
            context.home.path().display(),
            manifest.trail.entries
        )),
        (Some(Ok(Err(why))), _) => return Err(Failure::Problems(why).into()),
        (Some(Err(error)), _) => {
            return Err(
                error.context("the back-up is whole; the school's own trail could not be compared with it")
            );
        }
        _ => output.say("No school is here whose trail could be compared with it; --home FOLDER names one."),
    }
    Ok(())
}

/// Whether the school's trail still holds all that the back-up knows of it; the inner error says what it does not.
fn compare_with_school(context: &Context, known: &TrailLine) -> Result<Result<(), String>> {
    let records = context.wait(Db::look(&context.database()?)).context("cannot open the records")?;
    let home = context.home.path().display();
    let what_now = "If the back-up is of this school and the school was not brought back from an older one, keep both and \
                    tell the data protection officer";
    let told = match context.wait(compare(&records, known.entries, &known.head))? {
        Known::Held => None,
        Known::Missing { entries } => Some(format!(
            "the access trail in {home} has {entries} entries, and the back-up knows of {}: the last {} are missing. {what_now}",
            known.entries,
            known.entries - entries
        )),
        Known::Changed => Some(format!(
            "entry {} of the access trail in {home} is not the one that the back-up knows: it, or what came before it, was \
             changed. {what_now}",
            known.entries
        )),
    };
    if let Some(told) = told {
        return Ok(Err(told));
    }
    Ok(match context.wait(verify(&records))? {
        // The newest known entry names the one before, and so on to the first.
        Verified::BrokenAt { seq, why } if seq <= known.entries => {
            Err(format!("the access trail in {home} is broken at entry {seq}: {why}. {what_now}"))
        }
        _ => Ok(()),
    })
}

fn prove_school(context: &Context) -> Result<()> {
    let url = context.database()?;
    let records = context.wait(Db::look(&url)).context("cannot open the records")?;
    let trail = context.wait(verify(&records))?;
    let ((versions, altered), tests, drills) = context.wait(async {
        let mut tx = records.read().await?;
        let proved = filtering::filter_policy::prove(&mut tx).await?;
        let tests = filtering::filter_test::prove(&mut tx).await?;
        let drills = backups::kept::prove(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok((proved, tests, drills))
    })?;
    let altered_tests: Vec<String> = tests.altered.iter().map(ToString::to_string).collect();
    let altered: Vec<String> = altered.iter().map(ToString::to_string).collect();
    let published = filtering::publish::verify(&context.home.gate());
    let tier = prove_sealed(context, &records)?;
    let log = prove_log(context)?;
    let origins = crate::commands::origins::prove(&context.home);
    context.output.object(&json!({
        "origins": match &origins {
            Ok(lists) => json!({ "whole": true, "lists": lists }),
            Err(why) => json!({ "whole": false, "why": why }),
        },
        "sealed": match &tier {
            Ok(tier) => json!({
                "whole": tier.damaged_bytes == 0, "recipients": tier.recipients, "records": tier.records,
                "damaged_bytes": tier.damaged_bytes,
            }),
            Err(why) => json!({ "whole": false, "why": why }),
        },
        "activity": json!({
            "whole": log.damaged.is_empty() && log.lost.is_empty(), "files": log.files,
            "damaged": log.damaged.iter().map(Harmed::object).collect::<Vec<_>>(),
            "lost": log.lost.iter().map(lost_object).collect::<Vec<_>>(),
        }),
        "trail": match &trail {
            Verified::Whole { entries, head } => json!({ "whole": true, "entries": entries, "head": head }),
            Verified::BrokenAt { seq, why } => json!({ "whole": false, "broken_at": seq, "why": why.to_string() }),
        },
        "policy": json!({ "whole": altered.is_empty(), "versions": versions, "altered": altered }),
        "filter_tests": json!({
            "whole": altered_tests.is_empty(), "tests": tests.tests, "before_proofs": tests.before_proofs,
            "altered": altered_tests,
        }),
        "drills": json!({ "whole": drills.altered.is_empty(), "drills": drills.drills, "altered": drills.altered }),
        "published": match &published {
            Ok(generation) => json!({ "whole": true, "generation": generation }),
            Err(error) => json!({ "whole": false, "why": error.to_string() }),
        },
    }));
    match &trail {
        Verified::Whole { entries, head } => {
            context
                .output
                .say(format!("The access trail is whole: {entries} entries; the last one's hash is {head}."));
        }
        Verified::BrokenAt { seq, why } => {
            return Err(Failure::Problems(format!(
                "the access trail is broken at entry {seq}: {why}. Keep every back-up and tell the data protection officer."
            ))
            .into());
        }
    }
    if !altered.is_empty() {
        return Err(Failure::Problems(format!(
            "the policy was altered in the records: {}. Keep every back-up and tell the data protection officer. What was \
             altered is not published; `fivebar policy apply` puts the school's own policy in force again.",
            altered.join("; ")
        ))
        .into());
    }
    context.output.say(format!("All {versions} versions of the policy are as they were applied."));
    match published {
        Ok(generation) => {
            context.output.say(format!("The published policy and lists are whole: generation {generation}."))
        }
        Err(error) => {
            return Err(Failure::Problems(format!(
                "the published policy or lists are not whole: {error}. `fivebar lists update` publishes them again."
            ))
            .into());
        }
    }
    let mut problems = Vec::new();
    match (altered_tests.as_slice(), tests.tests, tests.before_proofs) {
        ([], 0, _) => {}
        ([], tests, 0) => context.output.say(format!("All {tests} tests of the filter are as they were kept.")),
        ([], tests, before) => context.output.say(format!(
            "All {tests} tests of the filter are as they were kept, as far as can be said: {before} are from before their reports \
             were proved by the access trail."
        )),
        (altered, ..) => problems.push(format!(
            "what was kept of tests of the filter was altered: {}. Keep every back-up and tell the data protection officer.",
            altered.join("; ")
        )),
    }
    match (&*drills.altered, drills.drills) {
        ([], 0) => {}
        ([], many) => {
            context.output.say(format!("All {many} drills of back-ups are as they were kept."));
        }
        (altered, _) => problems.push(format!(
            "what was kept of drills of back-ups was altered: {}. Keep every back-up and tell the data protection officer.",
            altered.join("; ")
        )),
    }
    match &origins {
        Ok(None) => {}
        Ok(Some(lists)) => context.output.say(format!("Since when {lists} lists hold their entries is whole.")),
        Err(why) => problems.push(format!(
            "what is kept of since when lists hold their entries is not whole: {why}. Filtering does not need it; `fivebar lists \
             update` writes it again, from the file before where that is whole."
        )),
    }
    match tier {
        Ok(tier) => {
            context.output.say(format!(
                "The sealed entries are those that were loaded; {} records of sealed addresses can be read.",
                tier.records
            ));
            if tier.recipients == 0 {
                context.output.say(crate::commands::sealed::NOBODY);
            }
            if tier.damaged_bytes > 0 && tier.damaged_bytes <= log.sealed_acknowledged {
                context.output.say(format!(
                    "{} bytes of log/{} are no records, which was acknowledged.",
                    tier.damaged_bytes,
                    activity::sealed::FILE
                ));
            } else if tier.damaged_bytes > 0 {
                problems.push(format!(
                    "the encrypted records of sealed addresses are damaged: {} bytes of log/{} are no records, and what lay \
                     there cannot be handed over. Keep a copy of the file as it is, tell the designated safeguarding lead, \
                     and have the disk looked at. `fivebar activity acknowledge-damage` says that it was seen to.",
                    tier.damaged_bytes,
                    activity::sealed::FILE
                ));
            }
        }
        Err(why) => problems.push(why),
    }
    if log.damaged.is_empty() && log.lost.is_empty() {
        context.output.say(format!("The activity log is whole: {} files.", log.files));
    }
    for harmed in log.damaged.iter().filter(|harmed| harmed.news.is_none()) {
        for (at, reason) in &harmed.acknowledged {
            context
                .output
                .say(format!("{} is damaged, which was acknowledged at {at}: {reason}", harmed.file));
        }
    }
    for (loss, said) in &log.lost {
        if let Some(said) = said {
            context.output.say(format!(
                "{}, which was acknowledged at {}: {}",
                lost_words(loss),
                said.at,
                said.reason
            ));
        }
    }
    let lost: Vec<String> =
        log.lost.iter().filter(|(_, said)| said.is_none()).map(|(loss, _)| lost_words(loss)).collect();
    if !lost.is_empty() {
        problems.push(format!(
            "the activity log is not whole: {}. They cannot be brought back: searches and reports lack them, and a request that was \
             among them is in no record. Keep a copy of the folder as it is, find out what became of the file (a disk that fails, \
             or somebody who cut it), and tell the data protection officer. `fivebar activity acknowledge-damage` says that \
             it was seen to: it is told as before, and fails no check again.",
            lost.join("; ")
        ));
    }
    let files: Vec<String> = log.damaged.iter().filter_map(Harmed::says).collect();
    if !files.is_empty() {
        problems.push(format!(
            "the activity log is damaged: {}. Searches lack what lay there; `fivebar activity status` counts it as lost. Keep \
             a copy of the folder as it is, and have the disk looked at. `fivebar activity acknowledge-damage` says that it was \
             seen to: what is damaged now is told, and fails no check again.",
            files.join(", ")
        ));
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::Problems(problems.join("\n")).into()) }
}
