//! The made-up school: its roll, its policy, and a made-up internet on loopback, so that it needs no network.

pub mod internet;
