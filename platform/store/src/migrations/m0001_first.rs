//! The first shape: the access trail, what the gate is told (policy, lists, live exceptions), what people ask of it, and
//! the roll.

use sea_orm::DbBackend;

use crate::db::POSTGRES_WRITER;
use crate::trail::NOTHING_BEFORE;

/// Tables whose statements both engines read alike. Times are milliseconds since 1970 in UTC; actors are written as
/// the trail writes them; whatever ends is marked, not deleted.
const TABLES: &[&str] = &[
    // No UNIQUE beside the key: on SQLite an INSERT OR REPLACE would delete the row it collides with, and no trigger
    // would see it.
    "CREATE TABLE trail (
        seq BIGINT NOT NULL PRIMARY KEY,
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        verb TEXT NOT NULL,
        subject_kind TEXT NOT NULL,
        subject_id TEXT NOT NULL,
        detail TEXT NOT NULL,
        prev TEXT NOT NULL,
        hash TEXT NOT NULL
    )",
    "CREATE INDEX trail_subject ON trail (subject_kind, subject_id, seq)",
    "CREATE TABLE policy_version (
        number BIGINT NOT NULL PRIMARY KEY,
        text TEXT NOT NULL,
        note TEXT NOT NULL,
        applied_by TEXT NOT NULL,
        at BIGINT NOT NULL
    )",
    "CREATE TABLE list (
        id TEXT NOT NULL,
        version BIGINT NOT NULL,
        title TEXT NOT NULL,
        category TEXT NOT NULL,
        source TEXT NOT NULL,
        format TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('active', 'held', 'replaced', 'refused')),
        sha256 TEXT NOT NULL,
        lines BIGINT NOT NULL,
        accepted BIGINT NOT NULL,
        refused TEXT NOT NULL,
        imported_at BIGINT NOT NULL,
        PRIMARY KEY (id, version)
    )",
    "CREATE UNIQUE INDEX list_active ON list (id) WHERE state = 'active'",
    "CREATE TABLE site_request (
        id TEXT NOT NULL PRIMARY KEY,
        reference TEXT NOT NULL UNIQUE,
        host TEXT NOT NULL,
        path TEXT,
        person BIGINT,
        device BIGINT,
        address TEXT,
        words TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'refused')),
        answered_by TEXT,
        answered_at BIGINT,
        answer TEXT,
        ends_at BIGINT,
        created_at BIGINT NOT NULL,
        CHECK ((state = 'open') = (answered_at IS NULL))
    )",
    "CREATE INDEX site_request_newest ON site_request (created_at, id)",
    "CREATE TABLE site_report (
        id TEXT NOT NULL PRIMARY KEY,
        reference TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        host TEXT NOT NULL,
        path TEXT,
        person BIGINT,
        device BIGINT,
        address TEXT,
        words TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'refused')),
        answered_by TEXT,
        answered_at BIGINT,
        answer TEXT,
        ends_at BIGINT,
        created_at BIGINT NOT NULL,
        CHECK ((state = 'open') = (answered_at IS NULL))
    )",
    "CREATE INDEX site_report_newest ON site_report (created_at, id)",
    "CREATE TABLE override (
        id TEXT NOT NULL PRIMARY KEY,
        subject_kind TEXT NOT NULL CHECK (subject_kind IN ('person', 'device', 'group', 'everyone')),
        subject_id TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('allow', 'block')),
        target TEXT NOT NULL,
        reason TEXT NOT NULL,
        granted_by TEXT NOT NULL,
        starts_at BIGINT NOT NULL,
        ends_at BIGINT NOT NULL,
        request TEXT REFERENCES site_request (id),
        withdrawn_by TEXT,
        withdrawn_at BIGINT,
        created_at BIGINT NOT NULL,
        CHECK (ends_at > starts_at),
        CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
    )",
    "CREATE INDEX override_ends ON override (ends_at)",
    // A number is never used twice, since the activity log names people and devices by it: who leaves is marked.
    "CREATE TABLE person (
        id TEXT NOT NULL PRIMARY KEY,
        number BIGINT NOT NULL UNIQUE CHECK (number BETWEEN 1 AND 4294967295),
        key TEXT NOT NULL,
        name TEXT NOT NULL,
        groups TEXT NOT NULL,
        joined_at BIGINT NOT NULL,
        left_at BIGINT
    )",
    "CREATE UNIQUE INDEX person_key ON person (key) WHERE left_at IS NULL",
    "CREATE TABLE device (
        number BIGINT NOT NULL PRIMARY KEY CHECK (number BETWEEN 1 AND 4294967295),
        name TEXT NOT NULL,
        person BIGINT REFERENCES person (number),
        groups TEXT NOT NULL,
        joined_at BIGINT NOT NULL,
        left_at BIGINT
    )",
    "CREATE UNIQUE INDEX device_name ON device (name) WHERE left_at IS NULL",
    "CREATE INDEX device_person ON device (person)",
    // A device has an address of each kind perhaps, and an address is one device's at a time.
    "CREATE TABLE device_address (
        address TEXT NOT NULL PRIMARY KEY,
        device BIGINT NOT NULL REFERENCES device (number)
    )",
    "CREATE INDEX device_address_device ON device_address (device)",
    "CREATE TABLE address_range (
        cidr TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        groups TEXT NOT NULL
    )",
    "CREATE TABLE setting (
        key TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    )",
];

pub fn statements(backend: DbBackend) -> Vec<String> {
    let mut all: Vec<String> = TABLES.iter().map(|&statement| statement.to_owned()).collect();
    all.extend(match backend {
        DbBackend::Postgres => on_postgres(),
        _ => on_sqlite(),
    });
    all
}

/// The trail refuses to be changed, shortened or forked, whatever the program above it does.
fn on_sqlite() -> Vec<String> {
    vec![
        "CREATE TRIGGER trail_unchanged BEFORE UPDATE ON trail
         BEGIN SELECT RAISE(ABORT, 'the access trail is never changed'); END"
            .to_owned(),
        "CREATE TRIGGER trail_kept BEFORE DELETE ON trail
         BEGIN SELECT RAISE(ABORT, 'the access trail is never shortened'); END"
            .to_owned(),
        format!(
            "CREATE TRIGGER trail_in_line BEFORE INSERT ON trail
             BEGIN
                SELECT RAISE(ABORT, 'the access trail never forks: not the next entry')
                WHERE NEW.seq IS NOT COALESCE((SELECT max(seq) FROM trail), 0) + 1;
                SELECT RAISE(ABORT, 'the access trail never forks: not after the last entry')
                WHERE NEW.prev IS NOT
                    COALESCE((SELECT hash FROM trail ORDER BY seq DESC LIMIT 1), '{NOTHING_BEFORE}');
             END"
        ),
    ]
}

fn on_postgres() -> Vec<String> {
    vec![
        "CREATE FUNCTION trail_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'the access trail is never changed or shortened'; END $$"
            .to_owned(),
        "CREATE TRIGGER trail_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON trail
         FOR EACH STATEMENT EXECUTE FUNCTION trail_refuse()"
            .to_owned(),
        format!(
            "CREATE FUNCTION trail_in_line() RETURNS trigger LANGUAGE plpgsql AS $$
             DECLARE
                last_seq BIGINT := 0;
                last_hash TEXT := '{NOTHING_BEFORE}';
             BEGIN
                PERFORM pg_advisory_xact_lock({POSTGRES_WRITER});
                SELECT seq, hash INTO last_seq, last_hash FROM trail ORDER BY seq DESC LIMIT 1;
                IF NOT FOUND THEN
                    last_seq := 0;
                    last_hash := '{NOTHING_BEFORE}';
                END IF;
                IF NEW.seq IS DISTINCT FROM last_seq + 1 THEN
                    RAISE EXCEPTION 'the access trail never forks: not the next entry';
                END IF;
                IF NEW.prev IS DISTINCT FROM last_hash THEN
                    RAISE EXCEPTION 'the access trail never forks: not after the last entry';
                END IF;
                RETURN NEW;
             END $$"
        ),
        "CREATE TRIGGER trail_in_line BEFORE INSERT ON trail
         FOR EACH ROW EXECUTE FUNCTION trail_in_line()"
            .to_owned(),
    ]
}
