//! What has changed in a list between two versions of it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use lists::{Entry, Says};

use super::files::FileError;
use super::model::List;
use super::text::{ReadIntoError, Text};

/// What came and went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The version before.
    pub before: u32,
    /// What is new.
    pub added: Share,
    /// What is gone.
    pub removed: Share,
    /// How many entries are in both.
    pub kept: u64,
}

/// How many, and the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// In the words of people.
    pub examples: Vec<String>,
}

/// What has changed from the version before to the one in use; `None` where that is not kept any more. Eight bytes of memory
/// an entry of both.
pub fn changes(kept: &Path, list: &List, examples: usize) -> Result<Option<Changes>, FileError> {
    let Some(before) = list.version.checked_sub(1) else { return Ok(None) };
    let now = Text::kept(kept, &list.id, list.version)?;
    let Ok(old) = Text::kept(kept, &list.id, before) else { return Ok(None) };
    let (mut new_marks, mut old_marks) = (marks(&now)?, marks(&old)?);
    for marks in [&mut new_marks, &mut old_marks] {
        marks.sort_unstable();
        marks.dedup();
    }
    let kept = new_marks.iter().filter(|mark| old_marks.binary_search(mark).is_ok()).count() as u64;
    Ok(Some(Changes {
        before,
        added: Share {
            count: new_marks.len() as u64 - kept,
            examples: those_not_in(&now, &old_marks, examples)?,
        },
        removed: Share {
            count: old_marks.len() as u64 - kept,
            examples: those_not_in(&old, &new_marks, examples)?,
        },
        kept,
    }))
}

fn marks(text: &Text) -> Result<Vec<u64>, FileError> {
    let mut all = Vec::new();
    each(text, &mut |says, entry| all.push(mark(says, entry)))?;
    Ok(all)
}

fn those_not_in(text: &Text, others: &[u64], most: usize) -> Result<Vec<String>, FileError> {
    let mut found: Vec<String> = Vec::new();
    each(text, &mut |says, entry| {
        if found.len() < most && others.binary_search(&mark(says, entry)).is_err() {
            let words = match says.excepts() {
                [] => entry.to_string(),
                _ => format!("an exception: {entry}"),
            };
            if !found.contains(&words) {
                found.push(words);
            }
        }
    })?;
    Ok(found)
}

fn each(text: &Text, take: &mut dyn FnMut(Says, Entry<'_>)) -> Result<(), FileError> {
    for file in text.files() {
        let mut sink = |says: Says, entry: Entry<'_>| take(says, entry);
        match file.read_into(&mut sink) {
            // A file that is no list has no entries.
            Ok(_) => {}
            Err(ReadIntoError::File(error)) => return Err(error),
            Err(ReadIntoError::Full(path)) => return Err(FileError::Nothing(path)),
        }
    }
    Ok(())
}

/// What tells an entry from all others: two of a million names have the same once in thirty million lists.
fn mark(says: Says, entry: Entry<'_>) -> u64 {
    let mut hash = DefaultHasher::new();
    (says as u8).hash(&mut hash);
    match entry {
        Entry::Below(name) => (0u8, name.as_str()).hash(&mut hash),
        Entry::Exact(name) => (1u8, name.as_str()).hash(&mut hash),
        Entry::Range(first, last) => (2u8, first, last).hash(&mut hash),
        Entry::Path(host, path) => (3u8, host.as_str(), path).hash(&mut hash),
        Entry::Expression(text) => (4u8, text).hash(&mut hash),
    }
    hash.finish()
}
