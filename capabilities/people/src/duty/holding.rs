//! Who holds what just now, for what is put to people by their duties.

use std::collections::{BTreeMap, BTreeSet};

use engine::PersonNo;
use kit::Timestamp;
use store::{StoreError, Tx};

use super::model::Assignment;
use super::store as table;

/// What somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holding {
    /// The ids of their duties, those in which they stand in among them.
    pub duties: BTreeSet<String>,
    /// For whom they stand in, with the duty in which they do.
    pub covers: BTreeSet<(PersonNo, String)>,
}

/// What everybody holds at `at` who was given a duty; whoever left holds none.
pub async fn holding(tx: &mut Tx, at: Timestamp) -> Result<BTreeMap<PersonNo, Holding>, StoreError> {
    Ok(held(&table::all(tx).await?, at))
}

fn held(all: &[Assignment], at: Timestamp) -> BTreeMap<PersonNo, Holding> {
    let mut people: BTreeMap<PersonNo, Holding> = BTreeMap::new();
    for one in all.iter().filter(|one| one.holds(at)) {
        let theirs = people.entry(one.given.person).or_default();
        theirs.duties.insert(one.given.duty.clone());
        let covered = one.given.covers.and_then(|id| all.iter().find(|other| other.id == id));
        theirs.covers.extend(covered.map(|covered| (covered.given.person, covered.given.duty.clone())));
    }
    people
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duty::{Giving, Span};

    #[test]
    fn whoever_stands_in_holds_the_duty_for_its_days_and_is_known_to_stand_in() {
        let (ids, at) = (kit::Ids::default(), Timestamp::from_millis);
        let given = |person: u32, covers, ends_at: Option<i64>| Assignment {
            id: ids.make(at(1)),
            given: Giving {
                person: PersonNo(person),
                duty: "dsl".to_owned(),
                span: Span { starts_at: at(10), ends_at: ends_at.map(at) },
                covers,
                reason: String::new(),
            },
            given_by: "person:9".to_owned(),
            created_at: at(1),
            ended: None,
        };
        let first = given(1, None, None);
        let cover = given(2, Some(first.id), Some(20));
        let all = [first, cover];
        let dsl = || BTreeSet::from(["dsl".to_owned()]);
        let stands_in = Holding { duties: dsl(), covers: BTreeSet::from([(PersonNo(1), "dsl".to_owned())]) };
        let alone = Holding { duties: dsl(), covers: BTreeSet::new() };
        assert_eq!(held(&all, at(9)), BTreeMap::new());
        assert_eq!(
            held(&all, at(15)),
            BTreeMap::from([(PersonNo(1), alone.clone()), (PersonNo(2), stands_in)])
        );
        assert_eq!(held(&all, at(20)), BTreeMap::from([(PersonNo(1), alone)]));
    }
}
