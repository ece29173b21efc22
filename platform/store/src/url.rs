//! Where the records live, as the configuration file says it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use kit::Private;

/// Where the records live: a SQLite file, or a PostgreSQL database. Printing it never shows a password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file on this machine.
    Sqlite(PathBuf),
    /// A PostgreSQL database, with the whole address, password included.
    Postgres(Private<String>),
}

/// The address of a database could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is of neither kind.
    #[error(
        "the database address begins with neither `sqlite:` nor `postgres://`; write for example \
         `sqlite:/var/lib/fivebar/records.db` or `postgres://fivebar@localhost/fivebar`"
    )]
    Neither,
    /// It is on another machine, and the connection would be open to whoever is between.
    #[error(
        "the database is on another machine, and without `sslmode=verify-full` whoever is on the way could read and change every record; \
         write for example `postgres://fivebar@db.example/fivebar?sslmode=verify-full&sslrootcert=/etc/fivebar/db-ca.pem`"
    )]
    Unverified,
}

impl DatabaseUrl {
    /// The SQLite file at `path`.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::Sqlite(path.into())
    }

    /// The file, where the records live in one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }

    /// The database file and the files SQLite and this program keep beside it; none for PostgreSQL.
    pub fn files(&self) -> Vec<PathBuf> {
        let beside = |file: &Path| {
            ["", "-wal", "-shm", "-journal", ".lock"].map(|end| {
                let mut name = file.as_os_str().to_owned();
                name.push(end);
                PathBuf::from(name)
            })
        };
        self.file().map(beside).into_iter().flatten().collect()
    }

    /// The word for the engine in messages and manifests.
    pub const fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(AddressError::Neither);
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        let scheme = ["postgres://", "postgresql://"].iter().find(|scheme| text.starts_with(**scheme));
        let rest = scheme.and_then(|scheme| text.strip_prefix(*scheme)).ok_or(AddressError::Neither)?;
        if !is_here(rest) && !is_verified(rest) {
            return Err(AddressError::Unverified);
        }
        Ok(Self::Postgres(Private::new(text.to_owned())))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(whole) => f.write_str(&without_secrets(whole.reveal())),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The settings after the `?` of an address.
fn settings(rest: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter_map(|one| one.split_once('='))
}

/// Whether the server is on this machine: a socket, or loopback. Each setting that names another place counts too.
fn is_here(rest: &str) -> bool {
    let before = rest.split(['/', '?']).next().unwrap_or(rest);
    let place = before.rsplit_once('@').map_or(before, |(_, place)| place);
    let named = settings(rest).filter(|(name, _)| matches!(*name, "host" | "hostaddr")).map(|(_, host)| host);
    std::iter::once(place).chain(named).all(is_loopback)
}

/// Whether a host is this machine: none at all, a folder of sockets, `localhost`, or a loopback address, each with or without a port.
fn is_loopback(place: &str) -> bool {
    let host = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, _)) => inside,
        None if place.matches(':').count() == 1 => place.split(':').next().unwrap_or(place),
        None => place,
    };
    let is_folder =
        host.starts_with('/') || host.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2f"));
    host.is_empty()
        || is_folder
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether the connection is encrypted to a server whose certificate and name are checked.
fn is_verified(rest: &str) -> bool {
    let modes: Vec<&str> = settings(rest)
        .filter(|(name, _)| matches!(*name, "sslmode" | "ssl-mode"))
        .map(|(_, mode)| mode)
        .collect();
    !modes.is_empty() && modes.iter().all(|mode| *mode == "verify-full")
}

/// The address without the part between `:` and `@`, and without its query, which may carry a password too.
fn without_secrets(whole: &str) -> String {
    let (scheme, rest) = whole.split_once("://").unwrap_or(("postgres", whole));
    let rest = rest.split_once('?').map_or(rest, |(before, _)| before);
    match rest.rsplit_once('@') {
        Some((who, place)) => {
            let name = who.split_once(':').map_or(who, |(name, _)| name);
            format!("{scheme}://{name}@{place}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_shown_without_its_password() {
        for (text, shown) in [
            ("sqlite:/srv/records.db", "/srv/records.db"),
            ("sqlite:///srv/records.db", "/srv/records.db"),
            ("sqlite:records.db", "records.db"),
            ("postgres://hub:sec:r@t@localhost:5433/school", "postgres://hub@localhost:5433/school"),
            (
                "postgresql://hub@db.example/school?password=x&sslmode=verify-full",
                "postgresql://hub@db.example/school",
            ),
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
        }
        for bad in ["", "sqlite:", "mysql://x", "/srv/records.db"] {
            assert_eq!(bad.parse::<DatabaseUrl>(), Err(AddressError::Neither), "{bad}");
        }
    }

    #[test]
    fn a_server_elsewhere_is_reached_over_a_checked_connection_or_not_at_all() {
        for (text, may) in [
            ("postgres:///school", true),
            ("postgres://hub@localhost/school", true),
            ("postgres://hub:p@127.0.0.1:5433/school", true),
            ("postgres://hub@[::1]:5433/school", true),
            ("postgres:///school?host=/run/postgresql&user=hub", true),
            ("postgres://hub@%2Frun%2Fpostgresql/school", true),
            ("postgres://hub@db.example/school?sslmode=verify-full", true),
            ("postgres://hub@db.example/school", false),
            ("postgres://hub@db.example/school?sslmode=require", false),
            ("postgres://hub@db.example/school?sslmode=verify-full&sslmode=disable", false),
            ("postgres://hub@10.0.0.7:5432/school?sslmode=prefer", false),
            ("postgres://hub@localhost/school?host=db.example", false),
            ("postgres://hub@localhost/school?hostaddr=10.0.0.7", false),
            ("postgres://localhost@db.example/school", false),
            ("postgres://hub:a/b@db.example/school", false),
        ] {
            let read = text.parse::<DatabaseUrl>();
            assert_eq!(read.is_ok(), may, "{text}");
            if !may {
                assert_eq!(read, Err(AddressError::Unverified), "{text}");
            }
        }
    }
}
