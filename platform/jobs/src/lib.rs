#![doc = include_str!("../README.md")]

mod carrying;
mod message;
mod outbox;
mod store;

pub use carrying::{Carrier, Carrying, Outbox, Round, Taken, Undelivered};
pub use message::{Message, MessageId, again_after_ms};
pub use outbox::{Seen, give_up_all, put, put_once, seen};
