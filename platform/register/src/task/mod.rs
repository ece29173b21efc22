//! Tasks: what somebody is to do, by when, and what became of it.
//!
//! A task is of a kind of `content/registers.toml`, about one thing, and put once. It belongs to whoever holds one of its kind's duties
//! until one of them takes it, or hands it on; cover stands in by holding the duty. Its owner is the id of a duty or the number of a
//! person: the register knows nothing more of either.

mod actions;
mod content;
mod model;
mod store;

pub use actions::{
    CloseTask, HandTask, ReadTasks, TakeTask, TaskError, done, dropped, ended_lately, escalate, find,
    give_back, hand, open, put_all, put_once, settle, take,
};
pub use content::{Done, Escalation, Kind, Kinds, Tell};
pub use model::{Ending, Me, NotAnOwner, Opening, Owner, Refused, State, Task, TaskId, Whose};
