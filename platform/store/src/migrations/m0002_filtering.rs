//! What filtering needs besides: for how long a site is asked for, the number by which decisions name an override, and
//! why a list waits for a person.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "ALTER TABLE site_request ADD COLUMN how_long TEXT NOT NULL DEFAULT 'unsure'",
    "ALTER TABLE override ADD COLUMN number BIGINT",
    "CREATE UNIQUE INDEX override_number ON override (number)",
    "ALTER TABLE list ADD COLUMN held_because TEXT",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
