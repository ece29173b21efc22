//! Reports: one SQL text over everything that is kept.

use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

use activity::Subject;
use activity::columns::{ColumnFile, Row, Table};
use activity::report::Report;
use arrow::array::{Array, AsArray as _, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Field, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMillisecondType,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::array_value_to_string;
use datafusion::common::Result;
use datafusion::datasource::MemTable;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{DataFrame, SessionContext, col};
use kit::Timestamp;
use serde_json::Value;

use crate::daily;
use crate::engine::Engine;
use crate::find::covered;
use crate::rows::Rows;
use crate::schema::SCHEMA;
use crate::told;

/// What was searched for. Nothing fills it: no front reads search terms yet.
static SEARCHES: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("decided_at", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true),
        Field::new("person", DataType::UInt32, true),
        Field::new("grp", DataType::UInt16, true),
        Field::new("site", DataType::Utf8, true),
        Field::new("search", DataType::Utf8, true),
    ]))
});

/// Makes a report over files and over what is not packed yet, without those who are hidden.
pub fn report(
    engine: &Engine,
    files: &[&ColumnFile],
    tail: &mut dyn Iterator<Item = Row<'_>>,
    hidden: &[Subject],
    report: &Report,
) -> io::Result<Table> {
    let text = report.sql().map_err(io::Error::other)?;
    let mut rows = Rows::default();
    tail.for_each(|row| rows.add(&row));
    let (_, tail) = rows.take().map_err(told)?;
    let mut table = Table::default();
    let question = async {
        let context = engine.context();
        register(engine, &context, files, tail, hidden, report).await?;
        let only_reading =
            SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        context.sql_with_options(&text, only_reading).await
    };
    engine.run(question, &mut |batch| {
        if table.columns.is_empty() {
            table.columns = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        }
        for row in 0..batch.num_rows() {
            let values = batch.columns().iter().map(|column| value(column, row));
            table.rows.push(values.collect::<io::Result<_>>()?);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(table)
}

/// Puts the three tables where a text finds them.
async fn register(
    engine: &Engine,
    context: &SessionContext,
    files: &[&ColumnFile],
    tail: RecordBatch,
    hidden: &[Subject],
    report: &Report,
) -> Result<()> {
    let seen = |events: DataFrame| {
        let hidden = hidden.iter().map(|subject| covered(subject).is_not_true());
        events.filter(hidden.fold(col("front").is_not_null(), Expr::and))
    };
    let tail = context.read_table(Arc::new(MemTable::try_new(Arc::clone(&SCHEMA), vec![vec![tail]])?))?;
    if report.asks_for_events() {
        let packed = context.read_table(engine.table(files)?)?;
        context.register_table("events", seen(packed.union(tail.clone())?)?.into_view())?;
    } else {
        // A side table knows nothing of whom it counts, and counts what has been damaged since.
        let (counted, uncounted): (Vec<&ColumnFile>, Vec<&ColumnFile>) = files
            .iter()
            .partition(|file| hidden.is_empty() && file.damaged_rows() == 0 && file.daily().is_some());
        let packed = context.read_table(engine.table(&uncounted)?)?;
        context.register_table("some_events", seen(packed.union(tail)?)?.into_view())?;
        let rest = context.sql(daily::OF_EVENTS).await?;
        let side = context.read_table(engine.daily_table(&counted)?)?;
        context.register_table("daily", side.union(rest)?.into_view())?;
    }
    let none = MemTable::try_new(Arc::clone(&SEARCHES), vec![vec![]])?;
    context.register_table("searches", Arc::new(none))?;
    Ok(())
}

/// A value as JSON: numbers, texts, moments and days as people write them, null.
fn value(column: &dyn Array, row: usize) -> io::Result<Value> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match column.data_type() {
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).into(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).into(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            let at = column.as_primitive::<TimestampMillisecondType>().value(row);
            Timestamp::from_millis(at).to_string().into()
        }
        DataType::Date32 => {
            let day = i64::from(column.as_primitive::<Date32Type>().value(row));
            Timestamp::from_millis(day * 86_400_000).to_string().chars().take(10).collect::<String>().into()
        }
        _ => array_value_to_string(column, row).map_err(told)?.into(),
    })
}
