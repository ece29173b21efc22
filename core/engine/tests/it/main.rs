//! The engine as others use it: whole policies, compiled, asked and explained.

mod changing;
mod default_policy;
mod documents;
mod explained;
mod school;
mod village_primary;
