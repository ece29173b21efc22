//! What can go wrong between the program and its records.

use std::path::PathBuf;

use kit::Unavailable;
use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// A database refused, or could not be reached. Every variant is something the person at the command line can act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address of the database could not be read.
    #[error("{0}")]
    Address(#[from] crate::url::AddressError),
    /// The file or folder of the database could not be used.
    #[error(
        "{path}: {source}; check that the folder exists, has room, and that this account may write there"
    )]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The records were written by a later program.
    #[error(
        "{place}: these records were written by a newer Fivebar (their shape is number {found}, this program knows \
         up to {known}); install that version or a later one, or restore a back-up made by this one"
    )]
    TooNew {
        /// The database, without its password.
        place: String,
        /// The number of the newest migration it has had.
        found: i64,
        /// The newest this program has.
        known: i64,
    },
    /// The database is not one of Fivebar's, or it was never set up.
    #[error("{place}: there are no Fivebar records here; run `fivebar init`, or name the right home folder")]
    NotOurs {
        /// The database, without its password.
        place: String,
    },
    /// The records are of an older shape than the program needs, and were opened only to be looked at.
    #[error(
        "{place}: these records have an older shape (number {found}, this program needs {known}); start `fivebar run` \
         once, which brings them up to date"
    )]
    TooOld {
        /// The database, without its password.
        place: String,
        /// The number of the newest migration it has had.
        found: i64,
        /// The newest this program has.
        known: i64,
    },
    /// A value in a row cannot be read as what it should be.
    #[error(
        "{table}.{column}: a value cannot be read ({why}); run `fivebar verify`, and restore a back-up if it fails"
    )]
    Unreadable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Why not; never the value.
        why: &'static str,
    },
    /// Something in a record must be unique and is not.
    #[error("a record with that key is there already")]
    Taken,
    /// It cannot be done now and can be done later: nothing of it was kept, unless it was the answer to a commit that was lost.
    #[error("{why} ({said})")]
    NotNow {
        /// Why not.
        #[source]
        why: Unavailable,
        /// What the database said.
        said: DbErr,
    },
    /// The database itself said no.
    #[error("the database refused: {0}")]
    Database(#[source] DbErr),
    /// A background task of this program ended early.
    #[error("work on the records was broken off: {0}")]
    BrokenOff(&'static str),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match (error.sql_err(), unavailable(&error)) {
            (Some(sea_orm::SqlErr::UniqueConstraintViolation(_)), _) => Self::Taken,
            (_, Some(why)) => Self::NotNow { why, said: error },
            (_, None) => Self::Database(error),
        }
    }
}

/// Whether an error is one that passes: the server is away, somebody else writes for too long, there is no room.
fn unavailable(error: &DbErr) -> Option<Unavailable> {
    let inner = match error {
        DbErr::ConnectionAcquire(_) => return Some(Unavailable::OutOfReach),
        DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner)) => inner,
        _ => return None,
    };
    match &**inner {
        SqlxError::Io(source) if source.kind() == std::io::ErrorKind::StorageFull => Some(Unavailable::Full),
        SqlxError::Io(_) | SqlxError::PoolTimedOut | SqlxError::PoolClosed | SqlxError::WorkerCrashed => {
            Some(Unavailable::OutOfReach)
        }
        SqlxError::Database(said) => said.code().and_then(|code| by_code(&code)),
        _ => None,
    }
}

/// What a database's code means: five signs of PostgreSQL (its manual, appendix A), or a number of SQLite (its Result Codes), whose lowest
/// byte is the kind.
fn by_code(code: &str) -> Option<Unavailable> {
    /// An error of the file's system that has to do with writing: `SQLITE_IOERR_WRITE`, `_FSYNC`, `_TRUNCATE`, `_SHMSIZE` and, where the
    /// file beside the records could not be made, `_SHMOPEN`. A file that may not grow (a quota, a limit) shows as one of them.
    const NOT_WRITTEN: [u32; 5] = [778, 1_034, 1_546, 4_618, 4_874];
    match code {
        "53100" => return Some(Unavailable::Full),
        "55P03" => return Some(Unavailable::Busy),
        // Shut down, crashed, starting up, too many connections.
        "57P01" | "57P02" | "57P03" | "53300" => return Some(Unavailable::OutOfReach),
        _ if code.len() == 5 && code.starts_with("08") => return Some(Unavailable::OutOfReach),
        _ => {}
    }
    let number: u32 = code.parse().ok().filter(|_| code.len() < 5)?;
    match number & 0xff {
        5 | 6 => Some(Unavailable::Busy),
        13 => Some(Unavailable::Full),
        _ => NOT_WRITTEN.contains(&number).then_some(Unavailable::Full),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        for (code, why) in [
            ("53100", Some(Unavailable::Full)),
            ("13", Some(Unavailable::Full)),
            ("778", Some(Unavailable::Full)),
            ("4618", Some(Unavailable::Full)),
            ("5", Some(Unavailable::Busy)),
            ("517", Some(Unavailable::Busy)),
            ("55P03", Some(Unavailable::Busy)),
            ("57P01", Some(Unavailable::OutOfReach)),
            ("57P03", Some(Unavailable::OutOfReach)),
            ("08006", Some(Unavailable::OutOfReach)),
            ("23505", None),
            ("42P01", None),
            ("2067", None),
            ("11", None),
            ("1", None),
        ] {
            assert_eq!(by_code(code), why, "{code}");
        }
    }
}
