//! Chasing what waits: from tasks and the time to what is to be told to whom. Pure, but for putting it into the outbox.
//!
//! What may wait is told once on a school morning, as one digest a person however many there are. What cannot wait is told in the moment,
//! and again when half its time is used. What is late comes to the next duty of its kind, who is told in the moment. A notice says how
//! many, of what kind of thing, and where: never about whom.

mod model;
mod tell;

pub use model::{Escalated, Round, round};
pub use tell::{Telling, put};
