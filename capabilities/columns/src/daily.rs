//! `daily`: how many requests there were of each day (UTC), group, site and verdict. Beside each file of columns lies one of
//! these, made with it; a report over a term reads a fortieth of the bytes. What is blocked lies together, and so does each
//! site within a verdict: a report reads the pages that it is about.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use activity::columns::{Block, checksum};
use arrow::array::{
    ArrayRef, BooleanArray, Date32Builder, Int64Builder, RecordBatch, StringBuilder, UInt16Builder,
    UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::told;
use crate::view::{View, number, text};

const A_DAY_MS: i64 = 86_400_000;
/// Counts a page.
const PAGE_ROWS: usize = 4_096;

/// Its columns.
pub static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("site", DataType::Utf8, true),
        Field::new("day", DataType::Date32, true),
        Field::new("grp", DataType::UInt16, true),
        Field::new("verdict", DataType::Utf8, true),
        Field::new("n", DataType::Int64, true),
        Field::new("bytes", DataType::UInt64, true),
    ]))
});

/// The same of rows of events.
pub const OF_EVENTS: &str = "select site, cast(decided_at as date) as day, grp, verdict, \
     count(*) as n, sum(bytes) as bytes \
     from some_events group by site, cast(decided_at as date), grp, verdict";

/// Of what a count is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Of {
    /// Which of the sites that have been met; none for a request without a host.
    site: Option<u32>,
    day: i32,
    group: Option<u16>,
    verdict: u8,
}

/// Counts as events pass by.
#[derive(Debug, Default)]
pub struct Daily {
    sites: HashMap<Box<str>, u32>,
    verdicts: Vec<Box<str>>,
    sums: HashMap<Of, (i64, u64)>,
}

impl Daily {
    /// Counts those rows of a batch in that are to be counted.
    pub fn add(&mut self, batch: &RecordBatch, counted: &BooleanArray) -> Option<()> {
        let view = View::of(batch);
        let (moments, sites) = (view.moments()?, view.sites()?);
        let (groups, verdicts, bytes) = (view.groups()?, view.verdicts()?, view.bytes()?);
        for row in 0..batch.num_rows() {
            if !counted.value(row) {
                continue;
            }
            let site = text(sites, row).map(|site| self.site(site));
            let day = number(moments, row)?.div_euclid(A_DAY_MS);
            let of = Of {
                site,
                day: i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX }),
                group: number(groups, row),
                verdict: self.verdict(text(verdicts, row)?)?,
            };
            let sum = self.sums.entry(of).or_default();
            sum.0 += 1;
            sum.1 = sum.1.wrapping_add(number(bytes, row)?);
        }
        Some(())
    }

    fn site(&mut self, site: &str) -> u32 {
        if let Some(&known) = self.sites.get(site) {
            return known;
        }
        let next = u32::try_from(self.sites.len()).unwrap_or(u32::MAX);
        self.sites.insert(site.into(), next);
        next
    }

    fn verdict(&mut self, verdict: &str) -> Option<u8> {
        let known = self.verdicts.iter().position(|known| **known == *verdict);
        let place = known.unwrap_or_else(|| {
            self.verdicts.push(verdict.into());
            self.verdicts.len() - 1
        });
        u8::try_from(place).ok()
    }

    /// Writes what was counted as a durable file, sorted by verdict, site and day.
    pub fn write(self, path: &Path) -> io::Result<Block> {
        let mut names = vec![""; self.sites.len()];
        for (name, &place) in &self.sites {
            if let Some(slot) = names.get_mut(place as usize) {
                *slot = name;
            }
        }
        let mut rows: Vec<_> = (self.sums.iter())
            .map(|(of, sums)| {
                let site = of.site.and_then(|site| names.get(site as usize).copied());
                let verdict = self.verdicts.get(usize::from(of.verdict)).map_or("", |verdict| &**verdict);
                ((verdict, site, of.day, of.group), *sums)
            })
            .collect();
        rows.sort_unstable();
        let (mut site, mut day, mut group) =
            (StringBuilder::new(), Date32Builder::new(), UInt16Builder::new());
        let (mut verdict, mut n, mut bytes) =
            (StringBuilder::new(), Int64Builder::new(), UInt64Builder::new());
        for ((of_verdict, of_site, of_day, of_group), (count, sum)) in rows {
            site.append_option(of_site);
            day.append_value(of_day);
            group.append_option(of_group);
            verdict.append_value(of_verdict);
            n.append_value(count);
            bytes.append_value(sum);
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(site.finish()),
            Arc::new(day.finish()),
            Arc::new(group.finish()),
            Arc::new(verdict.finish()),
            Arc::new(n.finish()),
            Arc::new(bytes.finish()),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&SCHEMA), columns).map_err(told)?;
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o640).open(path)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(told)?))
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_data_page_row_count_limit(PAGE_ROWS)
            .build();
        let copy = file.try_clone()?;
        let mut writer = ArrowWriter::try_new(copy, Arc::clone(&SCHEMA), Some(properties)).map_err(told)?;
        writer.write(&batch).map_err(told)?;
        writer.close().map_err(told)?;
        file.sync_all()?;
        let to = file.metadata()?.len();
        Ok(Block { from: 0, to, crc: checksum(&file, 0, to)?, rows: batch.num_rows() as u64 })
    }
}
