//! Putting a back-up in place.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kit::Timestamp;
use serde_json::json;

use super::check::{inspect, inspect_copy, unpacked};
use super::manifest::Manifest;
use super::sealing::BackupIdentity;
use super::staging::sweep;
use super::{BackupError, Doing, Progress, Watch, beside, file_error, make_folder, postgres};
use crate::db::{Db, lock_path};
use crate::trail::{self, Actor, Subject};
use crate::url::DatabaseUrl;

/// The file in a home that says that a restore into it has begun and has not ended: nothing may start there, and what is there may be
/// moved aside.
pub const UNFINISHED: &str = "restore-unfinished";

/// How the folders begin in which a restore keeps what was there before.
const ASIDE: &str = "before-restore-";

/// Makes what a back-up holds of the home true of the place that it is restored to. It gets the folder in which that was unpacked.
pub type Suit = Arc<dyn Fn(&Path) -> std::io::Result<()> + Send + Sync>;

/// What is to be restored, and where.
#[derive(Clone)]
pub struct Restore {
    /// The archive.
    pub archive: PathBuf,
    /// What opens it, where it is encrypted.
    pub identity: Option<BackupIdentity>,
    /// The home folder; it need not be there yet.
    pub home: PathBuf,
    /// Where the records go: a file, usually inside the home folder, or a PostgreSQL database.
    pub records: DatabaseUrl,
    /// Whether what is there already is moved aside. Otherwise a home that is not empty is refused.
    pub replace: bool,
    /// What of the home stays where it is when the rest is moved aside, since no back-up has it: names in its top folder.
    pub stays: Vec<String>,
    /// What is done to the unpacked home before any of it is put in place: the settings in it name the records of the machine that was
    /// backed up.
    pub suit: Option<Suit>,
    /// Who asked for it.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The archive's manifest.
    pub manifest: Manifest,
    /// Where what was there before now is: a folder in the home, or a schema of the database.
    pub moved_aside: Vec<String>,
}

/// Restores a back-up. The archive gets every check before anything is touched; a home or database in use is refused;
/// what was there is moved aside, never deleted; what has been put in place is checked again, and the trail gets an
/// entry. Nothing may run in the home meanwhile. A restore that was broken off leaves a home that says so ([`UNFINISHED`]) and in which
/// nothing starts; given again, it moves aside what is there and begins anew.
pub async fn restore(wanted: &Restore, watch: &Watch) -> Result<Restored, BackupError> {
    // Whole paths, so that it can be told whether the records live in the home.
    let unfinished = wanted.home.join(UNFINISHED).exists();
    let wanted = &Restore {
        replace: wanted.replace || unfinished,
        home: std::path::absolute(&wanted.home).map_err(file_error(&wanted.home))?,
        records: match &wanted.records {
            DatabaseUrl::Sqlite(path) => {
                DatabaseUrl::Sqlite(std::path::absolute(path).map_err(file_error(path))?)
            }
            other => other.clone(),
        },
        ..wanted.clone()
    };
    let home_there = wanted.home.exists();
    if !home_there {
        make_folder(&wanted.home)?;
    }
    let restored = restore_into(wanted, watch).await;
    if restored.is_err() && !home_there {
        // Only if it is still empty: remove_dir refuses otherwise.
        let _ = fs::remove_dir(&wanted.home);
    }
    restored
}

async fn restore_into(wanted: &Restore, watch: &Watch) -> Result<Restored, BackupError> {
    sweep(&wanted.home);
    let occupied = refuse_in_use(wanted).await?;
    let (staging, manifest) =
        unpacked(&wanted.archive, wanted.identity.as_ref(), Some(&wanted.home), watch).await?;
    if manifest.records.engine != wanted.records.engine() {
        return Err(BackupError::OtherEngine {
            archive: manifest.records.engine,
            home: wanted.records.engine(),
        });
    }
    let copy = staging.path().join(&manifest.records.name);
    inspect_copy(&copy, &manifest.records.engine, Some(&wanted.records), watch).await?.must_be(&manifest)?;

    if let Some(suit) = &wanted.suit {
        let unpacked = staging.path().join("home");
        make_folder(&unpacked)?;
        suit(&unpacked).map_err(file_error(&unpacked))?;
    }

    watch(Progress { doing: Doing::Placing, done_bytes: 0, of_bytes: 0 });
    let aside = format!("{ASIDE}{}", wanted.at.as_millis());
    let mut moved_aside = Vec::new();
    let in_use = claim(&wanted.records)?;
    let unfinished = wanted.home.join(UNFINISHED);
    let had_begun = unfinished.exists();
    mark(&unfinished, &aside)?;
    if let DatabaseUrl::Postgres(_) = &wanted.records {
        if occupied.database {
            if let Err(error) = postgres::move_aside(&wanted.records, &aside.replace('-', "_")).await {
                if !had_begun {
                    // Nothing was changed.
                    let _ = fs::remove_file(&unfinished);
                }
                return Err(error);
            }
            moved_aside.push(aside.replace('-', "_"));
        }
        postgres::load(&copy, &wanted.records).await?;
    }
    let (place, staged) = (wanted.clone(), staging.path().to_owned());
    moved_aside.extend(beside(move || put_in_place(&place, &staged, &copy, &aside)).await?);
    drop(in_use);
    drop(staging);

    inspect(&wanted.records).await?.must_be(&manifest)?;
    let db = Db::open(&wanted.records).await?;
    let mut tx = db.begin().await?;
    let detail = json!({
        "entries": manifest.trail.entries, "head": manifest.trail.head, "records": manifest.records.sha256,
    });
    let subject = Subject::new("backup", &manifest.made_at);
    trail::changed(&mut tx, &wanted.actor, "backup.restore", &subject, &detail, wanted.at).await?;
    tx.commit().await?;
    db.close().await?;
    fs::remove_file(&unfinished).map_err(file_error(&unfinished))?;
    File::open(&wanted.home).and_then(|home| home.sync_all()).map_err(file_error(&wanted.home))?;
    Ok(Restored { manifest, moved_aside })
}

/// Says in the home that a restore has begun.
fn mark(file: &Path, aside: &str) -> Result<(), BackupError> {
    let marked = File::create(file).and_then(|mut marked| {
        writeln!(marked, "A restore has begun here and has not ended. What was here before is in {aside}.")?;
        marked.sync_all()
    });
    marked.map_err(file_error(file))?;
    let folder = file.parent().unwrap_or(file);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(file_error(folder))
}

/// What restores have moved aside in a home, oldest first.
pub fn moved_aside(home: &Path) -> Vec<PathBuf> {
    let mut all = entries(home).unwrap_or_default();
    all.retain(|entry| is_aside(entry));
    all
}

/// What is there already.
struct Occupied {
    database: bool,
}

/// Refuses a home or database that is in use, and, unless they are to be moved aside, ones with something in them.
async fn refuse_in_use(wanted: &Restore) -> Result<Occupied, BackupError> {
    drop(claim(&wanted.records)?);
    let database = match &wanted.records {
        DatabaseUrl::Sqlite(path) => path.exists(),
        DatabaseUrl::Postgres(_) => {
            let (tables, others) = postgres::occupied(&wanted.records).await?;
            if others {
                return Err(BackupError::InUse(wanted.records.to_string()));
            }
            tables
        }
    };
    if wanted.replace {
        return Ok(Occupied { database });
    }
    if database {
        return Err(BackupError::NotEmpty(wanted.records.to_string()));
    }
    let mut inside = fs::read_dir(&wanted.home).map_err(file_error(&wanted.home))?;
    if inside.next().is_some() {
        return Err(BackupError::NotEmpty(wanted.home.display().to_string()));
    }
    Ok(Occupied { database })
}

/// Takes the lock that every program with these records open shares. `None` where there are none yet.
fn claim(records: &DatabaseUrl) -> Result<Option<File>, BackupError> {
    let Some(path) = records.file() else { return Ok(None) };
    if !path.exists() {
        return Ok(None);
    }
    let lock = lock_path(records);
    let file =
        File::options().create(true).truncate(false).write(true).open(&lock).map_err(file_error(&lock))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Err(BackupError::InUse(path.display().to_string())),
        Err(fs::TryLockError::Error(source)) => Err(BackupError::File { path: lock, source }),
    }
}

/// Moves what is there aside, and the unpacked files to their places. Gives the names of what was moved aside.
fn put_in_place(
    wanted: &Restore,
    staging: &Path,
    copy: &Path,
    aside: &str,
) -> Result<Vec<String>, BackupError> {
    let mut moved = Vec::new();
    let unpacked = staging.join("home");
    make_folder(&unpacked)?;
    // Inside the home the records travel with it; elsewhere they are put there by themselves.
    let outside = match wanted.records.file().map(|file| (file, file.strip_prefix(&wanted.home))) {
        Some((_, Ok(inside))) => {
            place(copy, &unpacked.join(inside))?;
            None
        }
        Some((file, Err(_))) => Some(file.to_owned()),
        None => None,
    };

    let mut old = entries(&wanted.home)?;
    // What an earlier restore moved aside stays where it is.
    let stays = |entry: &Path| {
        entry
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| wanted.stays.iter().any(|one| one == name))
    };
    let is_mark = |entry: &Path| entry.file_name().is_some_and(|name| name == UNFINISHED);
    old.retain(|entry| {
        entry.file_name() != staging.file_name() && !is_aside(entry) && !stays(entry) && !is_mark(entry)
    });
    if !old.is_empty() {
        let folder = wanted.home.join(aside);
        for entry in old {
            place(&entry, &folder.join(entry.file_name().unwrap_or_default()))?;
        }
        moved.push(folder.display().to_string());
    }
    if let Some(file) = outside {
        for old in
            wanted.records.files().iter().filter(|old| old.exists() && *old != &lock_path(&wanted.records))
        {
            let mut name = old.as_os_str().to_owned();
            name.push(format!(".{aside}"));
            place(old, Path::new(&name))?;
            moved.push(PathBuf::from(name).display().to_string());
        }
        // Another disk perhaps: copied under another name first, then renamed.
        let mut coming = file.as_os_str().to_owned();
        coming.push(".restoring");
        let coming = PathBuf::from(coming);
        fs::copy(copy, &coming).map_err(file_error(&coming))?;
        File::open(&coming).and_then(|file| file.sync_all()).map_err(file_error(&coming))?;
        place(&coming, &file)?;
    }
    for entry in entries(&unpacked)? {
        place(&entry, &wanted.home.join(entry.file_name().unwrap_or_default()))?;
    }
    File::open(&wanted.home).and_then(|home| home.sync_all()).map_err(file_error(&wanted.home))?;
    Ok(moved)
}

fn is_aside(path: &Path) -> bool {
    path.is_dir() && path.file_name().and_then(|name| name.to_str()).is_some_and(|n| n.starts_with(ASIDE))
}

/// What is in a folder: folders first, then files, each by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(file_error(folder))? {
        all.push(entry.map_err(file_error(folder))?.path());
    }
    all.sort_by_key(|path| (!path.is_dir(), path.clone()));
    Ok(all)
}

fn place(from: &Path, to: &Path) -> Result<(), BackupError> {
    if let Some(folder) = to.parent() {
        make_folder(folder)?;
    }
    fs::rename(from, to).map_err(file_error(to))
}
