#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

pub mod ask;
pub mod batch;
mod bytes;
pub mod client;
pub mod columns;
pub mod crowds;
pub mod entry;
pub mod event;
pub mod export;
pub mod frame;
pub mod import;
pub mod log;
pub mod page;
pub mod past;
pub mod report;
pub mod sealed;
pub mod search;
pub mod service;
pub mod sink;
mod spans;
pub mod store;
mod wire;

pub use client::{Client, ClientError};
pub use crowds::Crowd;
pub use entry::Entry;
pub use event::Event;
pub use report::{BadReport, Report};
pub use search::{Search, Subject, TimeRange, Whose};
pub use service::{Config, ServiceError, Status};
pub use sink::{Sink, SinkConfig, SinkCounts};
pub use store::{LogStore, StoreError};

/// The folder where gates hand over their events. The log makes what is in it, gates reach it.
pub fn events_folder(run_dir: &Path) -> PathBuf {
    run_dir.join("events")
}

/// The folder where questions are asked. The log makes what is in it, whoever may ask reaches it.
pub fn questions_folder(run_dir: &Path) -> PathBuf {
    run_dir.join("questions")
}

/// The folder of the pages that gates count on. Gates make them; the log reads them, and removes what is settled.
pub fn pages_folder(run_dir: &Path) -> PathBuf {
    run_dir.join("pages")
}

/// Where gates hand over their events.
pub fn gate_socket(run_dir: &Path) -> PathBuf {
    events_folder(run_dir).join("log.sock")
}

/// Where questions are asked.
pub fn query_socket(run_dir: &Path) -> PathBuf {
    questions_folder(run_dir).join("log.sock")
}

/// Makes the three folders in `run_dir` where they are missing, for their owner and group alone. Whoever gives gate
/// and log users of their own makes them first, with the owners that let one write and the other reach.
pub fn make_folders(run_dir: &Path) -> std::io::Result<()> {
    for folder in [events_folder(run_dir), questions_folder(run_dir), pages_folder(run_dir)] {
        std::fs::DirBuilder::new().recursive(true).mode(0o750).create(&folder).map_err(|error| {
            std::io::Error::new(error.kind(), format!("cannot make the folder {}: {error}", folder.display()))
        })?;
    }
    Ok(())
}
