//! Lists of sites: read from files, folders and web addresses, kept as they were read, updated, held and released.

pub mod actions;
mod changes;
pub mod files;
mod holding;
mod intake;
mod keeping_pages;
mod licence;
pub mod model;
pub(crate) mod pages;
mod refusal;
pub(crate) mod removal;
mod removal_pages;
pub mod removal_views;
mod status;
mod store;
pub mod text;
mod updates;
pub mod views;
pub mod web;

pub use actions::{BuiltIn, Imported, built_in, import, import_built_in};
pub use changes::{Changes, changes};
pub use files::{Found, Looked, find, look};
pub use holding::{HoldError, Removed, hold, note, release, remove, removed};
pub use intake::{Blocks, Intake, Limits, NoRandomness, TooMuch};
pub use licence::{licences, say_licence};
pub use lists::Kinds;
pub use model::{List, ListReport, RefusedPart, State};
pub use pages::ReadLists;
pub use refusal::ImportError;
pub use status::{Status, categories_in_use, status};
pub use store::in_use;
pub use updates::{Updated, take_waiting, update, update_fetched};
