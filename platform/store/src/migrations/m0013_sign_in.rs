//! Whoever signs in is told how often somebody else tried to with their name.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &["ALTER TABLE session ADD COLUMN failed_before BIGINT NOT NULL DEFAULT 0"];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
