//! People as they are named at the command line.

use anyhow::{Result, bail};
use engine::PersonNo;
use people::Person;

use crate::commands::context::Context;

/// The person on the roll with that number, name or id of the school's own; `None` where nobody has it.
pub fn on_the_roll(context: &Context, written: &str) -> Result<Option<Person>> {
    let records = context.records()?;
    let mut found = context.wait(async {
        let mut tx = records.read().await?;
        let found = match written.parse::<u32>() {
            Ok(number) => people::people(&mut tx)
                .await?
                .into_iter()
                .filter(|one| one.number == PersonNo(number))
                .collect(),
            Err(_) => people::people_called(&mut tx, written).await?,
        };
        tx.roll_back().await?;
        anyhow::Ok(found)
    })?;
    if found.len() > 1 {
        let numbers: Vec<String> = found.iter().map(|person| person.number.0.to_string()).collect();
        bail!("several people are called so; say which by number: {}", numbers.join(", "))
    }
    Ok(found.pop())
}
