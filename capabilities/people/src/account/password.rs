//! Hashing passwords: argon2id, one at a time, so that a hundred sign-ins at once neither fill the memory nor take both cores; and
//! place after place, so that one device that sends a hundred keeps nobody waiting but itself.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use kit::Private;

use super::queue::{Busy, Queue};

/// Hashes and checks passwords, one after another. Cheap to clone.
///
/// argon2id with 19 MiB, two rounds and one lane, the first choice of OWASP's Password Storage Cheat Sheet (2025); a hash names
/// its own parameters, so they may rise later.
#[derive(Clone)]
pub struct Hashing {
    queue: Queue,
    /// What a password is checked against where there is no account, so that nobody can tell by the time it takes.
    nobody: Arc<str>,
}

impl Hashing {
    /// A new queue. Costs one hash.
    pub fn new() -> Self {
        let nobody = hash("a password of nobody's, which is never taken").unwrap_or_default();
        Self { queue: Queue::default(), nobody: nobody.into() }
    }

    /// The hash of a new password, as a PHC text, for whoever is at `place`. `None` where the machine gives no randomness.
    pub async fn hash(
        &self,
        place: &str,
        password: Private<String>,
    ) -> Result<Option<Private<String>>, Busy> {
        self.at_our_turn(place, move || hash(password.reveal()).map(Private::new)).await
    }

    /// Whether a password is the one of that hash. Without a hash it is not, after the same time.
    pub async fn is_right(
        &self,
        place: &str,
        password: Private<String>,
        hash: Option<Private<String>>,
    ) -> Result<bool, Busy> {
        let nobody = Arc::clone(&self.nobody);
        self.at_our_turn(place, move || {
            let known = hash.as_ref().map(|hash| hash.reveal().as_str());
            let right = is_right(password.reveal(), known.unwrap_or(&nobody));
            right && known.is_some()
        })
        .await
    }

    async fn at_our_turn<T: Send + 'static>(
        &self,
        place: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        // It goes with the work: whoever gives up waiting does not let another begin beside it.
        let turn = self.queue.turn(place).await?;
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
        let hash = hashing.hash("here", password("correct horse battery")).await.unwrap().unwrap();
        assert!(hash.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.reveal());
        assert!(
            hashing.is_right("here", password("correct horse battery"), Some(hash.clone())).await.unwrap()
        );
        assert!(
            !hashing.is_right("here", password("correct horse batterx"), Some(hash.clone())).await.unwrap()
        );
        assert!(!hashing.is_right("here", password(""), Some(hash)).await.unwrap());
        let nobodys = "a password of nobody's, which is never taken";
        assert!(!hashing.is_right("here", password(nobodys), None).await.unwrap());
    }
}
