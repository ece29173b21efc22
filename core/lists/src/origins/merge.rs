//! What a list held before, and what it holds now.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::{Day, Seen};

/// How many entries came and went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changed {
    /// Never there before.
    pub added: u64,
    /// There before, and gone now.
    pub gone: u64,
    /// Gone before, and there again.
    pub returned: u64,
    /// There before and now.
    pub stayed: u64,
}

/// An entry that has been gone for longer is forgotten, in days.
pub(super) const FORGET_DAYS: u32 = 400;

/// Puts what a list holds on that day, sorted and each once, beside what it held, sorted within each group. What it says of
/// an entry that is there twice is the earlier.
pub(super) fn merge<T: Ord + Copy>(
    before: Vec<(Seen, Box<dyn Iterator<Item = T> + '_>)>,
    now: impl IntoIterator<Item = T>,
    day: Day,
    changed: &mut Changed,
) -> BTreeMap<Seen, Vec<T>> {
    let mut groups = before;
    groups.sort_by_key(|(seen, _)| *seen);
    let mut next: BinaryHeap<Reverse<(T, usize)>> = BinaryHeap::with_capacity(groups.len());
    for (place, (_, items)) in groups.iter_mut().enumerate() {
        next.extend(items.next().map(|item| Reverse((item, place))));
    }
    let mut now = now.into_iter().peekable();
    let mut all: BTreeMap<Seen, Vec<T>> = BTreeMap::new();
    let new = Seen::new(day);
    let mut last = None;
    loop {
        let old = next.peek().map(|Reverse((item, _))| *item);
        let held = now.peek().copied();
        let Some(item) = old.into_iter().chain(held).min() else { return all };
        let is_held = held == Some(item);
        if is_held {
            now.next();
        }
        if old != Some(item) {
            changed.added += 1;
            all.entry(new).or_default().push(item);
            continue;
        }
        let Some(Reverse((_, place))) = next.pop() else { return all };
        let Some((seen, items)) = groups.get_mut(place) else { continue };
        let seen = *seen;
        next.extend(items.next().map(|item| Reverse((item, place))));
        if last.replace(item) == Some(item) {
            continue;
        }
        let after = if is_held { seen.stays_or_returns(day) } else { seen.goes(day) };
        match (seen.gone, after.gone) {
            (true, false) => changed.returned += 1,
            (false, true) => changed.gone += 1,
            (false, false) => changed.stayed += 1,
            (true, true) if after.left.is_some_and(|left| day.since(left) > FORGET_DAYS) => continue,
            (true, true) => {}
        }
        all.entry(after).or_default().push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn merged(
        before: &BTreeMap<Seen, Vec<u32>>,
        now: &[u32],
        day: u32,
    ) -> (BTreeMap<Seen, Vec<u32>>, Changed) {
        let mut changed = Changed::default();
        let groups = before
            .iter()
            .map(|(seen, items)| (*seen, Box::new(items.iter().copied()) as Box<dyn Iterator<Item = u32>>));
        let now: BTreeSet<u32> = now.iter().copied().collect();
        let all = merge(groups.collect(), now, Day(day), &mut changed);
        (all, changed)
    }

    #[test]
    fn an_entry_keeps_its_day_leaves_and_returns() {
        let (first, changed) = merged(&BTreeMap::new(), &[1, 2, 3], 10);
        assert_eq!(changed, Changed { added: 3, ..Changed::default() });
        let (second, changed) = merged(&first, &[2, 3, 4], 11);
        assert_eq!(changed, Changed { added: 1, gone: 1, stayed: 2, returned: 0 });
        let new = |day| Seen::new(Day(day));
        let gone = Seen { left: Some(Day(11)), gone: true, ..new(10) };
        assert_eq!(second, [(new(10), vec![2, 3]), (gone, vec![1]), (new(11), vec![4])].into());
        let (third, changed) = merged(&second, &[1, 2, 3, 4], 15);
        assert_eq!(changed, Changed { returned: 1, stayed: 3, ..Changed::default() });
        let back = Seen { first: Day(10), since: Day(15), left: Some(Day(11)), gone: false };
        assert_eq!(third, [(new(10), vec![2, 3]), (back, vec![1]), (new(11), vec![4])].into());
        // Gone again: the last time is told. In the end it is forgotten.
        let (fourth, _) = merged(&third, &[2, 3, 4], 16);
        let gone = Seen { first: Day(10), since: Day(15), left: Some(Day(16)), gone: true };
        assert_eq!(fourth.get(&gone), Some(&vec![1]));
        let (kept, _) = merged(&fourth, &[2, 3, 4], 16 + FORGET_DAYS);
        assert_eq!(kept, fourth);
        let (forgotten, _) = merged(&fourth, &[2, 3, 4], 17 + FORGET_DAYS);
        assert_eq!(forgotten.len(), 2);
    }
}
