//! Cards and slips that are older than the rule for their age lets them be: each school year somebody makes them anew.

use std::collections::BTreeMap;

use kit::Timestamp;
use store::{StoreError, Tx};

use super::store as table;
use crate::by_age::{self, Rule};
use crate::intake::ClassOrGroup;

const DAY_MS: i64 = 86_400_000;

/// How long one of a rule may be held, in milliseconds; `None` where it is made anew by no calendar.
fn holds_ms(rule: &Rule) -> Option<i64> {
    match rule.renewed.as_deref()? {
        "term" => Some(130 * DAY_MS),
        _ => Some(365 * DAY_MS),
    }
}

/// The classes of which somebody holds what should have been made anew, with when the oldest of it was made.
pub async fn due_for_renewal(
    tx: &mut Tx,
    at: Timestamp,
) -> Result<Vec<(ClassOrGroup, Timestamp)>, StoreError> {
    let rules = by_age::rules(tx).await?;
    let shortest = rules.all().iter().filter_map(holds_ms).min();
    let Some(shortest) = shortest else { return Ok(Vec::new()) };
    let mut due: BTreeMap<ClassOrGroup, Timestamp> = BTreeMap::new();
    for card in table::held_since(tx, at.plus_millis(-shortest)).await? {
        let (Some(of), made_at) = (card.of, card.issued.1) else { continue };
        let Some(known) = crate::store::known_of(tx, card.person).await?.filter(|known| known.facts.here)
        else {
            continue;
        };
        let is_due =
            rules.of(&known).and_then(holds_ms).is_some_and(|holds| made_at.plus_millis(holds) <= at);
        if is_due {
            let oldest = due.entry(of).or_insert(made_at);
            *oldest = made_at.min(*oldest);
        }
    }
    Ok(due.into_iter().collect())
}
