//! UDP in batches: many datagrams a system call, and answers that leave from the address that was asked.

mod batch;
mod kernel;
mod socket;
#[cfg(test)]
mod tests;

pub use batch::{Batch, Peer, Sent, send};
pub use socket::{bind_shared, listen_stream, set_buffers};

/// Room for one datagram. No DNS query that a device sends is larger; a longer one arrives cut.
pub const FRAME_BYTES: usize = 1536;
/// How many datagrams one call moves.
pub const BATCH: usize = 64;
