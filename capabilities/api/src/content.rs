//! What content says of the API (`content/api.toml`): scopes, the reviewed table of routes, events, limits.

use std::sync::LazyLock;

use serde::Deserialize;

const BUILT_IN: &str = include_str!("../../../content/api.toml");

/// What a token may be let do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Its id.
    pub id: String,
    /// What it lets do, in a few words.
    pub name: String,
    /// The same in a sentence.
    pub about: String,
}

/// Something of which a webhook can be told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventKind {
    /// Its id.
    pub id: String,
    /// When it is sent, and what its subject is.
    pub about: String,
}

/// A row of the reviewed table: an operation with what it needs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The operation's id.
    pub id: String,
    /// Its method.
    pub method: String,
    /// Its path below `/api/v1`.
    pub path: String,
    /// The scope that a token needs; any token will do without one.
    #[serde(default)]
    pub scope: Option<String>,
    /// The actions of which one must be permitted.
    #[serde(default)]
    pub permit: Vec<String>,
    /// Why it is told without a token.
    #[serde(default)]
    pub open: Option<String>,
}

/// What is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Requests of one token in a minute.
    pub a_minute: u32,
    /// Requests without a token that holds, of one address in a minute.
    pub strangers_a_minute: u32,
    /// Days that a token holds.
    pub longest_days: u16,
    /// Tokens of one person.
    pub most_tokens: usize,
    /// Hours that an answer is kept for its `Idempotency-Key`.
    pub answers_hours: u16,
    /// Webhooks.
    pub most_webhooks: usize,
    /// Days after which a webhook that fails is paused.
    pub failing_days: u16,
    /// Hours for which the secret before the last still signs.
    pub old_secret_hours: u16,
    /// Days for which deliveries are kept.
    pub deliveries_days: u16,
}

/// All of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    version: String,
    #[serde(rename = "source")]
    _source: String,
    /// What is bounded.
    pub limits: Limits,
    #[serde(rename = "scope")]
    scopes: Vec<Scope>,
    #[serde(rename = "event")]
    events: Vec<EventKind>,
    #[serde(rename = "route")]
    routes: Vec<Route>,
}

impl Content {
    /// What is compiled in.
    pub fn built_in() -> &'static Self {
        // A test parses the same text. Without it nothing is served, which is the safe side.
        static CONTENT: LazyLock<Content> = LazyLock::new(|| toml::from_str(BUILT_IN).unwrap_or_default());
        &CONTENT
    }

    /// The day of its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Every scope, in the content's order.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// Every event, in the content's order.
    pub fn events(&self) -> &[EventKind] {
        &self.events
    }

    /// Every row of the table.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The row of an operation.
    pub fn route(&self, id: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.id == id)
    }
}

/// The event that somebody sends themselves to try a webhook; nothing can be subscribed to by it.
pub const TEST: &str = "webhook.test";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use people::duty::Duties;

    use super::*;

    #[test]
    fn every_route_has_a_permit_that_the_table_of_duties_knows_or_says_why_it_needs_none() {
        let content: Content = toml::from_str(BUILT_IN).unwrap();
        let actions: BTreeSet<&str> = Duties::built_in().table().map(|(id, ..)| id).collect();
        let scopes: BTreeSet<&str> = content.scopes.iter().map(|scope| scope.id.as_str()).collect();
        let mut seen = BTreeSet::new();
        for route in &content.routes {
            assert!(seen.insert((&route.method, &route.path)), "{} is there twice", route.id);
            assert_eq!(route.permit.is_empty(), route.open.is_some(), "{}", route.id);
            for action in &route.permit {
                assert!(actions.contains(action.as_str()), "{}: there is no action {action}", route.id);
            }
            if let Some(scope) = &route.scope {
                assert!(scopes.contains(scope.as_str()), "{}: there is no scope {scope}", route.id);
            } else {
                assert!(route.open.is_some() || route.id == "read-token", "{} needs no scope", route.id);
            }
        }
        let used: BTreeSet<&str> = content.routes.iter().filter_map(|route| route.scope.as_deref()).collect();
        // These two add something to what others give.
        let beside = ["requests.words", "people.names"];
        assert!(scopes.iter().all(|scope| used.contains(scope) || beside.contains(scope)), "{used:?}");
        assert!(content.limits.a_minute > 0 && content.limits.longest_days > 0);
    }
}
