//! Bringing in another filter's log: its requests are gathered, so that each segment of them is worth its file.

use super::Service;
use crate::ask::{Ask, Reply};
use crate::import::Imported;
use crate::page::Run;
use crate::store::{Appended, StoreError};

/// So many requests are made durable together, or so many bytes of them.
const GATHERED: usize = 128 << 10;
const GATHERED_BYTES: usize = 32 << 20;

/// An import that a conversation has begun.
pub struct Importing {
    run: Run,
    rows: Vec<Imported>,
    bytes: usize,
    told: u64,
}

/// Takes one question about an import.
pub fn take(service: &Service, importing: &mut Option<Importing>, ask: Ask) -> Result<Reply, StoreError> {
    let at = service.config.clock.now();
    match (ask, importing) {
        (Ask::BeginImport { run, origin, file }, importing) => {
            service.log.begin_import(run, origin, file, at)?;
            *importing = Some(Importing { run, rows: Vec::new(), bytes: 0, told: 0 });
            Ok(Reply::Acknowledged)
        }
        (Ask::Import { rows, told }, Some(importing)) => {
            importing.bytes += rows.iter().map(Imported::bytes_at_most).sum::<usize>();
            importing.rows.extend(rows);
            importing.told = importing.told.max(told);
            let due = importing.rows.len() >= GATHERED || importing.bytes >= GATHERED_BYTES;
            Ok(Reply::Taken(if due { importing.flush(service)? } else { Appended::default() }))
        }
        (Ask::EndImport { file, lines }, Some(importing)) => {
            importing.told = lines;
            let taken = importing.flush(service)?;
            service.log.end_import(importing.run, file, lines, at)?;
            Ok(Reply::Taken(taken))
        }
        _ => Ok(Reply::Error("no import has been begun in this conversation".to_owned())),
    }
}

impl Importing {
    fn flush(&mut self, service: &Service) -> Result<Appended, StoreError> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        service.log.import(self.run, &rows, self.told)
    }
}
