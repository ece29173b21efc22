//! Imports of the roll: what a source tells beside what is known, as a difference that is looked at, applied by a person, and undone.
//!
//! Each difference is a list of changes, one a person, class or relation, with what it was and what it becomes. Applying one holds
//! it against what is there just now: where anything has changed since it was made, nothing is applied, and it is made anew. Undoing
//! is another difference, which turns back whatever nobody has changed since, and names the rest.

mod actions;
pub mod by_hand;
pub(crate) mod classes;
pub mod columns;
mod kept;
mod model;
mod on_the_roll;
pub mod pages;
pub mod person;
mod settling;
mod store;
mod upon;
pub mod views;

pub use actions::{
    ApplyError, ApplyImport, ApplyLeading, Given, ImportRoll, PrepareError, ReadImports, ReadRoll,
    RulesError, WriteRules, apply, changes, drop_waiting, end_days, found, in_lines, kept_back, list,
    prepare, prepare_undo, remember_columns, remembered_columns, rules, some_last_day_is_over, write_rules,
};
pub use classes::{Called, ClassOrGroup};
pub use model::{Change, Class, Facts, Field, Import, Relation, State, Summary, Tally, Thing, What};
pub use on_the_roll::{OnTheRoll, on_the_roll};
pub use pages::{Office, PublishError, Publishes, routes};
pub(crate) use settling::{SettlingError, settle};
pub use store::{ClassLine, Parent, Profile, Searched, Taught, classes, profile, search, taught};
pub(crate) use store::{called_outside, kept_by_sources, link, mark, related, set as set_setting, setting};

/// What the names of sources begin with that keep people over SCIM.
pub(crate) const fn over_scim() -> &'static str {
    actions::OVER_SCIM
}
