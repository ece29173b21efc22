//! What people say is wrong with an account or a device.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "CREATE TABLE account_worry (
        id TEXT NOT NULL PRIMARY KEY,
        what TEXT NOT NULL,
        person BIGINT,
        name TEXT,
        words TEXT,
        told_at BIGINT NOT NULL
    )",
    "CREATE INDEX account_worry_told ON account_worry (told_at)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
