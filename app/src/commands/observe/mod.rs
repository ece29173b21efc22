//! `observe`: decide and note down beside the filter that a school still has, and refuse nothing but sealed content.

pub mod led;
mod report;

use anyhow::{Result, bail};
use clap::Subcommand;
use engine::LiveDocument;
use engine::live::Kept;
use filtering::lasting::{self, State};
use filtering::observing::{Observing, Plan, actions};
use filtering::publish::Scope;
use kit::Zone;
use serde_json::{Value, json};

use crate::commands::carried::Carried;
use crate::commands::context::Context;
use crate::commands::lasting::{
    AskedSpan, AskedWhich, Listed, fields, has_an_end, list, say_state, school_zone, shown, span,
};
use crate::commands::records::{commit_and_publish, commit_and_publish_new};

#[derive(Debug, Subcommand)]
pub enum Observe {
    /// Refuse nothing but illegal content from now on, until a time: it is all decided and noted down.
    #[command(group = has_an_end())]
    Start {
        #[command(flatten)]
        span: AskedSpan,
        /// Why, and which other filter stands meanwhile; kept in the records.
        #[arg(long)]
        reason: String,
    },
    /// Show whether the filter observes only, or will, and until when; or the times that are over.
    Show(AskedWhich),
    /// Begin to refuse, before the time.
    Stop {
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Say what would have been refused, by group, category and site, and what this cannot know of the other filter.
    Report(report::Asked),
}

const LISTED: Listed = Listed {
    what: Kept::Observing,
    command: "observe show",
    holds: "The filter refuses what it decides to: it does not observe only.",
    ended: "The filter never observed only for a time that is over.",
    ever: "The filter never observed only.",
};

/// Runs the command.
pub fn run(context: &Context, asked: Observe) -> Result<()> {
    match asked {
        Observe::Start { span, reason } => start(context, &span, reason),
        Observe::Show(which) => {
            list(context, which.into(), &LISTED, async |_, zone, made: &Observing, carried| {
                let carried = carried.of(made.number, false);
                Ok((line(made, &carried, zone, context), object(made, &carried, context)))
            })
        }
        Observe::Stop { reason } => stop(context, &reason),
        Observe::Report(asked) => report::run(context, &asked),
    }
}

fn start(context: &Context, asked: &AskedSpan, reason: String) -> Result<()> {
    let records = context.records()?;
    let (made, zone) = context.wait(async {
        let mut tx = records.begin().await?;
        let zone = school_zone(&mut tx).await?;
        let plan = Plan { reason, span: span(asked, &zone, context.at)? };
        let made = actions::start(&mut tx, &context.actor, plan, context.at).await?;
        let new = LiveDocument { observing: vec![made.published()], ..LiveDocument::default() };
        commit_and_publish_new(context, tx, &new).await?;
        anyhow::Ok((made, zone))
    })?;
    let out = context.output;
    out.say(format!(
        "From {} until {} the filter OBSERVES ONLY: nothing but illegal content is refused, and what the rules close is let \
         through and noted down. The gate has it within a second.",
        shown(made.span.starts_at, &zone),
        shown(made.span.ends_at, &zone),
    ));
    out.say(
        "Another filter must do the filtering until then. Focus, withheld access and safe search are not carried out \
         meanwhile. `fivebar observe report` says what would have been refused; `fivebar observe stop --reason WHY` \
         begins to refuse before the time.",
    );
    out.object(&object(&made, &Carried::Out, context));
    Ok(())
}

fn stop(context: &Context, reason: &str) -> Result<()> {
    let records = context.records()?;
    let number = context.wait(async {
        let mut tx = records.begin().await?;
        let all: Vec<Observing> = lasting::not_over(&mut tx, context.at).await?;
        let Some(made) = all.first() else {
            bail!("the filter does not observe only, and is not to; nothing was changed")
        };
        lasting::end::<Observing>(&mut tx, &context.actor, made.number, reason, context.at).await?;
        commit_and_publish(context, tx, Scope::Live).await?;
        Ok(made.number)
    })?;
    context.output.say(
        "The filter refuses what its rules close; the gate has it within a second, and connections that are open are \
         decided again. Test it now: `fivebar filter-test`.",
    );
    context.output.object(&json!({ "number": number, "state": State::Withdrawn.id() }));
    Ok(())
}

fn object(made: &Observing, carried: &Carried, context: &Context) -> Value {
    let own = json!({
        "number": made.number, "observing": made.id.to_string(), "reason": made.reason, "made_by": made.made_by,
    });
    fields(own, made.span, made.withdrawn.as_ref(), carried, context.at)
}

fn line(made: &Observing, carried: &Carried, zone: &Zone, context: &Context) -> String {
    format!(
        "{:>4}  observing only {}  by {}: {}",
        made.number,
        say_state(made.span, made.withdrawn.as_ref(), carried, zone, context.at),
        made.made_by,
        made.reason,
    )
}
