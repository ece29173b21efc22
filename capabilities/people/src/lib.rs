#![doc = include_str!("../README.md")]

pub mod access;
pub mod account;
mod actions;
pub mod by_age;
mod content;
pub mod device;
mod dns_name;
pub mod duty;
pub mod event;
pub mod guest;
pub mod intake;
mod kind;
pub mod leaving;
mod model;
pub mod programs;
pub mod pseudonym;
pub mod relation;
mod roll_file;
pub mod roster;
mod rules;
pub mod scim;
mod store;
pub mod teaching;
pub mod timetable;

pub use actions::import;
pub use dns_name::{Owner, dns_names_of, give_dns_name, revoke_dns_names};
pub use kind::{Kind, YearGroup};
pub use model::{Changes, Counts, Device, Listed, Person, Range};
pub use pseudonym::Pseudonyms;
pub use roll_file::{DeviceLine, PersonLine, RangeLine, RollFile};
pub use rules::{BadRules, Rule, Rules};
pub use store::{
    compare, device_names, devices, devices_from, gate_roll, is_pupil, kept_elsewhere, name_of, names,
    people, people_called, person, ranges,
};

kit::id_kind!(
    /// The id of a person's record.
    PersonId, PersonKind, "person"
);
kit::id_kind!(
    /// The id of a class.
    ClassId, ClassKind, "class"
);
