//! Asking for a site that is refused, and the answer.
//!
//! A request is kept until it is answered, approved with an end or refused, always with a reason. An approval makes an
//! [`Override`](crate::overrides::Override) in the same transaction. Only whoever asked sees the request and its answer.

pub mod actions;
pub mod model;
pub(crate) mod pages;
pub(crate) mod store;
pub mod views;

pub use model::{Ask, HowLong, NotOpen, SiteRequest, SiteRequestId, State};
