//! Notices: what somebody is told, how they want to be told, and where that reaches them.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "CREATE TABLE notice (
        id TEXT NOT NULL PRIMARY KEY,
        person BIGINT NOT NULL,
        kind TEXT NOT NULL,
        count BIGINT NOT NULL,
        path TEXT NOT NULL,
        at BIGINT NOT NULL,
        last_at BIGINT NOT NULL,
        sent_at BIGINT,
        seen_at BIGINT
    )",
    "CREATE INDEX notice_person ON notice (person, at)",
    // One that nobody has looked at is counted up.
    "CREATE UNIQUE INDEX notice_unseen ON notice (person, kind) WHERE seen_at IS NULL",
    "CREATE TABLE notice_choice (
        person BIGINT NOT NULL,
        kind TEXT NOT NULL,
        mail BIGINT NOT NULL,
        push BIGINT NOT NULL,
        chosen_at BIGINT NOT NULL,
        PRIMARY KEY (person, kind)
    )",
    "CREATE TABLE notice_quiet (
        person BIGINT NOT NULL PRIMARY KEY,
        from_minute BIGINT NOT NULL,
        until_minute BIGINT NOT NULL,
        weekends BIGINT NOT NULL,
        chosen_at BIGINT NOT NULL
    )",
    "CREATE TABLE notice_address (
        person BIGINT NOT NULL PRIMARY KEY,
        address TEXT,
        confirmed_at BIGINT,
        before TEXT,
        asked TEXT,
        asked_at BIGINT,
        tries BIGINT NOT NULL
    )",
    "CREATE TABLE push_subscription (
        id TEXT NOT NULL PRIMARY KEY,
        person BIGINT NOT NULL,
        endpoint TEXT NOT NULL,
        endpoint_hash TEXT NOT NULL UNIQUE,
        key TEXT NOT NULL,
        auth TEXT NOT NULL,
        called TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        sent_at BIGINT
    )",
    "CREATE INDEX push_subscription_person ON push_subscription (person)",
    // The school's own clocks, by which hours are quiet.
    "CREATE TABLE notice_clock (
        number BIGINT NOT NULL PRIMARY KEY,
        zone TEXT NOT NULL
    )",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
