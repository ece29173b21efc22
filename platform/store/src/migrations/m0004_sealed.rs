//! The sealed tier: each loading of a feed (counts and the hash of a file of hashes, never an entry), to whom the gate
//! encrypts its records, and who opened one.

use sea_orm::DbBackend;

const TABLES: &[&str] = &[
    "CREATE TABLE sealed_feed (
        number BIGINT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('test', 'live')),
        as_of BIGINT NOT NULL,
        fresh_for_days BIGINT NOT NULL,
        lines BIGINT NOT NULL,
        accepted BIGINT NOT NULL,
        refused BIGINT NOT NULL,
        how TEXT NOT NULL CHECK (how IN ('replaced', 'joined')),
        reason TEXT,
        sha256 TEXT NOT NULL,
        imported_by TEXT NOT NULL,
        imported_at BIGINT NOT NULL
    )",
    "CREATE TABLE sealed_recipient (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        key TEXT NOT NULL,
        added_by TEXT NOT NULL,
        added_at BIGINT NOT NULL,
        removed_by TEXT,
        removed_at BIGINT,
        CHECK ((removed_by IS NULL) = (removed_at IS NULL))
    )",
    "CREATE UNIQUE INDEX sealed_recipient_name ON sealed_recipient (name) WHERE removed_at IS NULL",
    "CREATE TABLE sealed_opening (
        id TEXT NOT NULL PRIMARY KEY,
        reference TEXT NOT NULL,
        reason TEXT NOT NULL,
        key TEXT NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('opened', 'refused')),
        opened_by TEXT NOT NULL,
        opened_at BIGINT NOT NULL
    )",
    "CREATE INDEX sealed_opening_reference ON sealed_opening (reference, opened_at)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    TABLES.iter().map(|&statement| statement.to_owned()).collect()
}
