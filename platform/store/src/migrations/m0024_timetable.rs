//! When classes are taught, and in which room.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &["CREATE TABLE class_slot (
        class TEXT NOT NULL REFERENCES school_class (id),
        place BIGINT NOT NULL,
        day BIGINT CHECK (day BETWEEN 1 AND 7),
        week TEXT,
        period TEXT NOT NULL,
        room TEXT,
        from_on TEXT,
        until_on TEXT,
        PRIMARY KEY (class, place)
    )"];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
