//! What tests share: a fresh database of each engine, a clock that is set by hand, and name servers that
//! others wrote. Knows core and platform only.

pub mod databases;
pub mod postgres;
pub mod servers;

pub use databases::{TestDatabase, databases};

use kit::{Clock, Timestamp};

/// A Monday morning in term: 23 November 2026, 09:00 in London.
pub const MONDAY: Timestamp = Timestamp::from_millis(1_795_424_400_000);

/// A clock that stands at [`MONDAY`] until it is set.
pub fn clock() -> Clock {
    Clock::set_at(MONDAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_until_it_is_set() {
        let clock = clock();
        assert_eq!(Timestamp::parse("2026-11-23T09:00:00Z"), Some(clock.now()));
        clock.set(MONDAY.plus_millis(1));
        assert_eq!(clock.now(), MONDAY.plus_millis(1));
    }
}
