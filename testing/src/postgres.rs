//! A PostgreSQL server of the tests' own: a new cluster in a temporary folder, reached by a socket in it, and gone
//! when whoever started it ends, however it ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// The variable that names a server to use instead of starting one: `postgres://…`, a role that may create databases.
pub const SERVER: &str = "FIVEBAR_TEST_POSTGRES";
/// The variable that says, when `1`, that tests may leave PostgreSQL out where it is not installed.
pub const WITHOUT: &str = "FIVEBAR_WITHOUT_POSTGRES";

/// Why no server could be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The programs are not there.
    #[error(
        "PostgreSQL's server programs (initdb, postgres) are not installed; install Debian's `postgresql`, or set \
         {WITHOUT}=1 to run the tests on SQLite alone"
    )]
    NotInstalled,
    /// Something on the way did not work.
    #[error("the PostgreSQL server for tests did not start: {0}")]
    Failed(String),
}

/// A running server. Dropping it, or the end of the process that holds it, stops it and removes its folder.
#[derive(Debug)]
pub struct Postgres {
    url: String,
    keeper: Child,
    /// Open for as long as the server shall run: the keeper waits for it to close.
    leash: Option<ChildStdin>,
}

/// Runs beside the server as its keeper: makes the cluster, starts it, says `ready`, waits until its input closes, and
/// stops it by its own process id. `fsync` is off: a test's records need not survive a power cut.
const KEEPER: &str = r#"
set -eu
bin=$1; folder=$2
"$bin/initdb" -D "$folder/data" -U fivebar -A trust -E UTF8 --locale=C -N >"$folder/initdb.log" 2>&1
"$bin/postgres" -D "$folder/data" -c listen_addresses= -c unix_socket_directories="$folder" -c fsync=off \
    -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=32MB \
    >"$folder/server.log" 2>&1 </dev/null &
server=$!
trap '' INT TERM HUP
until "$bin/pg_isready" -q -h "$folder" -U fivebar; do
    kill -0 "$server" || exit 1
    sleep 0.05
done
echo ready
cat >/dev/null || true
kill -INT "$server"
wait "$server" || true
rm -rf "$folder"
"#;

impl Postgres {
    /// Starts a server and waits until it answers. About two seconds.
    pub fn start() -> Result<Self, StartError> {
        let bin = programs().ok_or(StartError::NotInstalled)?;
        let folder = folder()?;
        let mut keeper = as_nobody_special("sh")
            .args(["-c", KEEPER, "postgres-for-tests"])
            .args([&bin, &folder])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let leash = keeper.stdin.take();
        let mut said = String::new();
        if let Some(output) = keeper.stdout.take() {
            BufReader::new(output).read_line(&mut said).map_err(failed)?;
        }
        if said.trim() != "ready" {
            drop(leash);
            let _ = keeper.wait();
            return Err(StartError::Failed(format!("see {}", folder.display())));
        }
        let socket = folder.display().to_string().replace('/', "%2F");
        Ok(Self { url: format!("postgres://fivebar@localhost/postgres?host={socket}"), keeper, leash })
    }

    /// The address of its first database.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.leash.take());
        let _ = self.keeper.wait();
    }
}

/// The address with another database's name.
pub fn with_database(url: &str, name: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, None), |(before, query)| (before, Some(query)));
    let base = before.rsplit_once('/').map_or(before, |(base, _)| base);
    query.map_or_else(|| format!("{base}/{name}"), |query| format!("{base}/{name}?{query}"))
}

/// The newest installed server's programs. Debian keeps them out of the path, a folder a version.
pub fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok();
    let mut found: Vec<(u32, PathBuf)> = versions
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists() && bin.join("postgres").exists())
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin)
}

/// PostgreSQL refuses to run as root, so root starts it as the account that Debian made for it.
fn as_nobody_special(program: &str) -> Command {
    if am_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", program]);
        command
    } else {
        Command::new(program)
    }
}

fn am_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    Path::new("/proc/self").metadata().is_ok_and(|myself| myself.uid() == 0)
}

/// A new folder that belongs to the account the server runs as.
fn folder() -> Result<PathBuf, StartError> {
    let made = as_nobody_special("mktemp")
        .args(["-d", "/tmp/fivebar-postgres.XXXXXX"])
        .current_dir("/")
        .stderr(Stdio::inherit())
        .output()
        .map_err(failed)?;
    let path = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    if made.status.success() && !path.is_empty() {
        Ok(PathBuf::from(path))
    } else {
        Err(StartError::Failed("no temporary folder could be made".to_owned()))
    }
}

fn failed(error: std::io::Error) -> StartError {
    StartError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_s_name_is_replaced_in_an_address() {
        for (url, replaced) in [
            ("postgres://f@localhost/postgres?host=%2Ftmp%2Fx", "postgres://f@localhost/new?host=%2Ftmp%2Fx"),
            ("postgres://f@db.example:5433/old", "postgres://f@db.example:5433/new"),
        ] {
            assert_eq!(with_database(url, "new"), replaced);
        }
    }
}
