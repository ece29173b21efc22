//! In which language somebody chose to be spoken to.

use sea_orm::DbBackend;

pub fn statements(_: DbBackend) -> Vec<String> {
    vec!["ALTER TABLE account ADD COLUMN language TEXT".to_owned()]
}
