//! Who was signed in where somebody asked for a site or reported one: surer than whose device it is.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "ALTER TABLE site_request ADD COLUMN signed_in BIGINT",
    "ALTER TABLE site_report ADD COLUMN signed_in BIGINT",
    "CREATE INDEX site_request_signed_in ON site_request (signed_in)",
    "CREATE INDEX site_report_signed_in ON site_report (signed_in)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
