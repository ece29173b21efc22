//! What the commands about overrides, focus and withheld access share: from when until when, on the school's clocks.

use anyhow::{Result, bail};
use clap::{ArgGroup, Args};
use engine::LiveDocument;
use engine::live::Kept;
use filtering::lasting::{self, Lasting, Span, State, Withdrawn};
use filtering::observing::Observing;
use filtering::overrides::Override;
use filtering::publish::Scope;
use kit::{Timestamp, Zone};
use serde_json::{Value, json};
use store::Tx;

use crate::commands::carried::{Carried, CarriedOut};
use crate::commands::context::Context;
use crate::commands::overruled::refuse_overruled;
use crate::commands::records::{commit_and_publish, commit_and_publish_new};
use crate::commands::when;

/// When something ends that lasts a while.
#[derive(Debug, Args, Clone, Default)]
pub struct AskedEnd {
    /// For how long, as in 45m, 2h or 3d.
    #[arg(long = "for", value_name = "DURATION", conflicts_with = "until")]
    pub lasts: Option<String>,
    /// Until when on the school's clocks, with the time, as in 2026-11-23T15:30.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// From when until when something lasts a while.
#[derive(Debug, Args, Clone, Default)]
pub struct AskedSpan {
    /// From when on the school's clocks, as in 2026-11-23T13:30; a day alone is from midnight; now if left out.
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    #[command(flatten)]
    pub end: AskedEnd,
}

/// That a command needs an end: its usage shows it, and it is refused without one.
pub fn has_an_end() -> ArgGroup {
    ArgGroup::new("an-end").args(["lasts", "until"]).required(true)
}

/// Reads the number of something that `fivebar` with these words lists.
pub fn numbered(list: &'static str) -> impl Fn(&str) -> Result<u32, String> + Clone {
    move |text| match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("that is no number; write one as in 12: `fivebar {list}` begins each line with it")),
    }
}

/// Which of what lasts a while is shown.
#[derive(Debug, Args, Clone, Copy, Default)]
pub struct AskedWhich {
    /// Show those that are over, too.
    #[arg(long)]
    pub all: bool,
    /// Show those that are over alone: when each ended, and whether by itself or by whom and why.
    #[arg(long, conflicts_with = "all")]
    pub ended: bool,
}

/// How many are shown.
const SHOWN: u32 = 500;

/// The zone of the policy in force.
pub async fn school_zone(tx: &mut Tx) -> Result<Zone> {
    let version = filtering::filter_policy::current(tx).await?;
    let named = version.and_then(|version| version.document().ok()).map(|document| document.calendar.zone);
    Ok(named.and_then(|name| Zone::named(&name).ok()).unwrap_or_else(Zone::utc))
}

/// When it begins: now, where nothing is said.
pub fn starts_at(asked: &AskedSpan, zone: &Zone, at: Timestamp) -> Result<Timestamp> {
    asked.from.as_deref().map_or(Ok(at), |text| when::moment(text, zone))
}

/// When it ends: so long after `from`, or at a time on the school's clocks; `None` where nothing is said.
pub fn said_end(asked: &AskedEnd, zone: &Zone, from: Timestamp) -> Result<Option<Timestamp>> {
    match (&asked.lasts, &asked.until) {
        (Some(lasts), _) => Ok(Some(from.plus_millis(when::duration_ms(lasts)?))),
        (None, Some(until)) => Ok(Some(when::end(until, zone)?)),
        (None, None) => Ok(None),
    }
}

/// When it ends, where it must be said.
pub fn ends_at(asked: &AskedEnd, zone: &Zone, from: Timestamp) -> Result<Timestamp> {
    let Some(ends_at) = said_end(asked, zone, from)? else {
        bail!(
            "say when it ends: for how long with --for, as in --for 2h, or until when with --until, as in --until 2026-11-23T15:30"
        )
    };
    Ok(ends_at)
}

/// From when until when.
pub fn span(asked: &AskedSpan, zone: &Zone, at: Timestamp) -> Result<Span> {
    let starts_at = starts_at(asked, zone, at)?;
    Ok(Span { starts_at, ends_at: ends_at(&asked.end, zone, starts_at)? })
}

/// Commits a new override and publishes it, where gates can carry it out.
pub async fn commit_and_publish_override(context: &Context, tx: Tx, new: &Override) -> Result<()> {
    refuse_overruled(context, new)?;
    let new = LiveDocument { overrides: vec![new.published()], ..LiveDocument::default() };
    commit_and_publish_new(context, tx, &new).await.map(drop)
}

/// Which of those there ever were are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that hold or will.
    NotOver,
    /// Those that are over.
    Ended,
    /// All.
    All,
}

impl From<AskedWhich> for Which {
    fn from(asked: AskedWhich) -> Self {
        match asked {
            AskedWhich { ended: true, .. } => Self::Ended,
            AskedWhich { all: true, .. } => Self::All,
            AskedWhich { .. } => Self::NotOver,
        }
    }
}

/// What is listed, and what is said where there is none.
pub struct Listed {
    /// Of which kind they are.
    pub what: Kept,
    /// The command.
    pub command: &'static str,
    /// None holds or will.
    pub holds: &'static str,
    /// None is over.
    pub ended: &'static str,
    /// There never was one.
    pub ever: &'static str,
}

/// Lists overrides, focus or withheld access: each as a line for people and as an object for scripts.
pub fn list<T: Lasting>(
    context: &Context,
    which: Which,
    listed: &Listed,
    say: impl AsyncFn(&mut Tx, &Zone, &T, &CarriedOut) -> Result<(String, Value)>,
) -> Result<()> {
    let records = context.records()?;
    let found = context.wait(async {
        let mut tx = records.read().await?;
        let found: Vec<T> = match which {
            Which::NotOver => lasting::not_over(&mut tx, context.at).await?,
            Which::Ended => lasting::ended(&mut tx, context.at, SHOWN).await?,
            Which::All => lasting::newest(&mut tx, SHOWN).await?,
        };
        tx.roll_back().await?;
        anyhow::Ok(found)
    })?;
    // What is over is carried out nowhere, and nothing has to be asked.
    let carried = if found.is_empty() || which == Which::Ended {
        CarriedOut::default()
    } else {
        CarriedOut::look(context, listed.what, listed.command)?
    };
    let said = context.wait(async {
        let mut tx = records.read().await?;
        let zone = school_zone(&mut tx).await?;
        let mut said = Vec::with_capacity(found.len());
        for made in &found {
            said.push(say(&mut tx, &zone, made, &carried).await?);
        }
        tx.roll_back().await?;
        anyhow::Ok(said)
    })?;
    if said.is_empty() {
        context.output.say(match which {
            Which::All => listed.ever,
            Which::Ended => listed.ended,
            Which::NotOver => listed.holds,
        });
    }
    for (line, object) in &said {
        context.output.say(line);
        context.output.object(object);
    }
    if !said.is_empty() && which != Which::Ended && listed.what != Kept::Observing {
        let zone = context.wait(async {
            let mut tx = records.read().await?;
            let zone = school_zone(&mut tx).await?;
            tx.roll_back().await?;
            anyhow::Ok(zone)
        })?;
        say_if_observing(context, &zone)?;
    }
    Ok(())
}

/// Ends one before its time. `what` is what people call it, where a sentence begins with it.
pub fn end<T: Lasting>(context: &Context, what: &str, number: u32, reason: &str) -> Result<()> {
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        lasting::end::<T>(&mut tx, &context.actor, number, reason, context.at).await?;
        commit_and_publish(context, tx, Scope::Live).await?;
        anyhow::Ok(())
    })?;
    context.output.say(format!("{what} {number} has ended; the gate has it within a second."));
    context.output.object(&json!({ "number": number, "state": "withdrawn" }));
    Ok(())
}

/// Says that the filter observes only, where it does: what was just made is decided by and noted down, and not carried out.
pub fn say_if_observing(context: &Context, zone: &Zone) -> Result<()> {
    let records = context.records()?;
    let all: Vec<Observing> = context.wait(async {
        let mut tx = records.read().await?;
        let all = lasting::not_over(&mut tx, context.at).await?;
        tx.roll_back().await?;
        anyhow::Ok(all)
    })?;
    if let Some(now) = all.iter().find(|one| one.state(context.at) == State::Now) {
        context.output.say(format!(
            "NOT CARRIED OUT until {}: the filter observes only, and refuses nothing but illegal content. `fivebar observe \
             stop --reason WHY` ends that.",
            shown(now.span.ends_at, zone)
        ));
    }
    Ok(())
}

/// A moment as the school's clocks show it: `2026-11-23 15:30`.
pub fn shown(at: Timestamp, zone: &Zone) -> String {
    let civil = zone.local(at).civil();
    let form = if civil.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    civil.strftime(form).to_string()
}

/// Where it stands and from when until when, for people: `holds now, until 2026-11-23 15:30`.
pub fn say_state(
    span: Span,
    withdrawn: Option<&Withdrawn>,
    carried: &Carried,
    zone: &Zone,
    at: Timestamp,
) -> String {
    let state = State::of(span, withdrawn, at);
    let words = state.words();
    let until = shown(span.ends_at, zone);
    match (state, withdrawn, carried) {
        (State::Now, _, Carried::Not { why, in_part: false }) => {
            format!("is carried out by no gate: {why}; was to hold until {until}")
        }
        (State::Now, _, Carried::Not { why, in_part: true }) => {
            format!("{words}, though not whole: {why}; until {until}")
        }
        (State::Now, _, Carried::Untold) => {
            format!("is recorded until {until}; whether gates carry it out cannot be told for now")
        }
        (State::Later, _, _) => {
            let but = match carried {
                Carried::Not { why, .. } => {
                    format!(", and as things stand no gate will carry it out whole: {why}")
                }
                Carried::Untold => "; whether gates will carry it out cannot be told for now".to_owned(),
                Carried::Out => String::new(),
            };
            format!("{words}, {} until {until}{but}", shown(span.starts_at, zone))
        }
        (State::Withdrawn, Some(end), _) => {
            let why = end.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            format!("{words}, {} by {}{why}", shown(end.at, zone), end.by)
        }
        (State::Over, _, _) => format!("{words} since {until}: its time had come"),
        _ => format!("{words}, until {until}"),
    }
}

/// The same for scripts: the fields that all three kinds have.
pub fn fields(
    mut own: Value,
    span: Span,
    withdrawn: Option<&Withdrawn>,
    carried: &Carried,
    at: Timestamp,
) -> Value {
    let state = State::of(span, withdrawn, at);
    let (ended_at, ended_why) = match (state, withdrawn) {
        (State::Withdrawn, Some(end)) => (Some(end.at), end.reason.clone()),
        (State::Over, _) => (Some(span.ends_at), Some("its time had come".to_owned())),
        _ => (None, None),
    };
    let (carried_out, left_out) = match (state, carried) {
        (State::Over | State::Withdrawn, _) => (Some(false), None),
        (_, Carried::Out) => (Some(true), None),
        (_, Carried::Not { why, in_part }) => (Some(*in_part), Some(why)),
        (_, Carried::Untold) => (None, None),
    };
    let shared = json!({
        "state": if state == State::Now && carried_out == Some(false) { "left-out" } else { state.id() },
        "carried_out": carried_out,
        "left_out": left_out,
        "ended_at": ended_at.map(|end| end.to_string()),
        "ended_why": ended_why,
        "starts_at": span.starts_at.to_string(),
        "ends_at": span.ends_at.to_string(),
        "withdrawn_at": withdrawn.map(|end| end.at.to_string()),
        "withdrawn_by": withdrawn.map(|end| end.by.clone()),
        "withdrawn_reason": withdrawn.and_then(|end| end.reason.clone()),
    });
    if let (Some(own), Value::Object(shared)) = (own.as_object_mut(), shared) {
        own.extend(shared);
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_counted_from_the_beginning_or_read_on_the_schools_clocks() {
        let london = Zone::named("Europe/London").unwrap();
        let at = Timestamp::parse("2026-06-01T09:00:00Z").unwrap();
        let asked = |from: Option<&str>, lasts: Option<&str>, until: Option<&str>| AskedSpan {
            from: from.map(str::to_owned),
            end: AskedEnd { lasts: lasts.map(str::to_owned), until: until.map(str::to_owned) },
        };
        for (asked, starts, ends) in [
            (asked(None, Some("45m"), None), "2026-06-01 10:00", "2026-06-01 10:45"),
            (asked(Some("2026-06-01T13:30"), Some("2h"), None), "2026-06-01 13:30", "2026-06-01 15:30"),
            (
                asked(Some("2026-06-02"), None, Some("2026-06-03T00:00")),
                "2026-06-02 00:00",
                "2026-06-03 00:00",
            ),
        ] {
            let span = span(&asked, &london, at).unwrap();
            assert_eq!(
                (shown(span.starts_at, &london), shown(span.ends_at, &london)),
                (starts.into(), ends.into())
            );
        }
        let endless = span(&asked(None, None, None), &london, at).unwrap_err().to_string();
        assert!(endless.contains("--for") && endless.contains("--until"), "{endless}");
    }
}
