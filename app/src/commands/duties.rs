//! `duties`.

use anyhow::{Result, bail};
use clap::Subcommand;
use kit::Timestamp;
use people::duty::{self, Duties as All, Giving, Span};
use serde_json::json;

use crate::commands::context::Context;
use crate::commands::lasting::{school_zone, shown};
use crate::commands::{when, who};

#[derive(Debug, Subcommand)]
pub enum Duties {
    /// Show who holds which duty, and which nobody holds.
    List {
        /// Those that are over too.
        #[arg(long)]
        all: bool,
    },
    /// Give somebody a duty.
    Give {
        /// The duty, as in network-manager; `fivebar duties list` shows them.
        duty: String,
        /// To whom: a person's name, number or id.
        #[arg(long, value_name = "WHO")]
        to: String,
        /// From when; now if left out.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Until when; until it is ended if left out.
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Why, as in "appointed by the governors".
        #[arg(long)]
        reason: String,
        /// Only to stand in, while they are away or by delegation, for whoever holds the duty: a person's name, number or id. It needs an end.
        #[arg(long, value_name = "WHO", requires = "until")]
        stands_in_for: Option<String>,
    },
    /// End a duty now.
    End {
        /// The duty.
        duty: String,
        /// Whose.
        #[arg(long, value_name = "WHO")]
        of: String,
    },
}

/// Runs the command.
pub fn run(context: &Context, asked: Duties) -> Result<()> {
    match asked {
        Duties::List { all } => list(context, all),
        Duties::Give { duty, to, from, until, reason, stands_in_for } => {
            let when = (from.as_deref(), until.as_deref());
            give(context, duty, &to, when, reason, stands_in_for.as_deref())
        }
        Duties::End { duty, of } => end(context, &duty, &of),
    }
}

fn list(context: &Context, all: bool) -> Result<()> {
    let kind = context.config.school.kind;
    let permit = context.permit::<duty::ReadDuties>(())?;
    let records = context.records()?;
    let (held, people, zone) = context.wait(async {
        let mut tx = records.read().await?;
        let held = duty::all(&mut tx, &permit).await?;
        let people = people::people(&mut tx).await?;
        let zone = school_zone(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok((held, people, zone))
    })?;
    let name = |number| people.iter().find(|one| one.number == number).map(|one| one.name.reveal().as_str());
    for one in All::built_in().given_in(kind) {
        context.output.say(format!("{} ({})", one.called_in(kind), one.id));
        let of_it = held.iter().filter(|held| held.given.duty == one.id);
        let mut any = false;
        for held in of_it.filter(|held| all || held.holds(context.at) || is_to_come(held, context.at)) {
            any = true;
            let person = held.given.person;
            let who = name(person).unwrap_or("somebody who has left");
            let end = held.ended.as_ref().map(|(ended, _)| *ended).or(held.given.span.ends_at);
            let until = end.map(|end| format!(" until {}", shown(end, &zone))).unwrap_or_default();
            let since = shown(held.given.span.starts_at, &zone);
            let covers = held.given.covers.map_or("", |_| ", standing in");
            context.output.say(format!("    {} {who}, from {since}{until}{covers}", person.0));
            context.output.object(&json!({
                "duty": one.id, "person": person, "name": name(person),
                "from": held.given.span.starts_at.to_string(), "until": end.map(|end| end.to_string()),
                "holds": held.holds(context.at), "stands_in": held.given.covers.is_some(),
            }));
        }
        if !any {
            let gap = if one.needed { "nobody: the school needs somebody for it" } else { "nobody" };
            context.output.say(format!("    {gap}"));
            context.output.object(&json!({ "duty": one.id, "person": null, "needed": one.needed }));
        }
    }
    Ok(())
}

fn is_to_come(held: &duty::Assignment, at: Timestamp) -> bool {
    held.ended.is_none() && held.given.span.starts_at > at
}

fn give(
    context: &Context,
    duty: String,
    to: &str,
    (from, until): (Option<&str>, Option<&str>),
    reason: String,
    stands_in_for: Option<&str>,
) -> Result<()> {
    let Some(person) = who::on_the_roll(context, to)? else {
        bail!("nobody on the roll has that name, number or id; `fivebar people show` lists them")
    };
    let covered = match stands_in_for {
        Some(other) => match who::on_the_roll(context, other)? {
            Some(other) => Some(other.number),
            None => bail!(
                "nobody on the roll has the name, number or id of whom they stand in for; `fivebar people show` lists them"
            ),
        },
        None => None,
    };
    let permit = context.permit::<duty::GiveDuty>(person.number)?;
    let read = context.permit::<duty::ReadDuties>(())?;
    let records = context.records()?;
    let made = context.wait(async {
        let mut tx = records.begin().await?;
        let covers = match covered {
            Some(covered) => {
                let all = duty::all(&mut tx, &read).await?;
                let held = all.into_iter().find(|one| {
                    one.given.person == covered && one.given.duty == duty && one.is_not_over(context.at)
                });
                let Some(held) = held else {
                    bail!("whom they would stand in for does not hold {duty:?}; `fivebar duties list` shows who holds what")
                };
                Some(held.id)
            }
            None => None,
        };
        let zone = school_zone(&mut tx).await?;
        let starts_at = from.map_or(Ok(context.at), |from| when::moment(from, &zone))?;
        let ends_at = until.map(|until| when::end(until, &zone)).transpose()?;
        let giving =
            Giving { person: person.number, duty, span: Span { starts_at, ends_at }, covers, reason };
        let made = duty::give(&mut tx, &permit, giving, context.config.school.kind, context.at).await?;
        tx.commit().await?;
        anyhow::Ok(made)
    })?;
    context.output.say(format!(
        "Person {} holds {} now. `fivebar people invite {}` lets them choose a password for the portal.",
        person.number.0, made.given.duty, person.number.0
    ));
    context.output.object(
        &json!({ "duty": made.given.duty, "person": person.number, "assignment": made.id.to_string() }),
    );
    Ok(())
}

fn end(context: &Context, duty: &str, of: &str) -> Result<()> {
    let Some(person) = who::on_the_roll(context, of)? else {
        bail!("nobody on the roll has that name, number or id; `fivebar people show` lists them")
    };
    let read = context.permit::<duty::ReadDuties>(())?;
    let records = context.records()?;
    let ended = context.wait(async {
        let mut tx = records.begin().await?;
        let all = duty::all(&mut tx, &read).await?;
        let theirs =
            all.into_iter().filter(|one| one.given.person == person.number && one.given.duty == duty);
        let mut ended = 0;
        for one in theirs.filter(|one| one.holds(context.at) || is_to_come(one, context.at)) {
            duty::end(&mut tx, &context.permit(one.id)?, context.at).await?;
            ended += 1;
        }
        tx.commit().await?;
        anyhow::Ok(ended)
    })?;
    if ended == 0 {
        bail!("they do not hold {duty:?}; `fivebar duties list` shows who holds what")
    }
    context.output.say(format!("Person {} holds {duty} no more.", person.number.0));
    context.output.object(&json!({ "duty": duty, "person": person.number, "ended": ended }));
    Ok(())
}
