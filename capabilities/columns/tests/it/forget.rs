//! What leaves columns: by age, and when somebody is to be forgotten.

use activity::columns::{ColumnFile, Sides};
use activity::entry::What;
use activity::log::index;
use activity::{LogStore as _, Search, Subject, TimeRange, Whose};
use engine::PersonNo;

use crate::school::{School, at, columns_in, fill, found};

#[test]
fn erased_events_are_in_no_file_and_their_places_are() {
    let school = School::new(true);
    let log = school.open();
    fill(&log, 150, 5, &mut [1; 2]);
    log.pack(|| false).unwrap();
    let theirs = Search { person: Some(PersonNo(3)), ..Search::default() };
    let (before, _) = found(&log, &theirs);
    let (all, _) = found(&log, &Search::default());
    assert!(before.len() > 5);
    let subject = Subject { whose: Whose::Person(PersonNo(3)), time: TimeRange::default() };
    assert_eq!(log.erase(subject, at("2026-12-01T00:00:00Z")).unwrap(), before.len() as u64);
    assert!(found(&log, &theirs).0.is_empty());
    assert_eq!(found(&log, &Search::default()).0.len(), all.len() - before.len());
    drop(log);
    // Read with nothing of ours: every file, every row.
    let mut rows = 0;
    for listed in index::load(&school.dir()).unwrap() {
        let file = std::fs::File::open(school.dir().join(&listed.name)).unwrap();
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        for batch in reader.build().unwrap() {
            let batch = batch.unwrap();
            rows += batch.num_rows() as u64;
            let persons = batch.column_by_name("person").unwrap();
            let persons = arrow::array::AsArray::as_primitive::<arrow::datatypes::UInt32Type>(persons);
            assert!(persons.iter().all(|person| person != Some(3)), "{}", listed.name);
        }
        let whole = ColumnFile::open(school.dir().join(&listed.name), listed.blocks, Sides::default());
        assert_eq!(whole.damaged_rows(), 0);
    }
    assert!(rows >= 100);
    assert_eq!(columns_in(&school.dir()).len(), index::load(&school.dir()).unwrap().len());
    let log = school.open();
    assert_eq!(found(&log, &Search::default()).0.len(), all.len() - before.len());
    assert_eq!(log.look_for_damage(at("2026-12-01T00:00:00Z"), || false).unwrap(), 0, "no place is missing");
}

#[test]
fn whole_files_go_when_they_are_too_old_and_each_leaves_an_entry() {
    let school = School::new(true);
    let log = school.open();
    fill(&log, 100, 6, &mut [1; 2]);
    log.pack(|| false).unwrap();
    let names = columns_in(&school.dir());
    assert_eq!(log.expire(at("2027-02-20T00:00:00Z")).unwrap(), 0);
    assert_eq!(log.expire(at("2027-02-23T00:00:00Z")).unwrap(), names.len());
    assert!(columns_in(&school.dir()).is_empty());
    let gone: Vec<String> = (log.entries().unwrap().into_iter())
        .filter_map(|entry| if let What::Expired { file, .. } = entry.what { Some(file) } else { None })
        .collect();
    assert_eq!(gone, names);
    let left = found(&log, &Search::default()).0;
    drop(log);
    assert_eq!(found(&school.open(), &Search::default()).0, left);
}
