//! A log of the version before, which kept nothing of how a question came and counted whole days in UTC. `tests/before` has one that
//! it wrote: the same events in frames, and with most of them packed, its side tables beside.

use std::path::Path;

use activity::log::AppendLog;
use activity::{LogStore as _, Report, Search, Subject, TimeRange, Whose};
use engine::{PersonNo, Transport};

use crate::school::{School, at, columns_in, files, fill, found, scanned};

/// A school with what that version left in its folder.
fn left_by_it(folder: &str, packs: bool) -> School {
    let school = School::new(packs);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/before").join(folder);
    std::fs::create_dir_all(school.dir()).unwrap();
    for name in files(&from, "") {
        std::fs::copy(from.join(&name), school.dir().join(name)).unwrap();
    }
    school
}

fn by_transport(transport: Transport) -> Search {
    Search { transport: Some(transport), ..Search::default() }
}

fn of_days(log: &AppendLog) -> Vec<Vec<serde_json::Value>> {
    let (site, zone) = ("example.org".to_owned(), "Europe/London".to_owned());
    log.report(&Report::Site { site, time: TimeRange::default(), zone }).unwrap().rows
}

#[test]
fn a_log_of_the_version_before_is_read_gone_on_with_packed_and_erased_from() {
    let (plain, packing) = (left_by_it("frames", false), left_by_it("columns", true));
    assert!(columns_in(&packing.dir()).len() > 1 && !files(&packing.dir(), ".log").is_empty());
    assert!(files(&packing.dir(), ".parquet").iter().any(|name| name.starts_with("daily-")));
    let (frames, columns) = (plain.open(), packing.open());
    // Its counts of days are of no use to anybody any more.
    assert!(!files(&packing.dir(), ".parquet").iter().any(|name| name.starts_with("daily-")));
    let mut next = [1_000; 2];
    for round in 0..4 {
        let (old, damaged) = found(&frames, &Search::default());
        assert_eq!((found(&columns, &Search::default()), damaged), ((old.clone(), 0), 0), "round {round}");
        assert_eq!(scanned(&columns, TimeRange::default()), scanned(&frames, TimeRange::default()));
        let counts = frames.counts(&Search::default()).unwrap();
        assert_eq!(columns.counts(&Search::default()).unwrap(), counts);
        let told: u64 = counts.by_transport.values().sum();
        assert_eq!(told > 0, round > 0, "{counts:?}");
        assert_eq!(old.iter().filter(|event| event.transport.is_some()).count() as u64, told);
        for transport in Transport::ALL {
            assert_eq!(found(&columns, &by_transport(transport)), found(&frames, &by_transport(transport)));
        }
        let here: u64 = of_days(&columns).iter().map(|row| row[2].as_u64().unwrap()).sum();
        let site = Search { site: Some("example.org".to_owned()), ..Search::default() };
        let asked = found(&frames, &site).0.into_iter().filter(crate::reports::counts);
        assert_eq!(here, asked.count() as u64, "round {round}");
        match round {
            0 => {
                let mut other = next;
                fill(&frames, 60, 77, &mut next);
                fill(&columns, 60, 77, &mut other);
            }
            1 => {
                columns.pack(|| false).unwrap();
                assert_eq!(columns.merge_days(at("2026-12-01T00:00:00Z"), || false).unwrap(), 1);
                assert_eq!(columns_in(&packing.dir()).len(), 1);
            }
            _ => {
                let (subject, now) = (
                    Subject { whose: Whose::Person(PersonNo(2)), time: TimeRange::default() },
                    at("2026-12-01T00:00:00Z"),
                );
                assert_eq!(columns.erase(subject, now).unwrap(), frames.erase(subject, now).unwrap());
            }
        }
    }
}
