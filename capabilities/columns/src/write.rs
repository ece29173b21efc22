//! Files written: from events, from several files, and from one without somebody's events.

use std::io;
use std::path::Path;
use std::sync::Arc;

use activity::columns::{ColumnFile, Row, Written};
use activity::{Subject, Whose};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, TimestampMillisecondArray, new_null_array};
use arrow::compute::{concat_batches, filter_record_batch, not};
use kit::Timestamp;

use crate::file::{Writing, batches};
use crate::order::{self, keys_of};
use crate::rows::{self, Rows};
use crate::schema::SCHEMA;
use crate::told;
use crate::view::{View, number};

/// Rows that are read and written at once.
const BATCH: usize = 8 << 10;
/// Rows that are put in order and written at once.
const PIECE: usize = 32 << 10;
/// zstd levels: of what will soon be written again, and of what stays.
const QUICK: i32 = 1;
const LASTING: i32 = 3;
/// What closes a segment bounds how many events it has; a file from more than this is sorted in pieces.
const MOST_AT_ONCE: usize = 1 << 20;

/// Writes events, sorted.
pub fn write(path: &Path, about: &str, rows: &mut dyn Iterator<Item = Row<'_>>) -> io::Result<Written> {
    let mut writing = Writing::begin(path, QUICK, about)?;
    let mut gathered = Rows::default();
    let mut sorted: Vec<RecordBatch> = Vec::new();
    for row in rows {
        gathered.add(&row);
        if gathered.len() == MOST_AT_ONCE {
            sorted.push(in_order(&mut gathered)?);
        }
    }
    if sorted.is_empty() {
        let (keys, batch) = gathered.take().map_err(told)?;
        order::sorted(&keys, &batch, PIECE, |batch| writing.add(batch))?;
        return writing.end();
    }
    sorted.push(in_order(&mut gathered)?);
    let sources = sorted.into_iter().map(|batch| Box::new(std::iter::once(Ok(batch))) as order::Batches);
    order::merge(sources.collect(), BATCH, |batch| writing.add(batch))?;
    writing.end()
}

/// All that is gathered, in order, each text in its row: batches with places of their own are not merged.
fn in_order(gathered: &mut Rows) -> io::Result<RecordBatch> {
    let (keys, batch) = gathered.take().map_err(told)?;
    let batch = rows::plain(&batch).map_err(told)?;
    let mut sorted = RecordBatch::new_empty(Arc::clone(&SCHEMA));
    order::sorted(&keys, &batch, MOST_AT_ONCE, |batch| {
        sorted = batch.clone();
        Ok(())
    })?;
    Ok(sorted)
}

/// Writes the events of several files as one.
pub fn merge(from: &[&ColumnFile], path: &Path, about: &str) -> io::Result<Written> {
    let mut writing = Writing::begin(path, LASTING, about)?;
    let sources = from.iter().map(|file| batches(file, BATCH)).collect::<io::Result<_>>()?;
    order::merge(sources, BATCH, |batch| writing.add(batch))?;
    writing.end()
}

/// Writes a file again with nothing of the subject's events but their places, gate runs and numbers, and without its
/// damaged blocks. `None` where neither is in it. How many events there were.
pub fn without(
    from: &ColumnFile,
    subject: &Subject,
    at: Timestamp,
    path: &Path,
    about: &str,
) -> io::Result<Option<(Written, u64)>> {
    let mut erased: Vec<RecordBatch> = Vec::new();
    for batch in batches(from, BATCH)? {
        let batch = batch?;
        let theirs = theirs(&batch, subject).ok_or(io::ErrorKind::InvalidData)?;
        if theirs.true_count() > 0 {
            erased.push(bare(&filter_record_batch(&batch, &theirs).map_err(told)?, at)?);
        }
    }
    let count: usize = erased.iter().map(RecordBatch::num_rows).sum();
    if count == 0 && from.damaged_rows() == 0 {
        return Ok(None);
    }
    let erased = concat_batches(&SCHEMA, &erased).map_err(told)?;
    let keys = keys_of(&erased).ok_or(io::ErrorKind::InvalidData)?;
    let mut bare = Vec::new();
    order::sorted(&keys, &erased, BATCH, |batch| {
        bare.push(Ok(batch.clone()));
        Ok(())
    })?;
    let subject = *subject;
    let kept = batches(from, BATCH)?.map(move |batch| {
        let batch = batch?;
        let theirs = theirs(&batch, &subject).ok_or(io::ErrorKind::InvalidData)?;
        filter_record_batch(&batch, &not(&theirs).map_err(told)?).map_err(told)
    });
    let mut writing = Writing::begin(path, LASTING, about)?;
    order::merge(vec![Box::new(bare.into_iter()), Box::new(kept)], BATCH, |batch| writing.add(batch))?;
    Ok(Some((writing.end()?, count as u64)))
}

/// Which rows are the subject's.
fn theirs(batch: &RecordBatch, subject: &Subject) -> Option<BooleanArray> {
    let view = View::of(batch);
    let (persons, devices, clients) = (view.persons()?, view.devices()?, view.clients()?);
    let (moments, fronts, runs) = (view.moments()?, view.fronts()?, view.runs()?);
    let client = match subject.whose {
        Whose::Client(client) => client.to_string(),
        Whose::Person(_) | Whose::Device(_) | Whose::Import(_) => String::new(),
    };
    let theirs = |row| {
        let whose = match subject.whose {
            Whose::Person(person) => number(persons, row) == Some(person.0),
            Whose::Device(device) => number(devices, row) == Some(device.0),
            Whose::Client(_) => clients.at(row) == Some(&client),
            Whose::Import(run) => number(runs, row) == Some(run.0),
        };
        let at = number(moments, row).map(Timestamp::from_millis);
        whose && fronts.is_there(row) && at.is_some_and(|at| subject.time.contains(at))
    };
    Some((0..batch.num_rows()).map(|row| Some(theirs(row))).collect())
}

/// What an erasure leaves of events.
fn bare(batch: &RecordBatch, at: Timestamp) -> io::Result<RecordBatch> {
    let rows = batch.num_rows();
    let columns: Vec<ArrayRef> = (batch.schema().fields().iter().zip(batch.columns()))
        .map(|(field, column)| match field.name().as_str() {
            "seq" | "run" | "number_less_seq" => Arc::clone(column),
            "decided_at" => {
                let moments = TimestampMillisecondArray::from_value(at.as_millis(), rows);
                Arc::new(moments.with_timezone("UTC"))
            }
            _ => new_null_array(field.data_type(), rows),
        })
        .collect();
    RecordBatch::try_new(Arc::clone(&SCHEMA), columns).map_err(told)
}
