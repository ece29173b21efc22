//! Tests of the crate from outside: properties of the index, damage, our content, real data, and squidGuard beside us.

mod content;
mod corpus;
mod damage;
mod formats;
mod index;
mod peer;
mod real;
mod squidguard;
mod support;
