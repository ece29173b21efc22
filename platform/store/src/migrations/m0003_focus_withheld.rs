//! Focus and withheld access, which end by themselves; and why something ended before its time.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "ALTER TABLE override ADD COLUMN withdrawn_reason TEXT",
    "CREATE TABLE focus (
        id TEXT NOT NULL PRIMARY KEY,
        number BIGINT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        audience TEXT NOT NULL,
        sites TEXT NOT NULL,
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
    "CREATE INDEX focus_ends ON focus (ends_at)",
    "CREATE TABLE withheld (
        id TEXT NOT NULL PRIMARY KEY,
        number BIGINT NOT NULL UNIQUE,
        person BIGINT NOT NULL REFERENCES person (number),
        reason TEXT NOT NULL,
        made_by TEXT NOT NULL,
        starts_at BIGINT NOT NULL,
        ends_at BIGINT NOT NULL,
        review_at BIGINT,
        withdrawn_by TEXT,
        withdrawn_at BIGINT,
        withdrawn_reason TEXT,
        created_at BIGINT NOT NULL,
        CHECK (ends_at > starts_at),
        CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
    )",
    "CREATE INDEX withheld_ends ON withheld (ends_at)",
    "CREATE INDEX withheld_person ON withheld (person)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
