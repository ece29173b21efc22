//! The DNS front as devices and upstreams meet it.

#[cfg(test)]
mod clients;
#[cfg(test)]
mod ground;
