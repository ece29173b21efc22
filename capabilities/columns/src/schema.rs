//! The columns, in the one place that says what they are, and how they are written.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::Result;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::texts::placed;

/// Events a row group: what is read, checked and lost to damage together.
pub const GROUP_ROWS: usize = 256 << 10;
/// Events a page, and how many are written at once: five times makes a page.
const PAGE_ROWS: usize = 20_000;
const AT_ONCE: usize = 4_096;
/// Different sites that the bloom filter of a row group is made for.
const SITES: u64 = 20_000;
/// Where a file keeps what the log says about it.
pub const ABOUT: &str = "fivebar.about";

/// Every column. An event that has been erased has its place, gate run and number, and nothing but nulls besides.
pub static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let number = |name, kind| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![
        number("person", DataType::UInt32),
        number("device", DataType::UInt32),
        // The device's address.
        text("client"),
        Field::new("decided_at", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), false),
        // The place in the log.
        Field::new("seq", DataType::UInt64, false),
        Field::new("run", DataType::UInt64, false),
        // The number in its gate run, less the place: nearly always the same as of the event before.
        Field::new("number_less_seq", DataType::Int64, false),
        // Of an event that has been erased there is none.
        text("front"),
        text("verdict"),
        text("known_by"),
        text("step"),
        number("rule", DataType::UInt32),
        // Which fact the rule spoke about: its kind, and its index × 8.
        number("fact", DataType::UInt16),
        number("category", DataType::UInt16),
        number("list", DataType::UInt16),
        number("grp", DataType::UInt16),
        number("beside", DataType::UInt16),
        text("host"),
        number("host_is_address", DataType::Boolean),
        // The shortest part of the host that is no public suffix, or the address.
        text("site"),
        text("path"),
        // What was searched for.
        text("searched"),
        text("agent"),
        number("bytes", DataType::UInt64),
        number("sent", DataType::UInt64),
        // The sealed record's reference.
        number("record", DataType::UInt64),
        // How a question to the name server came.
        text("transport"),
    ]))
});

/// The same with texts as places among those that there are: how events are gathered.
pub static PLACED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => field.as_ref().clone().with_data_type(placed()),
        _ => field.as_ref().clone(),
    };
    Arc::new(Schema::new(SCHEMA.fields().iter().map(field).collect::<Vec<Field>>()))
});

/// How a file is written.
pub fn properties(level: i32, about: &str) -> Result<WriterProperties> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(level)?))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(AT_ONCE)
        .set_key_value_metadata(Some(vec![KeyValue::new(ABOUT.to_owned(), about.to_owned())]))
        .set_sorting_columns(Some(
            [0, 1]
                .map(|column| SortingColumn { column_idx: column, descending: false, nulls_first: true })
                .to_vec(),
        ));
    for column in ["decided_at", "seq", "number_less_seq", "bytes", "sent", "record"] {
        properties = properties
            .set_column_dictionary_enabled(ColumnPath::from(column), false)
            .set_column_encoding(ColumnPath::from(column), Encoding::DELTA_BINARY_PACKED);
    }
    // What a search can leave pages out by; of the others each page holds nearly everything. Sites have a filter.
    for column in ["person", "device", "client", "decided_at", "seq", "record"] {
        properties =
            properties.set_column_statistics_enabled(ColumnPath::from(column), EnabledStatistics::Page);
    }
    // Paths hardly repeat.
    properties = properties.set_column_dictionary_enabled(ColumnPath::from("path"), false);
    properties = properties.set_column_dictionary_enabled(ColumnPath::from("searched"), false);
    let site = ColumnPath::from("site");
    Ok(properties
        .set_column_bloom_filter_enabled(site.clone(), true)
        .set_column_bloom_filter_fpp(site.clone(), 0.01)
        .set_column_bloom_filter_max_ndv(site, SITES)
        .build())
}

/// What `searches` has of an event.
pub static SEARCHES: LazyLock<SchemaRef> = LazyLock::new(|| {
    let columns = ["person", "device", "client", "decided_at", "grp", "site", "searched"];
    let field = |name: &&str| SCHEMA.field_with_name(name).ok().cloned();
    Arc::new(Schema::new(columns.iter().filter_map(field).collect::<Vec<Field>>()))
});

/// The shortest part of a host name that is no public suffix; `None` where all of it is one. Two hosts of which one lies
/// within the other have the same, unless the outer one has none: so a search for a host and everything below it can ask
/// for a site.
pub fn site_of(host: &str) -> Option<&str> {
    let starts = std::iter::once(0).chain(host.match_indices('.').map(|(place, _)| place + 1));
    let mut parts: Vec<&str> = starts.filter_map(|start| host.get(start..)).collect();
    parts.reverse();
    let is_suffix =
        |name: &str| psl::suffix(name.as_bytes()).is_none_or(|suffix| suffix.as_bytes().len() >= name.len());
    parts.into_iter().find(|part| !is_suffix(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_site_is_what_somebody_registered() {
        for (host, site) in [
            ("www.example.org", Some("example.org")),
            ("example.org", Some("example.org")),
            ("a.b.example.co.uk", Some("example.co.uk")),
            ("co.uk", None),
            ("org", None),
            ("printer", None),
            ("files.s3.amazonaws.com", Some("amazonaws.com")),
        ] {
            assert_eq!(site_of(host), site, "{host}");
        }
    }

    proptest! {
        #[test]
        fn what_lies_within_a_host_has_its_site(
            host in "([a-z]{1,3}\\.){0,3}(com|co\\.uk|kobe\\.jp|s3\\.amazonaws\\.com|github\\.io|ck)",
            below in "([a-z]{1,3}\\.){0,3}",
        ) {
            if let Some(site) = site_of(&host) {
                let within = format!("{below}{host}");
                prop_assert_eq!(site_of(&within), Some(site));
            }
        }
    }
}
