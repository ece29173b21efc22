//! An export as a Parquet file, for whoever has other tools. Its columns are those of the CSV form,
//! but for two names that engines take for words of their own.

use std::fs::File;
use std::io;
use std::sync::{Arc, LazyLock};

use activity::export::Told;
use arrow::array::{
    ArrayRef, RecordBatch, StringBuilder, TimestampMillisecondBuilder, UInt16Builder, UInt32Builder,
    UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::told;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let field = |name, kind| Field::new(name, kind, true);
    let text = |name| field(name, DataType::Utf8);
    Arc::new(Schema::new(vec![
        field("seq", DataType::UInt64),
        field("decided_at", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))),
        text("front"),
        text("client"),
        text("person"),
        text("device"),
        text("known_by"),
        text("host"),
        text("path"),
        text("agent"),
        text("verdict"),
        text("step"),
        field("rule", DataType::UInt32),
        field("category", DataType::UInt16),
        field("list", DataType::UInt16),
        field("grp", DataType::UInt16),
        field("bytes", DataType::UInt64),
        field("sent", DataType::UInt64),
        text("record"),
        text("refusal"),
        text("searched"),
        text("origin"),
        text("transport"),
        text("person_name"),
        text("device_name"),
    ]))
});

/// Events a row group.
const GROUP_ROWS: usize = 64 << 10;

#[derive(Debug, Default)]
struct Texts {
    front: StringBuilder,
    client: StringBuilder,
    person: StringBuilder,
    device: StringBuilder,
    known_by: StringBuilder,
    host: StringBuilder,
    path: StringBuilder,
    agent: StringBuilder,
    verdict: StringBuilder,
    step: StringBuilder,
    record: StringBuilder,
    refusal: StringBuilder,
    searched: StringBuilder,
    origin: StringBuilder,
    transport: StringBuilder,
    person_name: StringBuilder,
    device_name: StringBuilder,
}

/// An export that is being written.
pub struct Export {
    writer: ArrowWriter<File>,
    rows: usize,
    seq: UInt64Builder,
    at: TimestampMillisecondBuilder,
    texts: Texts,
    rule: UInt32Builder,
    category: UInt16Builder,
    list: UInt16Builder,
    group: UInt16Builder,
    bytes: UInt64Builder,
    sent: UInt64Builder,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Export {
    /// Begins a file.
    pub fn begin(file: File) -> io::Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(told)?))
            .build();
        Ok(Self {
            writer: ArrowWriter::try_new(file, Arc::clone(&SCHEMA), Some(properties)).map_err(told)?,
            rows: 0,
            seq: UInt64Builder::new(),
            at: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            texts: Texts::default(),
            rule: UInt32Builder::new(),
            category: UInt16Builder::new(),
            list: UInt16Builder::new(),
            group: UInt16Builder::new(),
            bytes: UInt64Builder::new(),
            sent: UInt64Builder::new(),
        })
    }

    /// Adds an event.
    pub fn add(&mut self, told: &Told) -> io::Result<()> {
        let Told { event, person, device, person_name, device_name } = told;
        self.seq.append_value(event.seq);
        self.at.append_value(event.at.as_millis());
        let texts = &mut self.texts;
        texts.front.append_value(&event.front);
        texts.client.append_option(event.client.map(|client| client.to_string()));
        texts.person.append_option(person.as_ref().map(ToString::to_string));
        texts.device.append_option(device.as_ref().map(ToString::to_string));
        texts.known_by.append_value(event.known_by.id());
        texts.host.append_option(event.host.as_deref());
        texts.path.append_option(event.path.as_deref());
        texts.agent.append_option(event.agent.as_deref());
        texts.verdict.append_value(event.verdict.id());
        texts.step.append_value(event.step.id());
        texts.record.append_option(event.record.map(|record| record.to_string()));
        texts.refusal.append_option(event.refusal.map(engine::Refusal::id));
        texts.searched.append_option(event.searched.as_deref());
        texts.origin.append_option(event.origin.map(engine::Origin::id));
        texts.transport.append_option(event.transport.map(engine::Transport::id));
        texts.person_name.append_option(person_name.as_deref());
        texts.device_name.append_option(device_name.as_deref());
        self.rule.append_value(event.rule.0);
        self.category.append_option(event.category);
        self.list.append_option(event.list);
        self.group.append_option(event.group.map(|group| group.0));
        self.bytes.append_value(event.bytes);
        self.sent.append_option(event.sent);
        self.rows += 1;
        if self.rows == GROUP_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.rows = 0;
        let texts = &mut self.texts;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.seq.finish()),
            Arc::new(self.at.finish()),
            Arc::new(texts.front.finish()),
            Arc::new(texts.client.finish()),
            Arc::new(texts.person.finish()),
            Arc::new(texts.device.finish()),
            Arc::new(texts.known_by.finish()),
            Arc::new(texts.host.finish()),
            Arc::new(texts.path.finish()),
            Arc::new(texts.agent.finish()),
            Arc::new(texts.verdict.finish()),
            Arc::new(texts.step.finish()),
            Arc::new(self.rule.finish()),
            Arc::new(self.category.finish()),
            Arc::new(self.list.finish()),
            Arc::new(self.group.finish()),
            Arc::new(self.bytes.finish()),
            Arc::new(self.sent.finish()),
            Arc::new(texts.record.finish()),
            Arc::new(texts.refusal.finish()),
            Arc::new(texts.searched.finish()),
            Arc::new(texts.origin.finish()),
            Arc::new(texts.transport.finish()),
            Arc::new(texts.person_name.finish()),
            Arc::new(texts.device_name.finish()),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&SCHEMA), columns).map_err(told)?;
        self.writer.write(&batch).map_err(told)?;
        self.writer.flush().map_err(told)
    }

    /// Ends the file.
    pub fn end(mut self) -> io::Result<()> {
        self.flush()?;
        self.writer.close().map_err(told).map(drop)
    }
}
