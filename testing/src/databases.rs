//! A fresh database of each engine for every test.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use store::orm::{ConnectionTrait, Database};
use store::{DatabaseUrl, Db};
use tempfile::TempDir;

use crate::postgres::{self, Postgres, SERVER, StartError, WITHOUT};

/// An empty database with today's shape, and what keeps it alive.
#[derive(Debug)]
pub struct TestDatabase {
    /// The engine's name, for a test's messages.
    pub engine: &'static str,
    /// The records.
    pub db: Db,
    /// Where they are, to open them again.
    pub url: DatabaseUrl,
    /// A folder of this database's own, for whatever the test writes beside it.
    pub folder: TempDir,
}

/// A fresh SQLite file and a fresh PostgreSQL database, both with today's shape. A test goes through them with `for`,
/// so that every test of the records runs on both.
///
/// The PostgreSQL server is the one that `FIVEBAR_TEST_POSTGRES` names, else one of this process's own. Where it is not
/// installed this panics, unless `FIVEBAR_WITHOUT_POSTGRES=1` says that SQLite alone will do.
#[expect(clippy::panic, reason = "a test without its database has failed")]
pub async fn databases() -> Vec<TestDatabase> {
    let mut databases = Vec::new();
    for url in urls().await {
        let (folder, url) = url;
        let db = match Db::open(&url).await {
            Ok(db) => db,
            Err(error) => panic!("{}: {error}", url.engine()),
        };
        databases.push(TestDatabase { engine: url.engine(), db, url, folder });
    }
    databases
}

/// Addresses of two databases that do not exist yet (SQLite) or are empty (PostgreSQL), each with a folder of its own.
#[expect(clippy::expect_used, reason = "a test without its database has failed")]
pub async fn urls() -> Vec<(TempDir, DatabaseUrl)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sqlite = DatabaseUrl::sqlite(folder.path().join("records.db"));
    let mut urls = vec![(folder, sqlite)];
    if let Some(server) = server() {
        let name = next_name();
        let connection = Database::connect(server).await.expect("the PostgreSQL server for tests");
        connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a new database");
        connection.close().await.expect("closing a connection");
        let url = postgres::with_database(server, &name).parse().expect("an address");
        urls.push((tempfile::tempdir().expect("a temporary folder"), url));
    }
    urls
}

/// The address of the server for this process's tests; `None` where tests run without one.
#[expect(clippy::panic, reason = "a test without its database has failed")]
#[expect(clippy::print_stderr, reason = "whoever runs the tests is told what they left out")]
fn server() -> Option<&'static str> {
    static NAMED: OnceLock<Option<String>> = OnceLock::new();
    static OWN: OnceLock<Option<Postgres>> = OnceLock::new();
    if let Some(named) = NAMED.get_or_init(|| std::env::var(SERVER).ok().filter(|url| !url.is_empty())) {
        return Some(named);
    }
    let own = OWN.get_or_init(|| match Postgres::start() {
        Ok(server) => Some(server),
        Err(StartError::NotInstalled) if std::env::var(WITHOUT).is_ok_and(|value| value == "1") => {
            eprintln!("skipped: PostgreSQL is not installed and {WITHOUT}=1; only SQLite was tested");
            None
        }
        Err(error) => panic!("{error}"),
    });
    own.as_ref().map(Postgres::url)
}

/// A database name that no other test of this server has: several test processes may share one, and in a long run the
/// number of an earlier process comes back.
fn next_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    static PROCESS: OnceLock<u64> = OnceLock::new();
    let process = PROCESS.get_or_init(|| RandomState::new().build_hasher().finish());
    format!("t_{process:016x}_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
