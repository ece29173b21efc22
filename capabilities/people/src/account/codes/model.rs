//! Codes of an app (RFC 6238), and codes to recover by. Pure.

use kit::{Private, Timestamp};
use qrcodegen::{QrCode, QrCodeEcc};
use totp_rs::{Builder, Secret, Totp};

/// How many random bytes a secret has: what RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;
/// How long a code is shown.
const STEP_S: u64 = 30;
/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
/// How many signs each has: sixty bits.
const RECOVERY_SIGNS: usize = 12;
/// Digits and letters that cannot be mistaken for each other.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A secret that somebody's app shares with the school.
#[derive(Clone)]
pub struct CodeSecret(Private<[u8; SECRET_BYTES]>);

impl CodeSecret {
    /// The secret of these random bytes.
    pub const fn of(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(Private::new(bytes))
    }

    /// The bytes, to be sealed.
    pub const fn reveal(&self) -> &[u8; SECRET_BYTES] {
        self.0.reveal()
    }

    /// The step of a code that the app shows at `at`, or showed or will show half a minute away: clocks differ. `None` for any other.
    pub fn step(&self, code: &str, at: Timestamp) -> Option<u64> {
        let seconds = u64::try_from(at.as_millis() / 1_000).ok()?;
        self.totp()?.check(code, seconds)
    }

    /// The code that an app shows at `at`, for tests.
    pub fn code(&self, at: Timestamp) -> Option<String> {
        let seconds = u64::try_from(at.as_millis() / 1_000).ok()?;
        Some(self.totp()?.generate(seconds).to_string())
    }

    /// The secret as people type it, in groups of four.
    pub fn in_groups(&self) -> String {
        let signs: Vec<char> = Secret::from(*self.reveal()).to_base32().chars().collect();
        signs.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
    }

    /// What an app reads from the picture.
    pub fn address(&self, school: &str, name: &str) -> Private<String> {
        let plain = |text: &str| web::form::in_a_query(text).replace('+', "%20");
        let (school, name) = (plain(school), plain(name));
        let secret = self.in_groups().replace(' ', "");
        Private::new(format!(
            "otpauth://totp/{school}:{name}?secret={secret}&issuer={school}&algorithm=SHA1&digits=6&period={STEP_S}"
        ))
    }

    fn totp(&self) -> Option<Totp> {
        // One step either side, as RFC 6238, 5.2 has it; SHA-1 and six digits, since apps ignore anything else and show wrong codes.
        Builder::new().with_secret(*self.reveal()).with_skew(1).with_step_duration(STEP_S).build().ok()
    }
}

/// A picture of a text that a camera reads: how many squares a side has, and a path of the dark ones. `None` for what is too long.
pub fn picture(text: &Private<String>) -> Option<(i32, String)> {
    let code = QrCode::encode_text(text.reveal(), QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let all = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
    let dark = all.filter(|(x, y)| code.get_module(*x, *y));
    let path = dark.map(|(x, y)| format!("M{},{}h1v1h-1z", x + 4, y + 4)).collect();
    Some((size + 8, path))
}

/// A recovery code of random bytes, as it is shown: three groups of four.
pub fn recovery_code(random: [u8; RECOVERY_SIGNS]) -> String {
    let signs = random.iter().filter_map(|byte| SIGNS.get(usize::from(byte % 32)));
    let signs: Vec<char> = signs.map(|sign| char::from(*sign)).collect();
    signs.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What somebody typed where a code is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Six digits.
    Code(String),
    /// A recovery code, in its one form.
    Recovery(String),
    /// Neither.
    Neither,
}

impl Typed {
    /// Reads it: blanks and dashes do not count, and signs that are mistaken for others are read as those.
    pub fn read(text: &str) -> Self {
        let signs: String = text
            .chars()
            .filter(|sign| !sign.is_whitespace() && *sign != '-')
            .map(|sign| match sign.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        if signs.len() == 6 && signs.bytes().all(|sign| sign.is_ascii_digit()) {
            Self::Code(signs)
        } else if signs.len() == RECOVERY_SIGNS && signs.bytes().all(|sign| SIGNS.contains(&sign)) {
            Self::Recovery(signs)
        } else {
            Self::Neither
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> CodeSecret {
        CodeSecret::of(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_rfc_6238_and_hold_for_a_step_either_side() {
        // Appendix B, the last six digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
            assert_eq!(secret().code(at(seconds)).unwrap(), code);
            let step = u64::try_from(seconds / 30).unwrap();
            for (away, holds) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
                let found = secret().step(code, at(seconds / 30 * 30 + 15 + away));
                assert_eq!(found, holds.then_some(step), "{seconds} {away}");
            }
        }
        for none in ["", "28708", "2870821", "+87082", "287 082", "abcdef"] {
            assert_eq!(secret().step(none, Timestamp::from_millis(59_000)), None, "{none}");
        }
    }

    #[test]
    fn what_is_typed_is_read_kindly() {
        for (text, read) in [
            ("287 082", Typed::Code("287082".into())),
            ("287082\n", Typed::Code("287082".into())),
            ("7kq4-m2hx-9trb", Typed::Recovery("7KQ4M2HX9TRB".into())),
            ("7KQO M2HX 9TLB", Typed::Recovery("7KQ0M2HX9T1B".into())),
            ("28708", Typed::Neither),
            ("", Typed::Neither),
            ("7kq4-m2hx-9tr!", Typed::Neither),
        ] {
            assert_eq!(Typed::read(text), read, "{text:?}");
        }
        let made = recovery_code([0, 31, 32, 255, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(made, "0Z0Z-5678-9ABC");
        assert_eq!(Typed::read(&made), Typed::Recovery("0Z0Z56789ABC".into()));
    }

    #[test]
    fn an_app_is_given_the_secret_in_a_picture_and_in_letters() {
        assert_eq!(secret().in_groups(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let address = secret().address("Fivebar at St Mary’s & All", "h.head");
        assert_eq!(
            address.reveal(),
            "otpauth://totp/Fivebar%20at%20St%20Mary%E2%80%99s%20%26%20All:h.head?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=\
             Fivebar%20at%20St%20Mary%E2%80%99s%20%26%20All&algorithm=SHA1&digits=6&period=30"
        );
        let (side, path) = picture(&address).unwrap();
        assert!(side > 40 && path.starts_with("M4,4h1v1h-1zM5,4"), "a corner's square comes first");
        assert_eq!(picture(&Private::new("x".repeat(5_000))), None);
    }
}
