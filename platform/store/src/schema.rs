//! The shape that a database ended up with, read back from the engine itself, in words that both engines share.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};

use crate::error::StoreError;
use crate::tx::Tx;

/// One table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Its columns by name.
    pub columns: BTreeMap<String, Column>,
    /// What must be unique: the primary key, and every unique index, whole or for some rows only.
    pub unique: BTreeSet<Unique>,
    /// Columns that point to another table: column, table, its column.
    pub points_to: BTreeSet<(String, String, String)>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// `text` or `bigint`.
    pub kind: String,
    /// Whether a row may leave it empty.
    pub may_be_empty: bool,
}

/// Columns that together are unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unique {
    /// The columns, in the order of the index.
    pub columns: Vec<String>,
    /// Whether only for the rows that a condition picks.
    pub partial: bool,
}

/// Every table of the database.
pub async fn tables(tx: &mut Tx) -> Result<BTreeMap<String, Table>, StoreError> {
    match tx.backend() {
        DbBackend::Postgres => on_postgres(tx).await,
        _ => on_sqlite(tx).await,
    }
}

/// The names of every table, in order.
pub(crate) async fn names(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let sql = match tx.backend() {
        DbBackend::Postgres => {
            "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
        }
        _ => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    };
    rows(tx, sql, []).await?.iter().map(|row| text(row, "name")).collect()
}

async fn on_sqlite(tx: &mut Tx) -> Result<BTreeMap<String, Table>, StoreError> {
    let mut tables = BTreeMap::new();
    for name in names(tx).await? {
        let mut table = Table::default();
        let sql = "SELECT name, lower(type) AS type, \"notnull\" AS filled FROM pragma_table_info($1)";
        for row in rows(tx, sql, [&*name]).await? {
            let may_be_empty = row.try_get::<i64>("", "filled")? == 0;
            table.columns.insert(text(&row, "name")?, Column { kind: text(&row, "type")?, may_be_empty });
        }
        let sql = "SELECT name, partial FROM pragma_index_list($1) WHERE \"unique\" = 1";
        for row in rows(tx, sql, [&*name]).await? {
            let index = text(&row, "name")?;
            let columns =
                rows(tx, "SELECT name FROM pragma_index_info($1) ORDER BY seqno", [&*index]).await?;
            let columns = columns.iter().map(|row| text(row, "name")).collect::<Result<_, _>>()?;
            table.unique.insert(Unique { columns, partial: row.try_get::<i64>("", "partial")? == 1 });
        }
        let sql =
            "SELECT \"from\" AS here, \"table\" AS there, \"to\" AS its FROM pragma_foreign_key_list($1)";
        for row in rows(tx, sql, [&*name]).await? {
            table.points_to.insert((text(&row, "here")?, text(&row, "there")?, text(&row, "its")?));
        }
        tables.insert(name, table);
    }
    Ok(tables)
}

async fn on_postgres(tx: &mut Tx) -> Result<BTreeMap<String, Table>, StoreError> {
    let mut tables = BTreeMap::new();
    for name in names(tx).await? {
        let mut table = Table::default();
        let sql = "SELECT column_name::text AS name, data_type::text AS type, is_nullable = 'YES' AS empty \
                   FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1";
        for row in rows(tx, sql, [&*name]).await? {
            let may_be_empty = row.try_get("", "empty")?;
            table.columns.insert(text(&row, "name")?, Column { kind: text(&row, "type")?, may_be_empty });
        }
        let sql = "SELECT i.indpred IS NOT NULL AS partial, \
                   (SELECT string_agg(a.attname::text, ',' ORDER BY k.place) \
                    FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place) \
                    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number) AS columns \
                   FROM pg_index i WHERE i.indisunique AND i.indrelid = to_regclass(quote_ident($1))";
        for row in rows(tx, sql, [&*name]).await? {
            let columns = text(&row, "columns")?.split(',').map(str::to_owned).collect();
            table.unique.insert(Unique { columns, partial: row.try_get("", "partial")? });
        }
        let sql = "SELECT a.attname::text AS here, c.confrelid::regclass::text AS there, b.attname::text AS its \
                   FROM pg_constraint c \
                   JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] \
                   JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1] \
                   WHERE c.contype = 'f' AND c.conrelid = to_regclass(quote_ident($1))";
        for row in rows(tx, sql, [&*name]).await? {
            table.points_to.insert((text(&row, "here")?, text(&row, "there")?, text(&row, "its")?));
        }
        tables.insert(name, table);
    }
    Ok(tables)
}

async fn rows<const N: usize>(
    tx: &mut Tx,
    sql: &str,
    values: [&str; N],
) -> Result<Vec<QueryResult>, StoreError> {
    let values = values.map(sea_orm::Value::from);
    Ok(tx.conn().query_all_raw(Statement::from_sql_and_values(tx.backend(), sql, values)).await?)
}

fn text(row: &QueryResult, column: &str) -> Result<String, StoreError> {
    Ok(row.try_get("", column)?)
}
