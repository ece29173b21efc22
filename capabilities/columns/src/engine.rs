//! DataFusion over files that are open already, within a bound of memory.

use std::collections::HashMap;
use std::future::ready;
use std::io;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use activity::columns::{ColumnFile, Side};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use bytes::Bytes;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetAccessPlan;
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use crate::file::{Bytewise, whole_groups};
use crate::schema::{SCHEMA, SEARCHES};
use crate::sums;
use crate::told;

/// What questions that are being answered may hold together, whichever part of one needs it: nothing is put on the disk
/// instead, so that a share for each part would only refuse what there is room for.
const MEMORY: usize = 160 << 20;
/// Threads that answer.
const THREADS: usize = 2;
/// What is known of files' insides is kept in memory up to so many bytes: enough for the side tables of some years.
const KNOWN: usize = 48 << 20;

/// Answers questions.
#[derive(Debug)]
pub struct Engine {
    tokio: tokio::runtime::Runtime,
    environment: Arc<RuntimeEnv>,
    known: Arc<Known>,
}

impl Engine {
    /// Starts its threads.
    pub fn start() -> io::Result<Self> {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("log-columns")
            .build()?;
        let no_disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(GreedyMemoryPool::new(MEMORY)))
            .with_disk_manager_builder(no_disk)
            .build_arc()
            .map_err(told)?;
        Ok(Self { tokio, environment, known: Arc::default() })
    }

    /// A place to ask from, with no tables in it.
    pub fn context(&self) -> SessionContext {
        let mut config = SessionConfig::new().with_target_partitions(THREADS);
        let options = config.options_mut();
        options.execution.parquet.pushdown_filters = true;
        options.execution.parquet.reorder_filters = true;
        options.execution.parquet.schema_force_view_types = false;
        SessionContext::new_with_config_rt(config, Arc::clone(&self.environment))
    }

    /// The events of some files as a table, what is damaged left out.
    pub fn table(&self, files: &[&ColumnFile]) -> Arc<dyn TableProvider> {
        let opened = files.iter().filter_map(|file| self.opened(file)).collect();
        Arc::new(Files { opened, schema: Arc::clone(&SCHEMA) })
    }

    /// Side tables of some files as a table; of files that have none there is nothing in it.
    pub fn side_table(&self, files: &[&ColumnFile], side: Side) -> Arc<dyn TableProvider> {
        let opened = files.iter().filter_map(|file| {
            let bytes = Bytewise::of_side(file, side)?;
            Some(self.part(side.of(file.path()), bytes))
        });
        // Texts that are looked at where they lie cost less to add up by than texts that are copied; but one that is kept, as
        // the few searches that are found are, would keep all that lies around it.
        let viewed = |field: &Arc<Field>| match field.data_type() {
            DataType::Utf8 => field.as_ref().clone().with_data_type(DataType::Utf8View),
            _ => field.as_ref().clone(),
        };
        let schema = match side {
            Side::Sums => {
                Arc::new(Schema::new(sums::SCHEMA.fields().iter().map(viewed).collect::<Vec<Field>>()))
            }
            Side::Searches => Arc::clone(&SEARCHES),
        };
        Arc::new(Files { opened: opened.collect(), schema })
    }

    /// A file as part of a table.
    fn part(&self, path: PathBuf, bytes: Bytewise) -> PartitionedFile {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let length = parquet::file::reader::Length::len(&bytes);
        let opened = Opened { path: path.into(), bytes, known: Arc::clone(&self.known) };
        PartitionedFile::new(name, length).with_extension(opened)
    }

    fn opened(&self, file: &ColumnFile) -> Option<PartitionedFile> {
        let whole = whole_groups(file);
        let bytes = Bytewise::of(file).filter(|_| !whole.is_empty())?;
        let mut plan = ParquetAccessPlan::new_none(file.blocks().len().saturating_sub(1));
        whole.into_iter().for_each(|group| plan.scan(group));
        Some(self.part(file.path().to_owned(), bytes).with_extension(plan))
    }

    /// Runs a question and hands over its answer, until `each` breaks.
    pub fn run(
        &self,
        question: impl Future<Output = Result<DataFrame>>,
        each: &mut dyn FnMut(&RecordBatch) -> io::Result<ControlFlow<()>>,
    ) -> io::Result<()> {
        let answer = async { question.await?.execute_stream().await };
        let mut answer = self.tokio.block_on(answer).map_err(told)?;
        while let Some(batch) = self.tokio.block_on(answer.next()) {
            if each(&batch.map_err(told)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// What files say of their insides, which never changes: a name is given once.
#[derive(Debug, Default)]
struct Known(Mutex<Insides>);

#[derive(Debug, Default)]
struct Insides {
    bytes: usize,
    files: HashMap<Arc<Path>, Arc<ParquetMetaData>>,
}

impl Known {
    fn of(&self, path: &Arc<Path>, bytes: &Bytewise) -> io::Result<Arc<ParquetMetaData>> {
        let insides = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(metadata) = insides().files.get(path) {
            return Ok(Arc::clone(metadata));
        }
        let metadata = Arc::new(bytes.metadata()?);
        let mut insides = insides();
        insides.keep(path, &metadata);
        Ok(metadata)
    }
}

impl Insides {
    /// Keeps what is known of a file. Where there is no room every other one goes, whichever it is: a question that asks more
    /// files than there is room for, one after the other, finds at least some of them the next time.
    fn keep(&mut self, path: &Arc<Path>, metadata: &Arc<ParquetMetaData>) {
        let bytes = metadata.memory_size();
        while !self.files.is_empty() && self.bytes.saturating_add(bytes) > KNOWN {
            let (mut goes, mut gone) = (false, 0);
            self.files.retain(|_, kept| {
                goes = !goes;
                gone += if goes { kept.memory_size() } else { 0 };
                !goes
            });
            self.bytes = self.bytes.saturating_sub(gone);
        }
        let before = self.files.insert(Arc::clone(path), Arc::clone(metadata));
        let before = before.map_or(0, |before| before.memory_size());
        self.bytes = self.bytes.saturating_sub(before).saturating_add(bytes);
    }
}

/// A file that is open, whatever has become of its name.
#[derive(Debug, Clone)]
struct Opened {
    path: Arc<Path>,
    bytes: Bytewise,
    known: Arc<Known>,
}

impl AsyncFileReader for Opened {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        let read = self.bytes.bytes(range.start, length);
        Box::pin(ready(read.map_err(|error| ParquetError::External(error.into()))))
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        let metadata = self.known.of(&self.path, &self.bytes);
        Box::pin(ready(metadata.map_err(|error| ParquetError::External(error.into()))))
    }
}

/// Gives each reader the file that its part of the table carries.
#[derive(Debug)]
struct Openly;

impl ParquetFileReaderFactory for Openly {
    fn create_reader(
        &self,
        _partition: usize,
        file: PartitionedFile,
        _size_hint: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let opened = file.extension::<Opened>().cloned();
        let opened = opened.ok_or_else(|| DataFusionError::Internal("a file that is not open".to_owned()))?;
        Ok(Box::new(opened))
    }
}

/// Files as a table.
#[derive(Debug)]
struct Files {
    opened: Vec<PartitionedFile>,
    schema: SchemaRef,
}

#[async_trait]
impl TableProvider for Files {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if self.opened.is_empty() {
            let schema = match projection {
                Some(columns) => Arc::new(self.schema().project(columns)?),
                None => self.schema(),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let parquet = datafusion::common::config::TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..Default::default()
        };
        let source = ParquetSource::new(Arc::clone(&self.schema))
            .with_table_parquet_options(parquet)
            .with_parquet_file_reader_factory(Arc::new(Openly));
        let groups = FileGroup::new(self.opened.clone()).split_files(state.config().target_partitions());
        let scan = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}
