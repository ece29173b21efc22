//! Tests of the filter, kept as evidence.

use sea_orm::DbBackend;

pub fn statements(_: DbBackend) -> Vec<String> {
    let all = ["CREATE TABLE filter_test (
        number BIGINT NOT NULL PRIMARY KEY,
        at BIGINT NOT NULL,
        run_by TEXT NOT NULL,
        passed BIGINT NOT NULL,
        report TEXT NOT NULL
    )"];
    all.iter().map(|&statement| statement.to_owned()).collect()
}
