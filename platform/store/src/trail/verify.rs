//! Proving that nothing in the trail was altered since it was written.

use sea_orm::{ConnectionTrait, Statement};

use super::entry::{Entry, NOTHING_BEFORE};
use super::{COLUMNS, last, read};
use crate::db::Db;
use crate::error::StoreError;
use crate::tx::Tx;

/// How many entries are held in memory at a time.
const PAGE: i64 = 2_000;

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// Every entry is as it was written and follows the one before.
    Whole {
        /// How many entries there are.
        entries: i64,
        /// The hash of the last; [`NOTHING_BEFORE`] in an empty trail.
        head: String,
    },
    /// Something was altered.
    BrokenAt {
        /// The number of the first entry that cannot be right.
        seq: i64,
        /// In what way.
        why: Broken,
    },
}

/// How an entry shows that the trail was tampered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The entry's fields do not give its hash.
    #[error("the entry was altered after it was written")]
    Altered,
    /// It does not name the hash of the entry before.
    #[error("the entry does not follow the one before it: that one was altered, replaced or removed")]
    NotAfterTheLast,
    /// Its number is missing: an entry was removed, and a later one is there.
    #[error("the entry is missing: it was removed")]
    Missing,
}

impl Verified {
    /// Whether nothing was altered.
    pub const fn is_whole(&self) -> bool {
        matches!(self, Self::Whole { .. })
    }
}

/// Checks the whole trail, a page at a time, in one moment's view of it; writers go on meanwhile. Works on records
/// opened with [`Db::look`] as well, without a running program.
pub async fn verify(db: &Db) -> Result<Verified, StoreError> {
    let mut tx = db.read().await?;
    let verified = verify_in(&mut tx).await?;
    tx.roll_back().await?;
    Ok(verified)
}

/// How the trail stands to an entry that is known from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It has the entry, and with it every entry before, as they were.
    Held,
    /// It ends before the entry.
    Missing {
        /// How many entries it has.
        entries: i64,
    },
    /// It has another entry of that number.
    Changed,
}

/// Whether the trail still has `head` as the hash of entry `entries`. A back-up's manifest remembers both, so that a
/// chain that was cut off or rebuilt is told on by an older back-up. What comes before a held entry is as it was where
/// [`verify`] finds the trail whole.
pub async fn compare(db: &Db, entries: i64, head: &str) -> Result<Known, StoreError> {
    if entries == 0 {
        return Ok(if head == NOTHING_BEFORE { Known::Held } else { Known::Changed });
    }
    let tx = db.read().await?;
    let sql = "SELECT hash FROM trail WHERE seq = $1";
    let asked = Statement::from_sql_and_values(tx.backend(), sql, [entries.into()]);
    let row = tx.conn().query_one_raw(asked).await?;
    let hash = row.map(|row| row.try_get::<String>("", "hash")).transpose()?;
    let last = last(tx.conn()).await?;
    tx.roll_back().await?;
    Ok(match hash {
        Some(hash) if hash == head => Known::Held,
        Some(_) => Known::Changed,
        None => Known::Missing { entries: last.map_or(0, |(seq, _)| seq) },
    })
}

pub(crate) async fn verify_in(tx: &mut Tx) -> Result<Verified, StoreError> {
    let mut chain = Chain::default();
    // From below zero, so that an entry slipped in before the first is found too.
    let mut after = i64::MIN;
    loop {
        let sql = format!("SELECT {COLUMNS} FROM trail WHERE seq > $1 ORDER BY seq LIMIT {PAGE}");
        let asked = Statement::from_sql_and_values(tx.backend(), sql, [after.into()]);
        let rows = tx.conn().query_all_raw(asked).await?;
        let full = i64::try_from(rows.len()) == Ok(PAGE);
        for row in &rows {
            let entry = read(row)?;
            if let Err((seq, why)) = chain.next(&entry) {
                return Ok(Verified::BrokenAt { seq, why });
            }
            after = entry.seq;
        }
        if !full {
            return Ok(Verified::Whole { entries: chain.entries, head: chain.head });
        }
    }
}

/// As much of the chain as has been checked.
struct Chain {
    entries: i64,
    head: String,
}

impl Default for Chain {
    fn default() -> Self {
        Self { entries: 0, head: NOTHING_BEFORE.to_owned() }
    }
}

impl Chain {
    fn next(&mut self, entry: &Entry) -> Result<(), (i64, Broken)> {
        let expected = self.entries + 1;
        if entry.seq > expected {
            return Err((expected, Broken::Missing));
        }
        if entry.seq < expected || entry.prev != self.head {
            return Err((entry.seq, Broken::NotAfterTheLast));
        }
        if entry.hash != entry.true_hash() {
            return Err((entry.seq, Broken::Altered));
        }
        self.entries = expected;
        self.head.clone_from(&entry.hash);
        Ok(())
    }
}
