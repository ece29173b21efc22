//! The roll of a real school: what people are, classes, who is whose parent, and imports that can be looked at and undone.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    // What a source does not tell stays empty; a roll of an older form told names and groups alone.
    "ALTER TABLE person ADD COLUMN kind TEXT",
    "ALTER TABLE person ADD COLUMN year_group BIGINT",
    "ALTER TABLE person ADD COLUMN given_name TEXT",
    "ALTER TABLE person ADD COLUMN family_name TEXT",
    "ALTER TABLE person ADD COLUMN born_on TEXT",
    "ALTER TABLE person ADD COLUMN first_on TEXT",
    "ALTER TABLE person ADD COLUMN last_on TEXT",
    // The midnight with which their last day ends, on the school's own clocks.
    "ALTER TABLE person ADD COLUMN leaves_at BIGINT",
    "CREATE INDEX person_leaves ON person (leaves_at)",
    // What a source calls somebody outlasts their leaving, so that whoever comes back is who they were.
    "CREATE TABLE person_source (
        source TEXT NOT NULL,
        outside_id TEXT NOT NULL,
        person BIGINT NOT NULL REFERENCES person (number),
        PRIMARY KEY (source, outside_id)
    )",
    "CREATE INDEX person_source_person ON person_source (person)",
    "CREATE TABLE school_class (
        id TEXT NOT NULL PRIMARY KEY,
        source TEXT NOT NULL,
        outside_id TEXT NOT NULL,
        name TEXT NOT NULL,
        year_group BIGINT,
        room TEXT,
        started_at BIGINT NOT NULL,
        ended_at BIGINT
    )",
    "CREATE UNIQUE INDEX school_class_source ON school_class (source, outside_id)",
    "CREATE TABLE class_member (
        class TEXT NOT NULL REFERENCES school_class (id),
        person BIGINT NOT NULL REFERENCES person (number),
        part TEXT NOT NULL CHECK (part IN ('teacher', 'pupil')),
        PRIMARY KEY (class, person, part)
    )",
    "CREATE INDEX class_member_person ON class_member (person)",
    "CREATE TABLE relation (
        pupil BIGINT NOT NULL REFERENCES person (number),
        adult BIGINT NOT NULL REFERENCES person (number),
        source TEXT NOT NULL,
        relation TEXT NOT NULL,
        responsibility TEXT NOT NULL CHECK (responsibility IN ('yes', 'no', 'unknown')),
        restricted BIGINT NOT NULL CHECK (restricted IN (0, 1)),
        started_at BIGINT NOT NULL,
        ended_at BIGINT,
        PRIMARY KEY (pupil, adult),
        CHECK (pupil <> adult)
    )",
    "CREATE INDEX relation_adult ON relation (adult)",
    "CREATE TABLE roll_import (
        number BIGINT NOT NULL PRIMARY KEY,
        source TEXT NOT NULL,
        shape TEXT NOT NULL,
        undoes BIGINT REFERENCES roll_import (number),
        state TEXT NOT NULL CHECK (state IN ('waiting', 'applied', 'undone', 'dropped')),
        summary TEXT NOT NULL,
        made_by TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        answered_by TEXT,
        answered_at BIGINT,
        CHECK ((state = 'waiting') = (answered_at IS NULL)),
        CHECK ((answered_by IS NULL) = (answered_at IS NULL))
    )",
    // One difference of a source waits at a time: a newer one takes its place.
    "CREATE UNIQUE INDEX roll_import_waiting ON roll_import (source) WHERE state = 'waiting'",
    "CREATE TABLE roll_import_change (
        import BIGINT NOT NULL REFERENCES roll_import (number),
        place BIGINT NOT NULL,
        thing TEXT NOT NULL CHECK (thing IN ('person', 'class', 'relation')),
        outside_id TEXT NOT NULL,
        what TEXT NOT NULL,
        before TEXT,
        after TEXT,
        PRIMARY KEY (import, place)
    )",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
