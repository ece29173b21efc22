//! Whether anybody ever signed in by an account, and what its password came by: facts that outlive the sessions and invitations that they
//! were told by.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "ALTER TABLE account ADD COLUMN came_at BIGINT",
    "ALTER TABLE account ADD COLUMN password_by TEXT",
    // Whoever has a session or what is set up in one has come; so has whoever has had a password for a while, of whom nothing is known any more.
    "UPDATE account SET came_at = created_at WHERE
        EXISTS (SELECT 1 FROM session WHERE session.account = account.id)
        OR EXISTS (SELECT 1 FROM passkey WHERE passkey.account = account.id)
        OR EXISTS (SELECT 1 FROM code_app WHERE code_app.account = account.id)
        OR password IS NOT NULL",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
