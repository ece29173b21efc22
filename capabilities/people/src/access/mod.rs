//! Reviews of who may do what: each term somebody looks at everybody who holds a duty or signs in, one screen a person, and keeps it, asks
//! for a change, or ends it. What was looked at and decided stays as evidence.

mod actions;
mod model;
pub mod pages;
mod store;
pub mod views;

pub use actions::{
    BeginReview, EndAll, EndReview, ReadAccess, ReviewAccess, ReviewError, begin, finish, look, newest,
    overdue, progress, review, stands,
};
pub use model::{Due, Held, Line, Progress, Review, Seen, SignedIn, Verdict};
