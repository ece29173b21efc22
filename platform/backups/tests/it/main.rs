//! Places in which back-ups lie: a folder, and a store that others wrote.

mod folder;
mod records;
mod server;
mod store;
