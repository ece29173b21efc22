//! What a device was refused, as the portal learns of it.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use engine::ticket::Ticket;
use engine::{Current, Decision, Fact, Obligations, Reason, Saying, Step, Verdict};
use kit::Timestamp;

/// One refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The host; none for illegal content, which is never named.
    pub host: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The step that spoke.
    pub step: Step,
    /// The reason in words.
    pub saying: Saying,
    /// The number of the category that was the ground.
    pub category: Option<u16>,
}

/// A list that names a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBy {
    /// The list's id.
    pub list: String,
    /// Under which licence the school holds it, where that is known.
    pub licence: Option<String>,
    /// Since which day, as in `2026-11-23`, or `2026-11-23 or earlier`.
    pub first_seen: String,
}

impl Refusal {
    /// The refusal that a ticket tells of, in the words of the policy that decides now: a ticket holds numbers, and
    /// ends long before a school would use a rule's number for something else.
    pub fn of(ticket: Ticket, filter: &Current) -> Self {
        let reason = Reason {
            step: ticket.step,
            rule: ticket.rule,
            fact: Fact::Host,
            category: ticket.category,
            list: None,
            group: ticket.group,
            beside: None,
        };
        let decision = Decision { verdict: Verdict::Block, reason, obligations: Obligations::default() };
        let host = Some(ticket.host).filter(|host| !host.is_empty() && ticket.step != Step::Sealed);
        let saying = filter.say(&decision);
        Self { host, at: ticket.at, step: ticket.step, saying, category: ticket.category }
    }
}

/// Knows which lists name a site. Reads files, and is asked where nobody waits for it.
pub type Named = Arc<dyn Fn(&str) -> Vec<NamedBy> + Send + Sync>;

/// The log could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("the log could not be asked: {0}")]
pub struct LogUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// An answer that is on its way.
pub type Soon<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Knows what a device was last refused. The program asks its log process.
pub trait RecentBlocks: Send + Sync {
    /// The newest refusals of that address, newest first, a handful.
    fn last(&self, client: IpAddr) -> Soon<'_, Result<Vec<Refusal>, LogUnavailable>>;
}
