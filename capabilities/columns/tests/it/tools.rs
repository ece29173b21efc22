//! What other tools read: an export, and the files of the log themselves.

use std::process::Command;

use activity::export::{Told, Whom};
use activity::{Search, TimeRange};
use columns::Export;

use crate::school::{School, at, columns_in, fill, found, scanned};

/// Runs a few lines of Python if it has a module; `None` where it has not.
fn python(module: &str, lines: &str, arguments: &[String]) -> Option<String> {
    let there = Command::new("python3").args(["-c", &format!("import {module}")]).output();
    if !there.is_ok_and(|ran| ran.status.success()) {
        return None;
    }
    let ran = Command::new("python3").args(["-c", lines]).args(arguments).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(String::from_utf8(ran.stdout).unwrap().trim().to_owned())
}

const DUCKDB: &str = "
import sys, duckdb
for path in sys.argv[1:]:
    row = duckdb.connect().execute(f\"select count(*), count(host), count(person), sum(bytes::hugeint), min(seq), max(seq) from read_parquet('{path}')\").fetchone()
    print(*row)
";
const PANDAS: &str = "
import sys, pandas
for path in sys.argv[1:]:
    frame = pandas.read_parquet(path, dtype_backend='pyarrow')
    total = sum(int(value) for value in frame['bytes'].dropna())
    print(len(frame), frame['host'].count(), frame['person'].count(), total, frame['seq'].min(), frame['seq'].max())
";

#[test]
fn duckdb_and_pandas_read_an_export_and_the_files_of_the_log() {
    let school = School::new(true);
    let log = school.open();
    fill(&log, 200, 31, &mut [1; 2]);
    log.close_day(at("2026-11-24T02:00:00Z")).unwrap();
    log.pack(|| false).unwrap();
    log.merge_days(at("2026-11-24T02:00:00Z"), || false).unwrap();
    let export = school.folder.path().join("export.parquet");
    let mut out = Export::begin(std::fs::File::create(&export).unwrap()).unwrap();
    let (events, _) = found(&log, &Search::default());
    for event in &events {
        let person = |person: engine::PersonNo| Whom::Pseudonym(format!("P-{}", person.0));
        out.add(&Told::new(event.clone(), person, |device| Whom::Number(device.0))).unwrap();
    }
    out.end().unwrap();
    let packed = columns_in(&school.dir());
    assert_eq!(packed.len(), 1);
    let paths = [export.display().to_string(), school.dir().join(&packed[0]).display().to_string()];
    let all = scanned(&log, TimeRange::default());
    let hosts = all.iter().filter(|event| event.host.is_some()).count();
    let persons = all.iter().filter(|event| event.person.is_some()).count();
    let bytes: u128 = all.iter().map(|event| u128::from(event.bytes)).sum();
    let (first, last) = (all[0].seq, all[all.len() - 1].seq);
    let expected = format!("{} {hosts} {persons} {bytes} {first} {last}", all.len());
    for (module, lines) in [("duckdb", DUCKDB), ("pandas, pyarrow", PANDAS)] {
        let Some(said) = python(module, lines, &paths) else {
            eprintln!("skipped: there is no python3 with {module}");
            continue;
        };
        let said: Vec<&str> = said.lines().collect();
        assert_eq!(said[0], expected, "{module} of the export");
        // The log's own file has the places of erased events too.
        let own: Vec<&str> = said[1].split(' ').skip(1).take(3).collect();
        assert_eq!(own, expected.split(' ').skip(1).take(3).collect::<Vec<_>>(), "{module} of the log");
    }
}
