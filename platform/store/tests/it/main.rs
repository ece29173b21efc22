//! The store on both engines.

mod opening;
mod shape;
mod trail;
