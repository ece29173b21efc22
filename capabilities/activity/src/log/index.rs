//! Which files of columns there are: `columns.index`, `[crc32 u32]` and JSON, replaced whole.
//!
//! A file counts from the moment the index names it. Where the index is damaged or behind, each file tells of itself, and
//! none is taken away as long as no other holds its events.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kit::Timestamp;
use serde::{Deserialize, Serialize};

use super::look::Damage;
use super::segment::{self, Contents, Recovered, RunState};
use crate::columns::{Block, ColumnFile, Columns, Side, Sides, Written, checksum};
use crate::page::Run;

/// The file's name.
pub const NAME: &str = "columns.index";

/// What one closed segment was, whose events are in a file of columns now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The place of its first event.
    pub first_seq: u64,
    /// The place after its last event.
    pub next_seq: u64,
    oldest_ms: i64,
    newest_ms: i64,
    /// Where each run stood at its end.
    runs: Vec<(Run, RunState)>,
    /// Places in it of which there is no event.
    missing: u64,
    opened: bool,
}

impl Part {
    /// What a segment without damaged bytes holds.
    pub fn of(recovered: &Recovered) -> Self {
        let Recovered { contents, runs, missing, opened, .. } = recovered.clone();
        Self {
            first_seq: contents.first_seq,
            next_seq: contents.next_seq,
            oldest_ms: contents.oldest.as_millis(),
            newest_ms: contents.newest.as_millis(),
            runs,
            missing,
            opened,
        }
    }

    fn contents(&self) -> Contents {
        Contents {
            first_seq: self.first_seq,
            next_seq: self.next_seq,
            oldest: Timestamp::from_millis(self.oldest_ms),
            newest: Timestamp::from_millis(self.newest_ms),
            bytes: 0,
        }
    }

    /// What reading the segment found.
    pub fn recovered(&self) -> Recovered {
        Recovered {
            contents: self.contents(),
            runs: self.runs.clone(),
            cut_bytes: 0,
            damaged_bytes: 0,
            missing: self.missing,
            opened: self.opened,
        }
    }
}

/// What the index says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// The segments whose events it holds, oldest first.
    pub parts: Vec<Part>,
    /// Its bytes with their checksums.
    pub blocks: Vec<Block>,
    /// Its side tables.
    #[serde(flatten)]
    pub sides: Sides,
}

impl Listed {
    /// A file that has been written. `generation` sets it apart from one with the same events that it replaces.
    pub fn new(parts: Vec<Part>, generation: u32, written: Written) -> Self {
        Self { name: name_of(&parts, generation), parts, blocks: written.blocks, sides: written.sides }
    }

    /// The place of its first event.
    pub fn first_seq(&self) -> u64 {
        self.parts.first().map_or(0, |part| part.first_seq)
    }

    /// The place after its last event.
    pub fn next_seq(&self) -> u64 {
        self.parts.last().map_or(0, |part| part.next_seq)
    }

    /// How often its events have been written again.
    pub fn generation(&self) -> u32 {
        numbers_of(&self.name).map_or(0, |(_, _, generation)| generation)
    }

    /// Places in it of which there has been no event since it was written.
    pub fn missing(&self) -> u64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.missing))
    }

    /// Counts events out that damage took and that are not in the file any more.
    pub fn lose(&mut self, rows: u64) {
        if let Some(part) = self.parts.first_mut() {
            part.missing = part.missing.saturating_add(rows);
        }
    }

    /// What it holds.
    pub fn contents(&self) -> Contents {
        let mut all = Contents::empty(self.first_seq(), self.blocks.last().map_or(0, |last| last.to));
        for part in &self.parts {
            let part = part.contents();
            all.next_seq = part.next_seq;
            all.oldest = all.oldest.min(part.oldest);
            all.newest = all.newest.max(part.newest);
        }
        all
    }
}

/// The name of a file: its first and last place, and how often it has been written again.
pub fn name_of(parts: &[Part], generation: u32) -> String {
    let first = parts.first().map_or(0, |part| part.first_seq);
    let last = parts.last().map_or(0, |part| part.next_seq.saturating_sub(1));
    format!("columns-{first:020}-{last:020}-{generation:04}.parquet")
}

fn numbers_of(name: &str) -> Option<(u64, u64, u32)> {
    let mut numbers = name.strip_prefix("columns-")?.strip_suffix(".parquet")?.split('-');
    let found = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    numbers.next().is_none().then_some(found)
}

/// A file of columns that is in use.
#[derive(Debug)]
pub struct Packed {
    /// What the index says of it.
    pub listed: Listed,
    /// The file.
    pub file: ColumnFile,
}

impl Packed {
    /// Opens a file that the index names.
    pub fn open(dir: &Path, listed: Listed) -> Arc<Self> {
        let file = ColumnFile::open(dir.join(&listed.name), listed.blocks.clone(), listed.sides);
        Arc::new(Self { listed, file })
    }
}

/// Reads the index; none where there is no file, and an error of the kind `InvalidData` where it is damaged.
pub fn load(dir: &Path) -> io::Result<Vec<Listed>> {
    let bytes = match fs::read(dir.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let sound = bytes
        .split_first_chunk::<4>()
        .filter(|(crc, text)| crc32fast::hash(text) == u32::from_le_bytes(**crc));
    let Some((_, text)) = sound else { return Err(io::ErrorKind::InvalidData.into()) };
    serde_json::from_slice(text).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Replaces the index, durably.
pub fn save<'a>(dir: &Path, files: impl Iterator<Item = &'a Listed>) -> io::Result<()> {
    let text = serde_json::to_vec(&files.collect::<Vec<_>>())?;
    let mut bytes = crc32fast::hash(&text).to_le_bytes().to_vec();
    bytes.extend_from_slice(&text);
    let path = dir.join(NAME);
    segment::write_whole(&path, &bytes)?;
    segment::sync_folder(&path)
}

/// The files of columns in a folder, by their names.
pub fn names_in(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(dir)? {
        let name = file?.file_name();
        names.extend(name.to_str().filter(|name| numbers_of(name).is_some()).map(str::to_owned));
    }
    names.sort_unstable();
    Ok(names)
}

/// What a start found.
#[derive(Debug, Default)]
pub struct Found {
    /// The files in use, oldest first.
    pub files: Vec<Listed>,
    /// Bytes of a damaged index.
    pub damaged_bytes: u64,
}

/// Reads the index and puts the folder in order: files that a crash left without a name in the index go where other files
/// hold their events, and are taken in where none does. `gone` are files that were deleted because of their age.
pub fn settle(dir: &Path, columns: Option<&dyn Columns>, gone: &HashSet<String>) -> io::Result<Found> {
    let mut found = Found::default();
    match load(dir) {
        Ok(files) => found.files = files,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            found.damaged_bytes = fs::metadata(dir.join(NAME))?.len();
        }
        Err(error) => return Err(error),
    }
    let mut unlisted: Vec<(u64, u64, u32, String)> = names_in(dir)?
        .into_iter()
        .filter(|name| !found.files.iter().any(|listed| listed.name == *name))
        .filter_map(|name| numbers_of(&name).map(|(first, last, generation)| (first, last, generation, name)))
        .collect();
    if unlisted.is_empty() && found.damaged_bytes == 0 {
        remove_stray_sides(dir, &found.files)?;
        return Ok(found);
    }
    // The longest and newest first: what it holds, the others need not.
    unlisted.sort_by_key(|&(first, last, generation, _)| {
        std::cmp::Reverse((last.saturating_sub(first), generation))
    });
    let firsts = segment::list(dir)?;
    let mut changed = found.damaged_bytes > 0;
    for (first, last, _, name) in unlisted {
        let path = dir.join(&name);
        let in_files =
            found.files.iter().any(|listed| listed.first_seq() <= last && first < listed.next_seq());
        let held = in_files || firsts.binary_search(&first).is_ok() || gone.contains(&name);
        let told = if held { None } else { columns.and_then(|columns| tells(columns, &path, &name)) };
        match told {
            Some(listed) => {
                found.files.push(listed);
                changed = true;
            }
            None if held => fs::remove_file(&path)?,
            // It may hold what nothing else does, and it stays for somebody to look at.
            None => tracing::error!(name, "A file of the activity log is not listed and cannot be read"),
        }
    }
    found.files.sort_by_key(Listed::first_seq);
    if changed {
        save(dir, found.files.iter())?;
    }
    remove_stray_sides(dir, &found.files)?;
    Ok(found)
}

/// Takes away side tables of files that are not in use.
fn remove_stray_sides(dir: &Path, files: &[Listed]) -> io::Result<()> {
    let sides: HashSet<PathBuf> =
        (files.iter()).flat_map(|listed| Side::ALL.map(|side| side.of(&dir.join(&listed.name)))).collect();
    for file in fs::read_dir(dir)? {
        let path = file?.path();
        let is_side = path
            .file_name()
            .and_then(|name| name.to_str())
            .filter(|name| name.ends_with(".parquet"))
            .is_some_and(|name| {
                let mut begins = Side::ALL.map(Side::begins).into_iter().chain(Side::BEFORE);
                begins.any(|begins| name.starts_with(begins))
            });
        if is_side && !sides.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// What a file says of itself, if it is whole.
fn tells(columns: &dyn Columns, path: &Path, name: &str) -> Option<Listed> {
    let (about, written) = columns.describe(path).ok()?;
    let parts: Vec<Part> = serde_json::from_str(&about).ok()?;
    let listed = Listed { name: name.to_owned(), parts, blocks: written.blocks, sides: written.sides };
    let (first, last, _) = numbers_of(name)?;
    (listed.first_seq() == first && listed.next_seq() == last.checked_add(1)?).then_some(listed)
}

/// What a file keeps of its parts, for [`tells`].
pub fn about(parts: &[Part]) -> String {
    // Plain numbers and texts always have a JSON form.
    serde_json::to_string(parts).unwrap_or_default()
}

/// What is damaged of the index and the files it names, as `verify` tells of it, and how many files there are.
pub fn damage(dir: &Path) -> io::Result<(usize, Vec<Damage>)> {
    let files = match load(dir) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            let bytes = fs::read(dir.join(NAME))?;
            let (to, crc) = (bytes.len() as u64, crc32fast::hash(&bytes));
            return Ok((1, vec![Damage { file: NAME.to_owned(), from: 0, to, crc }]));
        }
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    let mut read = usize::from(!files.is_empty());
    for listed in files {
        let file = ColumnFile::open(dir.join(&listed.name), listed.blocks, Sides::default());
        if file.file().is_none() && !load(dir)?.iter().any(|still| still.name == listed.name) {
            // Another has just taken its place.
            continue;
        }
        read += 1;
        for block in file.blocks() {
            let crc = file.file().map_or(0, |file| checksum(file, block.from, block.to).unwrap_or(0));
            if crc != block.crc {
                found.push(Damage { file: listed.name.clone(), from: block.from, to: block.to, crc });
            }
        }
    }
    Ok((read, found))
}
