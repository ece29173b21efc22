#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

use std::path::{Path, PathBuf};

pub mod ask;
pub mod batch;
mod bytes;
pub mod client;
pub mod entry;
pub mod event;
pub mod export;
pub mod frame;
pub mod log;
pub mod page;
pub mod sealed;
pub mod search;
pub mod service;
pub mod sink;
mod spans;
pub mod store;
mod wire;

pub use client::{Client, ClientError};
pub use entry::Entry;
pub use event::Event;
pub use search::{Search, Subject, TimeRange, Whose};
pub use service::{Config, ServiceError, Status};
pub use sink::{Sink, SinkConfig, SinkCounts};
pub use store::{LogStore, StoreError};

/// Where gates hand over their events.
pub fn gate_socket(run_dir: &Path) -> PathBuf {
    run_dir.join("log.sock")
}

/// Where questions are asked.
pub fn query_socket(run_dir: &Path) -> PathBuf {
    run_dir.join("log-query.sock")
}
