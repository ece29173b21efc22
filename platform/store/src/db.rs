//! The open database.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kit::Ids;
use sea_orm::sqlx::Connection as _;
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use crate::error::StoreError;
use crate::migrations;
use crate::tx::Tx;
use crate::url::DatabaseUrl;

/// How long a writer waits for another process's transaction before it gives up.
const BUSY: Duration = Duration::from_secs(5);
/// Connections that only read. Pages are short; four keep a busy morning apart from one slow report.
const READERS: u32 = 4;
/// Connections to PostgreSQL that only read.
const POSTGRES_READERS: u32 = 7;
/// Whoever begins a change on PostgreSQL takes this lock of the database, in every process, until its transaction ends.
pub(crate) const POSTGRES_WRITER: i64 = 0x6669_7665_6261_7202;
/// How long one waits for it in milliseconds, or for a row; then somebody else is at work for too long, and is told of.
const POSTGRES_BUSY_MS: u32 = 30_000;

/// The school's records, open. Cheap to clone; the last clone closes them.
///
/// On SQLite: write-ahead log, `synchronous = FULL` (a committed change survives a power cut), foreign keys held, one
/// connection that writes and four that read. Several processes may open one file.
///
/// On PostgreSQL: one connection that writes and seven that read; among several processes one writes at a time.
#[derive(Debug, Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    url: DatabaseUrl,
    writer: DatabaseConnection,
    readers: DatabaseConnection,
    ids: Arc<Ids>,
    /// Held, shared, for as long as the file is in use, so that a restore can tell.
    _in_use: Option<File>,
}

impl Db {
    /// Opens the records and brings their shape up to date. A database that a newer program has written is refused.
    ///
    /// Before an older SQLite file is changed, a copy of it is kept beside it as `<file>.before-m<number>`. Whoever
    /// keeps records in PostgreSQL backs up before an upgrade.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let (db, first) = Self::connect(url).await?;
        migrations::bring_up_to_date(&db).await?;
        if let (Some(in_use), true) = (db.inner._in_use.as_ref(), first) {
            // From here on others may open the file as well; until here they waited.
            in_use.lock_shared().map_err(|source| file_error(&lock_path(url), source))?;
        }
        Ok(db)
    }

    /// Opens the records only to read them, changing nothing, not even their shape: for a back-up's copy or a file
    /// whose program is not running. Every transaction it begins is read-only.
    pub async fn look(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let db = Self::look_at_any_shape(url).await?;
        migrations::refuse_older(&db).await?;
        Ok(db)
    }

    /// The same for records of this shape or an older one: a back-up is checked as it was made.
    pub(crate) async fn look_at_any_shape(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let connection = match url {
            DatabaseUrl::Sqlite(path) => {
                if !path.is_file() {
                    return Err(file_error(path, std::io::ErrorKind::NotFound.into()));
                }
                sqlite(path, Access::Look, 1).await?
            }
            DatabaseUrl::Postgres(whole) => postgres(whole.reveal(), 1 + POSTGRES_READERS).await?,
        };
        let db = Self {
            inner: Arc::new(Inner {
                url: url.clone(),
                writer: connection.clone(),
                readers: connection,
                ids: Arc::new(Ids::default()),
                _in_use: None,
            }),
        };
        migrations::refuse_newer_or_none(&db).await?;
        Ok(db)
    }

    async fn connect(url: &DatabaseUrl) -> Result<(Self, bool), StoreError> {
        let (writer, readers, in_use, first) = match url {
            DatabaseUrl::Sqlite(path) => {
                let (in_use, first) = claim(&lock_path(url)).await?;
                let writer = sqlite(path, Access::Write, 1).await?;
                let readers = sqlite(path, Access::Read, READERS).await?;
                (writer, readers, Some(in_use), first)
            }
            DatabaseUrl::Postgres(whole) => {
                let writer = postgres(whole.reveal(), 1).await?;
                (writer, postgres(whole.reveal(), POSTGRES_READERS).await?, None, true)
            }
        };
        let inner =
            Inner { url: url.clone(), writer, readers, ids: Arc::new(Ids::default()), _in_use: in_use };
        Ok((Self { inner: Arc::new(inner) }, first))
    }

    /// Begins a transaction that may write. Whoever begins it commits it; dropping it undoes everything.
    ///
    /// One writer at a time, in all processes together: nothing read in it can be out of date when it is written, so whoever counts and
    /// then adds adds no more than they counted. On SQLite that is the file's write lock, for which another process's writer is waited
    /// for five seconds; on PostgreSQL a lock of the database, for thirty ([`kit::NotNow::Busy`] afterwards). It is what keeps the trail in one line as well.
    /// So nothing may be waited for in it that is not of the records: no network, no hashing of a password, no other process.
    ///
    /// Cost on PostgreSQL: one more question to the server, and changes wait for each other's disk (ADR 6 has figures).
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let inner = self.inner.writer.begin_with_options(options).await?;
        if self.backend() == DbBackend::Postgres {
            let alone = format!(
                "SET LOCAL lock_timeout = {POSTGRES_BUSY_MS}; SELECT pg_advisory_xact_lock({POSTGRES_WRITER})"
            );
            inner.execute_unprepared(&alone).await?;
        }
        Ok(Tx::new(inner, Arc::clone(&self.inner.ids)))
    }

    /// Begins a transaction that only reads, and sees one moment throughout. It waits for nobody and nobody for it.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        let options = match self.backend() {
            DbBackend::Postgres => TransactionOptions {
                access_mode: Some(AccessMode::ReadOnly),
                isolation_level: Some(sea_orm::IsolationLevel::RepeatableRead),
                ..TransactionOptions::default()
            },
            _ => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
                ..TransactionOptions::default()
            },
        };
        let inner = self.inner.readers.begin_with_options(options).await?;
        Ok(Tx::new(inner, Arc::clone(&self.inner.ids)))
    }

    /// Where the records live.
    pub fn url(&self) -> &DatabaseUrl {
        &self.inner.url
    }

    /// Which engine holds the records.
    pub fn backend(&self) -> DbBackend {
        self.inner.writer.get_database_backend()
    }

    /// Closes every connection now, instead of when the last clone is dropped. On SQLite this folds the write-ahead
    /// log into the file.
    pub async fn close(self) -> Result<(), StoreError> {
        self.inner.readers.close_by_ref().await?;
        self.inner.writer.close_by_ref().await?;
        Ok(())
    }

    /// A connection of its own to copy a SQLite file by, so that neither the writer nor a page waits for it.
    pub(crate) async fn copying(path: &Path) -> Result<DatabaseConnection, StoreError> {
        sqlite(path, Access::Copy, 1).await
    }

    /// The connection that writes, for this crate's own work outside a transaction.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.inner.writer
    }

    /// A connection that reads, for this crate's own work outside a transaction.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.inner.readers
    }
}

/// The file whose lock says that a SQLite database is in use.
pub(crate) fn lock_path(url: &DatabaseUrl) -> PathBuf {
    let mut name = url.file().unwrap_or(Path::new("records")).as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Takes the lock that says "in use". The first to come holds it alone while it sets the file up (`true`); the
/// others wait for that and share it.
async fn claim(path: &Path) -> Result<(File, bool), StoreError> {
    let path = path.to_owned();
    let blocking = move || {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| file_error(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok((file, true)),
            Err(std::fs::TryLockError::WouldBlock) => {
                file.lock_shared().map_err(|source| file_error(&path, source))?;
                Ok((file, false))
            }
            Err(std::fs::TryLockError::Error(source)) => Err(file_error(&path, source)),
        }
    };
    tokio::task::spawn_blocking(blocking)
        .await
        .map_err(|_| StoreError::BrokenOff("the lock on the records"))?
}

pub(crate) fn file_error(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::File { path: path.to_owned(), source }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Writes; makes the file where there is none.
    Write,
    /// Reads, and is refused a write by SQLite itself.
    Read,
    /// Opens a file without changing anything about it.
    Look,
    /// Reads, but may write to another file: `VACUUM INTO` counts as a write where only reading is allowed.
    Copy,
}

/// Opens another program's SQLite file to look at it.
pub(crate) async fn look_at(path: &Path) -> Result<DatabaseConnection, StoreError> {
    if !path.is_file() {
        return Err(file_error(path, std::io::ErrorKind::NotFound.into()));
    }
    sqlite(path, Access::Look, 1).await
}

async fn sqlite(path: &Path, access: Access, connections: u32) -> Result<DatabaseConnection, StoreError> {
    let file = path.to_owned();
    let mut options = ConnectOptions::new("sqlite:records.db");
    options.max_connections(connections).sqlx_logging(false).acquire_timeout(Duration::from_secs(30));
    // A connection keeps its settings and its cache; there is nothing to gain from opening it again.
    options.idle_timeout(None).max_lifetime(None);
    // Where SQLite itself undid a transaction, as it may at a full disk, its end fails and the driver goes on to count one that is there no more.
    // The next would begin inside of it, by a savepoint, and be acknowledged without ever being committed: such a connection is used no more.
    options.map_sqlx_sqlite_before_acquire(|connection, _| {
        let is_free = !connection.is_in_transaction();
        Box::pin(std::future::ready(Ok(is_free)))
    });
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .filename(&file)
            .busy_timeout(BUSY)
            .foreign_keys(true)
            .create_if_missing(access == Access::Write)
            // The hub may write in its own folder alone: what a large statement puts aside has no other place.
            .pragma("temp_store", "MEMORY")
            .pragma("synchronous", "FULL");
        match access {
            Access::Write => sqlite.pragma("journal_mode", "WAL"),
            Access::Read => sqlite.pragma("query_only", "ON"),
            Access::Look => sqlite.read_only(true),
            Access::Copy => sqlite,
        }
    });
    Ok(Database::connect(options).await?)
}

async fn postgres(whole: &str, connections: u32) -> Result<DatabaseConnection, StoreError> {
    let mut options = ConnectOptions::new(whole);
    options.max_connections(connections).sqlx_logging(false).acquire_timeout(Duration::from_secs(30));
    Ok(Database::connect(options).await?)
}
