//! `overrides`: exceptions for a time.

use anyhow::Result;
use clap::Subcommand;
use engine::document::Effect;
use engine::live::Kept;
use filtering::overrides::{Grant, Override, Whom, actions};
use filtering::site::typed_target;
use kit::Zone;
use serde_json::{Value, json};

use crate::commands::carried::Carried;
use crate::commands::context::Context;
use crate::commands::lasting::{
    AskedSpan, AskedWhich, Listed, commit_and_publish_override, end, fields, has_an_end, list, numbered,
    say_if_observing, say_state, school_zone, shown, span,
};
use crate::commands::secret::Budget;
use crate::commands::who;

#[derive(Debug, Subcommand)]
pub enum Overrides {
    /// Open a site at once, or close one, until a time; the gate has it within a second.
    #[command(group = has_an_end())]
    Give {
        /// The site with everything below it, or a part of one, as in bbc.co.uk/bitesize. Of a secure page the gate sees
        /// the host alone, so a part of a site opens all of it there.
        target: String,
        /// For whom: person:12, group:year-9 or everyone.
        #[arg(long, value_name = "WHOM")]
        whom: filtering::overrides::Whom,
        /// Close the site instead of opening it.
        #[arg(long)]
        close: bool,
        #[command(flatten)]
        span: AskedSpan,
        /// Why; whoever meets a closed site reads it.
        #[arg(long)]
        reason: String,
    },
    /// Show the overrides that hold or will; or what is over, and why.
    List(AskedWhich),
    /// End an override before its time.
    End {
        /// Its number, as `list` shows it.
        #[arg(value_parser = numbered("overrides list"))]
        number: u32,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

const LISTED: Listed = Listed {
    what: Kept::Override,
    command: "overrides list",
    holds: "No override holds. `fivebar overrides give SITE --whom WHOM --for 45m --reason WHY` gives one.",
    ended: "No override is over yet.",
    ever: "No override was ever given.",
};

/// Runs the command.
pub fn run(context: &Context, asked: Overrides) -> Result<()> {
    match asked {
        Overrides::Give { target, whom, close, span, reason } => {
            let effect = if close { Effect::Block } else { Effect::Allow };
            give(context, &target, whom, effect, &span, reason)
        }
        Overrides::List(which) => {
            list(context, which.into(), &LISTED, async |_, zone, made: &Override, carried| {
                let carried = carried.of(made.number, made.grant.effect == Effect::Allow);
                Ok((line(made, &carried, zone, context), object(made, &carried, context)))
            })
        }
        Overrides::End { number, reason } => end::<Override>(context, "Override", number, &reason),
    }
}

fn give(
    context: &Context,
    target: &str,
    whom: Whom,
    effect: Effect,
    asked: &AskedSpan,
    reason: String,
) -> Result<()> {
    let typed = target;
    let target = typed_target(typed)?;
    if typed.contains('?') && !target.contains('?') {
        context.output.say(format!("What follows ? is left out: this is about all of {target}."));
    }
    // Closing a site tells nothing of what is sealed.
    let budget = match effect {
        Effect::Allow => Some(Budget::open(context, "overrides give")?),
        Effect::Block => None,
    };
    let records = context.records()?;
    let given = context.wait(async {
        let mut tx = records.begin().await?;
        who::must_be(&mut tx, &whom).await?;
        let zone = school_zone(&mut tx).await?;
        let span = span(asked, &zone, context.at)?;
        let grant = Grant { whom, effect, target, reason, span, request: None };
        let made = actions::grant(&mut tx, &context.actor, grant, context.at).await?;
        commit_and_publish_override(context, tx, &made).await?;
        anyhow::Ok((made, zone))
    });
    let (made, zone) = match budget {
        Some(budget) => budget.answer(given)?,
        None => given?,
    };
    context.output.say(format!(
        "Override {}: {} is {} for {} from {} until {}; the gate has it within a second. `fivebar overrides end {} \
         --reason WHY` ends it before.",
        made.number,
        made.grant.target,
        done(made.grant.effect),
        made.grant.whom,
        shown(made.grant.span.starts_at, &zone),
        shown(made.grant.span.ends_at, &zone),
        made.number,
    ));
    if made.grant.effect == Effect::Block {
        say_if_observing(context, &zone)?;
    }
    context.output.object(&object(&made, &Carried::Out, context));
    Ok(())
}

const fn done(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "open",
        Effect::Block => "closed",
    }
}

fn object(made: &Override, carried: &Carried, context: &Context) -> Value {
    let own = json!({
        "number": made.number, "override": made.id.to_string(), "whom": made.grant.whom.to_string(),
        "do": made.grant.effect.id(), "target": made.grant.target, "reason": made.grant.reason,
        "request": made.grant.request.map(|request| request.to_string()), "made_by": made.granted_by,
    });
    fields(own, made.grant.span, made.withdrawn.as_ref(), carried, context.at)
}

fn line(made: &Override, carried: &Carried, zone: &Zone, context: &Context) -> String {
    format!(
        "{:>4}  {} {} {} for {}  {}  by {}: {}",
        made.number,
        made.grant.target,
        if *carried == Carried::Out { "is" } else { "was to be" },
        done(made.grant.effect),
        made.grant.whom,
        say_state(made.grant.span, made.withdrawn.as_ref(), carried, zone, context.at),
        made.granted_by,
        made.grant.reason,
    )
}
