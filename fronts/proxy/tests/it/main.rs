//! The proxy as devices meet it: real clients, real origins, the real engine.
//!
//! Needs curl, nginx-light, openssl, dnsmasq-base, and for the PAC file Chromium; all from Debian.

mod browser;
mod changes;
mod head;
mod idle;
mod limits;
mod plain;
mod policy;
mod refused;
mod setting;
mod tunnels;
