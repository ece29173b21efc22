//! Encrypted-DNS names that were given to a person or a device, hashed.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "CREATE TABLE dns_name (
        hash TEXT NOT NULL PRIMARY KEY,
        person BIGINT REFERENCES person (number),
        device BIGINT REFERENCES device (number),
        given_by TEXT NOT NULL,
        given_at BIGINT NOT NULL,
        revoked_by TEXT,
        revoked_at BIGINT,
        CHECK ((person IS NULL) <> (device IS NULL)),
        CHECK ((revoked_by IS NULL) = (revoked_at IS NULL))
    )",
    "CREATE INDEX dns_name_person ON dns_name (person)",
    "CREATE INDEX dns_name_device ON dns_name (device)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
