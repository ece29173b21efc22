//! Tokens by which other programs act for people, the answers they were given, webhooks and their deliveries.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    // What was made before acts for them no more.
    "ALTER TABLE account ADD COLUMN programs_from BIGINT",
    "CREATE TABLE api_token (
        id TEXT NOT NULL PRIMARY KEY,
        person BIGINT NOT NULL,
        name TEXT NOT NULL,
        prefix TEXT NOT NULL,
        hash TEXT NOT NULL UNIQUE,
        scopes TEXT NOT NULL,
        several BIGINT NOT NULL,
        made_at BIGINT NOT NULL,
        used_at BIGINT,
        ends_at BIGINT NOT NULL,
        ended_by TEXT,
        ended_at BIGINT
    )",
    "CREATE INDEX api_token_prefix ON api_token (prefix)",
    "CREATE INDEX api_token_person ON api_token (person)",
    "CREATE TABLE api_answer (
        token TEXT NOT NULL,
        key TEXT NOT NULL,
        asked TEXT NOT NULL,
        status BIGINT NOT NULL,
        body TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (token, key)
    )",
    "CREATE TABLE webhook (
        id TEXT NOT NULL PRIMARY KEY,
        url TEXT NOT NULL,
        events TEXT NOT NULL,
        state TEXT NOT NULL,
        secret TEXT NOT NULL,
        old_secret TEXT,
        old_until BIGINT,
        made_by TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        failing_since BIGINT
    )",
    "CREATE TABLE webhook_delivery (
        id TEXT NOT NULL PRIMARY KEY,
        webhook TEXT NOT NULL,
        event TEXT NOT NULL,
        body TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        state TEXT NOT NULL,
        tries BIGINT NOT NULL,
        tried_at BIGINT,
        says TEXT
    )",
    "CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook, made_at)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
