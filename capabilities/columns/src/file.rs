//! Files of columns: written, and read by place, so that readers do not disturb each other.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use activity::columns::{Block, ColumnFile, Side, Sides, Written, checksum};
use arrow::array::{RecordBatch, new_null_array};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};

use crate::order::Batches;
use crate::schema::{ABOUT, SCHEMA, properties};
use crate::searches::Searches;
use crate::sums::Sums;
use crate::told;
use crate::view::View;

/// An open file, read by place.
#[derive(Debug, Clone)]
pub struct Bytewise {
    file: Arc<File>,
    length: u64,
}

impl Bytewise {
    /// The file of columns, if it is there.
    pub fn of(file: &ColumnFile) -> Option<Self> {
        file.file().map(|open| Self { file: Arc::clone(open), length: file.bytes() })
    }

    /// A side table of it, if that is there and whole.
    pub fn of_side(file: &ColumnFile, side: Side) -> Option<Self> {
        file.side(side).map(|(open, length)| Self { file: Arc::clone(open), length })
    }

    /// Some of its bytes.
    pub fn bytes(&self, from: u64, length: usize) -> io::Result<Bytes> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, from)?;
        Ok(bytes.into())
    }

    /// What its end says of it, pages included.
    pub fn metadata(&self) -> io::Result<ParquetMetaData> {
        let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional);
        reader.parse_and_finish(self).map_err(told)
    }
}

impl Length for Bytewise {
    fn len(&self) -> u64 {
        self.length
    }
}

/// Reads on from a place.
#[derive(Debug)]
pub struct From {
    file: Arc<File>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl ChunkReader for Bytewise {
    type T = io::BufReader<From>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(io::BufReader::new(From { file: Arc::clone(&self.file), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.bytes(start, length).map_err(|error| parquet::errors::ParquetError::External(error.into()))
    }
}

/// The events of a file in its order, damaged blocks left out.
pub fn batches(file: &ColumnFile, rows: usize) -> io::Result<Batches> {
    let whole = whole_groups(file);
    let Some(bytes) = Bytewise::of(file).filter(|_| !whole.is_empty()) else {
        return Ok(Box::new(std::iter::empty()));
    };
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(told)?;
    let reader = reader.with_batch_size(rows).with_row_groups(whole).build().map_err(told)?;
    Ok(Box::new(reader.map(|batch| with_every_column(batch.map_err(told)?))))
}

/// A batch with every column of today: one that its file was written without has nothing in it.
fn with_every_column(batch: RecordBatch) -> io::Result<RecordBatch> {
    if batch.num_columns() == SCHEMA.fields().len() {
        return Ok(batch);
    }
    let columns = SCHEMA.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) => Arc::clone(column),
        None => new_null_array(field.data_type(), batch.num_rows()),
    });
    RecordBatch::try_new(Arc::clone(&SCHEMA), columns.collect()).map_err(told)
}

/// The row groups that are not damaged.
pub fn whole_groups(file: &ColumnFile) -> Vec<usize> {
    let damaged = file.damaged();
    let groups = damaged.len().saturating_sub(1);
    (damaged.iter().take(groups).enumerate())
        .filter(|(_, damaged)| !**damaged)
        .map(|(group, _)| group)
        .collect()
}

/// A file that is being written.
pub struct Writing {
    writer: ArrowWriter<File>,
    file: File,
    sums: Sums,
    sums_path: PathBuf,
    searches: Searches,
}

impl Writing {
    /// Begins it; `about` is kept in it.
    pub fn begin(path: &Path, level: i32, about: &str) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o640).open(path)?;
        let properties = properties(level, about).map_err(told)?;
        let writer = ArrowWriter::try_new(file.try_clone()?, Arc::clone(&SCHEMA), Some(properties));
        Ok(Self {
            writer: writer.map_err(told)?,
            file,
            sums: Sums::default(),
            sums_path: Side::Sums.of(path),
            searches: Searches::begin(&Side::Searches.of(path))?,
        })
    }

    /// Adds events, which must come in order.
    pub fn add(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let counted = View::of(batch).asked_of_us().ok_or(io::ErrorKind::InvalidData)?;
        self.sums.add(batch, &counted).ok_or(io::ErrorKind::InvalidData)?;
        self.searches.add(batch, &counted)?;
        self.writer.write(batch).map_err(told)
    }

    /// Ends it and makes it durable.
    pub fn end(self) -> io::Result<Written> {
        let metadata = self.writer.close().map_err(told)?;
        self.file.sync_all()?;
        let (sums, searches) = (Some(self.sums.write(&self.sums_path)?), Some(self.searches.end()?));
        Ok(Written { blocks: blocks_of(&self.file, metadata.row_groups())?, sides: Sides { sums, searches } })
    }
}

/// The blocks of a file: one for each row group from where it begins to where the next one does, and one for the rest.
fn blocks_of(file: &File, groups: &[RowGroupMetaData]) -> io::Result<Vec<Block>> {
    let length = file.metadata()?.len();
    let start = |group: &RowGroupMetaData| {
        let starts = group.columns().iter().map(|column| column.byte_range().0);
        starts.min().unwrap_or(0)
    };
    let end = |group: &RowGroupMetaData| {
        let ends = group.columns().iter().map(|column| {
            let (start, length) = column.byte_range();
            start.saturating_add(length)
        });
        ends.max().unwrap_or(0)
    };
    let mut blocks = Vec::with_capacity(groups.len() + 1);
    let mut from = 0;
    for (index, group) in groups.iter().enumerate() {
        let to = groups.get(index + 1).map_or_else(|| end(group), start);
        let rows = u64::try_from(group.num_rows()).unwrap_or(0);
        blocks.push(Block { from, to, crc: checksum(file, from, to)?, rows });
        from = to;
    }
    blocks.push(Block { from, to: length, crc: checksum(file, from, length)?, rows: 0 });
    Ok(blocks)
}

/// What a file tells of itself: what is kept in it about it, and its blocks.
pub fn describe(path: &Path) -> io::Result<(String, Written)> {
    let file = Arc::new(File::open(path)?);
    let length = file.metadata()?.len();
    let metadata = Bytewise { file: Arc::clone(&file), length }.metadata()?;
    let kept = metadata.file_metadata().key_value_metadata().into_iter().flatten();
    let about = kept.filter(|kept| kept.key == ABOUT).find_map(|kept| kept.value.clone());
    let about = about.ok_or(io::ErrorKind::InvalidData)?;
    // Its side tables have lost who vouches for them, and are made anew when they are wanted.
    Ok((about, Written { blocks: blocks_of(&file, metadata.row_groups())?, sides: Sides::default() }))
}
