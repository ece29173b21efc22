//! Copying a PostgreSQL database with PostgreSQL's own programs, and proving a dump by loading it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::BackupError;
use crate::error::StoreError;
use crate::trail::hex;
use crate::url::DatabaseUrl;

/// Writes a dump of the database, as it is at one moment, to `target`.
pub(super) async fn dump(url: &DatabaseUrl, target: &Path) -> Result<(), BackupError> {
    let mut command = tool("pg_dump", url)?;
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(target);
    run("pg_dump", command).await
}

/// Loads a dump into an empty database, all of it or nothing.
pub(super) async fn load(dump: &Path, url: &DatabaseUrl) -> Result<(), BackupError> {
    let mut command = tool("pg_restore", url)?;
    command.args(["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]).arg(dump);
    run("pg_restore", command).await
}

/// Whether the database has tables, and whether anybody else is connected to it.
pub(super) async fn occupied(url: &DatabaseUrl) -> Result<(bool, bool), BackupError> {
    let connection = connect(url).await?;
    let yes = async |sql: &str| -> Result<bool, BackupError> {
        let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
        Ok(row.map_or(Ok(false), |row| row.try_get("", "yes"))?)
    };
    let tables =
        yes("SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema()) AS yes").await?;
    let others = yes("SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
                      AND backend_type = 'client backend' AND pid <> pg_backend_pid()) AS yes")
    .await?;
    connection.close().await?;
    Ok((tables, others))
}

/// Moves the tables that are there into a schema of their own, named `name`, and leaves an empty one in their place.
pub(super) async fn move_aside(url: &DatabaseUrl, name: &str) -> Result<(), BackupError> {
    let connection = connect(url).await?;
    let row = connection
        .query_one_raw(Statement::from_string(
            DbBackend::Postgres,
            "SELECT quote_ident(current_schema()) AS s",
        ))
        .await?;
    let current: String = row.map_or(Ok("public".to_owned()), |row| row.try_get("", "s"))?;
    connection
        .execute_unprepared(&format!(
            "BEGIN; ALTER SCHEMA {current} RENAME TO \"{name}\"; CREATE SCHEMA {current}; COMMIT"
        ))
        .await?;
    connection.close().await?;
    Ok(())
}

/// A scratch database with a dump loaded into it.
pub(super) struct Scratch {
    server: DatabaseUrl,
    url: DatabaseUrl,
    name: String,
}

impl Scratch {
    /// Makes the database on the server of `server` and loads the dump.
    pub async fn load(dump: &Path, server: Option<&DatabaseUrl>) -> Result<Self, BackupError> {
        let scratch = Self::empty(dump, server).await?;
        if let Err(error) = load(dump, &scratch.url).await {
            scratch.drop_it().await?;
            return Err(error);
        }
        Ok(scratch)
    }

    /// Makes an empty database, whose name goes by a path that nobody else has.
    pub async fn empty(dump: &Path, server: Option<&DatabaseUrl>) -> Result<Self, BackupError> {
        let Some(server @ DatabaseUrl::Postgres(whole)) = server else {
            return Err(BackupError::Tool {
                program: "pg_restore",
                why: "records from PostgreSQL are checked by loading them into a scratch database; name a server to \
                      do that on (the one of fivebar.toml will do)"
                    .to_owned(),
            });
        };
        // The folder of the dump has a random name, so this one is too.
        let mut name = hex(&Sha256::digest(dump.as_os_str().as_encoded_bytes()));
        name.truncate(16);
        let connection = connect(server).await?;
        let now =
            Statement::from_string(DbBackend::Postgres, "SELECT extract(epoch FROM now())::bigint AS s");
        let now: i64 = connection.query_one_raw(now).await?.map_or(Ok(0), |row| row.try_get("", "s"))?;
        sweep(&connection, now).await?;
        let name = format!("{SCRATCH}{now}_{name}");
        let made = connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await;
        connection.close().await?;
        made.map_err(|error| BackupError::Tool {
            program: "createdb",
            why: format!(
                "a back-up is proved by loading it into a scratch database, and this role could not make one ({error}); \
                 run `ALTER ROLE … CREATEDB` for it"
            ),
        })?;
        let url = DatabaseUrl::Postgres(kit::Private::new(with_database(whole.reveal(), &name)));
        Ok(Self { server: server.clone(), url, name })
    }

    pub const fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Removes the scratch database. Only a database that this made is ever named here.
    pub async fn drop_it(self) -> Result<(), BackupError> {
        let connection = connect(&self.server).await?;
        connection.execute_unprepared(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await?;
        connection.close().await?;
        Ok(())
    }
}

/// How the names of scratch databases begin; then comes the second in which one was made.
const SCRATCH: &str = "fivebar_check_";
/// After how many seconds nobody is at work in one any more, where nobody is connected either.
const LEFT_S: i64 = 6 * 3_600;

/// Removes scratch databases that whoever made them was killed over. What this role may not remove stays.
async fn sweep(connection: &DatabaseConnection, now: i64) -> Result<(), BackupError> {
    let named = format!(
        "SELECT datname FROM pg_database WHERE starts_with(datname, '{SCRATCH}') AND pg_get_userbyid(datdba) = current_user \
         AND NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pg_stat_activity.datname = pg_database.datname)"
    );
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, named)).await?;
    for row in rows {
        let name: String = row.try_get("", "datname")?;
        if is_left(&name, now) {
            let _ = connection.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}")).await;
        }
    }
    Ok(())
}

/// Whether a database is a scratch one that was made long ago. Only such a name is ever named.
fn is_left(name: &str, now: i64) -> bool {
    let Some((made, rest)) = name.strip_prefix(SCRATCH).and_then(|rest| rest.split_once('_')) else {
        return false;
    };
    let is_ours = rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_ours && made.parse::<i64>().is_ok_and(|made| now - made > LEFT_S)
}

async fn connect(url: &DatabaseUrl) -> Result<DatabaseConnection, BackupError> {
    match url {
        DatabaseUrl::Postgres(whole) => {
            let mut options = sea_orm::ConnectOptions::new(whole.reveal().as_str());
            options.max_connections(1).sqlx_logging(false);
            Ok(Database::connect(options).await?)
        }
        DatabaseUrl::Sqlite(_) => Err(StoreError::from(crate::url::AddressError::Neither).into()),
    }
}

/// The address with another database's name.
fn with_database(url: &str, name: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, None), |(before, query)| (before, Some(query)));
    let after_scheme = before.find("://").map_or(0, |at| at + 3);
    let base = match before.get(after_scheme..).and_then(|rest| rest.rfind('/')) {
        Some(slash) => before.get(..after_scheme + slash).unwrap_or(before),
        None => before,
    };
    query.map_or_else(|| format!("{base}/{name}"), |query| format!("{base}/{name}?{query}"))
}

/// One of PostgreSQL's programs, told where the database is. The password goes by its environment: an argument could be
/// read by everybody on the machine.
fn tool(program: &'static str, url: &DatabaseUrl) -> Result<Command, BackupError> {
    let DatabaseUrl::Postgres(whole) = url else {
        return Err(StoreError::from(crate::url::AddressError::Neither).into());
    };
    let path = find(program).ok_or_else(|| BackupError::Tool {
        program,
        why: "not found; install PostgreSQL's client programs (Debian: postgresql-client)".to_owned(),
    })?;
    let (url, password) = without_password(whole.reveal());
    let mut command = Command::new(path);
    command.arg("--dbname").arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    Ok(command)
}

async fn run(program: &'static str, mut command: Command) -> Result<(), BackupError> {
    let done =
        command.output().await.map_err(|error| BackupError::Tool { program, why: error.to_string() })?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let why = said.lines().next().unwrap_or("it failed and did not say why").to_owned();
    Err(BackupError::Tool { program, why })
}

/// The program of the newest installed PostgreSQL: an older dump program refuses a newer server.
fn find(program: &str) -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| {
            let number = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin").join(program)))
        })
        .filter(|(_, path)| path.is_file())
        .collect();
    debian.sort();
    let on_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
    });
    debian.pop().map(|(_, path)| path).or(on_path)
}

/// The address without its password, and the password.
fn without_password(url: &str) -> (String, Option<String>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    let (place, mut password) = match place.rsplit_once('@') {
        Some((who, host)) => match who.split_once(':') {
            Some((name, password)) => (format!("{name}@{host}"), Some(decoded(password))),
            None => (place.to_owned(), None),
        },
        None => (place.to_owned(), None),
    };
    let mut kept = Vec::new();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        match pair.strip_prefix("password=") {
            Some(other) => password = Some(decoded(other)),
            None => kept.push(pair),
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    (format!("{scheme}://{place}{query}"), password)
}

/// Percent-decoding, as far as a password needs it.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| byte == b'%') {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_apart_from_its_address() {
        for (url, bare, password) in [
            ("postgres://a:p%40ss@h/d", "postgres://a@h/d", Some("p@ss")),
            ("postgres://a@h/d?host=%2Ftmp", "postgres://a@h/d?host=%2Ftmp", None),
            ("postgres://h/d?password=x&sslmode=require", "postgres://h/d?sslmode=require", Some("x")),
            ("postgres://a:100%@h/d", "postgres://a@h/d", Some("100%")),
        ] {
            assert_eq!(without_password(url), (bare.to_owned(), password.map(str::to_owned)), "{url}");
        }
    }

    #[test]
    fn a_scratch_database_is_left_behind_once_it_is_old_and_nothing_else_ever_is() {
        for (name, is) in [
            ("fivebar_check_1000_0123456789abcdef", true),
            ("fivebar_check_90000_0123456789abcdef", false),
            ("fivebar_check_1000_0123456789abcde", false),
            ("fivebar_check_1000_0123456789abcdeg", false),
            ("fivebar_check_soon_0123456789abcdef", false),
            ("fivebar", false),
        ] {
            assert_eq!(is_left(name, 100_000), is, "{name}");
        }
    }

    #[test]
    fn another_database_of_the_same_server() {
        for (url, other) in [
            ("postgres://a@h:5432/d", "postgres://a@h:5432/n"),
            ("postgres://a@h", "postgres://a@h/n"),
            ("postgres://a@h/d?host=%2Ftmp", "postgres://a@h/n?host=%2Ftmp"),
        ] {
            assert_eq!(with_database(url, "n"), other);
        }
    }
}
