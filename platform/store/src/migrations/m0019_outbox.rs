//! What leaves the records later.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "CREATE TABLE outbox (
        id TEXT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        once TEXT,
        body TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        tries BIGINT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'given-up')),
        problem TEXT,
        ended_at BIGINT
    )",
    "CREATE UNIQUE INDEX outbox_once ON outbox (kind, once)",
    "CREATE INDEX outbox_due ON outbox (state, kind, due_at)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
