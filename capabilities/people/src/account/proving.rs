//! Whether a password is whose it is said to be.

use kit::{Private, Timestamp};
use web::PageError;
use web::speech::say;

use super::directory::{AskError, Directory};
use super::house::House;
use super::link::Told;
use super::model::{Account, Name};
use super::trying::{Outcome, Trying};
use super::{store as table, views};

/// Said of every try that failed, whyever it did.
pub(super) fn not_right() -> String {
    say("sign-in.not-right")
}

/// What came of a try.
pub(super) enum Tried {
    /// It is them; and who said so, as sessions say: the password that is kept here, or the school's directory.
    Right(Account, &'static str),
    /// It is not, or nobody can say now; what they are told, the same whether there is such an account or not.
    Not(String),
}

impl House {
    /// Whether a password is the one of a name, for whoever is at `place`. Takes as long for a name that nobody has. The school's directory is
    /// asked where it is not the one that is kept here: so one that does not answer keeps nobody out who has one here.
    pub(super) async fn is_theirs(
        &self,
        (trying, place): (&Trying, &str),
        name: Option<&Name>,
        password: &Private<String>,
        at: Timestamp,
    ) -> Result<Tried, PageError> {
        let mut tx = self.db.begin().await.map_err(PageError::unexpected)?;
        let wait = trying.begin(&mut tx, at).await.map_err(PageError::unexpected)?;
        tx.commit().await.map_err(PageError::unexpected)?;
        if let Some(wait) = wait {
            return Ok(self.not(Outcome::Waited, views::wait(wait)));
        }
        let mut tx = self.db.read().await.map_err(PageError::unexpected)?;
        let account = match name {
            Some(name) => table::by_name(&mut tx, name).await.map_err(PageError::unexpected)?,
            None => None,
        };
        // Whoever has left may not come in, and learns nothing else than that.
        let account = match account {
            Some(account)
                if crate::store::on_the_roll(&mut tx, account.person)
                    .await
                    .map_err(PageError::unexpected)? =>
            {
                Some(account)
            }
            _ => None,
        };
        tx.roll_back().await.map_err(PageError::unexpected)?;
        let hash = account.as_ref().and_then(|account| account.password.clone());
        let right = match self.hashing.is_right(place, password.clone(), hash).await {
            Ok(right) => right,
            Err(_) => return Ok(self.not(Outcome::Busy, say("sign-in.busy"))),
        };
        if let Some(account) = account.filter(|_| right) {
            self.counts.one(Outcome::Right);
            return Ok(Tried::Right(account, "password"));
        }
        match (&self.ways.directory, name) {
            (Some(directory), Some(name)) => {
                self.is_theirs_there(directory, (trying, place), (name, password), at).await
            }
            _ => Ok(self.not(Outcome::Wrong, not_right())),
        }
    }

    /// The same as the school's directory says it.
    async fn is_theirs_there(
        &self,
        directory: &Directory,
        (trying, place): (&Trying, &str),
        (name, password): (&Name, &Private<String>),
        at: Timestamp,
    ) -> Result<Tried, PageError> {
        // A directory may lock an account after so many wrong passwords, wherever they come from: fewer are handed on to it. A browser in
        // which they signed in before does not wait for whoever guesses elsewhere.
        let handed_on = (trying.crowd.is_some()).then(|| Trying {
            whom: self.keyed("directory", name.reveal()),
            place: place.to_owned(),
            crowd: None,
            everywhere: true,
        });
        if let Some(handed_on) = &handed_on {
            let mut tx = self.db.begin().await.map_err(PageError::unexpected)?;
            let wait = handed_on.begin(&mut tx, at).await.map_err(PageError::unexpected)?;
            tx.commit().await.map_err(PageError::unexpected)?;
            if let Some(wait) = wait {
                return Ok(self.not(Outcome::Waited, views::wait(wait)));
            }
        }
        let known = match directory.knows(place, name, password, at).await {
            Ok(Some(known)) => known,
            Ok(None) => return Ok(self.not(Outcome::Wrong, not_right())),
            Err(AskError::Busy(_)) => return Ok(self.not(Outcome::Busy, say("sign-in.busy"))),
            Err(AskError::Silent) => {
                return Ok(self.not(Outcome::Elsewhere, say("sign-in.the-name-or-the")));
            }
        };
        let mut tx = self.db.begin().await.map_err(PageError::unexpected)?;
        let told = Told {
            system: directory.id(),
            subject: None,
            value: Some(known),
            means: directory.means(),
            called: Some(Private::new(name.reveal().to_owned())),
        };
        let Some(account) = self.whose(&mut tx, &told, at).await.map_err(PageError::unexpected)? else {
            return Ok(self.not(Outcome::Wrong, not_right()));
        };
        if let Some(handed_on) = &handed_on {
            handed_on.got_it_right(&mut tx, at).await.map_err(PageError::unexpected)?;
        }
        tx.commit().await.map_err(PageError::unexpected)?;
        self.counts.one(Outcome::Right);
        Ok(Tried::Right(account, "directory"))
    }

    fn not(&self, outcome: Outcome, say: String) -> Tried {
        self.counts.one(outcome);
        Tried::Not(say)
    }
}
