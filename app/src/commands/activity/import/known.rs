//! Whether a file has been brought in before: it has, if one that was brought in is all of it or its beginning.

use activity::log::{Import, Known};
use activity::page::Run;
use anyhow::Result;
use sha2::{Digest as _, Sha256};

use super::file::Source;

/// The run of a file, the file as it is known again, and what was brought in of it before.
pub fn run_of<'i>(source: &Source<'_>, imports: &'i [Import]) -> Result<(Run, Known, Option<&'i Import>)> {
    let origin = source.origin();
    let of_kind = || imports.iter().filter(|import| import.origin == origin && !import.undone);
    let lengths: Vec<u64> = of_kind().map(|import| import.file.bytes).collect();
    let (file, beginnings) = source.digest(&lengths)?;
    let before =
        of_kind().filter(|import| beginnings.contains(&import.file)).max_by_key(|import| import.file.bytes);
    if let Some(before) = before {
        return Ok((before.run, file, Some(before)));
    }
    // One that was taken out has a new run: the old one's places are known to be empty.
    let times = imports.iter().filter(|import| import.file == file).count();
    let name =
        Sha256::new().chain_update(&file.digest).chain_update(origin.id()).chain_update(times.to_le_bytes());
    let first = name.finalize().first_chunk::<8>().copied().unwrap_or_default();
    Ok((Run(u64::from_le_bytes(first)), file, None))
}
