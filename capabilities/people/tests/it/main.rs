//! The roll on both engines.

#[cfg(test)]
mod roll;
