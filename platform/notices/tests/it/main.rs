//! Telling people, on both database engines, through relays and push services that others wrote.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod aiosmtpd;
mod mailing;
mod opensmtpd;
mod pushing;
mod relays;
mod smtpd;
mod telling;
mod tls;
