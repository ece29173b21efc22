//! What the portal asks others: the log what a device was refused, the lists which of them name a site.

use std::net::IpAddr;
use std::sync::Arc;

use engine::{Current, KnownBy, Reason};
use filtering::portal::{LogUnavailable, Named, NamedBy, RecentBlocks, Refusal, Soon};

use crate::commands::origins::{self, Told};
use crate::home::Home;

/// Which lists name a site, for the portal. What cannot be said is left out: the page is about why, not about lists.
pub fn named(home: Home, current: Arc<Current>) -> Named {
    Arc::new(move |host| {
        let policy = current.policy();
        let known = match origins::about(&home, policy.index(), host, host.parse().ok(), None) {
            Ok(known) => known.told,
            Err(error) => {
                tracing::debug!(%error, "The portal cannot say since when lists name a site");
                Vec::new()
            }
        };
        let told = known.into_iter().filter(Told::lists_it);
        told.map(|told| NamedBy {
            list: told.list,
            licence: told.licence,
            first_seen: told.first_seen.to_string(),
        })
        .collect()
    })
}

/// Asks the log process what a device was last refused.
pub struct AskTheLog {
    pub client: activity::Client,
    pub filter: Arc<Current>,
    /// Anybody may ask, so few at a time do.
    pub asking: tokio::sync::Semaphore,
}

/// So many ask the log at a time what they were refused; others wait for their turn.
pub const ASKING: usize = 4;

/// How many refusals the page shows.
const SHOWN: usize = 8;

impl RecentBlocks for AskTheLog {
    fn last(&self, client: IpAddr) -> Soon<'_, Result<Vec<Refusal>, LogUnavailable>> {
        Box::pin(async move {
            let unavailable = |error: Box<dyn std::error::Error + Send + Sync>| LogUnavailable(error);
            let _turn = self.asking.acquire().await.map_err(|error| unavailable(error.into()))?;
            let log = self.client.clone();
            let asked = tokio::task::spawn_blocking(move || log.recent_refusals(client, SHOWN)).await;
            let events = asked
                .map_err(|error| unavailable(error.into()))?
                .map_err(|error| unavailable(error.into()))?;
            // What the school's own test was refused is nobody's.
            let theirs = events.into_iter().filter(|event| event.known_by != KnownBy::FilterTest);
            Ok(theirs.map(|event| refusal(event, &self.filter)).collect())
        })
    }
}

fn refusal(event: activity::Event, filter: &Current) -> Refusal {
    let reason = Reason {
        step: event.step,
        rule: event.rule,
        fact: event.fact,
        category: event.category,
        list: event.list,
        group: event.group,
        beside: event.beside,
    };
    let decision =
        engine::Decision { verdict: event.verdict, reason, obligations: engine::Obligations::default() };
    let (category, saying) = (event.category, filter.say(&decision));
    Refusal { host: event.host, at: event.at, step: event.step, saying, category }
}
