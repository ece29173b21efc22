//! `searches`: what was searched for, by whom and when. Beside each file of columns lies one of these, made with it and in its
//! order: a fiftieth of the events or fewer, so that a term is looked for without reading the rest.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use activity::columns::{Block, checksum};
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::schema::SEARCHES;
use crate::told;
use crate::view::View;

/// Searches a row group.
const GROUP_ROWS: usize = 64 << 10;

/// Picks searches as events pass by.
pub struct Searches {
    writer: ArrowWriter<File>,
    file: File,
    rows: u64,
}

impl Searches {
    /// Begins the file.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o640).open(path)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(told)?))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(file.try_clone()?, Arc::clone(&SEARCHES), Some(properties));
        Ok(Self { writer: writer.map_err(told)?, file, rows: 0 })
    }

    /// Takes the searches among those rows of a batch that are to be counted.
    pub fn add(&mut self, batch: &RecordBatch, counted: &BooleanArray) -> io::Result<()> {
        let searched = View::of(batch).searched().ok_or(io::ErrorKind::InvalidData)?;
        if searched.is_empty() {
            return Ok(());
        }
        let wanted: BooleanArray =
            (0..batch.num_rows()).map(|row| Some(counted.value(row) && searched.is_there(row))).collect();
        let columns = SEARCHES.fields().iter().map(|field| batch.schema().index_of(field.name()));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(told)?;
        let found = filter_record_batch(&batch.project(&columns).map_err(told)?, &wanted).map_err(told)?;
        self.rows += found.num_rows() as u64;
        self.writer.write(&found).map_err(told)
    }

    /// Ends it and makes it durable.
    pub fn end(self) -> io::Result<Block> {
        self.writer.close().map_err(told)?;
        self.file.sync_all()?;
        let to = self.file.metadata()?.len();
        Ok(Block { from: 0, to, crc: checksum(&self.file, 0, to)?, rows: self.rows })
    }
}
