//! A school to ask: a policy over lists in which `<category>.test` is the one site of each category.

use std::sync::Arc;

use engine::catalogue::Catalogue;
use engine::explain::{Change, Trace, flip, trace};
use engine::policy::{Covered, FilterPolicy};
use engine::sealed::{Feed, Sealed, SealedKey, SealedWriter};
use engine::{
    Front, Host, HostName, Identity, KnownBy, Live, LiveDocument, PersonNo, PolicyDocument, Request,
};
use kit::{LocalTime, Timestamp};
use lists::{Entry, IndexBuilder, ListHead, ListIndex, Seed, Sink};

pub fn catalogue() -> Arc<Catalogue> {
    Arc::new(Catalogue::built_in().unwrap())
}

pub fn index() -> Arc<ListIndex> {
    let mut builder = IndexBuilder::new(Seed([9; 16]));
    for category in &catalogue().categories {
        let head = ListHead {
            id: format!("test/{}", category.id),
            name: format!("Test list of {}", category.id),
            categories: vec![category.id.clone()],
            ..ListHead::default()
        };
        let mut list = builder.list(head).unwrap();
        list.take(
            lists::Says::Listed,
            Entry::Below(HostName::new(&format!("{}.test", category.id)).unwrap()),
        );
        list.take(
            lists::Says::Listed,
            Entry::Path(HostName::new("shared.test").unwrap(), &format!("/{}", category.id)),
        );
    }
    Arc::new(ListIndex::open(Arc::new(builder.build().unwrap())).unwrap())
}

pub fn sealed() -> Arc<Sealed> {
    let mut writer = SealedWriter::new(SealedKey::new([1; 32]), Feed::Test);
    writer.host("sealed-entry.test").unwrap();
    Arc::new(writer.finish())
}

/// A compiled policy with a live snapshot.
pub struct School {
    pub policy: FilterPolicy,
    pub live: Live,
}

impl School {
    pub fn of(text: &str) -> Self {
        let document = PolicyDocument::parse(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let policy = FilterPolicy::compile_with(&document, &catalogue(), index(), &sealed(), Covered::Refuse)
            .unwrap_or_else(|problems| panic!("{problems:#?}"));
        let live = Live::empty(&policy);
        Self { policy, live }
    }

    pub fn with_live(self, document: &LiveDocument) -> Self {
        let (live, problems) = Live::compile(document, &self.policy);
        assert_eq!(problems, []);
        Self { live, ..self }
    }

    pub fn at(&self, text: &str) -> LocalTime {
        self.policy.calendar().zone().local(Timestamp::parse(text).unwrap())
    }

    pub fn identity(&self, groups: &[&str], person: Option<u32>) -> Identity {
        let groups = self.policy.groups().closure(groups.iter().copied(), |id| panic!("no group {id}"));
        Identity { person: person.map(PersonNo), device: None, groups, known_by: KnownBy::DeviceRegister }
    }

    /// Asks about `host` or `host/path` as somebody in these groups.
    pub fn ask(&self, groups: &[&str], target: &str, at: &str) -> Trace {
        self.ask_as(&self.identity(groups, None), target, at)
    }

    pub fn ask_as(&self, identity: &Identity, target: &str, at: &str) -> Trace {
        with_request(identity, target, |request| trace(&self.policy, &self.live, request, self.at(at)))
    }

    /// The verdict and its step, as in `block: permitted-use`.
    pub fn says(&self, groups: &[&str], target: &str, at: &str) -> String {
        let trace = self.ask(groups, target, at);
        format!("{}: {}", trace.verdict.id(), trace.step)
    }

    pub fn flip(&self, identity: &Identity, target: &str, at: &str) -> Option<Change> {
        with_request(identity, target, |request| flip(&self.policy, &self.live, request, self.at(at)))
    }
}

/// The path of `target` is taken as it is and, in its canonical form, as the front would have read it.
pub fn with_request<T>(identity: &Identity, target: &str, ask: impl FnOnce(&Request<'_>) -> T) -> T {
    let (host, sent) = match target.find('/') {
        Some(at) => (&target[..at], Some(&target[at..])),
        None => (target, None),
    };
    let path = sent.map(kit::path::canonical);
    ask(&Request {
        host: match kit::address::literal(host) {
            Some(address) => Host::Address(address),
            None => Host::Name(HostName::new(host).unwrap()),
        },
        port: None,
        path: path.as_deref(),
        as_sent: sent,
        chain: &[],
        addresses: &[],
        identity,
        front: Front::Explain,
    })
}
