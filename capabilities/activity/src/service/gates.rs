//! Reading what gates say.

use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::{self, Scope};
use std::time::Duration;

use super::Service;
use super::sockets::Listener;
use crate::batch::Batch;
use crate::frame::Kind;
use crate::page::Run;
use crate::sealed;
use crate::wire::{self, Message};

/// How many arrivals may wait for the writer. A gate sends no more than its window, so memory is bounded by that.
pub const QUEUE: usize = 256;
/// More gates than this at once are a mistake.
const MOST_GATES: usize = 16;
/// How long telling a gate that its events are durable may take. A gate reads all the time; one that doesn't is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// What a gate's thread tells the writer.
pub enum Arrival {
    /// A gate run is there.
    Hello { gate: u64, run: Run, stream: Arc<UnixStream> },
    /// Events, checked.
    Batch { gate: u64, run: Run, batch: u64, bytes: Vec<u8>, count: u32 },
    /// A sealed record or count, checked as far as it can be without a key.
    Sealed { gate: u64, batch: u64, kind: Kind, body: Vec<u8> },
    /// All events up to the number have come or never will.
    Mark { run: Run, number: u64 },
    /// The gate's connection is over.
    Gone { gate: u64 },
}

/// Accepts gates until the listener is closed.
pub fn serve<'scope>(
    scope: &'scope Scope<'scope, '_>,
    service: &'scope Service,
    listener: &'scope Listener,
    to_writer: SyncSender<Arrival>,
) {
    while let Some((gate, stream)) = listener.accept() {
        let to_writer = to_writer.clone();
        let talk = move || {
            if listener.connected() <= MOST_GATES {
                read_gate(service, gate, stream, &to_writer);
            }
            listener.forget(gate);
            // The writer may be gone already.
            drop(to_writer.send(Arrival::Gone { gate }));
        };
        if thread::Builder::new().name("log-gate".to_owned()).spawn_scoped(scope, talk).is_err() {
            listener.forget(gate);
        }
        if service.stopping() {
            break;
        }
    }
}

/// Reads one gate to its end. A gate that says what it cannot mean is disconnected; it will come back and send again
/// what was not taken.
fn read_gate(service: &Service, gate: u64, stream: UnixStream, to_writer: &SyncSender<Arrival>) {
    if stream.set_write_timeout(Some(WRITE_TIMEOUT)).is_err() {
        return;
    }
    let stream = Arc::new(stream);
    let mut inbox = vec![0; wire::LONGEST + 64];
    let mut filled = 0;
    let mut run = None;
    loop {
        let Some(space) = inbox.get_mut(filled..) else { return };
        match (&*stream).read(space) {
            Ok(0) => return,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        }
        let mut used = 0;
        loop {
            let message = match wire::read(inbox.get(used..filled).unwrap_or_default()) {
                Ok(Some((message, length))) => {
                    used += length;
                    message
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "A gate was disconnected");
                    return;
                }
            };
            let Some(arrival) = arrival(service, gate, &mut run, message, &stream) else {
                tracing::warn!("A gate was disconnected: what it sent makes no sense");
                return;
            };
            if to_writer.send(arrival).is_err() {
                return;
            }
        }
        inbox.copy_within(used..filled, 0);
        filled -= used;
    }
}

fn arrival(
    service: &Service,
    gate: u64,
    run: &mut Option<Run>,
    message: Message<'_>,
    stream: &Arc<UnixStream>,
) -> Option<Arrival> {
    match (message, *run) {
        (Message::Hello { run: number }, None) => {
            *run = Some(Run(number));
            Some(Arrival::Hello { gate, run: Run(number), stream: Arc::clone(stream) })
        }
        (Message::Batch { batch, bytes }, Some(run)) => {
            let count = match service.crowds.lock() {
                Ok(mut crowds) => Batch::parse_each(bytes, |event| crowds.look(event))?.count(),
                Err(_) => Batch::parse(bytes)?.count(),
            };
            Some(Arrival::Batch { gate, run, batch, bytes: bytes.to_vec(), count })
        }
        (Message::Sealed { batch, kind, body }, Some(_)) => {
            sealed::is_sound(kind, body).then(|| Arrival::Sealed { gate, batch, kind, body: body.to_vec() })
        }
        (Message::Mark { number }, Some(run)) => Some(Arrival::Mark { run, number }),
        _ => None,
    }
}
