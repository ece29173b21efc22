//! The roll on both engines.

#[cfg(test)]
mod any_bytes;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod duties;
#[cfg(test)]
mod intake;
#[cfg(test)]
mod roll;
