//! The page a gate run counts on: `run/pages/gate-<run>.page`, one file a run, locked while the run lives.
//!
//! A gate that dies takes its queue with it. This page stays behind, so the log knows how many numbers were issued and
//! can say exactly which of them it never got. The log reads the file and never maps it: a gate gone wrong can then
//! do no more than lie about itself.
//!
//! Visits to help sites are counted here by day and front and nowhere else. A row for them, even a bare one, would
//! stand in the log between two rows with exact times and addresses, and so tell when a child asked for help, and
//! likely which. The log publishes a day's counts when that day is over.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use engine::Front;
use front_sys::shared_page::SharedPage;
use kit::Timestamp;

/// The page of this form; see [`Count`].
const MAGIC: u64 = u64::from_le_bytes(*b"FB-PAGE2");
/// The form before it, which had no room for what is owed. A gate of the version before this may have left one.
const MAGIC_BEFORE: u64 = u64::from_le_bytes(*b"FB-PAGE1");
// Words of the page. Those counted per event share one cache line, away from the rest.
const MAGIC_AT: usize = 0;
const RUN_AT: usize = 1;
const BOOT_AT: usize = 2;
const STARTED_AT: usize = 3;
const ENDED_AT: usize = 4;
const ISSUED_AT: usize = 8;
const LAST_TIME_AT: usize = 9;
const UNPLACED_AT: usize = 16;
const HELP_AT: usize = 24;
const HELP_DAYS: usize = 40;
/// A day's words: the day + 1 (0 for unused), then a count for each front.
const HELP_WORDS: usize = 5;
const BEING_CLEARED: u64 = u64::MAX;
const A_DAY_MS: i64 = 86_400_000;

/// A gate run: one start of one gate's sink. Random, so that no two ever share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run(pub u64);

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl std::str::FromStr for Run {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl serde::Serialize for Run {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Run {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Where the page of `run` lies.
pub fn path_of(run_dir: &Path, run: Run) -> PathBuf {
    crate::pages_folder(run_dir).join(format!("gate-{run}.page"))
}

/// The runs whose pages lie in `run_dir`.
pub fn runs_in(run_dir: &Path) -> io::Result<Vec<Run>> {
    let mut runs = Vec::new();
    for file in fs::read_dir(crate::pages_folder(run_dir))? {
        let name = file?.file_name();
        let run = name.to_str().and_then(|name| name.strip_prefix("gate-")?.strip_suffix(".page"));
        runs.extend(run.and_then(|run| run.parse::<Run>().ok()));
    }
    Ok(runs)
}

/// Names of files among the pages in `run_dir` that are no pages of this form or the one before, and how many pages there
/// are. What a page counts has no checksum: a gate changes it in place and may be killed at any moment.
pub fn damaged_in(run_dir: &Path) -> io::Result<(usize, Vec<String>)> {
    let runs = runs_in(run_dir)?;
    let mut damaged = Vec::new();
    for run in &runs {
        let path = path_of(run_dir, *run);
        // One that its run has just been settled with is gone, and no damage.
        if Reading::take(run_dir, *run)?.is_none() && path.try_exists()? {
            damaged.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    Ok((runs.len(), damaged))
}

/// The machine's present start, so that a page from before a power loss can be told; 0 where that cannot be found out.
pub fn this_boot() -> u64 {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    u64::from_str_radix(&digits, 16).unwrap_or(0)
}

/// Numbers issued and events owed, in the one word that counts both.
///
/// They share a word because an owed event that takes its number changes both, and a process may be killed between any
/// two instructions: after two additions to two words the event would be counted twice or not at all in between.
/// 2⁴⁴ numbers last a run for half a year at a million a second; 2²⁰ events owed are fifty times the connections that
/// the proxy takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count(u64);

impl Count {
    const ISSUED_BITS: u32 = 44;
    const ONE_OWED: u64 = 1 << Self::ISSUED_BITS;

    const fn issued(self) -> u64 {
        self.0 & (Self::ONE_OWED - 1)
    }

    const fn owed(self) -> u64 {
        self.0 >> Self::ISSUED_BITS
    }
}

/// What taking a number does to the page: how much is added to the word that counts.
#[derive(Debug, Clone, Copy)]
pub struct Taking(u64);

impl Taking {
    /// The number of an event that nobody owed.
    pub const NEW: Self = Self(1);
    /// The number of an event that was owed, and is no longer.
    pub const OWED: Self = Self(1u64.wrapping_sub(Count::ONE_OWED));
}

/// The gate's hold on its page.
#[derive(Debug)]
pub struct RunPage {
    page: SharedPage,
    run: Run,
}

impl RunPage {
    /// Makes the page of a new run.
    pub fn create(run_dir: &Path, at: Timestamp) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let run = Run(u64::from_le_bytes(random));
        let path = path_of(run_dir, run);
        let page = SharedPage::create(&path, 0o640, |words| {
            for (word, value) in [
                (RUN_AT, run.0),
                (BOOT_AT, this_boot()),
                (STARTED_AT, at.as_millis() as u64),
                (MAGIC_AT, MAGIC),
            ] {
                if let Some(word) = words.get(word) {
                    word.store(value, Ordering::Relaxed);
                }
            }
        });
        let page = page.map_err(|error| {
            let text = format!("cannot make {}: {error}; is the folder there and writable?", path.display());
            io::Error::new(error.kind(), text)
        })?;
        Ok(Self { page, run })
    }

    /// Which run this is.
    pub const fn run(&self) -> Run {
        self.run
    }

    fn word(&self, index: usize) -> Option<&AtomicU64> {
        self.page.words().get(index)
    }

    /// Takes the next number of this run, counted from 1. It is issued from here on, whatever becomes of the event.
    pub fn issue(&self, at: Timestamp, taking: Taking) -> u64 {
        self.note_time(at);
        self.count_by(taking.0).issued() + 1
    }

    /// One event more is owed, of a request decided at that time.
    pub fn owe(&self, at: Timestamp) {
        self.note_time(at);
        self.count_by(Count::ONE_OWED);
    }

    /// An owed event takes its number and will never come: a gap, which the log counts as lost.
    pub fn write_off(&self) {
        self.count_by(Taking::OWED.0);
    }

    /// An owed event is a visit to a help site after all, which has no number.
    pub fn forgive(&self) {
        self.count_by(Count::ONE_OWED.wrapping_neg());
    }

    /// Adds to the word that counts; what it was before.
    fn count_by(&self, more: u64) -> Count {
        Count(self.word(ISSUED_AT).map_or(0, |count| count.fetch_add(more, Ordering::SeqCst)))
    }

    fn note_time(&self, at: Timestamp) {
        if let Some(time) = self.word(LAST_TIME_AT) {
            time.store(at.as_millis() as u64, Ordering::Relaxed);
        }
    }

    fn count(&self) -> Count {
        Count(self.word(ISSUED_AT).map_or(0, |count| count.load(Ordering::SeqCst)))
    }

    /// The last number issued.
    pub fn issued(&self) -> u64 {
        self.count().issued()
    }

    /// How many events are owed.
    pub fn owed(&self) -> u64 {
        self.count().owed()
    }

    /// Counts one visit to a help site. `at` is already no finer than its day. Never waits.
    pub fn count_help(&self, at: Timestamp, front: Front) {
        // A clock from before 1970 has no day to speak of.
        let day = u64::try_from(at.as_millis().div_euclid(A_DAY_MS)).unwrap_or(u64::MAX - 1);
        let slot = HELP_AT + (day % HELP_DAYS as u64) as usize * HELP_WORDS;
        let placed = day < u64::MAX - 1 && self.claim(slot, day + 1);
        let counter = if placed { slot + 1 + front as usize } else { UNPLACED_AT };
        if let Some(counter) = self.word(counter) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether the slot is `tag`'s, after making it so if it was another day's: forty days back at least, so the log
    /// has been away all that time; what it held moves to the count without a day.
    fn claim(&self, slot: usize, tag: u64) -> bool {
        let Some(holder) = self.word(slot) else { return false };
        let held = holder.load(Ordering::Acquire);
        if held == tag {
            return true;
        }
        if held == BEING_CLEARED
            || holder.compare_exchange(held, BEING_CLEARED, Ordering::AcqRel, Ordering::Acquire).is_err()
        {
            return holder.load(Ordering::Acquire) == tag;
        }
        for front in 1..HELP_WORDS {
            let old = self.word(slot + front).map_or(0, |count| count.swap(0, Ordering::Relaxed));
            if let Some(unplaced) = self.word(UNPLACED_AT) {
                unplaced.fetch_add(old, Ordering::Relaxed);
            }
        }
        holder.store(tag, Ordering::Release);
        true
    }

    /// Says that the run ended in order, and makes the page durable.
    pub fn end(&self) -> io::Result<()> {
        if let Some(ended) = self.word(ENDED_AT) {
            ended.store(1, Ordering::SeqCst);
        }
        self.page.sync()
    }
}

/// Help visits of one day by front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct HelpCounts {
    /// DNS questions answered.
    pub dns: u64,
    /// Requests let through the proxy.
    pub proxy: u64,
    /// Tunnels opened.
    pub connect: u64,
}

impl HelpCounts {
    /// What `self` has more than `other`.
    #[must_use]
    pub const fn beyond(self, other: Self) -> Self {
        Self {
            dns: self.dns.saturating_sub(other.dns),
            proxy: self.proxy.saturating_sub(other.proxy),
            connect: self.connect.saturating_sub(other.connect),
        }
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            dns: self.dns.saturating_add(other.dns),
            proxy: self.proxy.saturating_add(other.proxy),
            connect: self.connect.saturating_add(other.connect),
        }
    }

    /// Whether nothing was counted.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// What a run's page said when the log read it.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The last number issued.
    pub issued: u64,
    /// Events owed: of requests that are being carried out, or were when the gate was killed.
    pub owed: u64,
    /// The time of the newest event issued or owed.
    pub last_at: Timestamp,
    /// When the run started.
    pub started_at: Timestamp,
    /// Whether a gate still holds the page.
    pub alive: bool,
    /// Whether the numbers can be relied on to the last one: the run ended in order, or the machine has not been
    /// restarted since and the page counted what was owed.
    pub exact: bool,
    /// Help visits: the start of the day and its counts, by rising day.
    pub help: Vec<(Timestamp, HelpCounts)>,
    /// Help visits whose day could not be kept.
    pub help_unplaced: u64,
}

impl Reading {
    /// Reads the page of `run`. `Ok(None)` where there is none, or none that a gate made.
    pub fn take(run_dir: &Path, run: Run) -> io::Result<Option<Self>> {
        let file = match File::open(path_of(run_dir, run)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // The lock is asked before the numbers are read: once the owner is gone, they stand still.
        let alive = file.try_lock_shared().is_err();
        let mut bytes = [0; SharedPage::BYTES];
        if let Err(error) = file.read_exact_at(&mut bytes, 0) {
            return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
        }
        let (words, _) = bytes.as_chunks::<8>();
        let word = |index: usize| words.get(index).map_or(0, |word| u64::from_le_bytes(*word));
        let counts_owed = word(MAGIC_AT) == MAGIC;
        if !(counts_owed || word(MAGIC_AT) == MAGIC_BEFORE) || word(RUN_AT) != run.0 {
            return Ok(None);
        }
        // The form before had the number issued alone in the word; it has never filled the bits that are now apart.
        let count = Count(word(ISSUED_AT));
        let mut help: Vec<_> = (0..HELP_DAYS)
            .map(|slot| HELP_AT + slot * HELP_WORDS)
            .filter(|&slot| !matches!(word(slot), 0 | BEING_CLEARED))
            .map(|slot| {
                let day = (word(slot) as i64).wrapping_sub(1).saturating_mul(A_DAY_MS);
                let count = |front: Front| word(slot + 1 + front as usize);
                let counts = HelpCounts {
                    dns: count(Front::Dns),
                    proxy: count(Front::Proxy),
                    connect: count(Front::Connect),
                };
                (Timestamp::from_millis(day), counts)
            })
            .collect();
        help.sort_by_key(|&(day, _)| day);
        Ok(Some(Self {
            issued: count.issued(),
            owed: count.owed(),
            last_at: Timestamp::from_millis(word(LAST_TIME_AT) as i64),
            started_at: Timestamp::from_millis(word(STARTED_AT) as i64),
            alive,
            exact: word(ENDED_AT) == 1 || (counts_owed && word(BOOT_AT) != 0 && word(BOOT_AT) == this_boot()),
            help,
            help_unplaced: word(UNPLACED_AT),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_dir(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("fivebar-run-{}-{name}", std::process::id()));
        crate::make_folders(&folder).unwrap();
        folder
    }

    #[test]
    fn numbers_and_what_is_owed_are_counted_apart_in_one_word() {
        let folder = run_dir("counted");
        let at = Timestamp::from_millis(1_000);
        let page = RunPage::create(&folder, at).unwrap();
        assert_eq!(page.issue(at, Taking::NEW), 1);
        (0..4).for_each(|_| page.owe(at));
        assert_eq!((page.issued(), page.owed()), (1, 4));
        assert_eq!(page.issue(at, Taking::OWED), 2);
        assert_eq!(page.issue(at, Taking::NEW), 3);
        page.forgive();
        page.write_off();
        assert_eq!((page.issued(), page.owed()), (4, 1));
        let reading = Reading::take(&folder, page.run()).unwrap().unwrap();
        assert_eq!((reading.issued, reading.owed, reading.alive, reading.exact), (4, 1, true, true));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_page_of_the_form_before_is_read_and_is_exact_only_where_its_run_ended_in_order() {
        let folder = run_dir("before");
        for ended in [0, 1] {
            let run = Run(77 + ended);
            let mut words = [0u64; SharedPage::WORDS];
            words[MAGIC_AT] = MAGIC_BEFORE;
            words[RUN_AT] = run.0;
            words[BOOT_AT] = this_boot();
            words[ENDED_AT] = ended;
            words[ISSUED_AT] = 123_456_789;
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            fs::write(path_of(&folder, run), &bytes).unwrap();
            let reading = Reading::take(&folder, run).unwrap().unwrap();
            assert_eq!((reading.issued, reading.owed, reading.alive), (123_456_789, 0, false));
            // A gate of that version could be carrying out what it never counted.
            assert_eq!(reading.exact, ended == 1);
            // One that was torn, or that no gate made, says nothing.
            fs::write(path_of(&folder, run), &bytes[..SharedPage::BYTES - 1]).unwrap();
            assert!(Reading::take(&folder, run).unwrap().is_none());
            fs::write(path_of(&folder, run), [0; SharedPage::BYTES]).unwrap();
            assert!(Reading::take(&folder, run).unwrap().is_none());
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
