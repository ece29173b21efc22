//! The three processes of a running school, and the one that keeps them running.

pub mod apart;
pub mod brought_back;
pub mod certificate;
pub mod confine;
pub mod descriptors;
pub mod gate;
pub mod hand_over;
pub mod health;
pub mod hub;
mod idle;
pub mod lock;
pub mod log;
pub mod mending;
pub mod metrics;
pub mod notify;
pub mod ownership;
pub mod portal;
mod publishing;
pub mod renewing;
pub mod secure;
pub mod snapshot;
pub mod stop;
pub mod supervisor;
mod testing;
mod told;
pub mod users;
pub mod weighing;
