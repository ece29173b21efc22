//! What the tests share.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use kit::HostName;
use lists::{Entry, IndexBuilder, ListHead, ListIndex, Seed, Sink};

/// An entry that owns its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owned {
    Below(String),
    Exact(String),
    Range(IpAddr, IpAddr),
    Path(String, String),
    Expression(String),
}

impl From<Entry<'_>> for Owned {
    fn from(entry: Entry<'_>) -> Self {
        match entry {
            Entry::Below(name) => Self::Below(name.as_str().to_owned()),
            Entry::Exact(name) => Self::Exact(name.as_str().to_owned()),
            Entry::Range(first, last) => Self::Range(first, last),
            Entry::Path(host, path) => Self::Path(host.as_str().to_owned(), path.to_owned()),
            Entry::Expression(text) => Self::Expression(text.to_owned()),
        }
    }
}

impl Owned {
    pub fn entry(&self) -> Entry<'_> {
        match self {
            Self::Below(name) => Entry::Below(HostName::new(name).unwrap()),
            Self::Exact(name) => Entry::Exact(HostName::new(name).unwrap()),
            Self::Range(first, last) => Entry::Range(*first, *last),
            Self::Path(host, path) => Entry::Path(HostName::new(host).unwrap(), path),
            Self::Expression(text) => Entry::Expression(text),
        }
    }
}

pub fn head(id: &str) -> ListHead {
    ListHead { id: id.to_owned(), name: id.to_owned(), ..ListHead::default() }
}

/// The image of some lists.
pub fn image(lists: &[(&str, Vec<Owned>)]) -> Vec<u8> {
    let mut builder = IndexBuilder::new(Seed([3; 16]));
    for (id, entries) in lists {
        let mut list = builder.list(head(id)).unwrap();
        for entry in entries {
            list.take(lists::Says::Listed, entry.entry());
        }
    }
    builder.build().unwrap()
}

/// The index of some lists.
pub fn index(lists: &[(&str, Vec<Owned>)]) -> ListIndex {
    ListIndex::open(Arc::new(image(lists))).unwrap()
}

pub fn name(text: &str) -> HostName<'_> {
    HostName::new(text).unwrap()
}

/// The ids of the lists in some sets, sorted.
pub fn ids(index: &ListIndex, sets: impl IntoIterator<Item = lists::ListSetNo>) -> Vec<&str> {
    let lists = sets.into_iter().flat_map(|set| index.set(set).to_vec());
    let mut ids: Vec<&str> = lists.map(|list| index.lists()[usize::from(list.0)].id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder of the real data beside the checkout; says so and gives `None` where it is not there.
pub fn data(folder: &str) -> Option<PathBuf> {
    let base =
        std::env::var_os("FIVEBAR_DATA").map_or_else(|| workspace().join("../shared/data"), PathBuf::from);
    let path = base.join(folder);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: there is no {folder} in the data folder (set FIVEBAR_DATA to where it is)");
    None
}

/// The unpacked bytes of a file.
pub fn unpacked(path: &std::path::Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_none_or(|extension| extension != "gz") {
        return bytes;
    }
    let mut out = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(bytes.as_slice()), &mut out).unwrap();
    out
}
