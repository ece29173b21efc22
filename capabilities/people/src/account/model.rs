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
        // One script: a Cyrillic letter looks like a Latin one, and makes another name.
        let latin = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, 'ß'..='ö' | 'ø'..='ſ');
        let plain = text.chars().all(|sign| latin(sign) || "._-@'".contains(sign));
        (fits && plain).then_some(Self(text))
    }

    /// What people see of it at a glance: two names with the same cannot be told from each other on a screen or a slip of paper.
    pub fn looks(&self) -> String {
        let plain = |sign: char| match sign {
            '0' => 'o',
            '1' | 'i' | 'ì'..='ï' | 'ĩ'..='ı' => 'l',
            'à'..='å' | 'ā'..='ą' => 'a',
            'ç' | 'ć'..='č' => 'c',
            'ď' | 'đ' => 'd',
            'è'..='ë' | 'ē'..='ě' => 'e',
            'ĝ'..='ģ' => 'g',
            'ĺ'..='ł' => 'l',
            'ñ' | 'ń'..='ň' => 'n',
            'ò'..='ö' | 'ø' | 'ō'..='ő' => 'o',
            'ŕ'..='ř' => 'r',
            'ś'..='š' => 's',
            'ţ'..='ŧ' => 't',
            'ù'..='ü' | 'ũ'..='ų' => 'u',
            'ŵ' => 'w',
            'ý' | 'ÿ' | 'ŷ' => 'y',
            'ź'..='ž' => 'z',
            other => other,
        };
        let signs = self.0.chars().filter(|sign| !"._-'".contains(*sign));
        signs.map(plain).collect::<String>().replace("rn", "m").replace("vv", "w")
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

/// A random secret that is told once; its hash alone is kept.
#[derive(Debug, Clone)]
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
    /// How many tries with their name failed between the session before and this one, wherever.
    pub failed_before: u32,
    /// By how many different things they proved who they are; none where it was a card of the youngest, which is less than one.
    pub proofs: u32,
    /// Whether somebody ended it.
    pub ended: bool,
    /// The tag of the language that they chose, where it was read by what its browser sent.
    pub language: Option<String>,
}

impl Session {
    /// Whether it holds at `at`.
    pub fn holds(&self, at: Timestamp) -> bool {
        !self.ended && at < self.ends_at && at < self.seen_at.plus_millis(IDLE_MS)
    }

    /// Whether it was begun by a card of the youngest: it opens nothing but a pupil's own pages.
    pub const fn is_weak(&self) -> bool {
        self.proofs == 0
    }
}

/// So many tries from one place, of whatever names, are nothing remarkable: a school may stand behind one address.
const ROOM: u32 = 200;
/// One of them is forgotten in so long.
const FORGOTTEN_MS: i64 = MINUTE_MS;

/// What is left of so many failures from a place when they were last counted so long ago.
pub fn remembered(failures: u32, since_ms: i64) -> u32 {
    failures.saturating_sub(u32::try_from(since_ms.max(0) / FORGOTTEN_MS).unwrap_or(u32::MAX))
}

/// How long the next try from a place waits, whatever the name, after so many failures that are remembered from there. Only
/// browsers in which nobody of that name ever signed in wait for it, and half a minute at the most: it slows down whoever tries
/// one password with many names, and shuts no school out.
pub fn crowd_wait_ms(failures: u32) -> i64 {
    match failures.saturating_sub(ROOM) {
        0 => 0,
        more => (1_000_i64 << (more / 10).min(5)).min(30_000),
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

/// What a password came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordBy {
    /// Its owner chose it by an invitation that was handed over to them.
    Invitation,
    /// It was printed on a slip, or chosen by a link that was: whoever printed that could know it.
    Slip,
    /// Its owner chose it while they were signed in.
    Owner,
}

impl PasswordBy {
    /// Its id in the records.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Slip => "slip",
            Self::Owner => "owner",
        }
    }

    /// The one with that id.
    pub fn of_id(id: &str) -> Option<Self> {
        [Self::Invitation, Self::Slip, Self::Owner].into_iter().find(|by| by.id() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form_and_shows_itself_to_nobody() {
        assert_eq!(Name::typed("  A.Example ").unwrap().reveal(), "a.example");
        assert_eq!(Name::typed("Siân.Tŷ").unwrap().reveal(), "siân.tŷ");
        // The last three: a Cyrillic а, a Greek ο, and a letter with a sign of its own above it.
        for none in
            ["", "   ", "a b", "a\u{0}b", &"x".repeat(65), "a/b", "he\u{430}d", "h\u{3bf}", "e\u{301}"]
        {
            assert_eq!(Name::typed(none), None, "{none:?}");
        }
        assert_eq!(format!("{:?}", Name::typed("ada")), "Some((name))");
    }

    #[test]
    fn names_that_look_alike_are_known_for_it() {
        let looks = |name: &str| Name::typed(name).unwrap().looks();
        for (one, other) in [
            ("a.head", "ahead"),
            ("h0lly", "holly"),
            ("wi11", "will"),
            ("lan", "Ian"),
            ("rené", "rene"),
            ("arnold", "amold"),
            ("vvill", "will"),
            ("o'neil", "oneil"),
            ("ŵyn", "wyn"),
        ] {
            assert_eq!(looks(one), looks(other), "{one} {other}");
        }
        for (one, other) in [("hanna", "lena"), ("a@b.example", "ab.example"), ("sam1", "sam2")] {
            assert_ne!(looks(one), looks(other), "{one} {other}");
        }
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
            failed_before: 0,
            proofs: 1,
            ended,
            language: None,
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

    #[test]
    fn a_place_has_room_for_a_school_and_waits_half_a_minute_at_the_most() {
        let waits = [0, 200, 201, 210, 220, 1_000, u32::MAX].map(crowd_wait_ms);
        assert_eq!(waits, [0, 0, 1_000, 2_000, 4_000, 30_000, 30_000]);
        assert_eq!([0, MINUTE_MS, 60 * MINUTE_MS, -1].map(|since| remembered(30, since)), [30, 29, 0, 30]);
    }
}
