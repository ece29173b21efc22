//! Who holds which duty, how people sign in, and what waits for a second person.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "CREATE TABLE duty_assignment (
        id TEXT NOT NULL PRIMARY KEY,
        person BIGINT NOT NULL REFERENCES person (number),
        duty TEXT NOT NULL,
        starts_at BIGINT NOT NULL,
        ends_at BIGINT,
        covers TEXT REFERENCES duty_assignment (id),
        reason TEXT NOT NULL,
        given_by TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        ended_by TEXT,
        ended_at BIGINT,
        CHECK (ends_at > starts_at),
        CHECK ((ended_by IS NULL) = (ended_at IS NULL))
    )",
    "CREATE INDEX duty_assignment_person ON duty_assignment (person)",
    "CREATE INDEX duty_assignment_duty ON duty_assignment (duty)",
    // A name for signing in is one person's at a time, and a person has one.
    "CREATE TABLE account (
        id TEXT NOT NULL PRIMARY KEY,
        person BIGINT NOT NULL REFERENCES person (number),
        name TEXT NOT NULL,
        password TEXT,
        password_at BIGINT,
        created_by TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        closed_by TEXT,
        closed_at BIGINT,
        CHECK ((password IS NULL) = (password_at IS NULL)),
        CHECK ((closed_by IS NULL) = (closed_at IS NULL))
    )",
    "CREATE UNIQUE INDEX account_name ON account (name) WHERE closed_at IS NULL",
    "CREATE UNIQUE INDEX account_person ON account (person) WHERE closed_at IS NULL",
    "CREATE TABLE invitation (
        hash TEXT NOT NULL PRIMARY KEY,
        person BIGINT NOT NULL REFERENCES person (number),
        given_by TEXT NOT NULL,
        given_at BIGINT NOT NULL,
        ends_at BIGINT NOT NULL,
        used_at BIGINT,
        CHECK (ends_at > given_at)
    )",
    "CREATE INDEX invitation_person ON invitation (person)",
    "CREATE TABLE session (
        hash TEXT NOT NULL PRIMARY KEY,
        account TEXT NOT NULL REFERENCES account (id),
        how TEXT NOT NULL,
        agent TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        proved_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL,
        ends_at BIGINT NOT NULL,
        ended_by TEXT,
        ended_at BIGINT,
        CHECK (ends_at > made_at),
        CHECK ((ended_by IS NULL) = (ended_at IS NULL))
    )",
    "CREATE INDEX session_account ON session (account)",
    "CREATE TABLE sign_in_failure (
        whom TEXT NOT NULL,
        place TEXT NOT NULL,
        failures BIGINT NOT NULL,
        last_at BIGINT NOT NULL,
        PRIMARY KEY (whom, place)
    )",
    // Whatever the program above does, nobody is the second person of what they proposed.
    "CREATE TABLE approval (
        id TEXT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        terms TEXT NOT NULL,
        reason TEXT NOT NULL,
        proposed_by TEXT NOT NULL,
        proposed_at BIGINT NOT NULL,
        lapses_at BIGINT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'agreed', 'refused', 'withdrawn', 'lapsed')),
        answered_by TEXT,
        answered_at BIGINT,
        answer TEXT,
        CHECK (lapses_at > proposed_at),
        CHECK ((state = 'waiting') = (answered_at IS NULL)),
        CHECK (answered_by IS NULL OR answered_by <> proposed_by),
        CHECK ((state IN ('agreed', 'refused')) = (answered_by IS NOT NULL))
    )",
    "CREATE UNIQUE INDEX approval_waiting ON approval (kind, subject) WHERE state = 'waiting'",
    "CREATE INDEX approval_subject ON approval (kind, subject)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
