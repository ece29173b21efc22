//! Copying a SQLite database while it is in use.

use std::fs::File;
use std::path::Path;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::db::{Db, file_error};
use crate::error::StoreError;

/// Writes a compact copy of the database, as it is at one moment, to `target`, which must not exist. Writers go on
/// meanwhile. The copy is on the disk when this returns.
pub(crate) async fn copy_sqlite(file: &Path, target: &Path) -> Result<(), StoreError> {
    let name =
        target.to_str().ok_or_else(|| file_error(target, std::io::ErrorKind::InvalidFilename.into()))?;
    let connection = Db::copying(file).await?;
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO $1", [name.into()]);
    let copied = connection.execute_raw(statement).await;
    connection.close().await?;
    copied?;
    File::open(target).and_then(|file| file.sync_all()).map_err(|source| file_error(target, source))
}
