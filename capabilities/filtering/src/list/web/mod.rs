//! Lists from web addresses: fetched with care, and kept up to date by themselves.
//!
//! A server outside is trusted with nothing: how much it may send, how long it may take and where it may send on to are
//! bounded here, and what it sent is then read as any file is. Nothing is fetched inside a transaction, and what was
//! fetched has no name on disk, so that an ending at any moment leaves nothing behind.

mod actions;
mod address;
mod archive;
mod checksum;
mod fetch;
mod model;
mod patches;
mod store;

pub use actions::{Asked, Download, DownloadError, Downloads, Wanted, due, fetch_all, import, ready, wanted};
pub(super) use actions::{note_failure, note_taken, state_of};
pub use address::{AddressError, WebAddress};
pub(super) use address::{base_of, is_web};
pub use checksum::{Checksum, NotASha256, Sha256Hex};
pub use fetch::{Answer, FetchError, Fetched, Fetcher, Patience, Roots, Validators, Watch};
pub use model::{Every, WebState};
