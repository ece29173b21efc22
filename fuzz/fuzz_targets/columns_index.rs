//! The index of packed activity from any bytes behind a good checksum: it is read or refused, and whatever it names can be asked
//! for its numbers.
#![no_main]

use std::cell::RefCell;

use activity::log::index::{NAME, load, save};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static FOLDER: RefCell<std::path::PathBuf> = RefCell::new({
        let path = std::path::Path::new("/dev/shm").join(format!("fivebar-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    });
}

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with_borrow(|folder| {
        let path = folder.join(NAME);
        std::fs::write(&path, bytes).unwrap();
        let _ = load(folder);
        std::fs::write(&path, [&crc32fast::hash(bytes).to_le_bytes()[..], bytes].concat()).unwrap();
        let Ok(listed) = load(folder) else { return };
        for one in &listed {
            let _ = (one.first_seq(), one.next_seq(), one.generation(), one.missing(), one.contents());
        }
        save(folder, listed.iter()).unwrap();
        assert_eq!(load(folder).unwrap(), listed);
    });
});
