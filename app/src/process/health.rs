//! How the gate fares, in numbers: a small file that it writes anew every two seconds, for `fivebar status` and for metrics.
//! There is nobody in it and no site.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kit::Timestamp;
use serde::{Deserialize, Serialize};

/// How often it is written.
pub const EVERY: Duration = Duration::from_secs(2);
/// A gate that has not written for so long is not running.
const GONE_AFTER_MS: u64 = 10_000;

/// What one front counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// `dns` or `proxy`.
    pub front: String,
    /// What is counted.
    pub name: String,
    /// How many since the gate started, or now.
    pub value: u64,
    /// What it is, in a sentence.
    pub about: String,
}

/// One writing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// When the gate started.
    pub started_ms: i64,
    /// Its process.
    pub pid: u32,
    /// What must be said of the sealed tier.
    pub notice: Option<String>,
    /// Until when the filter observes only, in milliseconds since 1970, where it does.
    #[serde(default)]
    pub observing_until_ms: Option<i64>,
    /// The publication that decides.
    #[serde(default)]
    pub generation: u64,
    /// All counts.
    pub counts: Vec<Count>,
}

type Named = Vec<(&'static str, u64, &'static str)>;

impl Health {
    /// How it is now.
    pub fn of(
        started: Timestamp,
        at: Timestamp,
        (notice, observing_until): (Option<&str>, Option<Timestamp>),
        generation: u64,
        fronts: &[(&str, Named)],
    ) -> Self {
        let counts = fronts.iter().flat_map(|(front, named)| {
            named.iter().map(|(name, value, about)| Count {
                front: (*front).to_owned(),
                name: (*name).to_owned(),
                value: *value,
                about: (*about).to_owned(),
            })
        });
        Self {
            at_ms: at.as_millis(),
            started_ms: started.as_millis(),
            pid: std::process::id(),
            notice: notice.map(str::to_owned),
            observing_until_ms: observing_until.map(Timestamp::as_millis),
            generation,
            counts: counts.collect(),
        }
    }

    /// Writes it in one piece. What cannot be written is missed by nobody but a reader, who sees that it is old.
    pub fn write(&self, folder: &Path) {
        let (path, beside) = (file(folder), folder.join("gate.json.new"));
        let written = serde_json::to_vec(self)
            .map_err(std::io::Error::other)
            .and_then(|text| std::fs::write(&beside, text))
            .and_then(|()| std::fs::rename(&beside, &path));
        if let Err(error) = written {
            tracing::debug!(%error, "How the gate fares could not be written");
        }
    }

    /// Takes away what was written: the gate ends in order.
    pub fn forget(folder: &Path) {
        let _ = std::fs::remove_file(file(folder));
    }

    /// What was written last, where a gate still writes.
    pub fn read(folder: &Path, now: Timestamp) -> Option<Self> {
        let text = std::fs::read(file(folder)).ok()?;
        let read: Self = serde_json::from_slice(&text).ok()?;
        let is_young = now.as_millis().abs_diff(read.at_ms) <= GONE_AFTER_MS;
        // One that was killed leaves its last numbers behind.
        let is_there = Path::new("/proc").join(read.pid.to_string()).exists();
        (is_young && is_there).then_some(read)
    }

    /// A front's count of that name.
    pub fn count(&self, front: &str, name: &str) -> u64 {
        let found = self.counts.iter().find(|count| count.front == front && count.name == name);
        found.map_or(0, |count| count.value)
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("gate.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_until_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let at = Timestamp::from_millis(1_790_000_000_000);
        assert_eq!(Health::read(folder.path(), at), None);
        let written = Health::of(at, at, (None, None), 7, &[("dns", vec![("questions", 7, "Messages.")])]);
        written.write(folder.path());
        assert_eq!(Health::read(folder.path(), at.plus_millis(9_000)).as_ref(), Some(&written));
        assert_eq!((written.count("dns", "questions"), written.count("proxy", "questions")), (7, 0));
        assert_eq!(Health::read(folder.path(), at.plus_millis(11_000)), None);
        std::fs::write(file(folder.path()), "{").unwrap();
        assert_eq!(Health::read(folder.path(), at), None);
    }
}
