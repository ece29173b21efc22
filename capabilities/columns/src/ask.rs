//! Reports: one SQL text over everything that is kept.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use activity::columns::{ColumnFile, Reported, Row, Side, Table};
use activity::report::Asks;
use activity::{Subject, Whose};
use arrow::array::{Array, AsArray as _, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Int32Type, Int64Type, TimeUnit, TimestampMillisecondType, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow::util::display::array_value_to_string;
use datafusion::common::Result;
use datafusion::datasource::MemTable;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::{DataFrame, SessionContext, col};
use engine::{KnownBy, Step};
use kit::{Timestamp, Zone};
use serde_json::Value;

use crate::engine::Engine;
use crate::find::covered;
use crate::rows::{self, Rows};
use crate::schema::{SCHEMA, SEARCHES};
use crate::{days, sums, told};

/// Makes a report over files and over what is not packed yet.
pub fn report(
    engine: &Engine,
    files: &[&ColumnFile],
    tail: &mut dyn Iterator<Item = Row<'_>>,
    asked: Reported<'_>,
) -> io::Result<Table> {
    let text = asked.report.sql().map_err(io::Error::other)?;
    let zone = asked.report.zone().map_err(io::Error::other)?.unwrap_or_else(Zone::utc);
    let mut gathered = Rows::default();
    tail.for_each(|row| gathered.add(&row));
    let (_, tail) = gathered.take().map_err(told)?;
    let tail = rows::plain(&tail).map_err(told)?;
    let mut table = Table::default();
    let question = async {
        let context = engine.context();
        register(engine, &context, files, tail, asked, &zone).await?;
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

/// Puts the table that a text asks where it finds it.
async fn register(
    engine: &Engine,
    context: &SessionContext,
    files: &[&ColumnFile],
    tail: RecordBatch,
    asked: Reported<'_>,
    zone: &Zone,
) -> Result<()> {
    let tail = context.read_table(Arc::new(MemTable::try_new(Arc::clone(&SCHEMA), vec![vec![tail]])?))?;
    // What was brought in is in no report.
    let hidden: Vec<Subject> =
        asked.hidden.iter().filter(|subject| !matches!(subject.whose, Whose::Import(_))).copied().collect();
    let hidden = hidden.as_slice();
    let events =
        |files: &[&ColumnFile]| seen(context.read_table(engine.table(files))?.union(tail.clone())?, hidden);
    // A side table that counts knows nothing of whom it counts.
    let has_side = |side: Side| {
        let is_told = side == Side::Searches || hidden.is_empty();
        move |file: &&&ColumnFile| is_told && file.side(side).is_some()
    };
    let (name, table) = match asked.report.asks_for() {
        Asks::Events => ("events", events(files)?),
        Asks::Daily => {
            let suit = sums::suit(zone, asked.oldest, asked.newest);
            let (summed, others): (Vec<_>, Vec<_>) =
                files.iter().partition(|file| suit && has_side(Side::Sums)(file));
            context.register_udf(days::day_in(zone));
            context.register_table("some_events", events(&others)?.into_view())?;
            let side = context.read_table(engine.side_table(&summed, Side::Sums))?;
            context.register_table("some_sums", side.into_view())?;
            let rest = context.sql(days::OF_EVENTS).await?;
            ("daily", context.sql(days::OF_SUMS).await?.union(rest)?)
        }
        Asks::Searches => {
            let (picked, others): (Vec<_>, Vec<_>) = files.iter().partition(has_side(Side::Searches));
            let columns: Vec<Expr> = SEARCHES.fields().iter().map(|field| col(field.name())).collect();
            let rest = events(&others)?.filter(col("searched").is_not_null())?.select(columns)?;
            let side = context.read_table(engine.side_table(&picked, Side::Searches))?;
            let side = match shown(hidden) {
                Some(shown) => side.filter(shown)?,
                None => side,
            };
            ("searches", side.union(rest)?)
        }
    };
    context.register_table(name, table.into_view())?;
    Ok(())
}

/// Requests that reports are about, as [`View::asked_of_us`](crate::view::View::asked_of_us) finds them, without those of who
/// is hidden.
fn seen(events: DataFrame, hidden: &[Subject]) -> Result<DataFrame> {
    let asked_of_us = (col("front").is_not_null())
        .and(col("known_by").not_eq(lit(KnownBy::FilterTest.id())))
        .and(col("step").not_eq(lit(Step::Elsewhere.id())));
    events.filter(shown(hidden).into_iter().fold(asked_of_us, Expr::and))
}

/// What holds of whoever is not hidden; `None` where nobody is.
fn shown(hidden: &[Subject]) -> Option<Expr> {
    hidden.iter().map(|subject| covered(subject).is_not_true()).reduce(Expr::and)
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
