//! `requests`: what people asked to have opened, and what they reported.

use anyhow::{Result, bail};
use clap::Subcommand;
use filtering::overrides::Whom;
use filtering::reference::Reference;
use filtering::{site_report, site_request};
use serde_json::json;

use crate::commands::context::Context;
use crate::commands::lasting::{AskedEnd, commit_and_publish_override, ends_at, school_zone, shown};
use crate::commands::secret::Budget;
use crate::commands::who;

#[derive(Debug, Subcommand)]
pub enum Requests {
    /// Show what waits for an answer.
    List {
        /// Show answered ones too.
        #[arg(long)]
        all: bool,
    },
    /// Open the site for whoever asked, until a time; or say that a report was acted on.
    Approve {
        /// The reference, as in R-7KQ4M2HX, or P-… for a report.
        reference: String,
        /// For whom instead of the asker: person:12, group:year-9 or everyone.
        #[arg(long, value_name = "WHOM")]
        whom: Option<filtering::overrides::Whom>,
        #[command(flatten)]
        end: AskedEnd,
        /// Why; the asker reads it.
        #[arg(long)]
        reason: String,
    },
    /// Keep the site closed; or say that a report changes nothing.
    Refuse {
        /// The reference, as in R-7KQ4M2HX, or P-… for a report.
        reference: String,
        /// Why; the asker reads it.
        #[arg(long)]
        reason: String,
    },
}

/// How many are shown.
const SHOWN: u32 = 500;

/// Runs the command.
pub fn run(context: &Context, asked: Requests) -> Result<()> {
    match asked {
        Requests::List { all } => list(context, all),
        Requests::Approve { reference, whom, end, reason } => {
            approve(context, &reference, whom, &end, &reason)
        }
        Requests::Refuse { reference, reason } => refuse(context, &reference, &reason),
    }
}

fn list(context: &Context, all: bool) -> Result<()> {
    let records = context.records()?;
    let (requests, reports) = context.wait(async {
        let mut tx = records.read().await?;
        let requests = site_request::actions::list(&mut tx, !all, SHOWN).await?;
        let reports = site_report::actions::list(&mut tx, !all, SHOWN).await?;
        tx.roll_back().await?;
        anyhow::Ok((requests, reports))
    })?;
    if requests.is_empty() && reports.is_empty() {
        context.output.say(if all {
            "Nobody has asked for or reported a site yet."
        } else {
            "Nothing waits for an answer."
        });
    }
    for request in &requests {
        let who = request
            .ask
            .asker
            .whoever()
            .map_or_else(|| "nobody known".to_owned(), |person| format!("person:{}", person.0));
        context.output.say(format!(
            "{}  {}  asks for {} ({})  {}  {}",
            request.reference,
            request.created_at,
            request.ask.site.host,
            who,
            request.state.id(),
            request.ask.words.reveal(),
        ));
        context.output.object(&json!({
            "kind": "request", "reference": request.reference.to_string(), "at": request.created_at.to_string(),
            "site": request.ask.site.host, "path": request.ask.site.path, "person": request.ask.asker.whoever(),
            "words": request.ask.words.reveal(), "how_long": request.ask.how_long.id(), "state": request.state.id(),
        }));
    }
    for report in &reports {
        context.output.say(format!(
            "{}  {}  reports {}: {}  {}  {}",
            report.reference,
            report.created_at,
            report.tell.site.host,
            report.tell.kind.words(),
            report.outcome.id(),
            report.tell.words.reveal(),
        ));
        context.output.object(&json!({
            "kind": "report", "reference": report.reference.to_string(), "at": report.created_at.to_string(),
            "site": report.tell.site.host, "path": report.tell.site.path, "about": report.tell.kind.id(),
            "words": report.tell.words.reveal(), "state": report.outcome.id(),
        }));
    }
    Ok(())
}

/// A request or a report, by the letter its reference begins with.
fn reference(text: &str) -> Result<(Reference, bool)> {
    let Ok(reference) = text.trim().to_ascii_uppercase().parse::<Reference>() else {
        bail!(
            "{text:?} is not a reference; one looks like R-7KQ4M2HX, and `fivebar requests list` shows them"
        )
    };
    let report = reference.to_string().starts_with('P');
    Ok((reference, report))
}

fn approve(context: &Context, text: &str, whom: Option<Whom>, end: &AskedEnd, reason: &str) -> Result<()> {
    let (reference, report) = reference(text)?;
    if report {
        return answer_report(context, &reference, true, reason);
    }
    let budget = Budget::open(context, "requests approve")?;
    let records = context.records()?;
    let catalogue = engine::Catalogue::built_in()
        .map_err(|problems| anyhow::anyhow!("the content of the program cannot be read: {problems:?}"))?;
    let always_open = context.wait(async {
        let mut tx = records.begin().await?;
        let version = filtering::filter_policy::current(&mut tx).await?;
        let document = version.and_then(|version| version.document().ok());
        let confirmed = document.map(|document| document.help_confirmed).unwrap_or_default();
        let open = site_request::actions::forget_always_open(
            &mut tx,
            &context.actor,
            &reference,
            &catalogue,
            &confirmed,
            context.at,
        )
        .await?;
        tx.commit().await?;
        anyhow::Ok(open)
    })?;
    if always_open.is_some() {
        context.output.say(format!(
            "What {reference} asks for is always open to everyone: nothing had to be opened, and the request was taken out of \
             the records."
        ));
        context.output.object(&json!({ "reference": reference.to_string(), "state": "always-open" }));
        return Ok(());
    }
    let approved = context.wait(async {
        let mut tx = records.begin().await?;
        if let Some(whom) = &whom {
            who::must_be(&mut tx, whom).await?;
        }
        let zone = school_zone(&mut tx).await?;
        let ends_at = ends_at(end, &zone, context.at)?;
        let (request, granted) = site_request::actions::approve(
            &mut tx,
            &context.permit(reference.clone())?,
            whom,
            reason,
            ends_at,
            context.at,
        )
        .await?;
        commit_and_publish_override(context, tx, &granted).await?;
        anyhow::Ok((request, granted, zone))
    });
    let (request, granted, zone) = budget.answer(approved)?;
    context.output.say(format!(
        "{} is open for {} until {}, as override {}; the gate has it within a second.",
        granted.grant.target,
        granted.grant.whom,
        shown(granted.grant.span.ends_at, &zone),
        granted.number
    ));
    context.output.object(&json!({
        "reference": request.reference.to_string(), "state": "approved", "override": granted.id.to_string(),
        "number": granted.number, "whom": granted.grant.whom.to_string(),
        "ends_at": granted.grant.span.ends_at.to_string(),
    }));
    Ok(())
}

fn refuse(context: &Context, text: &str, reason: &str) -> Result<()> {
    let (reference, report) = reference(text)?;
    if report {
        return answer_report(context, &reference, false, reason);
    }
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        site_request::actions::refuse(&mut tx, &context.permit(reference.clone())?, reason, context.at)
            .await?;
        tx.commit().await?;
        anyhow::Ok(())
    })?;
    context.output.say(format!("{reference} is refused; whoever asked reads why at the portal."));
    context.output.object(&json!({ "reference": reference.to_string(), "state": "refused" }));
    Ok(())
}

fn answer_report(context: &Context, reference: &Reference, changed: bool, reason: &str) -> Result<()> {
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        let permit = context.permit(reference.clone())?;
        site_report::actions::answer(&mut tx, &permit, changed, reason, context.at).await?;
        tx.commit().await?;
        anyhow::Ok(())
    })?;
    context.output.say(format!("{reference} is answered; whoever reported it reads why at the portal."));
    context
        .output
        .object(&json!({ "reference": reference.to_string(), "state": "answered", "changed": changed }));
    Ok(())
}
