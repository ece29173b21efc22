//! Names, passwords, tokens and sessions. Pure.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::PersonNo;
use kit::{Private, Timestamp};
use sha2::{Digest as _, Sha256};

kit::id_kind!(
    /// The id of an account.
    AccountId, AccountKind, "account"
);

/// A minute.
const MINUTE_MS: i64 = 60_000;
/// A session that nobody used for so long has ended: whoever left a screen unattended has left it.
pub const IDLE_MS: i64 = 30 * MINUTE_MS;
/// A session ends after a working day, used or not.
pub const LONGEST_MS: i64 = 12 * 60 * MINUTE_MS;
/// How often a session's last use is written down.
pub const SEEN_EVERY_MS: i64 = MINUTE_MS;
/// How long an invitation holds.
pub const INVITED_MS: i64 = 24 * 60 * MINUTE_MS;

/// What somebody signs in by, in its one form: lower case, no blanks.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The longest.
    pub const LONGEST: usize = 64;

    /// The name that somebody typed; `None` where it can be nobody's.
    pub fn typed(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let fits = !text.is_empty() && text.chars().count() <= Self::LONGEST;
        let plain = text.chars().all(|sign| sign.is_alphanumeric() || "._-@'".contains(sign));
        (fits && plain).then_some(Self(text))
    }

    /// The name itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Shows nothing: a name is a person's.
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(name)")
    }
}

/// How somebody of the roll signs in.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Whose it is.
    pub person: PersonNo,
    /// What they sign in by.
    pub name: Name,
    /// Their password's hash; `None` until they have chosen one.
    pub password: Option<Private<String>>,
}

/// Why a password cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too short.
    #[error(
        "Use {SHORTEST} characters or more: three or four words that do not belong together are easy to keep"
    )]
    Short,
    /// Longer than anybody types.
    #[error("Use {LONGEST} characters or fewer")]
    Long,
    /// The name is in it, or the name's half.
    #[error("Do not use the name that you sign in by")]
    Name,
    /// The same few signs again and again, or one after another.
    #[error("Do not repeat one sign or count through: use words that do not belong together")]
    Pattern,
    /// Among the first that anybody tries.
    #[error("That is among the first that anybody tries: use words that do not belong together")]
    Common,
}

/// The shortest password of an adult. NIST SP 800-63B-4 (2025), 3.1.1.2: at least fifteen where it is the only proof,
/// and no rules of composition.
pub const SHORTEST: usize = 15;
/// The longest that is taken: so much is hashed at most.
pub const LONGEST: usize = 128;

/// Whether an adult may have that password.
pub fn check_password(password: &str, name: &Name) -> Result<(), WeakPassword> {
    let signs: Vec<char> = password.chars().collect();
    if signs.len() > LONGEST {
        return Err(WeakPassword::Long);
    }
    if signs.len() < SHORTEST {
        return Err(WeakPassword::Short);
    }
    let lower = password.to_lowercase();
    let parts = name.reveal().split(['@', '.', '-', '_']).filter(|part| part.chars().count() > 3);
    if std::iter::once(name.reveal()).chain(parts).any(|part| lower.contains(part)) {
        return Err(WeakPassword::Name);
    }
    let mut kinds: Vec<char> = lower.chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    let next_to = signs.windows(2).filter(|pair| match pair {
        [one, next] => (*one as u32).abs_diff(*next as u32) <= 1,
        _ => false,
    });
    if kinds.len() < 5 || next_to.count() * 2 > signs.len() {
        return Err(WeakPassword::Pattern);
    }
    let letters: String = lower.chars().filter(|sign| sign.is_alphanumeric()).collect();
    let common = ["password", "passw0rd", "letmein", "qwertyuiop", "iloveyou", "welcome"];
    if common.iter().any(|one| letters.contains(one)) && letters.chars().count() < SHORTEST + 8 {
        return Err(WeakPassword::Common);
    }
    Ok(())
}

/// A random secret that is told once; its hash alone is kept.
#[derive(Clone)]
pub struct Token(Private<String>);

impl Token {
    /// How many random bytes are in one.
    pub const BYTES: usize = 32;

    /// The token of these random bytes.
    pub fn of(random: [u8; Self::BYTES]) -> Self {
        Self(Private::new(URL_SAFE_NO_PAD.encode(random)))
    }

    /// One as somebody hands it back; `None` for what was never one of ours.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == Self::BYTES).then(|| Self(Private::new(text.to_owned())))
    }

    /// The token itself, for the one who gets it.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// What is kept of it, in hexadecimal. SHA-256: a token is random, so nothing slower is needed.
    pub fn hash(&self) -> String {
        Sha256::digest(self.0.reveal().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Somebody's session.
#[derive(Debug, Clone)]
pub struct Session {
    /// What is kept of its token: its id in the records.
    pub hash: String,
    /// Whose account.
    pub account: AccountId,
    /// Whose it is.
    pub person: PersonNo,
    /// What they use, in words: as in `Firefox on Windows`.
    pub agent: Private<String>,
    /// Since when.
    pub made_at: Timestamp,
    /// When they last proved who they are.
    pub proved_at: Timestamp,
    /// When it was last used, within a minute.
    pub seen_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Whether somebody ended it.
    pub ended: bool,
}

impl Session {
    /// Whether it holds at `at`.
    pub fn holds(&self, at: Timestamp) -> bool {
        !self.ended && at < self.ends_at && at < self.seen_at.plus_millis(IDLE_MS)
    }
}

/// How long somebody must wait after so many failures in a row from one place. Nobody waits for ever, and other places
/// do not wait at all: whoever guesses locks out themselves.
pub fn wait_ms(failures: u32) -> i64 {
    match failures {
        0..=4 => 0,
        more => (30_000_i64 << (more - 5).min(5)).min(15 * MINUTE_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form_and_shows_itself_to_nobody() {
        assert_eq!(Name::typed("  A.Example ").unwrap().reveal(), "a.example");
        for none in ["", "   ", "a b", "a\u{0}b", &"x".repeat(65), "a/b"] {
            assert_eq!(Name::typed(none), None, "{none:?}");
        }
        assert_eq!(format!("{:?}", Name::typed("ada")), "Some((name))");
    }

    #[test]
    fn a_password_is_long_and_not_what_anybody_tries_first() {
        let name = Name::typed("ada.example").unwrap();
        for (password, refused) in [
            ("correct horse battery", None),
            ("teapots-over-jupiter", None),
            ("short", Some(WeakPassword::Short)),
            ("Example-teapot-jupiter", Some(WeakPassword::Name)),
            ("aaaaaaaaaaaaaaaaaaaa", Some(WeakPassword::Pattern)),
            ("abcdefghijklmnopqrst", Some(WeakPassword::Pattern)),
            ("Password1234567!", Some(WeakPassword::Common)),
        ] {
            assert_eq!(check_password(password, &name).err(), refused, "{password}");
        }
        assert_eq!(check_password(&"teapots ".repeat(17), &name), Err(WeakPassword::Long));
    }

    #[test]
    fn a_token_reads_back_and_nothing_else_does() {
        let token = Token::of([7; 32]);
        let read = Token::read(token.reveal()).unwrap();
        assert_eq!(read.hash(), token.hash());
        assert_ne!(Token::of([8; 32]).hash(), token.hash());
        for none in ["", "AAAA", &"A".repeat(44), "not a token"] {
            assert!(Token::read(none).is_none(), "{none:?}");
        }
    }

    #[test]
    fn a_session_ends_by_itself() {
        let at = Timestamp::from_millis;
        let session = |seen, ended| Session {
            hash: String::new(),
            account: kit::Ids::default().make(at(0)),
            person: PersonNo(1),
            agent: Private::default(),
            made_at: at(0),
            proved_at: at(0),
            seen_at: at(seen),
            ends_at: at(LONGEST_MS),
            ended,
        };
        assert!(session(0, false).holds(at(IDLE_MS - 1)));
        assert!(!session(0, false).holds(at(IDLE_MS)));
        assert!(session(LONGEST_MS - 1, false).holds(at(LONGEST_MS - 1)));
        assert!(!session(LONGEST_MS - 1, false).holds(at(LONGEST_MS)));
        assert!(!session(0, true).holds(at(1)));
    }

    #[test]
    fn whoever_guesses_waits_longer_each_time_and_never_for_ever() {
        let waits: Vec<i64> = (0..14).map(wait_ms).collect();
        assert_eq!(waits[..7], [0, 0, 0, 0, 0, 30_000, 60_000]);
        assert_eq!(waits[13], 900_000);
        assert_eq!(wait_ms(u32::MAX), 900_000);
    }
}
