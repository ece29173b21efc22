#![doc = include_str!("../README.md")]

mod activity_ops;
mod answers;
pub mod content;
pub mod describe;
mod devices;
mod door;
mod filter;
mod input;
mod lessons;
pub mod opaque;
pub mod operation;
pub mod page;
mod paging;
mod people_ops;
pub mod problem;
mod rates;
mod reports;
mod requests;
mod serve;
pub mod token;
pub mod webhook;
mod webhook_ops;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use filtering::Portal;
use people::account::House;

use crate::opaque::Opaque;
use crate::rates::{HOUR_MS, MINUTE_MS, Rates};
use crate::webhook::sending::Sending;

/// What the API and its pages need. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// The portal, whose actions the API takes.
    pub portal: Portal,
    /// Ids and seals.
    pub opaque: Opaque,
    /// Requests of one token in a minute.
    pub a_minute: u32,
    rates: Arc<Rates>,
    /// Which look at people was written down within the hour.
    looks: Arc<Rates>,
}

impl Api {
    /// Beside a portal, with so many requests of one token in a minute; what content says where nothing is said.
    pub fn beside(portal: Portal, a_minute: Option<u32>) -> Self {
        let opaque = Opaque::new(portal.ticket_key.clone());
        let a_minute = a_minute.unwrap_or(content::Content::built_in().limits.a_minute);
        Self {
            portal,
            opaque,
            a_minute,
            rates: Arc::new(Rates::each(MINUTE_MS)),
            looks: Arc::new(Rates::each(HOUR_MS)),
        }
    }

    /// Where the API is.
    pub(crate) fn url(&self) -> String {
        format!("{}/api/v1", self.portal.own.url.trim_end_matches('/'))
    }
}

impl FromRef<Api> for House {
    fn from_ref(api: &Api) -> Self {
        Self::from_ref(&api.portal)
    }
}

/// Everything that is served: the portal's pages with those of this capability among them, and the API beside them, which no cookie and no
/// form opens.
pub fn routes(api: Api) -> Router {
    let pages = page::routes().merge(token::pages::routes()).merge(webhook::pages::routes());
    let pages = filtering::routes_beside(api.portal.clone(), pages.with_state(api.clone()));
    pages.merge(serve::routes(api))
}

/// Who carries events to subscriptions, and deliveries to their addresses.
pub fn carriers(api: &Api, sending: Sending) -> Vec<Arc<dyn jobs::Carrier>> {
    webhook::carriers(api, sending)
}
