//! A transaction.

use std::sync::Arc;

use kit::Ids;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend};

use crate::error::StoreError;

/// One transaction: the change, its trail entry and its events, or none of them. Actions take `&mut Tx` and never
/// commit; whoever called [`Db::begin`](crate::Db::begin) does.
#[derive(Debug)]
pub struct Tx {
    inner: DatabaseTransaction,
    ids: Arc<Ids>,
}

impl Tx {
    pub(crate) const fn new(inner: DatabaseTransaction, ids: Arc<Ids>) -> Self {
        Self { inner, ids }
    }

    /// Makes ids for the records written here.
    pub fn ids(&self) -> &Ids {
        &self.ids
    }

    /// The connection, for the queries of a `store.rs` file.
    pub const fn conn(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// Which engine this is, for the one `match` where the two must differ.
    pub fn backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    /// Makes everything done in it last. When this returns, it survives a power cut.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit().await?)
    }

    /// Undoes everything done in it. Dropping it does the same, a little later.
    pub async fn roll_back(self) -> Result<(), StoreError> {
        Ok(self.inner.rollback().await?)
    }
}
