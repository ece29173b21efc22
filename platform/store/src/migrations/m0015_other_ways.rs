//! Other ways to sign in: passkeys, and accounts of other systems.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "CREATE TABLE passkey (
        id TEXT NOT NULL PRIMARY KEY,
        account TEXT NOT NULL REFERENCES account (id),
        credential TEXT NOT NULL,
        called TEXT NOT NULL,
        key TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        used_at BIGINT,
        stopped_at BIGINT
    )",
    // What browsers call it is one account's, whoever shows it.
    "CREATE UNIQUE INDEX passkey_credential ON passkey (credential)",
    "CREATE INDEX passkey_account ON passkey (account)",
    // Which account of another system is whose. What that calls them is kept as a keyed hash, and is one person's.
    "CREATE TABLE sign_in_link (
        system TEXT NOT NULL,
        subject TEXT NOT NULL,
        account TEXT NOT NULL REFERENCES account (id),
        made_at BIGINT NOT NULL,
        used_at BIGINT NOT NULL,
        PRIMARY KEY (system, subject)
    )",
    "CREATE UNIQUE INDEX sign_in_link_account ON sign_in_link (account, system)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
