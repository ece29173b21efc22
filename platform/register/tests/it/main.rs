//! The register on both database engines.
#[cfg(test)]
mod approvals;
