//! Making a back-up.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use kit::Timestamp;
use serde_json::json;

use super::archive::{Writing, plain};
use super::check::{Found, inspect_copy, unpacked};
use super::manifest::{FORM, Manifest, RecordsLine};
use super::sealing::{BackupIdentity, BackupKey};
use super::staging::Staging;
use super::{BackupError, Doing, Progress, Watch, beside, copy_sqlite, file_error, postgres};
use crate::db::Db;
use crate::trail::{self, Actor, Subject};
use crate::url::DatabaseUrl;

/// What is to be backed up.
#[derive(Clone)]
pub struct BackUp {
    /// The home folder.
    pub home: PathBuf,
    /// Files and whole folders of it to include, as paths from the home folder; one that is not there is passed over.
    pub include: Vec<PathBuf>,
    /// The archive's name; there must be no such file yet.
    pub target: PathBuf,
    /// What it will be called where it is kept, for one that goes on to another place; its entry in the trail says so.
    pub kept_as: Option<String>,
    /// Whose keys open it; a plain archive where there are none.
    pub keys: Vec<BackupKey>,
    /// The program's version.
    pub program: String,
    /// Who asked for it.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
}

/// Makes a back-up while the school works on, proves it good, and only then gives it its name. Whatever stops this half
/// way, a power cut included, leaves no file under that name. The trail gets an entry once it is good.
pub async fn back_up(db: &Db, wanted: &BackUp, watch: &Watch) -> Result<Manifest, BackupError> {
    if wanted.target.exists() {
        return Err(BackupError::NameTaken(wanted.target.clone()));
    }
    let parent =
        wanted.target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Beside the archive: the same disk, so that the last step is one rename.
    let staging = Staging::make(parent)?;
    // What is in plain lies beside a plain archive, and beside the records where the archive is encrypted: a stick that
    // goes into a drawer never had it. A folder of the home is beside the records.
    let in_plain =
        if wanted.keys.is_empty() || parent.starts_with(&wanted.home) { parent } else { &wanted.home };
    let plain_staging = Staging::make(in_plain)?;
    let reads_back = (!wanted.keys.is_empty()).then(BackupIdentity::passing);
    let wanted = &BackUp {
        keys: wanted.keys.iter().cloned().chain(reads_back.iter().map(BackupIdentity::key)).collect(),
        ..wanted.clone()
    };

    watch(Progress { doing: Doing::CopyingRecords, done_bytes: 0, of_bytes: 0 });
    let engine = db.url().engine();
    let records = plain_staging.path().join(match engine {
        "postgres" => "records.pgdump",
        _ => "records.sqlite",
    });
    match db.url() {
        DatabaseUrl::Sqlite(file) => copy_sqlite(file, &records).await?,
        DatabaseUrl::Postgres(_) => postgres::dump(db.url(), &records).await?,
    }
    let found = inspect_copy(&records, engine, Some(db.url()), watch).await?;

    let unnamed = staging.path().join("archive");
    let manifest = {
        let (wanted, url, records, unnamed) =
            (wanted.clone(), db.url().clone(), records.clone(), unnamed.clone());
        let watch = watch.clone();
        beside(move || write(&wanted, &url, &records, &unnamed, found, watch)).await?
    };
    // What was written is read back, and gets the checks anew: a disk that drops bytes shows here, not in a year.
    let (again, read_back) = unpacked(&unnamed, reads_back.as_ref(), Some(in_plain), watch).await?;
    inspect_copy(&again.path().join(&read_back.records.name), engine, Some(db.url()), watch)
        .await?
        .must_be(&read_back)?;

    fs::rename(&unnamed, &wanted.target).map_err(file_error(&wanted.target))?;
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(file_error(parent))?;

    let mut tx = db.begin().await?;
    let detail = json!({
        "entries": manifest.trail.entries, "head": manifest.trail.head, "records": manifest.records.sha256,
        "files": manifest.files.len(), "encrypted": reads_back.is_some(), "kept_as": wanted.kept_as,
    });
    let subject = Subject::new("backup", &manifest.made_at);
    trail::changed(&mut tx, &wanted.actor, "backup.make", &subject, &detail, wanted.at).await?;
    tx.commit().await?;
    Ok(manifest)
}

fn write(
    wanted: &BackUp,
    url: &DatabaseUrl,
    records: &Path,
    unnamed: &Path,
    found: Found,
    watch: Watch,
) -> Result<Manifest, BackupError> {
    let mut chosen = Chosen { never: url.files(), ..Chosen::default() };
    for path in &wanted.include {
        let path = plain(path).ok_or_else(|| BackupError::Outside(path.clone()))?;
        chosen.add(&wanted.home, path)?;
    }
    chosen.files.sort();
    chosen.files.dedup();
    let size = fs::metadata(records).map_err(file_error(records))?.len();
    let mut writing = Writing::begin(unnamed, &wanted.keys, size + chosen.bytes, watch)?;
    let name = records.file_name().and_then(|name| name.to_str()).unwrap_or("records").to_owned();
    let (sha256, bytes, _) = writing.add(records, &name)?;
    let mut files = Vec::new();
    for path in &chosen.files {
        match writing.add_home(&wanted.home, path) {
            Ok(line) => files.push(line),
            // A published file may be replaced and removed meanwhile; it is not the home's any more.
            Err(BackupError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let manifest = Manifest {
        form: FORM,
        program: wanted.program.clone(),
        made_at: wanted.at.to_string(),
        shape: found.shape,
        records: RecordsLine { engine: url.engine().to_owned(), name, sha256, bytes },
        rows: found.rows,
        trail: found.trail,
        files,
        left_out: chosen.left_out,
    };
    writing.finish(&manifest)?;
    Ok(manifest)
}

/// The files that were asked for, found.
#[derive(Default)]
struct Chosen {
    /// The live database and what belongs to it: the copy stands for them.
    never: Vec<PathBuf>,
    files: Vec<String>,
    left_out: Vec<String>,
    bytes: u64,
}

impl Chosen {
    fn add(&mut self, home: &Path, path: String) -> Result<(), BackupError> {
        let whole = home.join(&path);
        if self.never.contains(&whole) {
            return Ok(());
        }
        let seen = match fs::symlink_metadata(&whole) {
            Ok(seen) => seen,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(file_error(&whole)(error)),
        };
        if seen.is_dir() {
            let mut inside = Vec::new();
            for entry in fs::read_dir(&whole).map_err(file_error(&whole))? {
                let name = entry.map_err(file_error(&whole))?.file_name();
                let name = name.to_str().ok_or_else(|| BackupError::Outside(whole.clone()))?;
                inside.push(format!("{path}/{name}"));
            }
            inside.sort();
            return inside.into_iter().try_for_each(|path| self.add(home, path));
        }
        if seen.is_file() {
            self.bytes += seen.len();
            self.files.push(path);
        } else {
            self.left_out.push(path);
        }
        Ok(())
    }
}
