//! Which groups somebody is in, as the engine sees them: numbers in a set.

use serde::{Deserialize, Serialize};

/// A group's number inside one filter policy: its place in the policy document, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupNo(pub u16);

/// A set of at most [`GroupSet::CAPACITY`] groups: 64 bytes, compared and hashed as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct GroupSet([u64; 8]);

impl GroupSet {
    /// How many groups a policy may have.
    pub const CAPACITY: u16 = 512;

    /// Nobody's groups.
    pub const EMPTY: Self = Self([0; 8]);

    /// Adds a group; a number beyond the capacity is ignored (compiling a policy refuses it long before).
    pub fn insert(&mut self, group: GroupNo) {
        if let Some(word) = self.0.get_mut(usize::from(group.0 / 64)) {
            *word |= 1 << (group.0 % 64);
        }
    }

    /// Whether the group is in the set.
    pub fn contains(&self, group: GroupNo) -> bool {
        self.0.get(usize::from(group.0 / 64)).is_some_and(|word| word >> (group.0 % 64) & 1 == 1)
    }

    /// Whether the two sets share a group.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    /// The groups in either set.
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
        self
    }

    /// The groups in both sets.
    #[must_use]
    pub fn intersection(mut self, other: &Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine &= theirs;
        }
        self
    }

    /// The groups in rising order.
    pub fn iter(&self) -> impl Iterator<Item = GroupNo> + '_ {
        self.0.iter().zip(0u16..).flat_map(|(&word, index)| {
            // Straight from one member to the next: deciding walks small sets a few times for each request.
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = u16::try_from(rest.trailing_zeros()).ok().filter(|bit| *bit < 64)?;
                rest &= rest - 1;
                Some(GroupNo(index * 64 + bit))
            })
        })
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 8]
    }
}

impl FromIterator<GroupNo> for GroupSet {
    fn from_iter<I: IntoIterator<Item = GroupNo>>(groups: I) -> Self {
        let mut set = Self::EMPTY;
        for group in groups {
            set.insert(group);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: GroupSet =
            [GroupNo(0), GroupNo(63), GroupNo(64), GroupNo(511), GroupNo(512)].into_iter().collect();
        assert_eq!(set.iter().map(|group| group.0).collect::<Vec<_>>(), [0, 63, 64, 511]);
        assert!(set.contains(GroupNo(64)) && !set.contains(GroupNo(65)) && !set.contains(GroupNo(600)));
        assert!(set.meets(&[GroupNo(511)].into_iter().collect()) && !set.meets(&GroupSet::EMPTY));
    }
}
