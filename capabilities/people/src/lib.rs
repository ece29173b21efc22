#![doc = include_str!("../README.md")]

mod actions;
mod model;
mod roll_file;
mod store;

pub use actions::import;
pub use model::{Changes, Counts, Device, Listed, Person, Range};
pub use roll_file::{DeviceLine, PersonLine, RangeLine, RollFile};
pub use store::{compare, devices, gate_roll, name_of, people, people_called, ranges};

kit::id_kind!(
    /// The id of a person's record.
    PersonId, PersonKind, "person"
);
