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
#[error(
    "the database address begins with neither `sqlite:` nor `postgres://`; write for example \
     `sqlite:/var/lib/fivebar/records.db` or `postgres://fivebar@db.example/fivebar`"
)]
pub struct AddressError;

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
                return Err(AddressError);
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(Private::new(text.to_owned())));
        }
        Err(AddressError)
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
            ("postgres://hub:sec:r@t@db.example:5433/school", "postgres://hub@db.example:5433/school"),
            ("postgresql://hub@db.example/school?password=x", "postgresql://hub@db.example/school"),
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
        }
        for bad in ["", "sqlite:", "mysql://x", "/srv/records.db"] {
            assert_eq!(bad.parse::<DatabaseUrl>(), Err(AddressError), "{bad}");
        }
    }
}
