//! Another program's SQLite file: read, and nothing else.

use std::path::Path;

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, QueryResult, Statement};

use crate::db;
use crate::error::StoreError;

/// An open file.
#[derive(Debug)]
pub struct Foreign(DatabaseConnection);

/// A row of it.
#[derive(Debug)]
pub struct Row(QueryResult);

impl Foreign {
    /// Opens a file that is there.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        db::look_at(path).await.map(Self)
    }

    /// The rows that a text with whole numbers in it asks for. The text is the program's own.
    pub async fn rows(
        &self,
        text: &'static str,
        numbers: impl IntoIterator<Item = i64>,
    ) -> Result<Vec<Row>, StoreError> {
        let values = numbers.into_iter().map(sea_orm::Value::from);
        let statement = Statement::from_sql_and_values(DatabaseBackend::Sqlite, text, values);
        Ok(self.0.query_all_raw(statement).await?.into_iter().map(Row).collect())
    }

    /// The one whole number that a text asks for.
    pub async fn whole_number(&self, text: &'static str) -> Result<i64, StoreError> {
        let rows = self.rows(text, []).await?;
        rows.first().map_or(Ok(0), |row| row.whole_number(0))
    }
}

impl Row {
    /// A whole number in a place of it.
    pub fn whole_number(&self, place: usize) -> Result<i64, StoreError> {
        Ok(self.0.try_get_by_index(place)?)
    }

    /// A number in a place of it.
    pub fn number(&self, place: usize) -> Result<f64, StoreError> {
        Ok(self.0.try_get_by_index(place)?)
    }

    /// A text in a place of it.
    pub fn text(&self, place: usize) -> Result<String, StoreError> {
        Ok(self.0.try_get_by_index(place)?)
    }
}
