#![doc = include_str!("../README.md")]

pub mod account;
mod actions;
mod dns_name;
pub mod duty;
mod model;
pub mod pseudonym;
mod roll_file;
mod store;

pub use actions::import;
pub use dns_name::{Owner, dns_names_of, give_dns_name, revoke_dns_names};
pub use model::{Changes, Counts, Device, Listed, Person, Range};
pub use pseudonym::Pseudonyms;
pub use roll_file::{DeviceLine, PersonLine, RangeLine, RollFile};
pub use store::{compare, device_names, devices, gate_roll, name_of, names, people, people_called, ranges};

kit::id_kind!(
    /// The id of a person's record.
    PersonId, PersonKind, "person"
);
