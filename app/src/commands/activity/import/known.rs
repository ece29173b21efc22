//! Whether a file has been brought in before: it has, if one that was brought in is all of it or its beginning.

use activity::log::{Import, Known};
use activity::page::Run;
use anyhow::Result;
use engine::Origin;
use sha2::{Digest as _, Sha256};

use super::file::Source;

/// The run that a file has the first time, or after so many that were taken out.
fn named(file: &Known, origin: Origin, times: u64) -> Run {
    let name =
        Sha256::new().chain_update(&file.digest).chain_update(origin.id()).chain_update(times.to_le_bytes());
    Run(u64::from_le_bytes(name.finalize().first_chunk::<8>().copied().unwrap_or_default()))
}

/// The run of a file, the file as it is known again, and what was brought in of it before.
pub fn run_of<'i>(source: &Source<'_>, imports: &'i [Import]) -> Result<(Run, Known, Option<&'i Import>)> {
    let origin = source.origin();
    // One of which nothing could be read says nothing of any file.
    let of_kind =
        || imports.iter().filter(|import| import.origin == origin && !import.undone && import.file.bytes > 0);
    let lengths: Vec<u64> = of_kind().map(|import| import.file.bytes).collect();
    let (file, beginnings) = source.digest(&lengths)?;
    let before =
        of_kind().filter(|import| beginnings.contains(&import.file)).max_by_key(|import| import.file.bytes);
    if let Some(before) = before {
        return Ok((before.run, file, Some(before)));
    }
    // One that was taken out is never gone on with: its places are known to be empty. Its file may have grown since it
    // was named, so that only its run tells it.
    let mut run = named(&file, origin, 0);
    for times in 1_u64.. {
        if !imports.iter().any(|import| import.run == run) {
            break;
        }
        run = named(&file, origin, times);
    }
    Ok((run, file, None))
}
