//! Lists of sites: read from files and folders, kept as they were read, updated, held and released.

pub mod actions;
pub mod files;
pub mod model;
mod store;
pub mod text;

pub use actions::{
    BuiltIn, HoldError, ImportError, Imported, Intake, Limits, NoRandomness, Removed, Status, built_in,
    categories_in_use, hold, import, import_built_in, release, remove, removed, status, update,
};
pub use files::{Found, Looked, find, look};
pub use lists::Kinds;
pub use model::{List, ListReport, RefusedPart, State};
