//! Back-ups that were made by rule, and drills of them.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "CREATE TABLE back_up (
        name TEXT NOT NULL PRIMARY KEY,
        made_at BIGINT NOT NULL,
        place TEXT NOT NULL,
        bytes BIGINT NOT NULL,
        sha256 TEXT NOT NULL,
        encrypted BIGINT NOT NULL,
        entries BIGINT NOT NULL,
        took_ms BIGINT NOT NULL,
        left_out TEXT NOT NULL,
        removed_at BIGINT
    )",
    "CREATE TABLE back_up_drill (
        number BIGINT NOT NULL PRIMARY KEY,
        at BIGINT NOT NULL,
        run_by TEXT NOT NULL,
        back_up TEXT NOT NULL,
        depth TEXT NOT NULL,
        passed BIGINT NOT NULL,
        took_ms BIGINT NOT NULL,
        says TEXT NOT NULL
    )",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
