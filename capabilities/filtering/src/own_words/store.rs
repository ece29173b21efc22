//! The table of what labels said. The only file that names it.

use kit::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use super::model::{WordChange, WordChangeId};

mod table {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "word_change")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub language: String,
        pub label: String,
        pub before: Option<String>,
        pub now: Option<String>,
        pub changed_by: String,
        pub changed_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn insert(tx: &mut Tx, change: &WordChange) -> Result<(), StoreError> {
    let row = table::ActiveModel {
        id: Set(change.id.to_string()),
        language: Set(change.language.clone()),
        label: Set(change.label.clone()),
        before: Set(change.before.clone()),
        now: Set(change.now.clone()),
        changed_by: Set(change.by.clone()),
        changed_at: Set(change.at.as_millis()),
    };
    table::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The newest of a label in a language, newest first.
pub(super) async fn newest(
    tx: &mut Tx,
    language: &str,
    label: &str,
    at_most: u64,
) -> Result<Vec<WordChange>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::Language.eq(language))
        .filter(table::Column::Label.eq(label))
        .order_by_desc(table::Column::ChangedAt)
        .order_by_desc(table::Column::Id)
        .limit(at_most)
        .all(tx.conn())
        .await?;
    rows.into_iter()
        .map(|row| {
            let unreadable =
                |_| StoreError::Unreadable { table: "word_change", column: "id", why: "not an id" };
            let id: WordChangeId = row.id.parse().map_err(unreadable)?;
            Ok(WordChange {
                id,
                language: row.language,
                label: row.label,
                before: row.before,
                now: row.now,
                by: row.changed_by,
                at: Timestamp::from_millis(row.changed_at),
            })
        })
        .collect()
}
