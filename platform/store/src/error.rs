//! What can go wrong between the program and its records.

use std::path::PathBuf;

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
    /// The database itself said no.
    #[error("the database refused: {0}")]
    Database(#[source] sea_orm::DbErr),
    /// A background task of this program ended early.
    #[error("work on the records was broken off: {0}")]
    BrokenOff(&'static str),
}

impl From<sea_orm::DbErr> for StoreError {
    fn from(error: sea_orm::DbErr) -> Self {
        match error.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => Self::Taken,
            _ => Self::Database(error),
        }
    }
}
