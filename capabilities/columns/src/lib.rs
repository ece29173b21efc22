#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use activity::Subject;
use activity::ask::Counts;
use activity::columns::{ColumnFile, Columns, Reported, Row, Table, Wanted, Written};
use activity::past::{self as pasts, Parcels};
use activity::store::Each;
use kit::Timestamp;

mod ask;
mod days;
mod engine;
mod export;
mod file;
mod find;
mod order;
mod past;
mod rows;
mod schema;
mod searches;
mod sums;
mod texts;
mod view;
mod write;

use engine::Engine;
pub use export::Export;

/// What packs the log's closed segments, and asks what is packed. Its threads start with the first question.
#[derive(Debug, Default)]
pub struct Parquet {
    engine: Mutex<Option<Arc<Engine>>>,
}

impl Parquet {
    fn engine(&self) -> io::Result<Arc<Engine>> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = &*engine {
            return Ok(Arc::clone(engine));
        }
        let started = Arc::new(Engine::start()?);
        *engine = Some(Arc::clone(&started));
        Ok(started)
    }
}

impl Columns for Parquet {
    fn write(
        &self,
        path: &Path,
        about: &str,
        rows: &mut dyn Iterator<Item = Row<'_>>,
    ) -> io::Result<Written> {
        write::write(path, about, rows)
    }

    fn merge(&self, from: &[&ColumnFile], path: &Path, about: &str) -> io::Result<Written> {
        write::merge(from, path, about)
    }

    fn without(
        &self,
        from: &ColumnFile,
        subject: &Subject,
        at: Timestamp,
        path: &Path,
        about: &str,
    ) -> io::Result<Option<(Written, u64)>> {
        write::without(from, subject, at, path, about)
    }

    fn read(&self, from: &ColumnFile, wanted: &Wanted<'_>, each: &mut Each<'_>) -> io::Result<u64> {
        find::read(&*self.engine()?, from, wanted, each)
    }

    fn past(
        &self,
        from: &ColumnFile,
        wanted: &pasts::Wanted<'_>,
        parcels: &mut Parcels<'_>,
    ) -> io::Result<()> {
        past::past(from, wanted, parcels)
    }

    fn count(&self, from: &ColumnFile, wanted: &Wanted<'_>, counts: &mut Counts) -> io::Result<()> {
        find::count_events(&*self.engine()?, from, wanted, counts)
    }

    fn report(
        &self,
        files: &[&ColumnFile],
        tail: &mut dyn Iterator<Item = Row<'_>>,
        asked: Reported<'_>,
    ) -> io::Result<Table> {
        ask::report(&*self.engine()?, files, tail, asked)
    }

    fn describe(&self, path: &Path) -> io::Result<(String, Written)> {
        file::describe(path)
    }
}

/// An error as the machine's where it is one, and otherwise without its text: that may hold what is in a file.
fn told(error: impl std::error::Error + 'static) -> io::Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(here) = cause {
        if let Some(machine) = here.downcast_ref::<io::Error>() {
            return machine
                .raw_os_error()
                .map_or_else(|| machine.kind().into(), io::Error::from_raw_os_error);
        }
        if matches!(
            here.downcast_ref::<datafusion::common::DataFusionError>(),
            Some(datafusion::common::DataFusionError::ResourcesExhausted(_))
        ) {
            return io::Error::other("the question needs more memory than questions may have; ask for less");
        }
        cause = here.source();
    }
    io::Error::other("the columns are not as they were written")
}
