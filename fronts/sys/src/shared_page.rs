//! One page of counters in a file, mapped shared: what a process wrote there outlives it, even when it is killed.
//!
//! The process that owns the page counts in it at the cost of an atomic addition. Others read the *file* with an
//! ordinary `read`, which on Linux sees the same page cache; they need no mapping, so an owner that truncates its
//! file can only stop itself, never a reader.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use memmap2::{MmapOptions, MmapRaw};

/// A page of [`SharedPage::WORDS`] counters, held with an exclusive lock on its file for as long as it lives. The
/// kernel drops the lock when the process dies, however it dies: whoever gets a shared lock knows the owner is gone.
#[derive(Debug)]
pub struct SharedPage {
    map: MmapRaw,
    file: File,
}

impl SharedPage {
    /// The size of the file.
    pub const BYTES: usize = 4096;
    /// How many counters fit.
    pub const WORDS: usize = Self::BYTES / 8;

    /// Makes a new page of zeros at `path` with the permission bits `mode`, locked, which `fill` may set up before
    /// anyone can find it: it is made under a temporary name beside `path` and moved there when ready. The zeros are
    /// written, not left as a hole, so that a full disk is an error here and not a bus error at the first count.
    ///
    /// Fails where the file cannot be made, and where somebody else holds the temporary name.
    pub fn create(path: &Path, mode: u32, fill: impl FnOnce(&[AtomicU64])) -> io::Result<Self> {
        let temporary = path.with_extension("new");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(mode)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&temporary)?;
        let made = Self::fill_in(&mut file, fill).and_then(|map| fs::rename(&temporary, path).map(|()| map));
        match made {
            Ok(map) => Ok(Self { map, file }),
            Err(error) => {
                // The half-made page is of no use to anyone; the first error is the one to tell.
                drop(fs::remove_file(&temporary));
                Err(error)
            }
        }
    }

    fn fill_in(file: &mut File, fill: impl FnOnce(&[AtomicU64])) -> io::Result<MmapRaw> {
        file.try_lock().map_err(io::Error::from)?;
        file.write_all(&[0; Self::BYTES])?;
        let map = MmapOptions::new().len(Self::BYTES).map_raw(&*file)?;
        fill(words(&map));
        Ok(map)
    }

    /// The counters, all zero until counted in.
    pub fn words(&self) -> &[AtomicU64] {
        words(&self.map)
    }

    /// Makes what was counted durable: after this it survives a power loss too. About as long as an `fsync`.
    pub fn sync(&self) -> io::Result<()> {
        self.map.flush()?;
        self.file.sync_all()
    }
}

fn words(map: &MmapRaw) -> &[AtomicU64] {
    let first = map.as_ptr().cast::<AtomicU64>();
    // SAFETY: the mapping is `BYTES` long, readable and writable, page-aligned, and lives as long as the borrow of
    // `map`. Every bit pattern is a valid `AtomicU64`, and this process never makes another kind of reference to it.
    unsafe { std::slice::from_raw_parts(first, map.len() / size_of::<AtomicU64>()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    fn scratch(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("fivebar-page-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn what_is_counted_is_in_the_file_at_once_and_after_the_owner_is_gone() {
        let folder = scratch("counted");
        let path = folder.join("counts.page");
        let page = SharedPage::create(&path, 0o640, |words| words[0].store(7, Ordering::Relaxed)).unwrap();
        assert_eq!(page.words().len(), SharedPage::WORDS);
        page.words()[511].fetch_add(3, Ordering::Relaxed);
        let seen = fs::read(&path).unwrap();
        assert_eq!((seen.len(), seen[0], seen[511 * 8]), (4096, 7, 3));
        page.sync().unwrap();
        drop(page);
        assert_eq!(fs::read(&path).unwrap(), seen);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_reader_can_tell_whether_the_owner_lives() {
        let folder = scratch("lives");
        let path = folder.join("counts.page");
        let page = SharedPage::create(&path, 0o640, |_| ()).unwrap();
        let reader = File::open(&path).unwrap();
        assert!(reader.try_lock_shared().is_err());
        drop(page);
        assert!(reader.try_lock_shared().is_ok());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_page_is_never_made_through_somebody_elses_link() {
        let folder = scratch("link");
        let path = folder.join("counts.page");
        std::os::unix::fs::symlink(folder.join("elsewhere"), folder.join("counts.new")).unwrap();
        assert!(SharedPage::create(&path, 0o640, |_| ()).is_err());
        assert!(!folder.join("elsewhere").exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
