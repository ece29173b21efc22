//! Times in which the filter observes only, each with an end.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "CREATE TABLE observing (
        id TEXT NOT NULL PRIMARY KEY,
        number BIGINT NOT NULL UNIQUE,
        reason TEXT NOT NULL,
        made_by TEXT NOT NULL,
        starts_at BIGINT NOT NULL,
        ends_at BIGINT NOT NULL,
        withdrawn_by TEXT,
        withdrawn_at BIGINT,
        withdrawn_reason TEXT,
        created_at BIGINT NOT NULL,
        CHECK (ends_at > starts_at),
        CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
    )",
    "CREATE INDEX observing_ends ON observing (ends_at)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
