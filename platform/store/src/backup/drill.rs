//! Restoring a back-up to try it, beside the school and without touching it.

use std::path::{Path, PathBuf};

use kit::Timestamp;

use super::manifest::Manifest;
use super::restore::{Restore, restore};
use super::sealing::BackupIdentity;
use super::{BackupError, Watch, file_error, postgres};
use crate::trail::Actor;
use crate::url::DatabaseUrl;

/// A school that was restored to be looked at. [`Self::clear_away`] removes it; dropped, its folder goes and its scratch database,
/// where it has one, is left behind.
pub struct Rehearsed {
    /// What the archive says of itself. Everything in it was checked, where it was put.
    pub manifest: Manifest,
    /// The home folder.
    pub home: PathBuf,
    /// The records. Not what its `fivebar.toml` names: that is where the school has its own.
    pub records: DatabaseUrl,
    scratch: tempfile::TempDir,
    database: Option<postgres::Scratch>,
}

/// Restores an archive into a new folder inside `inside`, with its records in a file there or in a scratch database on the server of
/// `server`. Everything is checked as with any restore: the archive, the records in it, the records once they are in place.
pub async fn rehearse(
    archive: &Path,
    identity: Option<&BackupIdentity>,
    inside: &Path,
    server: &DatabaseUrl,
    actor: &Actor,
    at: Timestamp,
    watch: &Watch,
) -> Result<Rehearsed, BackupError> {
    let scratch = tempfile::Builder::new().prefix("drill-").tempdir_in(inside).map_err(file_error(inside))?;
    let home = scratch.path().join("school");
    let database = match server {
        DatabaseUrl::Sqlite(_) => None,
        DatabaseUrl::Postgres(_) => Some(postgres::Scratch::empty(&home, Some(server)).await?),
    };
    let records = match &database {
        Some(database) => database.url().clone(),
        None => DatabaseUrl::sqlite(home.join("hub/fivebar.db")),
    };
    let wanted = Restore {
        archive: archive.to_owned(),
        identity: identity.cloned(),
        home: home.clone(),
        records: records.clone(),
        replace: false,
        stays: Vec::new(),
        suit: None,
        actor: actor.clone(),
        at,
    };
    match restore(&wanted, watch).await {
        Ok(restored) => Ok(Rehearsed { manifest: restored.manifest, home, records, scratch, database }),
        Err(error) => {
            if let Some(database) = database {
                database.drop_it().await?;
            }
            Err(error)
        }
    }
}

impl Rehearsed {
    /// Removes the folder and the scratch database. Whoever opened the records has closed them.
    pub async fn clear_away(self) -> Result<(), BackupError> {
        if let Some(database) = self.database {
            database.drop_it().await?;
        }
        let path = self.scratch.path().to_owned();
        self.scratch.close().map_err(file_error(&path))
    }
}
