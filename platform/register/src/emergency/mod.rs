//! What one person opened alone because it could not wait.
//!
//! Loosening takes two people. In an emergency whoever proposed it carries it out alone: it ends within 24 hours by itself, and a task
//! opens for somebody else to look at it, who ends it, says that it was right, or agrees to what was proposed as its ordinary second
//! person. Nobody looks at what they opened themselves; the database refuses it too.

mod actions;
mod model;
mod store;

pub use actions::{Carried, EmergencyError, TASK, about, ends, of_approval, open, review, waiting};
pub use model::{Emergency, EmergencyId, LONGEST_MS, Refused, Review, Verdict};
