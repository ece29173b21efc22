//! What filtering needs besides: for how long a site is asked for, and the number by which decisions name an override.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "ALTER TABLE site_request ADD COLUMN how_long TEXT NOT NULL DEFAULT 'unsure'",
    "ALTER TABLE override ADD COLUMN number BIGINT",
    "CREATE UNIQUE INDEX override_number ON override (number)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
