//! The DNS front as devices and upstreams meet it.

#[cfg(test)]
mod clients;
#[cfg(test)]
mod codec;
#[cfg(test)]
mod decided;
#[cfg(test)]
mod encrypted;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod forwarding;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod owed;
mod own_name;
#[cfg(test)]
mod rate;
#[cfg(test)]
mod real;
#[cfg(test)]
mod routers;
#[cfg(test)]
mod safe_search;
#[cfg(test)]
mod service_bindings;
#[cfg(test)]
mod tested;
#[cfg(test)]
mod unasked;
#[cfg(test)]
mod upstreams;
