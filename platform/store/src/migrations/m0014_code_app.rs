//! A second proof beside a password: codes of an app, and codes to recover by.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    // By how many different things whoever has it proved who they are.
    "ALTER TABLE session ADD COLUMN proofs BIGINT NOT NULL DEFAULT 1",
    "CREATE TABLE code_app (
        account TEXT NOT NULL PRIMARY KEY REFERENCES account (id),
        secret TEXT NOT NULL,
        last_step BIGINT NOT NULL,
        made_at BIGINT NOT NULL
    )",
    "CREATE TABLE recovery_code (
        hash TEXT NOT NULL PRIMARY KEY,
        account TEXT NOT NULL REFERENCES account (id),
        made_at BIGINT NOT NULL,
        used_at BIGINT
    )",
    "CREATE INDEX recovery_code_account ON recovery_code (account)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
