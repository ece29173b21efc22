//! People and groups as they are named at the command line.

use anyhow::{Result, bail};
use engine::PersonNo;
use engine::document::EVERYONE;
use filtering::filter_policy;
use filtering::overrides::Whom;
use kit::Private;
use kit::nearby::{did_you_mean, nearby};
use people::Person;
use serde_json::json;
use store::Tx;

use crate::commands::context::Context;

/// The person on the roll with that number, name or id of the school's own; `None` where nobody has it. Who may have been
/// meant is said then, to whoever asks and in no error: an error may end up in a log, and a log holds no names.
pub fn on_the_roll(context: &Context, written: &str) -> Result<Option<Person>> {
    let written = written.strip_prefix("person:").unwrap_or(written);
    let records = context.records()?;
    let (mut found, all) = context.wait(async {
        let mut tx = records.read().await?;
        let all = people::people(&mut tx).await?;
        let found = match written.parse::<u32>() {
            Ok(number) => all.iter().filter(|one| one.number == PersonNo(number)).cloned().collect(),
            Err(_) => people::people_called(&mut tx, written).await?,
        };
        tx.roll_back().await?;
        anyhow::Ok((found, all))
    })?;
    if found.len() > 1 {
        let numbers: Vec<String> = found.iter().map(|person| person.number.0.to_string()).collect();
        bail!("several people are called so; say which by number: {}", numbers.join(", "))
    }
    if found.is_empty() {
        let close = nearby(written, all.iter().map(|one| one.name.reveal().as_str()));
        for one in all.iter().filter(|one| close.contains(&one.name.reveal().as_str())) {
            let (number, name) = (one.number.0, one.name.reveal());
            context.output.say(format!("Did you mean {name} (person:{number})?"));
            context.output.object(&json!({ "did_you_mean": { "person": number, "name": name } }));
        }
    }
    Ok(found.pop())
}

/// Somebody's name, where it is on the roll.
pub fn name_of(context: &Context, person: PersonNo) -> Result<Option<Private<String>>> {
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.read().await?;
        let name = people::name_of(&mut tx, person).await?;
        tx.roll_back().await?;
        anyhow::Ok(name)
    })
}

/// Refuses whom nobody is: a person who is not on the roll, or a group that the policy in force does not have.
pub async fn must_be(tx: &mut Tx, whom: &Whom) -> Result<()> {
    match whom {
        Whom::Everyone => Ok(()),
        Whom::Group(id) => must_be_group(tx, id, "group:").await,
        Whom::Person(number) => {
            let numbers: Vec<u32> = people::people(tx).await?.iter().map(|one| one.number.0).collect();
            if numbers.contains(&number.0) {
                return Ok(());
            }
            let there = match (numbers.first(), numbers.last()) {
                (Some(first), Some(last)) => {
                    format!(
                        "the numbers on it are from {first} to {last}, and `fivebar people show` lists them"
                    )
                }
                _ => "the roll is empty, and `fivebar people import` fills it".to_owned(),
            };
            bail!("nobody on the roll has the number {}; {there}", number.0)
        }
    }
}

/// Refuses a group that the policy in force does not have, and says which are close.
pub async fn must_be_group(tx: &mut Tx, id: &str, before: &str) -> Result<()> {
    let Some(version) = filter_policy::current(tx).await? else { return Ok(()) };
    // A version in the records was read before it was kept.
    let Ok(document) = version.document() else { return Ok(()) };
    let groups: Vec<&str> = document.groups.iter().map(|group| group.id.as_str()).collect();
    if id == EVERYONE || groups.contains(&id) {
        return Ok(());
    }
    // People know a group by its name too, and a room by that of its range of addresses.
    let by_name = document.groups.iter().find(|group| group.name.eq_ignore_ascii_case(id));
    if let Some(group) = by_name {
        bail!("the policy has no group {id:?}; {} is written {before}{}", group.name, group.id)
    }
    let ranges = people::ranges(tx).await?;
    if let Some(range) = ranges.iter().find(|range| range.name.eq_ignore_ascii_case(id)) {
        bail!(
            "{id:?} is a range of addresses on the roll and no group; write one of its groups: {}",
            range.groups.join(", ")
        )
    }
    let close = did_you_mean(id, groups.iter().copied(), before);
    if close.is_empty() {
        bail!("the policy has no group {id:?}; its groups are {} and {EVERYONE}", groups.join(", "))
    }
    bail!("the policy has no group {id:?}{close}")
}
