//! The proxy as devices meet it: real clients, real origins, the real engine.
//!
//! Needs curl, nginx-light, openssl, dnsmasq-base, and for the PAC file Chromium; all from Debian.

#[cfg(test)]
mod browser;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod head;
#[cfg(test)]
mod idle;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod owed;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod safe_search;
#[cfg(test)]
mod setting;
#[cfg(test)]
mod tunnels;
