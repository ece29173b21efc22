//! Fields of people that are kept by hand, reviews of who may do what, and systems that keep people over SCIM.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    // Names of fields that no import writes any more, as a JSON list.
    "ALTER TABLE person ADD COLUMN kept TEXT NOT NULL DEFAULT '[]'",
    "CREATE TABLE access_review (
        number BIGINT NOT NULL PRIMARY KEY,
        started_at BIGINT NOT NULL,
        started_by TEXT NOT NULL,
        ended_at BIGINT,
        ended_by TEXT,
        CHECK ((ended_by IS NULL) = (ended_at IS NULL))
    )",
    "CREATE TABLE access_review_line (
        review BIGINT NOT NULL REFERENCES access_review (number),
        person BIGINT NOT NULL REFERENCES person (number),
        what TEXT NOT NULL CHECK (what IN ('keep', 'change', 'end')),
        reason TEXT NOT NULL,
        seen TEXT NOT NULL,
        by_whom TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (review, person)
    )",
    "CREATE TABLE scim_client (
        id TEXT NOT NULL PRIMARY KEY,
        source TEXT NOT NULL,
        hash TEXT NOT NULL UNIQUE,
        made_by TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        used_at BIGINT,
        ended_by TEXT,
        ended_at BIGINT,
        CHECK ((ended_by IS NULL) = (ended_at IS NULL))
    )",
    "CREATE UNIQUE INDEX scim_client_source ON scim_client (source) WHERE ended_at IS NULL",
    "CREATE TABLE scim_resource (
        id TEXT NOT NULL PRIMARY KEY,
        source TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('user', 'group')),
        name TEXT NOT NULL,
        body TEXT NOT NULL,
        version BIGINT NOT NULL,
        made_at BIGINT NOT NULL,
        changed_at BIGINT NOT NULL
    )",
    // What a user is called is one user's; groups may share a name, and are told apart by their id here.
    "CREATE UNIQUE INDEX scim_resource_name ON scim_resource (source, kind, name)",
    // How many changes a source has told, and how many of them the roll was held against.
    "CREATE TABLE scim_source (
        source TEXT NOT NULL PRIMARY KEY,
        told BIGINT NOT NULL,
        settled BIGINT NOT NULL
    )",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
