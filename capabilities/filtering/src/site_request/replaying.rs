//! What opening a site would have come to last week: what devices asked for there, decided anew as things stand now, and with the site open.

use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::LazyLock;
use std::time::Duration;

use activity::{Event, Search, TimeRange};
use engine::document::Effect;
use engine::live::Override as Published;
use engine::live::Subject;
use engine::{FilterPolicy, Front, Host, HostName, Identity, Live, LiveDocument, PersonNo, Request, Step};
use kit::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use web::speech::say;
use web::{counted, filled};

use crate::overrides::Whom;
use crate::portal::Portal;
use crate::site;

const BUILT_IN: &str = include_str!("../../../../content/requests.toml");

const DAY_MS: i64 = 86_400_000;
const DAYS: i64 = 7;
/// So many of the newest requests are looked at.
const MOST: u64 = 5_000;
/// Nobody waits longer for it: the page comes without, and says so.
const PATIENCE: Duration = Duration::from_secs(4);

/// `content/requests.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Content {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "source")]
    _source: String,
    /// Of a group of fewer people nothing is told.
    least_people: usize,
}

/// How many people a group must have before anything is told of it.
fn least_people() -> usize {
    static LEAST: LazyLock<usize> = LazyLock::new(|| {
        // A test parses the same text. Without it nothing is told of anybody.
        toml::from_str(BUILT_IN).map_or(usize::MAX, |content: Content| content.least_people)
    });
    *LEAST
}

/// What is told before a site is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// What last week's requests say.
    LastWeek(LastWeek),
    /// Nothing, since the log did not answer in time.
    NoAnswer,
    /// Nothing, since it would be of one person, whom a pseudonym covers.
    OnePerson,
    /// Nothing, since it would be of fewer people than this.
    Few(usize),
}

/// What last week's requests say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LastWeek {
    /// So often the site, or something below it, was asked for.
    pub requests: u64,
    /// So many of these are closed as things stand, and would be open.
    pub opened: u64,
    /// By so many people or devices.
    pub askers: usize,
    /// Whether more was asked than was looked at.
    pub more: bool,
}

/// What is told of a site before it is opened for somebody: for enough people together, what a replay of last week's requests says.
pub async fn told(portal: &Portal, host: &str, whom: &Whom, at: Timestamp) -> Told {
    // How often one person tried stands behind their pseudonym: whoever wants to know that says why, and that is written down. Of a few
    // people numbers would tell the same.
    let (policy, live) = portal.filter.both();
    let people = match whom {
        Whom::Person(_) => return Told::OnePerson,
        Whom::Group(id) => members(&policy, &live, Some(id)),
        Whom::Everyone => members(&policy, &live, None),
    };
    match least_people() {
        least if people < least => Told::Few(least),
        _ => last_week(portal, host, whom, at).await.map_or(Told::NoAnswer, Told::LastWeek),
    }
}

/// How many people of the roll are in a group of the policy, or in one that lies within it; without a group, how many there are.
fn members(policy: &FilterPolicy, live: &Live, group: Option<&str>) -> usize {
    let number = group.map(|id| policy.groups().number(id));
    let is_in = |person: PersonNo| match number {
        None => true,
        Some(None) => false,
        Some(Some(number)) => live.person(person).is_some_and(|known| known.groups.contains(number)),
    };
    live.document().roll.people.iter().filter(|one| is_in(one.person)).count()
}

/// Replays last week's requests for a site with it open for somebody. `None` where the log does not answer in time.
async fn last_week(portal: &Portal, host: &str, whom: &Whom, at: Timestamp) -> Option<LastWeek> {
    let (policy, live) = portal.filter.both();
    let log = portal.log.clone();
    let search = Search {
        site: Some(host.to_owned()),
        time: TimeRange { from: Some(at.plus_millis(-DAYS * DAY_MS)), to: None },
        limit: Some(MOST),
        ..Search::default()
    };
    let then = opened(&policy, &live, host, whom, at);
    // The log is asked where nobody else waits for it.
    let asking = tokio::task::spawn_blocking(move || {
        let mut replayed = Replaying {
            policy: &policy,
            now: &live,
            then: &then,
            found: LastWeek::default(),
            askers: HashSet::new(),
        };
        log.search(&search, |event| {
            replayed.take(&event);
            ControlFlow::Continue(())
        })
        .map(|_| replayed.end())
    });
    tokio::time::timeout(PATIENCE, asking).await.ok()?.ok()?.ok()
}

/// What would hold for a time with the site open.
fn opened(policy: &FilterPolicy, live: &Live, host: &str, whom: &Whom, at: Timestamp) -> Live {
    let trial = Published {
        // Of no record: larger than any that will be given, and smaller than what the policy cannot take.
        number: engine::policy::LIVE - 2,
        id: String::new(),
        subject: match whom {
            Whom::Person(person) => Subject::Person(*person),
            Whom::Group(id) => Subject::Group(id.clone()),
            Whom::Everyone => Subject::Everyone,
        },
        effect: Effect::Allow,
        target: site::target(host),
        begins_at: None,
        ends_at: at.plus_millis(DAY_MS),
        reason: String::new(),
    };
    let now = live.document();
    let then =
        LiveDocument { overrides: now.overrides.iter().cloned().chain([trial]).collect(), ..now.clone() };
    Live::compile(&then, policy).0
}

struct Replaying<'a> {
    policy: &'a FilterPolicy,
    now: &'a Live,
    then: &'a Live,
    found: LastWeek,
    askers: HashSet<(Option<PersonNo>, Option<IpAddr>)>,
}

impl Replaying<'_> {
    fn take(&mut self, event: &Event) {
        // What another filter decided is no request of ours, and what is sealed is nobody's to learn of.
        if matches!(event.step, Step::Elsewhere | Step::Sealed) {
            return;
        }
        let Some(host) = event.host.as_deref() else { return };
        let named = match host.parse::<IpAddr>() {
            Ok(address) => Host::Address(address),
            Err(_) => match HostName::new(host) {
                Some(name) => Host::Name(name),
                None => return,
            },
        };
        let identity = self.whoever(event);
        let request = Request {
            host: named,
            port: None,
            path: event.path.as_deref(),
            as_sent: None,
            chain: &[],
            addresses: &[],
            identity: &identity,
            front: Front::Explain,
        };
        let at = self.policy.calendar().zone().local(event.at);
        let is_closed = |live| engine::decide(self.policy, live, &request, at).verdict.is_block();
        self.found.requests += 1;
        if is_closed(self.now) && !is_closed(self.then) {
            self.found.opened += 1;
            let device = event.client.filter(|_| event.person.is_none());
            self.askers.insert((event.person, device));
        }
    }

    /// Whoever asked, as the roll knows them today.
    fn whoever(&self, event: &Event) -> Identity {
        let known = event.person.and_then(|person| self.now.person(person));
        known.or_else(|| event.client.map(|client| self.now.identify(client))).unwrap_or_default()
    }

    fn end(self) -> LastWeek {
        LastWeek { askers: self.askers.len(), more: self.found.requests >= MOST, ..self.found }
    }
}

/// The part of a page that says it.
pub fn view(told: Told) -> Markup {
    html! {
        h2 .govuk-heading-m { (say("last-week.what-last-weeks")) }
        p .govuk-body {
            @match told {
                Told::NoAnswer => (say("last-week.nothing-the-activity")),
                Told::OnePerson => (say("request.what-one-person-did")),
                Told::Few(least) => (filled!("last-week.fewer-than", n = least)),
                Told::LastWeek(LastWeek { requests: 0, .. }) => (say("last-week.nobody-asked-for-it")),
                Told::LastWeek(found) => {
                    @if found.more { (filled!("last-week.the-newest-requests", n = found.requests)) }
                    @else { (counted!("last-week.asked-count", found.requests)) }
                    " "
                    (counted!("last-week.opened-count", found.opened))
                    " "
                    (counted!("last-week.askers-count", found.askers))
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_in_tells_nothing_of_a_handful() {
        let content: Content = toml::from_str(BUILT_IN).unwrap();
        assert!((5..=30).contains(&content.least_people), "{content:?}");
        assert_eq!(least_people(), content.least_people);
    }
}
