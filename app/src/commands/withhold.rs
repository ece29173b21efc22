//! `withhold`: access taken from a person for a time.

use anyhow::{Result, bail};
use clap::Subcommand;
use engine::live::Kept;
use engine::{LiveDocument, PersonNo};
use filtering::lasting::State;
use filtering::withheld::{Decision, Withheld, actions};
use kit::{Private, Zone};
use serde_json::{Value, json};
use store::Tx;

use crate::commands::carried::Carried;
use crate::commands::context::Context;
use crate::commands::lasting::{
    AskedSpan, AskedWhich, Listed, end, fields, has_an_end, list, numbered, said_end, say_if_observing,
    say_state, school_zone, shown, starts_at,
};
use crate::commands::records::commit_and_publish_new;
use crate::commands::{when, who};

#[derive(Debug, Subcommand)]
pub enum Withhold {
    /// Take a person's access away, now or at a time.
    #[command(group = has_an_end().arg("review").multiple(true))]
    Start {
        /// The person: a name, or the number that `fivebar people show` shows.
        person: String,
        #[command(flatten)]
        span: AskedSpan,
        /// When somebody must look at the decision again, on the school's clocks, as in 2026-12-04, from midnight. Where no end
        /// is given, it ends four weeks later if nobody has.
        #[arg(long, value_name = "TIME")]
        review: Option<String>,
        /// Why; kept in the records, and shown to nobody else.
        #[arg(long)]
        reason: String,
    },
    /// Show whose access is withheld, or will be, and what is due for review; or what is over, and why.
    List(AskedWhich),
    /// Give access back before its time.
    End {
        /// Its number, as `list` shows it.
        #[arg(value_parser = numbered("withhold list"))]
        number: u32,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

const LISTED: Listed = Listed {
    what: Kept::Withheld,
    command: "withhold list",
    holds: "Nobody's access is withheld.",
    ended: "Nobody's access was withheld and given back yet.",
    ever: "Nobody's access was ever withheld.",
};

/// Runs the command.
pub fn run(context: &Context, asked: Withhold) -> Result<()> {
    match asked {
        Withhold::Start { person, span, review, reason } => {
            start(context, &person, &span, review.as_deref(), reason)
        }
        Withhold::List(which) => {
            list(context, which.into(), &LISTED, async |tx, zone, made: &Withheld, carried| {
                let name = name(tx, made.person).await?;
                let carried = carried.of(made.number, false);
                Ok((line(&name, made, &carried, zone, context), object(made, Some(&name), &carried, context)))
            })
        }
        Withhold::End { number, reason } => end::<Withheld>(context, "Withheld access", number, &reason),
    }
}

fn start(
    context: &Context,
    written: &str,
    asked: &AskedSpan,
    review: Option<&str>,
    reason: String,
) -> Result<()> {
    let Some(person) = who::on_the_roll(context, written)? else {
        bail!("{written:?} is nobody on the roll; `fivebar people show` lists the roll")
    };
    let records = context.records()?;
    let (made, zone, devices) = context.wait(async {
        let mut tx = records.begin().await?;
        let zone = school_zone(&mut tx).await?;
        let starts_at = starts_at(asked, &zone, context.at)?;
        let decision = Decision {
            person: person.number,
            reason,
            starts_at,
            ends_at: said_end(&asked.end, &zone, starts_at)?,
            review_at: review.map(|text| when::moment(text, &zone)).transpose()?,
        };
        let made = actions::start(&mut tx, &context.actor, decision, context.at).await?;
        let devices = people::devices(&mut tx).await?;
        let devices = devices.iter().filter(|device| device.person == Some(made.person)).count();
        let new = LiveDocument { withheld: vec![made.published()], ..LiveDocument::default() };
        commit_and_publish_new(context, tx, &new).await?;
        anyhow::Ok((made, zone, devices))
    })?;
    context.output.say(format!(
        "Withheld access {}: {} reaches help, essentials and learning sites alone, from {} until {}{}; the gate has it \
         within a second. `fivebar withhold end {} --reason WHY` gives access back before.",
        made.number,
        person.name.reveal(),
        shown(made.span.starts_at, &zone),
        shown(made.span.ends_at, &zone),
        review_in_words(&made, &zone),
        made.number,
    ));
    say_if_observing(context, &zone)?;
    if devices == 0 {
        context.output.say(
            "No registered device is theirs, so the gate cannot tell who they are: it can withhold nothing from them until \
             one is. `fivebar people import` registers devices.",
        );
    }
    let mut told = object(&made, None, &Carried::Out, context);
    if let Some(told) = told.as_object_mut() {
        told.insert("devices".to_owned(), devices.into());
    }
    context.output.object(&told);
    Ok(())
}

fn review_in_words(made: &Withheld, zone: &Zone) -> String {
    made.review_at.map_or_else(String::new, |review| format!(", to be reviewed on {}", shown(review, zone)))
}

fn object(made: &Withheld, name: Option<&str>, carried: &Carried, context: &Context) -> Value {
    let mut own = json!({
        "number": made.number, "withheld": made.id.to_string(), "person": made.person, "reason": made.reason,
        "review_at": made.review_at.map(|review| review.to_string()),
        "review_is_due": made.review_is_due(context.at), "made_by": made.made_by,
    });
    if let (Some(own), Some(name)) = (own.as_object_mut(), name) {
        own.insert("name".to_owned(), name.into());
    }
    fields(own, made.span, made.withdrawn.as_ref(), carried, context.at)
}

/// Somebody's name, for as long as it is kept.
async fn name(tx: &mut Tx, person: PersonNo) -> Result<String> {
    let name = people::name_of(tx, person).await?.map(Private::into_revealed);
    Ok(name.unwrap_or_else(|| format!("person:{}", person.0)))
}

fn line(name: &str, made: &Withheld, carried: &Carried, zone: &Zone, context: &Context) -> String {
    let review = match made.state(context.at) {
        State::Now if made.review_is_due(context.at) => {
            "; its review is due: end it, or decide anew".to_owned()
        }
        State::Now | State::Later => review_in_words(made, zone),
        State::Over | State::Withdrawn => String::new(),
    };
    format!(
        "{:>4}  {} (person:{})  {}{}  by {}: {}",
        made.number,
        name,
        made.person.0,
        say_state(made.span, made.withdrawn.as_ref(), carried, zone, context.at),
        review,
        made.made_by,
        made.reason,
    )
}
