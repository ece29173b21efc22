//! Gathering path entries and laying them out.

use crate::build::{BuildError, Sets, count};
use crate::hash::Keys;
use crate::head::ListHead;
use crate::hits::ListNo;
use crate::paths::without_www;

/// One path entry: where its host and path lie in the text.
#[derive(Debug, Clone, Copy)]
struct Given {
    start: usize,
    host: u16,
    path: u16,
    list: ListNo,
}

/// The path entries of all lists.
#[derive(Default)]
pub(crate) struct Paths {
    text: String,
    given: Vec<Given>,
}

/// The sections as bytes.
#[derive(Default)]
pub(crate) struct Sections {
    pub hosts: Vec<u8>,
    pub starts: Vec<u8>,
    pub paths: Vec<u8>,
    pub text: Vec<u8>,
    pub bits: u32,
}

const TOO_MUCH: BuildError = BuildError::TooMuch { what: "URLs" };

impl Paths {
    pub(crate) fn push(&mut self, host: &str, path: &str, list: ListNo) {
        let host = without_www(host);
        // Readers refuse anything longer; nothing else calls this with more.
        let (Ok(host_len), Ok(path_len)) = (u16::try_from(host.len()), u16::try_from(path.len())) else {
            return;
        };
        let start = self.text.len();
        self.text.push_str(host);
        self.text.extend(path.chars().map(|c| c.to_ascii_lowercase()));
        self.given.push(Given { start, host: host_len, path: path_len, list });
    }

    /// How many bytes of memory they take.
    pub(crate) fn held_bytes(&self) -> usize {
        self.text.len() + self.given.len() * size_of::<Given>()
    }

    /// Takes over those of one list that were gathered by themselves, as those of the list `list`.
    pub(crate) fn append(&mut self, other: Self, list: ListNo) {
        let offset = self.text.len();
        self.text.push_str(&other.text);
        self.given.extend(other.given.into_iter().map(|given| Given {
            start: given.start + offset,
            list,
            ..given
        }));
    }

    pub(crate) fn build(
        self,
        keys: &Keys,
        lists: &mut [ListHead],
        sets: &mut Sets,
    ) -> Result<Sections, BuildError> {
        let text = self.text.as_str();
        let host = |given: &Given| text.get(given.start..given.start + usize::from(given.host)).unwrap_or("");
        let path = |given: &Given| {
            let start = given.start + usize::from(given.host);
            text.get(start..start + usize::from(given.path)).unwrap_or("")
        };
        let place = |given: &Given| keys.whole(host(given).as_bytes()).1.place;
        let mut given = self.given;
        given.sort_by_cached_key(|given| (place(given), host(given), path(given), given.list));
        given.dedup_by(|again, kept| {
            let same = (host(again), path(again), again.list) == (host(kept), path(kept), kept.list);
            if same {
                count(lists, kept.list, |tally| tally.duplicates += 1);
            }
            same
        });
        for entry in &given {
            count(lists, entry.list, |tally| tally.paths += 1);
        }

        let mut sections = Sections::default();
        let host_count = given.chunk_by(|a, b| host(a) == host(b)).count();
        sections.bits = host_count.next_power_of_two().trailing_zeros().min(24);
        let mut next_group = 0u64;
        let mut host_number = 0u32;
        for same_host in given.chunk_by(|a, b| host(a) == host(b)) {
            let Some(first) = same_host.first() else { continue };
            let (_, hash) = keys.whole(host(first).as_bytes());
            let group = u64::from(hash.place) >> (32 - sections.bits);
            while next_group <= group {
                sections.starts.extend(host_number.to_le_bytes());
                next_group += 1;
            }
            let first_path = sections.path_count()?;
            let text_at = sections.keep(host(first))?;
            sections.add_paths(same_host, path, first_path, sets)?;
            sections.hosts.extend(text_at.to_le_bytes());
            sections.hosts.extend(u32::from(first.host).to_le_bytes());
            sections.hosts.extend(first_path.to_le_bytes());
            sections.hosts.extend((sections.path_count()? - first_path).to_le_bytes());
            sections.hosts.extend(hash.place.to_le_bytes());
            sections.hosts.extend(hash.low.to_le_bytes());
            host_number = host_number.checked_add(1).ok_or(TOO_MUCH)?;
        }
        while next_group <= 1 << sections.bits {
            sections.starts.extend(host_number.to_le_bytes());
            next_group += 1;
        }
        Ok(sections)
    }
}

impl Sections {
    fn path_count(&self) -> Result<u32, BuildError> {
        u32::try_from(self.paths.len() / crate::paths::PATH).map_err(|_| TOO_MUCH)
    }

    fn keep(&mut self, text: &str) -> Result<u32, BuildError> {
        let at = u32::try_from(self.text.len()).map_err(|_| TOO_MUCH)?;
        self.text.extend(text.as_bytes());
        Ok(at)
    }

    /// Adds the paths of one host, given in rising order, each with the number of its longest listed start.
    fn add_paths<'t>(
        &mut self,
        same_host: &[Given],
        path: impl Fn(&Given) -> &'t str,
        first: u32,
        sets: &mut Sets,
    ) -> Result<(), BuildError> {
        let mut open: Vec<(&str, u32)> = Vec::new();
        let mut number = first;
        for same_path in same_host.chunk_by(|a, b| path(a) == path(b)) {
            let Some(entry) = same_path.first() else { continue };
            let text = path(entry);
            let members: Vec<ListNo> = same_path.iter().map(|given| given.list).collect();
            while open.last().is_some_and(|(start, _)| !text.starts_with(start)) {
                open.pop();
            }
            let parent = open.last().map_or(0, |(_, number)| number + 1);
            let text_at = self.keep(text)?;
            self.paths.extend(text_at.to_le_bytes());
            self.paths.extend(entry.path.to_le_bytes());
            self.paths.extend(sets.number(&members)?.to_le_bytes());
            self.paths.extend(parent.to_le_bytes());
            open.push((text, number));
            number = number.checked_add(1).ok_or(TOO_MUCH)?;
        }
        Ok(())
    }
}
