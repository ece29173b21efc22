//! The register on both database engines.
#[cfg(test)]
mod approvals;
#[cfg(test)]
mod emergencies;
#[cfg(test)]
mod tasks;
