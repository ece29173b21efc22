//! The outbox on both database engines.
#[cfg(test)]
mod outbox;
