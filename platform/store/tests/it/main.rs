//! The store on both engines.

#[cfg(test)]
mod backup;
#[cfg(test)]
mod moving;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod trail;
