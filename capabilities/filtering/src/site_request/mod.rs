//! Asking for a site that is refused, and the answer.
//!
//! A request is kept until it is answered, approved with an end or refused, always with a reason. An approval makes an
//! [`Override`](crate::overrides::Override) in the same transaction. Only whoever asked sees the request and its answer, and those
//! whose duty is to answer. At the portal an approval takes two people ([`agreeing`]);
//! what cannot wait for the second is opened by one, for a day at most ([`alone`]).

pub mod actions;
pub mod agreeing;
pub mod alone;
pub(crate) mod alone_pages;
pub mod alone_views;
pub mod model;
pub(crate) mod pages;
pub mod replaying;
pub(crate) mod staff_pages;
pub mod staff_views;
pub(crate) mod store;
pub mod views;

pub use model::{Ask, HowLong, NotOpen, SiteRequest, SiteRequestId, State};
