//! Accounts by age: cards and slips, class cards, guests with their lanyards, and what people were taught.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "CREATE TABLE log_in_card (
        id TEXT NOT NULL PRIMARY KEY,
        person BIGINT NOT NULL REFERENCES person (number),
        way TEXT NOT NULL CHECK (way IN ('pictures', 'words', 'password', 'own')),
        length BIGINT NOT NULL,
        hash TEXT,
        whose_class TEXT,
        issued_by TEXT NOT NULL,
        issued_at BIGINT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('issued', 'handed', 'taken-back', 'lost', 'replaced', 'ended')),
        said_by TEXT NOT NULL,
        said_at BIGINT NOT NULL,
        strange BIGINT NOT NULL,
        CHECK ((hash IS NULL) = (way IN ('password', 'own')))
    )",
    // One holds at a time.
    "CREATE UNIQUE INDEX log_in_card_person ON log_in_card (person) WHERE state IN ('issued', 'handed', 'taken-back')",
    "CREATE INDEX log_in_card_newest ON log_in_card (person, issued_at)",
    "CREATE TABLE class_card (
        id TEXT NOT NULL PRIMARY KEY,
        whose_class TEXT NOT NULL,
        hash TEXT NOT NULL,
        made_by TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        ended_by TEXT,
        ended_at BIGINT,
        strange BIGINT NOT NULL,
        CHECK ((ended_by IS NULL) = (ended_at IS NULL))
    )",
    "CREATE UNIQUE INDEX class_card_class ON class_card (whose_class) WHERE ended_at IS NULL",
    "CREATE UNIQUE INDEX class_card_hash ON class_card (hash)",
    "CREATE TABLE guest (
        id TEXT NOT NULL PRIMARY KEY,
        person BIGINT NOT NULL REFERENCES person (number),
        sponsor BIGINT NOT NULL REFERENCES person (number),
        supervisor BIGINT NOT NULL REFERENCES person (number),
        aim TEXT NOT NULL,
        starts_at BIGINT NOT NULL,
        ends_at BIGINT NOT NULL,
        given_by TEXT NOT NULL,
        given_at BIGINT NOT NULL,
        ended_by TEXT,
        ended_at BIGINT,
        CHECK (ends_at > starts_at),
        CHECK (person <> sponsor AND person <> supervisor),
        CHECK ((ended_by IS NULL) = (ended_at IS NULL))
    )",
    "CREATE INDEX guest_person ON guest (person)",
    "CREATE TABLE lanyard (
        id TEXT NOT NULL PRIMARY KEY,
        guest TEXT NOT NULL REFERENCES guest (id),
        hash TEXT NOT NULL,
        pin TEXT NOT NULL,
        classes TEXT NOT NULL,
        made_by TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        ended_by TEXT,
        ended_at BIGINT,
        CHECK ((ended_by IS NULL) = (ended_at IS NULL))
    )",
    "CREATE UNIQUE INDEX lanyard_hash ON lanyard (hash)",
    "CREATE UNIQUE INDEX lanyard_guest ON lanyard (guest) WHERE ended_at IS NULL",
    "CREATE TABLE taught (
        person BIGINT NOT NULL REFERENCES person (number),
        rules TEXT NOT NULL,
        version TEXT NOT NULL,
        taught_on TEXT NOT NULL,
        said_by TEXT NOT NULL,
        said_at BIGINT NOT NULL,
        PRIMARY KEY (person, rules, version)
    )",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
