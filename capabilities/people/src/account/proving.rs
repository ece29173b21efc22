//! Whether a password is whose it is said to be.

use kit::{Private, Timestamp};
use web::PageError;

use super::house::House;
use super::model::{Account, Name};
use super::trying::{Outcome, Trying};
use super::{store as table, views};

/// Said of every try that failed, whyever it did.
pub(super) const NOT_RIGHT: &str = "The name or the password is not right. Check both, and try again";

/// What came of a try.
pub(super) enum Tried {
    /// It is them.
    Right(Account),
    /// It is not, or nobody can say now; what they are told, the same whether there is such an account or not.
    Not(String),
}

impl House {
    /// Whether a password is the one of a name, for whoever is at `place`. Takes as long for a name that nobody has.
    pub(super) async fn is_theirs(
        &self,
        (trying, place): (&Trying, &str),
        name: Option<&Name>,
        password: &Private<String>,
        at: Timestamp,
    ) -> Result<Tried, PageError> {
        let not = |outcome, say: String| {
            self.counts.one(outcome);
            Ok(Tried::Not(say))
        };
        let mut tx = self.db.begin().await.map_err(PageError::unexpected)?;
        let wait = trying.begin(&mut tx, at).await.map_err(PageError::unexpected)?;
        tx.commit().await.map_err(PageError::unexpected)?;
        if let Some(wait) = wait {
            return not(Outcome::Waited, views::wait(wait));
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
            Err(busy) => return not(Outcome::Busy, format!("Sorry: {busy}")),
        };
        match account.filter(|_| right) {
            Some(account) => {
                self.counts.one(Outcome::Right);
                Ok(Tried::Right(account))
            }
            None => not(Outcome::Wrong, NOT_RIGHT.to_owned()),
        }
    }
}
