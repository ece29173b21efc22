//! A disk without room for columns: what is closed stays as it is, and is packed when there is room.

use std::path::Path;
use std::process::Command;

use activity::{Search, TimeRange};

use crate::school::{School, at, columns_in, files, fill, found, scanned};

/// A file system of one megabyte, where this user may mount one.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "fivebar-test"]).arg(at).status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0).status());
    }
}

#[test]
fn without_room_at_any_step_of_packing_and_merging_everything_is_answered() {
    let school = School::new(true);
    let dir = school.dir();
    let Some(_disk) = SmallDisk::mount(&dir) else {
        eprintln!("skipped: mounting a small file system needs more rights than this user has");
        return;
    };
    let log = school.open();
    fill(&log, 200, 8, &mut [1; 2]);
    let all = found(&log, &Search::default());
    let ballast = dir.join("ballast");
    let fill_up = |room: u64| {
        drop(std::fs::remove_file(&ballast));
        let free = 1024 * 1024 - taken(&dir);
        std::fs::write(&ballast, vec![7; free.saturating_sub(room) as usize]).unwrap();
    };
    let mut failed = [0; 2];
    for room in (0..40).map(|pages| pages * 4096) {
        fill_up(room);
        failed[0] += u32::from(log.pack(|| false).is_err());
        assert_eq!(found(&log, &Search::default()), all, "{room} bytes of room");
        failed[1] += u32::from(log.merge_days(at("2026-11-24T02:00:00Z"), || false).is_err());
        assert_eq!(found(&log, &Search::default()), all, "{room} bytes of room");
    }
    assert!(failed[0] > 0 && failed[1] > 0, "{failed:?}");
    std::fs::remove_file(&ballast).unwrap();
    log.pack(|| false).unwrap();
    log.merge_days(at("2026-11-24T02:00:00Z"), || false).unwrap();
    assert_eq!(columns_in(&dir).len(), 1);
    assert!(files(&dir, ".tmp").is_empty());
    drop(log);
    let log = school.open();
    assert_eq!(found(&log, &Search::default()), all);
    assert_eq!(scanned(&log, TimeRange::default()).len(), all.0.len());
}

/// Bytes of pages that files take.
fn taken(dir: &Path) -> u64 {
    let pages = |path: std::path::PathBuf| std::fs::metadata(path).unwrap().len().div_ceil(4096) * 4096;
    std::fs::read_dir(dir).unwrap().map(|file| pages(file.unwrap().path())).sum()
}
