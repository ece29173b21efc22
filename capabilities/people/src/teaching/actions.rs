//! Saying that a class was taught the rules for its age.

use engine::PersonNo;
use jiff::civil::Date;
use kit::{Private, Zone};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use super::store as table;
use crate::account::card::{Handling, Seeing};
use crate::by_age::{ByAge, rules};
use crate::intake::classes;

/// A pupil of a class, and what they were taught.
#[derive(Debug, Clone)]
pub struct Pupil {
    /// Who.
    pub person: PersonNo,
    /// Their name.
    pub name: Private<String>,
    /// The id of the rule for their age.
    pub rule: String,
    /// On which day they were last taught it, in the version of now.
    pub taught_on: Option<String>,
}

/// The pupils of a class, with what they were taught; its name. `None` where there is no such class.
pub async fn class(tx: &mut Tx, may: &Seeing) -> Result<Option<(String, Vec<Pupil>)>, StoreError> {
    let Some(name) = classes::name_of(tx, may.of()).await? else { return Ok(None) };
    let rules = rules(tx).await?;
    let mut pupils = Vec::new();
    for known in classes::members(tx, may.of()).await? {
        let rule = rules.of(&known).map_or_else(String::new, |rule| rule.id.clone());
        let version = ByAge::built_in().taught(&rule).map_or("", |taught| taught.version.as_str());
        let last = table::last(tx, known.number, &rule, version).await?;
        let name = Private::new(known.facts.name);
        pupils.push(Pupil { person: known.number, name, rule, taught_on: last.map(|(on, _)| on) });
    }
    Ok(Some((name, pupils)))
}

/// What somebody says was taught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// To whom.
    pub pupils: Vec<PersonNo>,
    /// On which day.
    pub on: Date,
}

/// Why it was not written down.
#[derive(Debug, thiserror::Error)]
pub enum NotSaid {
    /// Nobody was chosen.
    #[error("Choose who was taught")]
    Nobody,
    /// It is still to come, or too long ago to be remembered.
    #[error("Enter a day that is not to come, and not more than a year ago")]
    Day,
    /// Somebody is not in that class any more.
    #[error("The class has changed meanwhile. Look at it again")]
    Changed,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes down that pupils of a class were taught the rules for their age, as they stand in the content now.
pub async fn say(tx: &mut Tx, may: &Handling, said: &Said, zone: &Zone) -> Result<(), NotSaid> {
    let at = may.at();
    if said.pupils.is_empty() {
        return Err(NotSaid::Nobody);
    }
    let today = zone.local(at).date();
    let earliest = today.checked_sub(jiff::Span::new().years(1)).unwrap_or(today);
    if said.on > today || said.on < earliest {
        return Err(NotSaid::Day);
    }
    let (_, there) = class(tx, &may.seeing()).await?.ok_or(NotSaid::Changed)?;
    let on = said.on.to_string();
    for person in &said.pupils {
        let pupil = there.iter().find(|pupil| pupil.person == *person).ok_or(NotSaid::Changed)?;
        let taught = ByAge::built_in().taught(&pupil.rule).ok_or(NotSaid::Changed)?;
        table::put(tx, *person, (&pupil.rule, &taught.version), &on, may.actor(), at).await?;
        let detail = json!({ "rules": pupil.rule, "version": taught.version, "on": on });
        trail::changed(tx, may.actor(), "taught.say", &Subject::new("person", person.0), &detail, at).await?;
    }
    Ok(())
}
