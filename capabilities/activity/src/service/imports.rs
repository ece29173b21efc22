//! Bringing in another filter's log: its requests are gathered, so that each segment of them is worth its file.

use std::sync::PoisonError;

use kit::Timestamp;

use super::Service;
use crate::ask::{Ask, Reply};
use crate::import::Imported;
use crate::log::Import;
use crate::page::Run;
use crate::sealed::{self, Handed};
use crate::store::{Appended, StoreError};

/// So many requests are made durable together, or so many bytes of them.
const GATHERED: usize = 128 << 10;
const GATHERED_BYTES: usize = 32 << 20;

/// An import that a conversation has begun. What it was handed comes in, even where the conversation is broken off.
pub struct Importing<'s> {
    service: &'s Service,
    run: Run,
    rows: Vec<Imported>,
    bytes: usize,
    told: u64,
}

/// Takes one question about an import.
pub fn take<'s>(
    service: &'s Service,
    importing: &mut Option<Importing<'s>>,
    ask: Ask,
) -> Result<Reply, StoreError> {
    let at = service.config.clock.now();
    match (ask, importing) {
        (Ask::BeginImport { run, origin, file }, importing) => {
            service.log.begin_import(run, origin, file, at)?;
            *importing = Some(Importing::begin(service, run));
            Ok(Reply::Acknowledged)
        }
        (Ask::Import { rows, told, sealed }, Some(importing)) => {
            if let Err(error) = keep(service, &sealed)? {
                return Ok(Reply::Error(error.to_string()));
            }
            importing.bytes += rows.iter().map(Imported::bytes_at_most).sum::<usize>();
            importing.rows.extend(rows);
            importing.told = importing.told.max(told);
            let due = importing.rows.len() >= GATHERED || importing.bytes >= GATHERED_BYTES;
            Ok(Reply::Taken(if due { importing.flush(at)? } else { Appended::default() }))
        }
        (Ask::FlushImport, Some(importing)) => Ok(Reply::Taken(importing.flush(at)?)),
        (Ask::EndImport { file, lines }, Some(importing)) => {
            importing.told = lines;
            let taken = importing.flush(at)?;
            service.log.end_import(importing.run, file, lines, at)?;
            Ok(Reply::Taken(taken))
        }
        _ => Ok(Reply::Error("no import has been begun in this conversation".to_owned())),
    }
}

/// Makes sealed records durable, before a row refers to them.
fn keep(service: &Service, handed: &[Handed]) -> Result<Result<(), sealed::NotSound>, StoreError> {
    if handed.is_empty() {
        return Ok(Ok(()));
    }
    let frames: Result<Vec<_>, _> = handed.iter().map(Handed::frame).collect();
    match frames {
        Ok(frames) => {
            let path = service.config.log.dir.join(sealed::FILE);
            service.sealed.append(&frames).map_err(StoreError::io("write", path)).map(Ok)
        }
        Err(error) => Ok(Err(error)),
    }
}

/// What was brought in, and what is being brought in now.
pub fn list(service: &Service) -> Vec<Import> {
    let mut imports = service.log.imports();
    for import in &mut imports {
        import.going_on = is_going_on(service, import.run);
    }
    imports
}

/// Whether somebody is bringing it in now.
pub fn is_going_on(service: &Service, run: Run) -> bool {
    service.importing.lock().unwrap_or_else(PoisonError::into_inner).contains(&run)
}

impl<'s> Importing<'s> {
    fn begin(service: &'s Service, run: Run) -> Self {
        service.importing.lock().unwrap_or_else(PoisonError::into_inner).push(run);
        Self { service, run, rows: Vec::new(), bytes: 0, told: 0 }
    }

    fn flush(&mut self, at: Timestamp) -> Result<Appended, StoreError> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        self.service.log.import(self.run, &rows, self.told, at)
    }
}

impl Drop for Importing<'_> {
    fn drop(&mut self) {
        if !self.rows.is_empty()
            && let Err(error) = self.flush(self.service.config.clock.now())
        {
            tracing::error!(%error, "An import was broken off, and the end of what it had brought is not in; bring the file in again");
        }
        let mut importing = self.service.importing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = importing.iter().position(|run| *run == self.run) {
            importing.swap_remove(place);
        }
    }
}
