//! Hashing passwords: argon2id, one at a time, so that a hundred sign-ins at once neither fill the memory nor take both cores.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use kit::Private;
use tokio::sync::Semaphore;

/// How many may wait for their turn. More are told to try again: at a tenth of a second each this is some ten seconds.
const WAITING: usize = 100;

/// Hashes and checks passwords, one after another. Cheap to clone.
///
/// argon2id with 19 MiB, two rounds and one lane, the first choice of OWASP's Password Storage Cheat Sheet (2025); a hash names
/// its own parameters, so they may rise later.
#[derive(Clone)]
pub struct Hashing {
    turn: Arc<Semaphore>,
    room: Arc<Semaphore>,
    /// What a password is checked against where there is no account, so that nobody can tell by the time it takes.
    nobody: Arc<str>,
}

/// Too many wait for their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many people are signing in just now; try again in a moment")]
pub struct Busy;

impl Hashing {
    /// A new queue. Costs one hash.
    pub fn new() -> Self {
        let nobody = hash("a password of nobody's, which is never taken").unwrap_or_default();
        Self {
            turn: Arc::new(Semaphore::new(1)),
            room: Arc::new(Semaphore::new(WAITING)),
            nobody: nobody.into(),
        }
    }

    /// The hash of a new password, as a PHC text. `None` where the machine gives no randomness.
    pub async fn hash(&self, password: Private<String>) -> Result<Option<Private<String>>, Busy> {
        self.at_our_turn(move || hash(password.reveal()).map(Private::new)).await
    }

    /// Whether a password is the one of that hash. Without a hash it is not, after the same time.
    pub async fn is_right(
        &self,
        password: Private<String>,
        hash: Option<Private<String>>,
    ) -> Result<bool, Busy> {
        let nobody = Arc::clone(&self.nobody);
        self.at_our_turn(move || {
            let known = hash.as_ref().map(|hash| hash.reveal().as_str());
            let right = is_right(password.reveal(), known.unwrap_or(&nobody));
            right && known.is_some()
        })
        .await
    }

    async fn at_our_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let _room = self.room.try_acquire().map_err(|_| Busy)?;
        // It goes with the work: whoever gives up waiting does not let another begin beside it.
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|_| Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| Busy)
    }
}

impl Default for Hashing {
    fn default() -> Self {
        Self::new()
    }
}

fn hash(password: &str) -> Option<String> {
    let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes()).ok()?;
    Some(hash.to_string())
}

fn is_right(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_for_its_own_hash_alone() {
        let hashing = Hashing::new();
        let password = |text: &str| Private::new(text.to_owned());
        let hash = hashing.hash(password("correct horse battery")).await.unwrap().unwrap();
        assert!(hash.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.reveal());
        assert!(hashing.is_right(password("correct horse battery"), Some(hash.clone())).await.unwrap());
        assert!(!hashing.is_right(password("correct horse batterx"), Some(hash.clone())).await.unwrap());
        assert!(!hashing.is_right(password(""), Some(hash)).await.unwrap());
        let nobodys = "a password of nobody's, which is never taken";
        assert!(!hashing.is_right(password(nobodys), None).await.unwrap());
    }
}
