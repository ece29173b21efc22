//! A set of numbers that is mostly one run: what has been accounted for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A set of numbers kept as disjoint inclusive spans. Adding the next number of the last span is O(1) in practice;
/// anything else is O(log spans).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct Spans {
    /// First number → last number.
    spans: BTreeMap<u64, u64>,
}

impl Spans {
    /// Whether `number` is in the set.
    pub fn contains(&self, number: u64) -> bool {
        self.spans.range(..=number).next_back().is_some_and(|(_, &last)| last >= number)
    }

    /// Whether every number from `first` to `last` is in the set.
    pub fn holds_all(&self, first: u64, last: u64) -> bool {
        self.spans.range(..=first).next_back().is_some_and(|(_, &end)| end >= last)
    }

    /// Adds `number`; tells whether it was new.
    pub fn insert(&mut self, number: u64) -> bool {
        // Nearly every number follows the one before.
        if let Some(mut last) = self.spans.last_entry()
            && last.get().checked_add(1) == Some(number)
        {
            last.insert(number);
            return true;
        }
        if self.contains(number) {
            return false;
        }
        self.insert_span(number, number);
        true
    }

    /// Adds every number from `first` to `last`; nothing where `last < first`.
    pub fn insert_span(&mut self, first: u64, last: u64) {
        if last < first {
            return;
        }
        let (mut from, mut to) = (first, last);
        // The one before may reach into or touch the new span.
        if let Some((&start, &end)) = self.spans.range(..=from).next_back()
            && end >= from.saturating_sub(1)
        {
            from = start;
            to = to.max(end);
        }
        while let Some((&start, &end)) = self.spans.range(from..=to.saturating_add(1)).next() {
            to = to.max(end);
            self.spans.remove(&start);
        }
        self.spans.insert(from, to);
    }

    /// Adds everything that is in `other`.
    pub fn merge(&mut self, other: &Self) {
        for (&first, &last) in &other.spans {
            self.insert_span(first, last);
        }
    }

    /// The spans from 1 to `last` that are not in the set, in rising order.
    pub fn gaps(&self, last: u64) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut next = 1;
        for (&start, &end) in self.spans.range(..=last) {
            if start > next {
                gaps.push((next, start - 1));
            }
            next = next.max(end.saturating_add(1));
        }
        if next <= last {
            gaps.push((next, last));
        }
        gaps
    }

    /// How many numbers are in the set; saturating.
    pub fn count(&self) -> u64 {
        total(&self.spans.iter().map(|(&first, &last)| (first, last)).collect::<Vec<_>>())
    }

    /// How many separate spans there are.
    pub fn pieces(&self) -> usize {
        self.spans.len()
    }

    /// The largest number, 0 for none.
    pub fn highest(&self) -> u64 {
        self.spans.values().next_back().copied().unwrap_or(0)
    }
}

/// How many numbers the spans hold together; saturating, for a gate may say anything.
pub fn total(spans: &[(u64, u64)]) -> u64 {
    let lengths = spans.iter().map(|&(first, last)| last.saturating_sub(first).saturating_add(1));
    lengths.fold(0, u64::saturating_add)
}

impl From<Vec<(u64, u64)>> for Spans {
    fn from(spans: Vec<(u64, u64)>) -> Self {
        let mut set = Self::default();
        for (first, last) in spans {
            set.insert_span(first, last);
        }
        set
    }
}

impl From<Spans> for Vec<(u64, u64)> {
    fn from(set: Spans) -> Self {
        set.spans.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn spans_hold_what_a_plain_set_holds(steps in proptest::collection::vec((1u64..60, 0u64..6), 0..40)) {
            let mut spans = Spans::default();
            let mut plain = BTreeSet::new();
            for (first, more) in steps {
                if more == 0 {
                    prop_assert_eq!(spans.insert(first), plain.insert(first));
                } else {
                    spans.insert_span(first, first + more);
                    plain.extend(first..=first + more);
                }
            }
            for number in 0..80 {
                prop_assert_eq!(spans.contains(number), plain.contains(&number));
            }
            let missing: Vec<u64> = spans.gaps(50).into_iter().flat_map(|(a, b)| a..=b).collect();
            prop_assert_eq!(missing, (1..=50).filter(|n| !plain.contains(n)).collect::<Vec<_>>());
            prop_assert_eq!(spans.highest(), plain.last().copied().unwrap_or(0));
            let kept: Vec<(u64, u64)> = spans.clone().into();
            prop_assert!(kept.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "spans that touch are one span");
            prop_assert_eq!((total(&kept), spans.count()), (plain.len() as u64, plain.len() as u64));
            prop_assert_eq!(Spans::from(kept), spans);
        }
    }
}
