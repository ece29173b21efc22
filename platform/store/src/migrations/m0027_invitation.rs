//! How much an invitation proves of whoever opens it: a slip that was printed for a class is one proof, as a password is.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &["ALTER TABLE invitation ADD COLUMN proofs BIGINT NOT NULL DEFAULT 1"];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
