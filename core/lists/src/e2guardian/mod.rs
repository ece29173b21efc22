//! What e2guardian's files say that no list can: times and rooms. Whoever moves in from it makes parts of a policy of them.

mod rooms;
mod times;

pub use rooms::{LeftOut, Room};
pub use times::{Band, NoBand, outside};
