//! SCIM 2.0 (RFC 7643, 7644): another system keeps people and classes of the roll. Each such system is a *source*: what it tells is kept as it
//! tells it, and held against what it told before, as a file would be; many leavers wait for a person. It sees nothing but what it told itself.

mod actions;
mod answers;
mod filter;
mod model;
pub mod pages;
mod patch;
mod schemas;
mod store;
pub mod views;

pub use actions::{ClientError, KeepOverScim, clients, end_client, make_client, settle};
pub(crate) use actions::{end_all, made_by};
pub use filter::Filter;
pub use model::{Client, Type, Wrong, whole};
pub use patch::apply as patch;
