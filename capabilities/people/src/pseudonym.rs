//! Pseudonyms: what stands for a person or a device in what the activity log shows, until somebody opens identities.
//!
//! The same person has the same pseudonym as long as the school has its keys, and no other school gives them the same one.
//! Without the key nobody can tell whose it is, not even by trying all numbers.

use engine::{DeviceNo, PersonNo};
use hmac::{Hmac, Mac as _};
use kit::Private;
use sha2::Sha256;

/// Letters and digits that cannot be mistaken for each other, as in every reference of this program.
const SIGNS: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Of two thousand people two have the same one in three of a million schools.
const LENGTH: usize = 8;
/// Numbers that are tried for a pseudonym besides those on the roll: people who have left it stay in the log.
const LEFT: u32 = 100_000;

/// Gives pseudonyms.
#[derive(Clone)]
pub struct Pseudonyms(Private<[u8; 32]>);

impl Pseudonyms {
    /// With the school's key. What is made of it tells nothing of it.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(Private::new(key))
    }

    /// A person's: `P-7KQ4-M2HX`.
    pub fn person(&self, person: PersonNo) -> String {
        self.of('P', person.0)
    }

    /// A device's: `D-7KQ4-M2HX`.
    pub fn device(&self, device: DeviceNo) -> String {
        self.of('D', device.0)
    }

    /// Whose a pseudonym is, as people type it. About a tenth of a second where it is nobody's.
    pub fn whose(&self, written: &str, mut roll: impl Iterator<Item = PersonNo>) -> Option<PersonNo> {
        let wanted = written.trim().to_ascii_uppercase();
        let is_it = |person: &PersonNo| self.person(*person) == wanted;
        roll.find(is_it).or_else(|| (0..LEFT).map(PersonNo).find(is_it))
    }

    /// Which device a pseudonym is, likewise.
    pub fn which(&self, written: &str) -> Option<DeviceNo> {
        let wanted = written.trim().to_ascii_uppercase();
        (0..LEFT).map(DeviceNo).find(|device| self.device(*device) == wanted)
    }

    fn of(&self, kind: char, number: u32) -> String {
        // A key of any length is taken.
        let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(self.0.reveal()) else { return kind.to_string() };
        hash.update(b"fivebar pseudonym");
        hash.update(&[kind as u8]);
        hash.update(&number.to_le_bytes());
        let hash = hash.finalize().into_bytes();
        let mut text = format!("{kind}-");
        for (place, byte) in hash.iter().take(LENGTH).enumerate() {
            if place == LENGTH / 2 {
                text.push('-');
            }
            // 256 signs do not divide by 30: some are a little likelier, which tells nothing of the key.
            let sign = SIGNS.get(usize::from(*byte) % SIGNS.len()).copied().unwrap_or(b'?');
            text.push(char::from(sign));
        }
        text
    }
}

/// Whether what is typed is the pseudonym of a person.
pub fn is_a_persons(written: &str) -> bool {
    is_of(written, b"P-")
}

/// Whether it is that of a device.
pub fn is_a_device(written: &str) -> bool {
    is_of(written, b"D-")
}

fn is_of(written: &str, kind: &[u8; 2]) -> bool {
    let written = written.trim().as_bytes();
    written.len() == LENGTH + 3 && written.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_the_schools_own_and_is_found_again() {
        let (one, other) = (Pseudonyms::new([1; 32]), Pseudonyms::new([2; 32]));
        let seven = one.person(PersonNo(7));
        assert_eq!(seven, one.person(PersonNo(7)));
        assert!(is_a_persons(&seven) && !is_a_persons("Prue Pupil") && !is_a_persons("7"), "{seven}");
        assert_ne!(seven, one.person(PersonNo(8)));
        assert_ne!(seven, other.person(PersonNo(7)));
        assert_ne!(seven.get(1..), one.device(DeviceNo(7)).get(1..));
        let typed = format!(" {} ", seven.to_lowercase());
        assert_eq!(one.whose(&typed, [PersonNo(7)].into_iter()), Some(PersonNo(7)));
        assert_eq!(one.whose(&typed, std::iter::empty()), Some(PersonNo(7)), "who has left the roll");
        let tablet = one.device(DeviceNo(7));
        assert!(is_a_device(&tablet) && !is_a_persons(&tablet) && !is_a_device(&seven));
        assert_eq!(one.which(&tablet.to_lowercase()), Some(DeviceNo(7)));
        assert_eq!(other.which(&tablet), None);
        assert_eq!(other.whose(&typed, [PersonNo(7)].into_iter()), None);
    }
}
