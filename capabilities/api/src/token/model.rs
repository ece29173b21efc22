//! A token, and what one may be. Pure.

use engine::PersonNo;
use kit::Timestamp;
use people::account::Token;
use web::speech::say;

use crate::content::Content;

kit::id_kind!(
    /// The id of a token's record. It opens nothing.
    TokenId, TokenKind, "token"
);

/// What every token begins with, so that people and programs that look for lost secrets know one.
const BEGINS: &str = "fivebar_";
/// So many signs of the secret are shown afterwards, and kept as they are.
const SHOWN: usize = 6;
/// The longest name, in characters.
const LONGEST_NAME: usize = 60;
const DAY_MS: i64 = 86_400_000;

/// The secret of a token: told once, when it is made.
#[derive(Debug, Clone)]
pub struct Secret(Token);

impl Secret {
    /// How many random bytes are in one.
    pub const BYTES: usize = Token::BYTES;

    /// The secret of these random bytes.
    pub fn of(random: [u8; Self::BYTES]) -> Self {
        Self(Token::of(random))
    }

    /// One as a program sends it; `None` for what was never one of ours.
    pub fn read(text: &str) -> Option<Self> {
        Token::read(text.strip_prefix(BEGINS)?).map(Self)
    }

    /// The secret itself, for the one who gets it.
    pub fn reveal(&self) -> String {
        format!("{BEGINS}{}", self.0.reveal())
    }

    /// How it begins, by which its maker knows it again and its record is found.
    pub fn prefix(&self) -> String {
        self.reveal().chars().take(BEGINS.len() + SHOWN).collect()
    }

    /// What is kept of it.
    pub fn hash(&self) -> String {
        self.0.hash()
    }
}

/// A token as the records have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The id of its record.
    pub id: TokenId,
    /// Who made it: it acts for them.
    pub person: PersonNo,
    /// What its maker calls it.
    pub name: String,
    /// How its secret begins.
    pub prefix: String,
    /// Its scopes, in the content's order.
    pub scopes: Vec<String>,
    /// Whether its maker had proved by two things or more who they are: duties that need that rest otherwise.
    pub several: bool,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it was last used, within some minutes.
    pub used_at: Option<Timestamp>,
    /// When it ends by itself.
    pub ends_at: Timestamp,
    /// When it was ended, and by whom, as the trail writes them.
    pub ended: Option<(Timestamp, String)>,
}

impl ApiToken {
    /// Whether it opens anything at `at`.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.ended.is_none() && at < self.ends_at
    }

    /// Whether it has that scope.
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|one| one == scope)
    }
}

/// A token that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Making {
    /// What its maker calls it.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// For how many days it holds.
    pub days: u16,
}

/// What is wrong with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// It has no name.
    #[error("Enter which program uses it, up to {LONGEST_NAME} characters")]
    Name,
    /// It could do nothing.
    #[error("{}", say("refused.select-at-least-one-thing"))]
    NoScope,
    /// It would hold for ever.
    #[error("{}", say("refused.choose-for-how-long"))]
    Days,
}

impl Making {
    /// When it would end, where it may be made.
    pub fn check(&self, content: &Content, at: Timestamp) -> Result<Timestamp, Mistake> {
        let length = self.name.trim().chars().count();
        if length == 0 || length > LONGEST_NAME || self.name.chars().any(char::is_control) {
            return Err(Mistake::Name);
        }
        let known = |id: &String| content.scopes().iter().any(|scope| scope.id == *id);
        if self.scopes.is_empty() || !self.scopes.iter().all(known) {
            return Err(Mistake::NoScope);
        }
        if self.days == 0 || self.days > content.limits.longest_days {
            return Err(Mistake::Days);
        }
        Ok(at.plus_millis(i64::from(self.days) * DAY_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_shows_its_beginning_and_nothing_else_is_one() {
        let secret = Secret::of([7; Secret::BYTES]);
        let read = Secret::read(&secret.reveal()).unwrap();
        assert_eq!((read.hash(), read.prefix()), (secret.hash(), "fivebar_BwcHBw".to_owned()));
        for none in ["", "fivebar_", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc", "Fivebar_AAAA"] {
            assert!(Secret::read(none).is_none(), "{none:?}");
        }
    }

    #[test]
    fn a_token_has_a_name_a_scope_and_an_end_within_a_year() {
        let (content, at) = (Content::built_in(), Timestamp::from_millis(1_000));
        let making = || Making { name: "Wall display".into(), scopes: vec!["health.read".into()], days: 30 };
        assert_eq!(making().check(content, at), Ok(at.plus_millis(30 * DAY_MS)));
        for (wrong, mistake) in [
            (Making { name: " ".into(), ..making() }, Mistake::Name),
            (Making { name: "x".repeat(61), ..making() }, Mistake::Name),
            (Making { scopes: Vec::new(), ..making() }, Mistake::NoScope),
            (Making { scopes: vec!["everything".into()], ..making() }, Mistake::NoScope),
            (Making { days: 0, ..making() }, Mistake::Days),
            (Making { days: 366, ..making() }, Mistake::Days),
        ] {
            assert_eq!(wrong.check(content, at), Err(mistake));
        }
    }
}
