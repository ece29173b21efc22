//! `sums`: how many requests there were of each part of a day, group, site and verdict. Beside each file of columns lies one of
//! these, made with it; a report over a term reads a fortieth of the bytes. What is blocked lies together, and so does each
//! site within a verdict: a report reads the pages that it is about.
//!
//! A report is about days of the school, and whoever packs knows no zone. Parts of a day begin where midnight can fall in
//! Europe, so that each lies within one day there; where a zone has its midnight elsewhere the events are counted instead.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use activity::columns::{Block, checksum};
use arrow::array::{
    ArrayRef, BooleanArray, Int64Builder, RecordBatch, StringBuilder, TimestampMillisecondBuilder,
    UInt16Builder, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use kit::hash::Seeded;
use kit::{Timestamp, Zone};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::texts::Once;
use crate::told;
use crate::view::{View, number};

const AN_HOUR_MS: i64 = 3_600_000;
const A_DAY_MS: i64 = 24 * AN_HOUR_MS;
/// The hours at which parts of a day begin, in UTC: midnight from the Azores in winter to Greece in summer.
const PARTS: [i64; 5] = [0, 1, 21, 22, 23];
/// A report over more days counts events.
const MOST_DAYS: i64 = 4_000;
/// Counts a page.
const PAGE_ROWS: usize = 4_096;
/// Counts that are made columns at once.
const PIECE: usize = 64 << 10;

/// Its columns.
pub static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("site", DataType::Utf8, true),
        // The first moment of the part of a day.
        Field::new("begins_at", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true),
        Field::new("grp", DataType::UInt16, true),
        Field::new("verdict", DataType::Utf8, true),
        Field::new("n", DataType::Int64, true),
        Field::new("bytes", DataType::UInt64, true),
    ]))
});

/// The first moment of the part of a day that a moment is in.
fn part_of(at: i64) -> i64 {
    let since_midnight = at.rem_euclid(A_DAY_MS);
    let begun = PARTS.iter().rev().map(|hour| hour * AN_HOUR_MS).find(|begins| *begins <= since_midnight);
    at.saturating_sub(since_midnight).saturating_add(begun.unwrap_or(0))
}

/// Whether each part of a day between two moments lies within one day of the zone.
pub fn suit(zone: &Zone, oldest: Timestamp, newest: Timestamp) -> bool {
    let (first, last) = (oldest.as_millis().div_euclid(A_DAY_MS), newest.as_millis().div_euclid(A_DAY_MS));
    let one_day = |from: i64, to: i64| {
        let number = |at| zone.day(Timestamp::from_millis(at)).number;
        number(from) == number(to - 1)
    };
    let ends = PARTS.iter().skip(1).chain(&[24]);
    let parts: Vec<(i64, i64)> =
        PARTS.iter().zip(ends).map(|(from, to)| (from * AN_HOUR_MS, to * AN_HOUR_MS)).collect();
    last.saturating_sub(first) < MOST_DAYS
        && (first..=last).all(|day| {
            let midnight = day * A_DAY_MS;
            parts.iter().all(|(from, to)| one_day(midnight + from, midnight + to))
        })
}

/// Of what a count is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Of {
    /// Which of the sites that have been met; none for a request without a host.
    site: Option<u32>,
    /// The first hour of the part, from 1970 on.
    hour: i32,
    group: Option<u16>,
    verdict: u8,
}

impl Hash for Of {
    /// Two words: this is done for every event.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let of_site = self.site.map_or(0, |site| u64::from(site) + 1);
        let of_group = self.group.map_or(0, |group| u64::from(group) + 1);
        state.write_u64(of_site << 32 | u64::from(self.hour.cast_unsigned()));
        state.write_u64(of_group << 8 | u64::from(self.verdict));
    }
}

/// Counts as events pass by.
#[derive(Debug, Default)]
pub struct Sums {
    sites: HashMap<Box<str>, u32, Seeded>,
    verdicts: Vec<Box<str>>,
    sums: HashMap<Of, (i64, u64), Seeded>,
}

impl Sums {
    /// Counts those rows of a batch in that are to be counted.
    pub fn add(&mut self, batch: &RecordBatch, counted: &BooleanArray) -> Option<()> {
        let view = View::of(batch);
        let (moments, sites) = (view.moments()?, view.sites()?);
        let (groups, verdicts, bytes) = (view.groups()?, view.verdicts()?, view.bytes()?);
        let (mut sites, mut verdicts) = (Once::of(sites), Once::of(verdicts));
        for row in 0..batch.num_rows() {
            if !counted.value(row) {
                continue;
            }
            let site = sites.at(row, |site| self.site(site));
            let hour = part_of(number(moments, row)?).div_euclid(AN_HOUR_MS);
            let of = Of {
                site,
                hour: i32::try_from(hour).unwrap_or(if hour < 0 { i32::MIN } else { i32::MAX }),
                group: number(groups, row),
                verdict: verdicts.at(row, |verdict| self.verdict(verdict))??,
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

    /// Writes what was counted as a durable file, sorted by verdict, site and time.
    pub fn write(self, path: &Path) -> io::Result<Block> {
        // Numbers in the order of what they stand for: a busy day has a million counts.
        let (sites, site_places) = placed(self.sites);
        let verdicts = self.verdicts.into_iter().zip(0..).collect::<HashMap<_, u32, Seeded>>();
        let (verdicts, verdict_places) = placed(verdicts);
        let mut rows: Vec<Counted> = Vec::with_capacity(self.sums.len());
        for (of, (n, bytes)) in self.sums {
            let site = of.site.and_then(|site| site_places.get(site as usize).copied());
            let verdict = verdict_places.get(usize::from(of.verdict)).copied().unwrap_or(0);
            rows.push(Counted { verdict, site, hour: of.hour, group: of.group, n, bytes });
        }
        rows.sort_unstable();
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o640).open(path)?;
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(told)?))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_data_page_row_count_limit(PAGE_ROWS);
        // What a report leaves pages out by. All that is told of pages is kept in memory.
        for column in ["verdict", "site", "begins_at"] {
            let column = ColumnPath::from(column);
            properties = properties.set_column_statistics_enabled(column, EnabledStatistics::Page);
        }
        let copy = file.try_clone()?;
        let writer = ArrowWriter::try_new(copy, Arc::clone(&SCHEMA), Some(properties.build()));
        let mut writer = writer.map_err(told)?;
        for piece in rows.chunks(PIECE) {
            writer.write(&batch_of(piece, &verdicts, &sites)?).map_err(told)?;
        }
        writer.close().map_err(told)?;
        file.sync_all()?;
        let to = file.metadata()?.len();
        Ok(Block { from: 0, to, crc: checksum(&file, 0, to)?, rows: rows.len() as u64 })
    }
}

/// A count, in the order in which it lies in the file. The verdict and the site are places among all.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Counted {
    verdict: u32,
    site: Option<u32>,
    hour: i32,
    group: Option<u16>,
    n: i64,
    bytes: u64,
}

/// Texts in order, and the place of each by its number.
fn placed(numbers: HashMap<Box<str>, u32, Seeded>) -> (Vec<Box<str>>, Vec<u32>) {
    let mut places = vec![0; numbers.len()];
    let mut texts: Vec<(Box<str>, u32)> = numbers.into_iter().collect();
    texts.sort_unstable();
    for ((_, number), place) in texts.iter().zip(0..) {
        if let Some(slot) = places.get_mut(*number as usize) {
            *slot = place;
        }
    }
    (texts.into_iter().map(|(text, _)| text).collect(), places)
}

/// Some counts as columns.
fn batch_of(counts: &[Counted], verdicts: &[Box<str>], sites: &[Box<str>]) -> io::Result<RecordBatch> {
    let (mut site, mut group) = (StringBuilder::new(), UInt16Builder::new());
    let mut begins_at = TimestampMillisecondBuilder::new().with_timezone("UTC");
    let (mut verdict, mut n, mut bytes) = (StringBuilder::new(), Int64Builder::new(), UInt64Builder::new());
    for count in counts {
        site.append_option(count.site.and_then(|place| sites.get(place as usize)));
        begins_at.append_value(i64::from(count.hour) * AN_HOUR_MS);
        group.append_option(count.group);
        verdict.append_value(verdicts.get(count.verdict as usize).map_or("", |text| &**text));
        n.append_value(count.n);
        bytes.append_value(count.bytes);
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(site.finish()),
        Arc::new(begins_at.finish()),
        Arc::new(group.finish()),
        Arc::new(verdict.finish()),
        Arc::new(n.finish()),
        Arc::new(bytes.finish()),
    ];
    RecordBatch::try_new(Arc::clone(&SCHEMA), columns).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_part_begins_at_its_first_hour() {
        for (text, begins) in [
            ("2026-11-23T00:59:59.999Z", "2026-11-23T00:00:00Z"),
            ("2026-11-23T01:00:00Z", "2026-11-23T01:00:00Z"),
            ("2026-11-23T20:59:59.999Z", "2026-11-23T01:00:00Z"),
            ("2026-11-23T23:10:00Z", "2026-11-23T23:00:00Z"),
            ("1969-12-31T22:10:00Z", "1969-12-31T22:00:00Z"),
        ] {
            assert_eq!(Timestamp::from_millis(part_of(at(text).as_millis())), at(begins), "{text}");
        }
    }

    #[test]
    fn parts_suit_the_zones_of_europe_all_year_and_no_zone_whose_midnight_they_pass_over() {
        let (first, last) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        let suits = |zone: &str, from, to| suit(&Zone::named(zone).unwrap(), from, to);
        for zone in ["UTC", "Europe/London", "Europe/Berlin", "Europe/Athens", "Atlantic/Azores"] {
            assert!(suits(zone, first, last), "{zone}");
        }
        for zone in ["America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"] {
            assert!(!suits(zone, first, last), "{zone}");
        }
        // A clock that was wrong makes nothing slow.
        assert!(!suits("Europe/London", Timestamp::from_millis(i64::MIN), last));
        assert!(!suits("Europe/London", first, Timestamp::from_millis(i64::MAX)));
    }
}
