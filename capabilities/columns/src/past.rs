//! Requests of the past for a replay: the few columns that it needs, in the order of the file, each word and host looked at
//! once for many rows.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use activity::columns::ColumnFile;
use activity::event::fact_of;
use activity::past::{Parcels, Wanted};
use activity::{Subject, Whose};
use arrow::array::{Array as _, ArrowPrimitiveType, AsArray as _, PrimitiveArray, RecordBatch};
use arrow::datatypes::{Field, Schema, TimestampMillisecondType, UInt16Type, UInt32Type, UInt64Type};
use engine::replay::{Asker, Row};
use engine::{Front, KnownBy, PersonNo, Step, Verdict};
use kit::{Host, HostName, Timestamp};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use crate::file::{Bytewise, whole_groups};
use crate::texts::{Once, Texts, placed, text};
use crate::told;
use crate::view::{called, number};

/// Rows that are looked at together, no more than a parcel holds.
const ROWS: usize = 16 << 10;
/// What is read as places in a dictionary, which is how it lies in a file.
const WORDS: [&str; 6] = ["client", "front", "verdict", "known_by", "step", "host"];
/// And what besides.
const OTHERS: [&str; 5] = ["person", "decided_at", "fact", "host_is_address", "path"];

/// Gathers what is wanted of a file.
pub fn past(file: &ColumnFile, wanted: &Wanted<'_>, parcels: &mut Parcels<'_>) -> io::Result<()> {
    let whole = whole_groups(file);
    let Some(bytes) = Bytewise::of(file).filter(|_| !whole.is_empty()) else { return Ok(()) };
    let plain = ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new()).map_err(told)?;
    let fields: Vec<Field> = plain.schema().fields().iter().map(|field| as_words(field)).collect();
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options).map_err(told)?;
    let mut names: Vec<&str> = WORDS.into_iter().chain(OTHERS).collect();
    if wanted.places.is_some() {
        names.push("seq");
    }
    if !wanted.hidden.is_empty() {
        names.extend(["device", "run"]);
    }
    let columns = ProjectionMask::columns(plain.metadata().file_metadata().schema_descr(), names);
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata)
        .with_projection(columns)
        .with_row_groups(whole)
        .with_batch_size(ROWS)
        .build()
        .map_err(told)?;
    for batch in reader {
        if parcels.room(ROWS).is_break() {
            break;
        }
        gather(&batch.map_err(told)?, wanted, parcels).ok_or(io::ErrorKind::InvalidData)?;
    }
    Ok(())
}

fn as_words(field: &Field) -> Field {
    let is_word = WORDS.contains(&field.name().as_str());
    if is_word { field.clone().with_data_type(placed()) } else { field.clone() }
}

/// Gathers what is wanted of a batch; none where it is not of the form that it should be.
fn gather(batch: &RecordBatch, wanted: &Wanted<'_>, parcels: &mut Parcels<'_>) -> Option<()> {
    let (mut fronts, mut verdicts) = (once(batch, "front")?, once(batch, "verdict")?);
    let (mut known_by, mut steps) = (once(batch, "known_by")?, once(batch, "step")?);
    let mut clients = once(batch, "client")?;
    // A text is a name in one row and an address in another, if a name looks like an address.
    let (mut names, mut addresses) = (once(batch, "host")?, once(batch, "host")?);
    let are_addresses = batch.column_by_name("host_is_address")?.as_boolean_opt()?;
    let persons = numbers::<UInt32Type>(batch, "person")?;
    let moments = numbers::<TimestampMillisecondType>(batch, "decided_at")?;
    let facts = numbers::<UInt16Type>(batch, "fact")?;
    let paths = batch.column_by_name("path")?.as_string_opt::<i32>()?;
    let places = match wanted.places {
        Some(range) => Some((numbers::<UInt64Type>(batch, "seq")?, range)),
        None => None,
    };
    let hidden = Hidden::of(batch, wanted.hidden)?;
    let gathered = parcels.gathered();
    for row in 0..batch.num_rows() {
        // Of an event that has been erased there is none.
        if !fronts.is_there(row) {
            continue;
        }
        let step = steps.at(row, |word| called(word, Step::from_number, Step::id))??;
        let at = Timestamp::from_millis(number(moments, row)?);
        if !wanted.asked.takes(step) || !wanted.asked.time.contains(at) {
            continue;
        }
        if let Some((places, (first, next))) = places
            && !(first..next).contains(&number(places, row)?)
        {
            continue;
        }
        let person = number(persons, row).map(PersonNo);
        let client = clients.at(row, |text| text.parse::<IpAddr>().ok()).flatten();
        if hidden.as_ref().is_some_and(|hidden| hidden.covers(row, at, (person, client))) {
            continue;
        }
        let is_address = are_addresses.is_valid(row) && are_addresses.value(row);
        let host = if is_address {
            addresses.at(row, |text| text.parse().ok().map(|address| gathered.host(Host::Address(address))))
        } else {
            names.at(row, |text| HostName::new(text).map(|name| gathered.host(Host::Name(name))))
        };
        let row = Row {
            at,
            asker: gathered.asker((person, client)),
            host: host.flatten(),
            path: text(paths, row),
            front: fronts.at(row, Front::from_id)??,
            known_by: known_by.at(row, |word| called(word, KnownBy::from_number, KnownBy::id))??,
            verdict: verdicts.at(row, |word| called(word, Verdict::from_number, Verdict::id))??,
            step,
            fact: fact_of(u64::from(number(facts, row)?))?,
        };
        gathered.add(&row);
    }
    Some(())
}

fn numbers<'a, T: ArrowPrimitiveType>(batch: &'a RecordBatch, name: &str) -> Option<&'a PrimitiveArray<T>> {
    batch.column_by_name(name)?.as_primitive_opt()
}

/// A column of texts.
fn once<'a, T: Copy>(batch: &'a RecordBatch, name: &str) -> Option<Once<'a, T>> {
    Texts::of(batch.column_by_name(name)?.as_ref()).map(Once::of)
}

/// Whose requests are not shown.
struct Hidden<'a> {
    subjects: &'a [Subject],
    devices: &'a PrimitiveArray<UInt32Type>,
    runs: &'a PrimitiveArray<UInt64Type>,
}

impl<'a> Hidden<'a> {
    /// None within where nobody is hidden.
    fn of(batch: &'a RecordBatch, subjects: &'a [Subject]) -> Option<Option<Self>> {
        if subjects.is_empty() {
            return Some(None);
        }
        let (devices, runs) = (numbers(batch, "device")?, numbers(batch, "run")?);
        Some(Some(Self { subjects, devices, runs }))
    }

    fn covers(&self, row: usize, at: Timestamp, (person, client): Asker) -> bool {
        self.subjects.iter().any(|subject| {
            let theirs = match subject.whose {
                Whose::Person(whose) => person == Some(whose),
                Whose::Device(whose) => number(self.devices, row) == Some(whose.0),
                Whose::Client(whose) => client == Some(whose),
                Whose::Import(run) => number(self.runs, row) == Some(run.0),
            };
            theirs && subject.time.contains(at)
        })
    }
}
