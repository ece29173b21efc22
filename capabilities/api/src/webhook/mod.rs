//! Webhooks: addresses outside that are told of what happens here, by ids alone, signed as Standard Webhooks are.
//!
//! An event is a message in the outbox, put there in the transaction of what happened. Its carrier makes one delivery for each webhook that
//! asked for such events, once however often it is carried; a delivery is a message of its own, tried for a day and a half under one id.

pub mod actions;
mod carrying;
pub mod model;
pub(crate) mod pages;
pub mod sending;
pub(crate) mod store;
pub mod views;

pub(crate) use carrying::carriers;
pub use carrying::pause_all;
pub use model::{Delivery, DeliveryId, State, Webhook, WebhookId, WebhookSecret};
