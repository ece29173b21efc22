#![doc = include_str!("../README.md")]

pub mod backup;
pub mod columns;
pub mod db;
pub mod error;
pub mod foreign;
mod migrations;
pub mod moving;
pub mod retention;
pub mod schema;
pub mod trail;
pub mod tx;
pub mod url;

pub use db::Db;
pub use error::StoreError;
pub use migrations::newest as newest_shape;
pub use trail::{Actor, Subject};
pub use tx::Tx;
pub use url::DatabaseUrl;

/// The query builder, for `store.rs` files and nobody else. An entity's derive macros look for the name `sea_orm`, so
/// such a file begins with `use store::orm as sea_orm;`.
pub use sea_orm as orm;
