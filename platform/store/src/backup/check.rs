//! The checks that copied records must pass.

use std::collections::BTreeMap;
use std::path::Path;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::archive::unpack;
use super::manifest::{Manifest, TrailLine};
use super::sealing::BackupIdentity;
use super::staging::Staging;
use super::{BackupError, Doing, Progress, Watch, beside, postgres};
use crate::db::Db;
use crate::schema;
use crate::trail::{Verified, verify};
use crate::url::DatabaseUrl;

/// Checks an archive, opened with `identity` where it is encrypted: unpacks it into a temporary folder, compares every file with the manifest, opens the records
/// read-only, and checks the database, its foreign keys, the whole access trail and the number of rows.
///
/// Records dumped from PostgreSQL are loaded into a scratch database on `server` for that, which is dropped again;
/// without one only the hashes and the dump's own table of contents are checked, and that is said in an error.
pub async fn check(
    archive: &Path,
    identity: Option<&BackupIdentity>,
    server: Option<&DatabaseUrl>,
    watch: &Watch,
) -> Result<Manifest, BackupError> {
    let (folder, manifest) = unpacked(archive, identity, None, watch).await?;
    let found =
        inspect_copy(&folder.path().join(&manifest.records.name), &manifest.records.engine, server, watch)
            .await?;
    found.must_be(&manifest)?;
    Ok(manifest)
}

/// Unpacks an archive into a new folder inside `beside_what`, or where temporary folders are.
pub(super) async fn unpacked(
    archive: &Path,
    identity: Option<&BackupIdentity>,
    inside: Option<&Path>,
    watch: &Watch,
) -> Result<(Staging, Manifest), BackupError> {
    let (archive, identity) = (archive.to_owned(), identity.cloned());
    let inside = inside.map_or_else(std::env::temp_dir, Path::to_owned);
    let watch = watch.clone();
    beside(move || {
        let folder = Staging::make(&inside)?;
        let manifest = unpack(&archive, identity.as_ref(), folder.path(), &watch)?;
        Ok((folder, manifest))
    })
    .await
}

/// What the records themselves say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub shape: i64,
    pub rows: BTreeMap<String, i64>,
    pub trail: TrailLine,
}

impl Found {
    /// Refuses records that are not the ones the manifest describes.
    pub fn must_be(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let differs = |what: &str| Err(BackupError::NotAsCounted(what.to_owned()));
        if self.shape != manifest.shape {
            return differs("their shape");
        }
        if self.trail != manifest.trail {
            return differs("the end of the access trail");
        }
        if self.rows != manifest.rows {
            return differs("the number of rows");
        }
        Ok(())
    }
}

/// Checks a copy of the records: a SQLite file, or a dump that is first loaded into a scratch database on `server`.
pub(super) async fn inspect_copy(
    copy: &Path,
    engine: &str,
    server: Option<&DatabaseUrl>,
    watch: &Watch,
) -> Result<Found, BackupError> {
    watch(Progress { doing: Doing::CheckingRecords, done_bytes: 0, of_bytes: 0 });
    if engine == "postgres" {
        let scratch = postgres::Scratch::load(copy, server).await?;
        let found = inspect(scratch.url()).await;
        scratch.drop_it().await?;
        return found;
    }
    inspect(&DatabaseUrl::sqlite(copy)).await
}

/// Opens records read-only and gives them every check.
pub(super) async fn inspect(url: &DatabaseUrl) -> Result<Found, BackupError> {
    let db = Db::look_at_any_shape(url).await?;
    let found = inspect_open(&db).await;
    db.close().await?;
    found
}

async fn inspect_open(db: &Db) -> Result<Found, BackupError> {
    if db.backend() == DbBackend::Sqlite {
        sound(db).await?;
    }
    let trail = match verify(db).await? {
        Verified::Whole { entries, head } => TrailLine { entries, head },
        Verified::BrokenAt { seq, why } => return Err(BackupError::TrailBroken { seq, why }),
    };
    let mut tx = db.read().await?;
    let mut rows = BTreeMap::new();
    for name in schema::names(&mut tx).await? {
        let sql = format!("SELECT count(*) AS n FROM \"{name}\"");
        let row = tx.conn().query_one_raw(Statement::from_string(tx.backend(), sql)).await?;
        rows.insert(name, row.map_or(Ok(0), |row| row.try_get("", "n"))?);
    }
    let shape = crate::migrations::shape(tx.conn()).await?.unwrap_or(0);
    tx.roll_back().await?;
    Ok(Found { shape, rows, trail })
}

/// SQLite's own checks. PostgreSQL makes its own while it loads a dump, foreign keys included.
async fn sound(db: &Db) -> Result<(), BackupError> {
    let ask = |sql: &'static str| db.reader().query_all_raw(Statement::from_string(DbBackend::Sqlite, sql));
    let said: Vec<String> = ask("PRAGMA integrity_check")
        .await?
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?;
    match said.first() {
        Some(first) if said.len() == 1 && first == "ok" => {}
        Some(first) => return Err(BackupError::Unsound(first.clone())),
        None => return Err(BackupError::Unsound("the integrity check gave no answer".to_owned())),
    }
    match ask("PRAGMA foreign_key_check").await?.len() {
        0 => Ok(()),
        rows => Err(BackupError::Unsound(format!("{rows} rows point to nothing"))),
    }
}
