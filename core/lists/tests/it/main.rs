//! Tests of the crate from outside: properties of the index, damage, our content, real data, and squidGuard beside us.

mod damage;
mod index;
mod support;
