//! What a look-up answers: numbers of lists and of sets of lists.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// A list's number inside one index: its place in [`crate::ListIndex::lists`], from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ListNo(pub u16);

/// The number of a set of lists inside one index. Names that are in the same lists share one; a policy can so be
/// worked out once for each set instead of once for each name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ListSetNo(pub u16);

/// The different sets of lists that one look-up met, from the shortest listed suffix to the whole name. A plain value
/// of 34 bytes: making, copying and reading it allocates nothing.
#[derive(Clone, Copy, Default)]
pub struct Hits {
    sets: [ListSetNo; Self::CAPACITY],
    len: u8,
    more: bool,
}

impl Hits {
    /// How many different sets one answer can hold. A name would have to be listed at sixteen of its levels, each time
    /// in other lists, to need more; [`Hits::is_cut`] then says so.
    pub const CAPACITY: usize = 16;

    /// Nothing was met.
    pub const NONE: Self = Self { sets: [ListSetNo(0); Self::CAPACITY], len: 0, more: false };

    /// Adds a set, once.
    pub fn insert(&mut self, set: ListSetNo) {
        if self.contains(&set) {
            return;
        }
        match self.sets.get_mut(usize::from(self.len)) {
            Some(place) => {
                *place = set;
                self.len += 1;
            }
            None => self.more = true,
        }
    }

    /// Whether there were more different sets than fit.
    pub const fn is_cut(&self) -> bool {
        self.more
    }
}

impl Deref for Hits {
    type Target = [ListSetNo];
    fn deref(&self) -> &[ListSetNo] {
        self.sets.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

impl<'a> IntoIterator for &'a Hits {
    type Item = &'a ListSetNo;
    type IntoIter = std::slice::Iter<'a, ListSetNo>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::fmt::Debug for Hits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|set| set.0)).finish()
    }
}

impl PartialEq for Hits {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}
impl Eq for Hits {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_hold_each_set_once_and_say_when_they_are_cut() {
        let mut hits = Hits::NONE;
        for set in [3, 1, 3, 3] {
            hits.insert(ListSetNo(set));
        }
        assert_eq!(*hits, [ListSetNo(3), ListSetNo(1)]);
        for set in 10..40 {
            hits.insert(ListSetNo(set));
        }
        assert!(hits.is_cut() && hits.len() == Hits::CAPACITY);
    }
}
