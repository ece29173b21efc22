//! Which named times held, worked out once a minute and told apart by a number.

use kit::Timestamp;
use kit::hash::Seeded;

use super::HashMap;
use crate::calendar::{Moment, TimeSet};
use crate::policy::FilterPolicy;

/// So many minutes are known at once: half a year of them.
const MOST_MINUTES: usize = 1 << 18;

/// The times of both sides, for whoever asks about moments in any order.
pub(super) struct Times {
    /// The last minute that was asked about.
    last: (i64, u32),
    of_minutes: HashMap<i64, u32>,
    numbers: HashMap<[TimeSet; 2], u32>,
    moments: Vec<[Moment; 2]>,
}

impl Times {
    pub fn new(seed: Seeded) -> Self {
        Self {
            last: (i64::MIN, 0),
            of_minutes: HashMap::with_hasher(seed),
            numbers: HashMap::with_hasher(seed),
            moments: Vec::new(),
        }
    }

    /// The number of the named times that hold then.
    #[inline]
    pub fn at(&mut self, at: Timestamp, policies: [&FilterPolicy; 2]) -> u32 {
        let minute = at.as_millis().div_euclid(60_000);
        if self.last.0 == minute && !self.moments.is_empty() {
            return self.last.1;
        }
        let number = match self.of_minutes.get(&minute) {
            Some(number) => *number,
            None => self.work_out(minute, policies),
        };
        self.last = (minute, number);
        number
    }

    fn work_out(&mut self, minute: i64, policies: [&FilterPolicy; 2]) -> u32 {
        let start = Timestamp::from_millis(minute.saturating_mul(60_000));
        // Nothing here ends at a moment, so all minutes of the same times are one.
        let never = Timestamp::from_millis(i64::MIN);
        let moments = policies.map(|policy| Moment { at: never, ..policy.moment_at(start) });
        let next = u32::try_from(self.moments.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(moments.map(|moment| moment.times)).or_insert(next);
        if number == next {
            self.moments.push(moments);
        }
        if self.of_minutes.len() >= MOST_MINUTES {
            self.of_minutes.clear();
        }
        self.of_minutes.insert(minute, number);
        number
    }

    /// What that number stands for.
    pub fn moments(&self, number: u32) -> Option<[Moment; 2]> {
        self.moments.get(number as usize).copied()
    }
}
