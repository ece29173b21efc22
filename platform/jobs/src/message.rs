//! A message and when it is tried again. Pure.

use serde::Serialize;
use serde::de::DeserializeOwned;

kit::id_kind!(
    /// The id of a message: the same at each try, so that whoever receives it can tell.
    MessageId, MessageKind, "message"
);

/// Something that leaves the school's records later: a mail, a push, a webhook. Its body holds references only, never words
/// about anybody.
pub trait Message: Serialize + DeserializeOwned + Send + Sync {
    /// What kind it is, by which its carrier is found.
    const KIND: &'static str;
}

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How long after a failed try the next one is, first to last.
const AGAIN_MS: [i64; 6] = [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS];

/// How many milliseconds after the `tries`-th failed try the next is; nothing where it is given up.
pub fn again_after_ms(tries: u32) -> Option<i64> {
    let nth = usize::try_from(tries.checked_sub(1)?).ok()?;
    AGAIN_MS.get(nth).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tried_seven_times_in_a_day_and_a_half_and_then_given_up() {
        let waits: Vec<_> = (1..=7).map(again_after_ms).collect();
        assert_eq!(waits.iter().filter(|wait| wait.is_some()).count(), 6);
        assert!(waits.windows(2).all(|pair| pair[1].is_none() || pair[0] < pair[1]), "{waits:?}");
        assert_eq!((again_after_ms(0), again_after_ms(7), again_after_ms(u32::MAX)), (None, None, None));
        let hours = waits.iter().flatten().sum::<i64>() / HOUR_MS;
        assert!((24..48).contains(&hours), "{hours}");
    }
}
