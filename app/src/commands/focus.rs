//! `focus`: walled gardens for an exam or a lesson.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use engine::explain::trace;
use engine::live::Kept;
use engine::{Front, HostName, Identity, KnownBy, Live, LiveDocument, Request, SealedKey, Step};
use filtering::focus::{Focus, Plan, actions};
use filtering::site::{Site, check_one_site, typed_target};
use kit::{Host, Zone};
use serde_json::{Value, json};

use crate::commands::carried::Carried;
use crate::commands::context::Context;
use crate::commands::lasting::{
    AskedSpan, AskedWhich, Listed, end, fields, has_an_end, list, numbered, say_if_observing, say_state,
    school_zone, shown, span,
};
use crate::commands::records::commit_and_publish_new;
use crate::commands::secret::Budget;
use crate::commands::who;
use crate::home::read_key;
use crate::output::Failure;
use crate::process::snapshot::Opened;

#[derive(Debug, Subcommand)]
pub enum Asked {
    /// Start a walled garden for a group or a room, now or at a time.
    #[command(group = has_an_end())]
    Start {
        /// The group or room, by its id in the policy, as in year-9; or everyone.
        group: String,
        /// What people call it, as in "Maths mock"; whoever asks why a site is closed may read it.
        #[arg(long)]
        name: String,
        /// A site that stays open, or a part of one, as in bbc.co.uk/bitesize; may be given several times.
        #[arg(long = "site", value_name = "SITE")]
        sites: Vec<String>,
        /// A file with a site on each line; # begins a remark.
        #[arg(long, value_name = "FILE")]
        sites_from: Option<PathBuf>,
        /// Leave nothing open but help and essentials: an exam without the web.
        #[arg(long, conflicts_with_all = ["sites", "sites_from"])]
        no_sites: bool,
        #[command(flatten)]
        span: AskedSpan,
        /// Why; kept with it.
        #[arg(long)]
        reason: String,
    },
    /// Show what holds or will; or what is over, and why.
    List(AskedWhich),
    /// End a focus before its time.
    End {
        /// Its number, as `list` shows it.
        #[arg(value_parser = numbered("focus list"))]
        number: u32,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

const LISTED: Listed = Listed {
    what: Kept::Focus,
    command: "focus list",
    holds: "No focus holds. `fivebar focus start GROUP --name NAME --site SITE --for 1h --reason WHY` starts one.",
    ended: "No focus is over yet.",
    ever: "There was never a focus.",
};

/// Runs the command.
pub fn run(context: &Context, asked: Asked) -> Result<()> {
    match asked {
        Asked::Start { group, name, sites, sites_from, no_sites, span, reason } => {
            let sites = garden(&sites, sites_from.as_deref(), no_sites)?;
            start(context, Start { group, name, sites, reason }, &span)
        }
        Asked::List(which) => list(context, which.into(), &LISTED, async |_, zone, made: &Focus, carried| {
            let carried = carried.of(made.number, !made.plan.sites.is_empty());
            Ok((line(made, &carried, zone, context), object(made, &carried, context)))
        }),
        Asked::End { number, reason } => end::<Focus>(context, "Focus", number, &reason),
    }
}

/// The sites of the garden, from the command line and a file, each read as people type it. Every mistake is named.
fn garden(given: &[String], file: Option<&Path>, none: bool) -> Result<Vec<String>> {
    let mut sites = Vec::new();
    let mut problems = Vec::new();
    let one_site = |text: &str| typed_target(text).and_then(|site| check_one_site(&site).map(|()| site));
    let mut take = |place: &str, text: &str| match one_site(text) {
        Ok(site) if sites.contains(&site) => {}
        Ok(site) => sites.push(site),
        Err(error) => problems.push(format!("{place}: {error}")),
    };
    for text in given {
        take("--site", text);
    }
    if let Some(file) = file {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        for (number, line) in (1..).zip(text.lines()) {
            let site = line.split('#').next().unwrap_or_default().trim();
            if !site.is_empty() {
                take(&format!("{}:{number}", file.display()), site);
            }
        }
    }
    if !problems.is_empty() {
        return Err(Failure::Problems(problems.join("\n")).into());
    }
    if sites.is_empty() && !none {
        bail!(
            "say which sites stay open, with --site bbc.co.uk or --sites-from FILE; or --no-sites, where only help and essentials do"
        )
    }
    Ok(sites)
}

/// What to start.
struct Start {
    group: String,
    name: String,
    sites: Vec<String>,
    reason: String,
}

fn start(context: &Context, what: Start, asked: &AskedSpan) -> Result<()> {
    // A garden without sites tells nothing of what is sealed.
    let budget = if what.sites.is_empty() { None } else { Some(Budget::open(context, "focus start")?) };
    let records = context.records()?;
    let started = context.wait(async {
        let mut tx = records.begin().await?;
        let zone = school_zone(&mut tx).await?;
        let plan = Plan {
            name: what.name,
            // An override is for group:year-9; a focus can be for nothing but groups, so both are understood.
            group: what.group.strip_prefix("group:").unwrap_or(&what.group).to_owned(),
            sites: what.sites,
            reason: what.reason,
            span: span(asked, &zone, context.at)?,
        };
        who::must_be_group(&mut tx, &plan.group, "").await?;
        let made = actions::start(&mut tx, &context.actor, plan, context.at).await?;
        let closed = closed_otherwise(context, &made.plan)?;
        let new = LiveDocument { focus: vec![made.published()], ..LiveDocument::default() };
        commit_and_publish_new(context, tx, &new).await?;
        anyhow::Ok((made, zone, closed))
    });
    let (made, zone, closed) = match budget {
        Some(budget) => budget.answer(started)?,
        None => started?,
    };
    context.output.say(format!(
        "Focus {} ({}) for {} from {} until {}: {}; the gate has it within a second. `fivebar focus end {} --reason WHY` \
         ends it before.",
        made.number,
        made.plan.name,
        made.plan.group,
        shown(made.plan.span.starts_at, &zone),
        shown(made.plan.span.ends_at, &zone),
        sites_in_words(&made.plan.sites),
        made.number,
    ));
    say_if_observing(context, &zone)?;
    for closed in &closed {
        let now = if closed.opens {
            "is closed to them otherwise, and open while the focus holds"
        } else {
            "stays closed to them all the same"
        };
        context.output.say(format!("  {} {now}. {}", closed.site, closed.why));
    }
    let mut told = object(&made, &Carried::Out, context);
    if let Some(told) = told.as_object_mut() {
        let named = |opens: bool| -> Value {
            closed.iter().filter(|one| one.opens == opens).map(|one| one.site.as_str()).collect()
        };
        told.insert("opens".to_owned(), named(true));
        told.insert("stays_closed".to_owned(), named(false));
    }
    context.output.object(&told);
    Ok(())
}

/// A site of the garden that its group may not reach otherwise.
struct Closed {
    site: String,
    /// Whether the focus opens it; what leadership has locked, it doesn't.
    opens: bool,
    why: String,
}

/// Which sites of the garden the running policy closes to the group when the focus begins. Somebody should know that
/// before thirty pupils do.
fn closed_otherwise(context: &Context, plan: &Plan) -> Result<Vec<Closed>> {
    let key = SealedKey::new(read_key(&context.home, "sealed.key")?);
    let Opened { policy, live, .. } = Opened::open(&context.home.gate(), &key)?;
    let Some(group) = policy.groups().number(&plan.group) else { return Ok(Vec::new()) };
    let (live, _) = Live::compile(&live, &policy);
    let identity = Identity {
        groups: policy.groups().up(group),
        known_by: KnownBy::AddressRange,
        ..Identity::default()
    };
    let at = policy.calendar().zone().local(plan.span.starts_at);
    let mut closed = Vec::new();
    for text in &plan.sites {
        let Some(site) = Site::typed(text) else { continue };
        let host = match site.host.parse() {
            Ok(address) => Host::Address(address),
            Err(_) => match HostName::new(&site.host) {
                Some(name) => Host::Name(name),
                None => continue,
            },
        };
        let request = Request {
            host,
            port: None,
            path: site.path.as_deref(),
            as_sent: None,
            chain: &[],
            addresses: &[],
            identity: &identity,
            front: Front::Explain,
        };
        let told = trace(&policy, &live, &request, at);
        // Another focus says nothing about the table.
        if told.decision.verdict.is_block() && told.step != Step::Focus {
            closed.push(Closed { site: text.clone(), opens: told.step > Step::Focus, why: told.reason });
        }
    }
    Ok(closed)
}

fn sites_in_words(sites: &[String]) -> String {
    match sites {
        [] => "only help and essentials are open".to_owned(),
        [one] => format!("help, essentials and {one} are open"),
        many => format!("help, essentials and {} are open", many.join(", ")),
    }
}

fn object(made: &Focus, carried: &Carried, context: &Context) -> Value {
    let own = json!({
        "number": made.number, "focus": made.id.to_string(), "name": made.plan.name, "group": made.plan.group,
        "sites": made.plan.sites, "reason": made.plan.reason, "made_by": made.made_by,
    });
    fields(own, made.plan.span, made.withdrawn.as_ref(), carried, context.at)
}

fn line(made: &Focus, carried: &Carried, zone: &Zone, context: &Context) -> String {
    format!(
        "{:>4}  {} for {}  {}  {}  by {}: {}",
        made.number,
        made.plan.name,
        made.plan.group,
        say_state(made.plan.span, made.withdrawn.as_ref(), carried, zone, context.at),
        sites_in_words(&made.plan.sites),
        made.made_by,
        made.plan.reason,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_garden_is_read_from_options_and_a_file_and_every_mistake_is_named_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sites.txt");
        std::fs::write(
            &file,
            "# the exam board\nexam.example # its login\n\nhttps://BBC.co.uk/bitesize?p=1\n",
        )
        .unwrap();
        let given = ["exam.example".to_owned()];
        let sites = garden(&given, Some(&file), false).unwrap();
        assert_eq!(sites, ["exam.example", "bbc.co.uk/bitesize"]);
        std::fs::write(&file, "exam.example\nthe exam board\nnot@one\n").unwrap();
        let wrong = garden(&[], Some(&file), false).unwrap_err().to_string();
        assert!(wrong.contains("sites.txt:2: ") && wrong.contains("sites.txt:3: "), "{wrong}");
    }

    #[test]
    fn an_empty_garden_must_be_meant() {
        assert!(garden(&[], None, false).unwrap_err().to_string().contains("--no-sites"));
        assert!(garden(&[], None, true).unwrap().is_empty());
    }
}
