//! The seam for whatever else signs people in by the same accounts: the proxy, a captive portal, RADIUS. It answers one question, and nothing
//! is built on it yet.
//!
//! It has the bounds and the timing of the portal's own door, because it is the same door: a name that nobody has costs the same hash, tries are
//! counted for a name from a place before they are made, hashes wait for their turn place after place, and who has left is nobody. Whoever asks
//! says where the one who tries is, and not where it is itself: otherwise one who guesses makes a whole school wait.
//!
//! Whoever signs in by a card of pictures or words has no password, and is answered with no: a front that knows the youngest needs a class
//! device, not a name. The answer is by one proof. What needs two of somebody is not for a network to ask.

use std::net::IpAddr;

use engine::PersonNo;
use kit::{Private, Timestamp};
use web::PageError;

use super::actions;
use super::from::{Cookies, From};
use super::house::House;
use super::model::Name;
use super::proving::Tried;

/// A name and a password that somebody gave elsewhere.
#[derive(Debug)]
pub struct Asked {
    /// The name, as it was typed.
    pub name: Private<String>,
    /// The password.
    pub password: Private<String>,
    /// Where the one who tries is.
    pub place: IpAddr,
}

/// Whether they are who they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// They are this person of the roll.
    Yes(PersonNo),
    /// They are not, or nobody can say now; what they may be told, the same whether there is such an account or not.
    No(String),
}

impl House {
    /// Whether a name and a password are somebody's, and whose. Takes about a tenth of a second where nobody waits. No session is begun, and nothing
    /// is written into the trail: whoever lets them in by it does both.
    pub async fn whose_secret(&self, asked: &Asked, at: Timestamp) -> Result<Answer, PageError> {
        let from = From {
            is_private: true,
            place: asked.place,
            agent: Private::default(),
            cookies: Cookies::of(&axum::http::HeaderMap::new()),
        };
        let name = asked.name.reveal();
        let (trying, place) = (self.trying(name, &from), self.place(&from));
        let name = Name::typed(name);
        let account = match self.is_theirs((&trying, &place), name.as_ref(), &asked.password, at).await? {
            Tried::Right(account, _) => account,
            Tried::Not(say) => return Ok(Answer::No(say)),
        };
        let mut tx = self.db.begin().await.map_err(PageError::unexpected)?;
        // Hashing takes a while, in which the password may have been changed or its holder have left.
        let is =
            actions::still_theirs(&mut tx, &account, &trying, at).await.map_err(PageError::unexpected)?;
        tx.commit().await.map_err(PageError::unexpected)?;
        Ok(if is { Answer::Yes(account.person) } else { Answer::No(super::proving::not_right()) })
    }
}
