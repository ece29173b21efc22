//! Where lists are fetched from on the web, and how that went.

use sea_orm::DbBackend;

pub fn statements(_: DbBackend) -> Vec<String> {
    let all = ["CREATE TABLE list_web (
        address TEXT NOT NULL PRIMARY KEY,
        etag TEXT,
        last_modified TEXT,
        sha256 TEXT,
        sha256_from TEXT,
        tried_at BIGINT NOT NULL,
        changed_at BIGINT,
        failures BIGINT NOT NULL,
        problem TEXT
    )"];
    all.iter().map(|&statement| statement.to_owned()).collect()
}
