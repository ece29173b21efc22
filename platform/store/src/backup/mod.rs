//! Back-ups.

mod sqlite;

pub(crate) use sqlite::copy_sqlite;
