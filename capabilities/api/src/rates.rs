//! How often somebody may ask, and whether they ask for the first time in a while. Counted in memory: a hub that starts anew begins to count anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kit::Timestamp;

/// A minute.
pub(crate) const MINUTE_MS: i64 = 60_000;
/// An hour.
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// So many who ask are remembered at once; what is older is forgotten first.
const MOST: usize = 4_096;

/// Counts by the minute, or by another length of time.
#[derive(Debug)]
pub(crate) struct Rates {
    each_ms: i64,
    all: Mutex<HashMap<String, (i64, u32)>>,
}

impl Rates {
    /// Counts by that many milliseconds.
    pub fn each(each_ms: i64) -> Self {
        Self { each_ms, all: Mutex::default() }
    }

    /// Counts one request of `whom`; after how many seconds to ask again, where there were `most` in this minute already.
    pub fn one(&self, whom: &str, most: u32, at: Timestamp) -> Result<(), i64> {
        let minute = at.as_millis().div_euclid(self.each_ms);
        // A panic elsewhere leaves a count as it was.
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(whom) {
            all.retain(|_, (then, _)| *then == minute);
            if all.len() >= MOST {
                all.clear();
            }
        }
        let (then, count) = all.entry(whom.to_owned()).or_insert((minute, 0));
        if *then != minute {
            (*then, *count) = (minute, 0);
        }
        if *count >= most {
            let left = (minute + 1) * self.each_ms - at.as_millis();
            return Err((left + 999) / 1_000);
        }
        *count += 1;
        Ok(())
    }

    /// Counts what `whom` did no more: it came to nothing.
    pub fn forget(&self, whom: &str) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(whom);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_too_often_waits_for_the_next_minute_and_nobody_else_does() {
        let (rates, at) = (Rates::each(MINUTE_MS), Timestamp::from_millis(60_000 * 10 + 30_000));
        for _ in 0..3 {
            assert_eq!(rates.one("a", 3, at), Ok(()));
        }
        assert_eq!(rates.one("a", 3, at), Err(30));
        assert_eq!(rates.one("b", 3, at), Ok(()));
        assert_eq!(rates.one("c", 1, at), Ok(()));
        rates.forget("c");
        assert_eq!(rates.one("c", 1, at), Ok(()), "it came to nothing");
        assert_eq!(rates.one("a", 3, at.plus_millis(30_000)), Ok(()));
        for number in 0..10_000 {
            let _ = rates.one(&number.to_string(), 3, at);
        }
        assert!(rates.all.lock().unwrap().len() <= MOST);
    }
}
