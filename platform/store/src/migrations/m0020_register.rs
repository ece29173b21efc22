//! What waits for somebody: tasks, and what one person opened alone in an emergency.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    // One kind is opened about one thing once, ever: whoever is done with it is not asked again.
    "CREATE TABLE task (
        id TEXT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        path TEXT NOT NULL,
        owner TEXT,
        not_by TEXT,
        opened_at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        escalated BIGINT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'done', 'dropped')),
        closed_by TEXT,
        closed_at BIGINT,
        words TEXT,
        CHECK (due_at >= opened_at),
        CHECK ((state = 'open') = (closed_at IS NULL)),
        CHECK ((closed_by IS NULL) = (closed_at IS NULL)),
        CHECK (not_by IS NULL OR owner IS NULL OR owner <> not_by),
        CHECK (not_by IS NULL OR closed_by IS NULL OR closed_by <> not_by)
    )",
    "CREATE UNIQUE INDEX task_once ON task (kind, subject)",
    "CREATE INDEX task_open ON task (due_at) WHERE state = 'open'",
    // Whatever the program above does: what one person opened alone ends within a day, and they never look at it themselves.
    "CREATE TABLE emergency (
        id TEXT NOT NULL PRIMARY KEY,
        approval TEXT NOT NULL REFERENCES approval (id),
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        made TEXT NOT NULL,
        reason TEXT NOT NULL,
        opened_by TEXT NOT NULL,
        opened_at BIGINT NOT NULL,
        ends_at BIGINT NOT NULL,
        verdict TEXT CHECK (verdict IN ('right', 'ended', 'agreed')),
        reviewed_by TEXT,
        reviewed_at BIGINT,
        review TEXT,
        CHECK (ends_at > opened_at),
        CHECK (ends_at - opened_at <= 86400000),
        CHECK (reviewed_by IS NULL OR reviewed_by <> opened_by),
        CHECK ((reviewed_by IS NULL) = (reviewed_at IS NULL)),
        CHECK ((verdict IS NULL) = (reviewed_at IS NULL)),
        CHECK ((review IS NULL) = (reviewed_at IS NULL))
    )",
    "CREATE UNIQUE INDEX emergency_once ON emergency (approval)",
    // A day after a day, by one person, would be no emergency: the first is looked at before there is a second.
    "CREATE UNIQUE INDEX emergency_unseen ON emergency (kind, subject) WHERE reviewed_at IS NULL",
    "CREATE INDEX emergency_subject ON emergency (kind, subject)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
