//! Codes that stand on paper, for a camera or to be typed.

use kit::Private;

/// The signs: consonants, so that a code is no word.
const SIGNS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A code in its one form: so many signs of twenty, each a little more than four bits. What is kept of it is a hash under the school's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedCode<const LENGTH: usize>(Private<String>);

/// What a class card carries, 43 bits. Who has it sees the names of a class, and no more.
pub type ClassCode = PrintedCode<10>;
/// What a lanyard carries, 52 bits. Who has it is asked for a number that is not on it.
pub type LanyardCode = PrintedCode<12>;

impl<const LENGTH: usize> PrintedCode<LENGTH> {
    /// The code of these bytes. Two bytes make a sign, so that each is as likely as another within a three-thousandth.
    pub fn of(random: [[u8; 2]; LENGTH]) -> Self {
        let numbers = random.map(|pair| usize::from(u16::from_be_bytes(pair)));
        let signs = numbers.iter().filter_map(|number| SIGNS.get(number % SIGNS.len()));
        Self(Private::new(signs.map(|sign| char::from(*sign)).collect()))
    }

    /// A new one. `None` where the machine gives no randomness.
    pub(super) fn made() -> Option<Self> {
        let mut random = [[0_u8; 2]; LENGTH];
        getrandom::fill(random.as_flattened_mut()).ok()?;
        Some(Self::of(random))
    }

    /// What somebody typed or scanned; `None` for what was never one of ours.
    pub fn read(text: &str) -> Option<Self> {
        let signs: String =
            text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
        let ours = signs.len() == LENGTH && signs.bytes().all(|sign| SIGNS.contains(&sign));
        ours.then(|| Self(Private::new(signs)))
    }

    /// As it stands in an address.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// As it is printed.
    pub fn in_groups(&self) -> String {
        let signs: Vec<char> = self.0.reveal().chars().collect();
        signs.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_code_is_read_as_people_type_it_and_no_other_is() {
        let code = LanyardCode::of([
            [0, 0],
            [0, 19],
            [0, 20],
            [1, 0],
            [0, 1],
            [0, 2],
            [0, 3],
            [0, 4],
            [0, 5],
            [0, 6],
            [0, 7],
            [0, 8],
        ]);
        assert_eq!(code.in_groups(), "BZBV-CDFG-HJKL");
        assert_eq!(LanyardCode::read(" bzbv cdfg-hjkl "), Some(code));
        for wrong in ["", "BZBTCDFGHJ", "BZBTCDFGHJKA", "BZBTCDFGHJKLM"] {
            assert_eq!(LanyardCode::read(wrong), None, "{wrong}");
        }
        assert!(!format!("{:?}", ClassCode::made().unwrap()).contains("B"), "it is printed on paper alone");
    }
}
