//! What labels said before the school said them otherwise.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "CREATE TABLE word_change (
        id TEXT NOT NULL PRIMARY KEY,
        language TEXT NOT NULL,
        label TEXT NOT NULL,
        before TEXT,
        now TEXT,
        changed_by TEXT NOT NULL,
        changed_at BIGINT NOT NULL
    )",
    "CREATE INDEX word_change_label ON word_change (language, label, changed_at)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
