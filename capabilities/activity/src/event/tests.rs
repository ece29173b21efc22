use super::*;
use crate::batch::{self, Batch, Fate};
use engine::searching::Words;
use engine::{Decision, Identity, Obligations, Reason, Request};
use proptest::option::of;
use proptest::prelude::*;

#[derive(Debug, Clone)]
struct Facts {
    at: i64,
    front: Front,
    client: IpAddr,
    identity: Identity,
    host: String,
    literal: Option<IpAddr>,
    path: Option<String>,
    words: Option<String>,
    agent: Option<String>,
    decision: Decision,
    bytes: u64,
    sent: Option<u64>,
    transport: Option<Transport>,
}

impl Facts {
    fn with<T>(&self, each: impl FnOnce(&Activity<'_>) -> T) -> T {
        let host = match self.literal {
            Some(address) => Host::Address(address),
            None => Host::Name(HostName::new(&self.host).unwrap()),
        };
        let request = Request {
            host,
            port: None,
            path: self.path.as_deref(),
            as_sent: None,
            chain: &[],
            addresses: &[],
            identity: &self.identity,
            front: self.front,
        };
        let at = Timestamp::from_millis(self.at);
        let opened =
            Activity::of(&request, &self.decision, at, self.client, self.agent.as_deref(), self.bytes)
                .searching(self.words.as_deref().and_then(Words::new));
        let opened = self.transport.map_or(opened, |transport| opened.over(transport));
        each(&self.sent.and_then(|sent| opened.ended(at, sent)).unwrap_or(opened))
    }
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        Just(Fact::None),
        Just(Fact::Host),
        Just(Fact::Path),
        any::<u8>().prop_map(Fact::Chain),
        any::<u8>().prop_map(Fact::Address),
        Just(Fact::PartOfHost)
    ]
}

fn decision() -> impl Strategy<Value = Decision> {
    let numbers = (any::<u32>(), of(any::<u16>()), of(any::<u16>()), of(any::<u16>()), of(any::<u16>()));
    (1u8..=14, 0u8..4, fact(), numbers).prop_map(
        |(step, verdict, fact, (rule, category, list, group, beside))| Decision {
            verdict: Verdict::from_number(verdict).unwrap(),
            reason: Reason {
                step: Step::from_number(step).unwrap(),
                rule: RuleRef(rule),
                fact,
                category,
                list,
                group: group.map(GroupNo),
                beside: beside.map(GroupNo),
            },
            obligations: Obligations::default(),
        },
    )
}

fn facts() -> impl Strategy<Value = Facts> {
    let who = (of(any::<u32>()), of(any::<u32>()), 0u8..7);
    let what = (
        "[a-z0-9]{1,20}(\\.[a-z]{1,9}){0,3}",
        of(any::<IpAddr>()),
        of("/[^?]{0,80}"),
        of(".{0,80}"),
        of(".{0,300}"),
    );
    let more = (any::<u64>(), of(0..u64::MAX), of(proptest::sample::select(&Transport::ALL[..])));
    (any::<i64>(), 0u8..4, any::<IpAddr>(), who, what, decision(), more).prop_map(
        |(
            at,
            front,
            client,
            (person, device, known_by),
            (host, literal, path, agent, words),
            decision,
            (bytes, sent, transport),
        )| {
            Facts {
                at,
                front: Front::from_number(front).unwrap(),
                client,
                identity: Identity {
                    person: person.map(PersonNo),
                    device: device.map(DeviceNo),
                    known_by: KnownBy::from_number(known_by).unwrap(),
                    ..Identity::default()
                },
                host,
                literal,
                path,
                words,
                agent,
                decision,
                bytes,
                sent,
                transport,
            }
        },
    )
}

proptest! {
    #[test]
    fn an_event_comes_back_as_it_was_recorded(facts in facts(), number in 0u64..1 << 40, base in 0u64..1 << 40) {
        let base_at = facts.at.saturating_sub(1_000);
        let mut out = Vec::new();
        let record = RecordRef::from_number(number);
        facts.with(|activity| encode(&mut out, number, facts.at - base_at, activity, record));
        prop_assert!(out.len() <= LONGEST_EVENT);
        let mut reader = Reader(&out);
        let event = decode(&mut reader, base, base_at).unwrap();
        prop_assert!(reader.0.is_empty());
        prop_assert_eq!((event.number, event.at.as_millis()), (base + number, facts.at));
        let kept = event.kept.unwrap();
        let reason = facts.decision.reason;
        prop_assert_eq!(
            (kept.front, kept.verdict, kept.known_by, kept.step, kept.rule, kept.fact, kept.bytes),
            (facts.front, facts.decision.verdict, facts.identity.known_by, reason.step, reason.rule, reason.fact, facts.bytes)
        );
        prop_assert_eq!(
            (kept.client, kept.person, kept.device, kept.category, kept.list, kept.group, kept.beside),
            (Some(facts.client.to_canonical()), facts.identity.person, facts.identity.device, reason.category, reason.list, reason.group, reason.beside)
        );
        prop_assert_eq!(kept.agent, facts.agent.as_deref());
        let has_path = facts.path.is_some() && reason.step != Step::Sealed;
        let how = facts.transport.filter(|_| facts.front == Front::Dns && !has_path);
        prop_assert_eq!(kept.transport, how);
        prop_assert_eq!(kept.sent, facts.sent.filter(|_| facts.front == Front::Connect));
        if reason.step == Step::Sealed {
            prop_assert_eq!((kept.host, kept.path, kept.searched, kept.record), (None, None, None, record));
        } else {
            let host = facts.literal.map_or_else(|| facts.host.clone(), |address| address.to_string());
            prop_assert_eq!(kept.host.map(|host| host.to_string()), Some(host));
            prop_assert_eq!((kept.path, kept.record), (facts.path.as_deref(), None));
            let words = facts.words.as_deref().filter(|words| facts.path.is_some() && !words.is_empty());
            prop_assert_eq!(kept.searched, words.map(|words| start_of(words, LONGEST_WORDS)));
        }
        let shown = Event::of(5, event.at, &kept);
        let read: Event = serde_json::from_str(&serde_json::to_string(&shown).unwrap()).unwrap();
        prop_assert_eq!(read, shown);
    }

    #[test]
    fn no_bytes_make_reading_a_batch_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120), count in 0u32..4) {
        let mut whole = Vec::new();
        batch::write_head(&mut whole, 1, 2, count);
        whole.extend_from_slice(&bytes);
        for bytes in [&bytes, &whole] {
            let _ = Batch::parse(bytes).map(|batch| batch.events().count());
            let _ = Batch::parse_head(bytes).map(|batch| (batch.heads().count(), batch.events().count()));
        }
    }

    #[test]
    fn a_batch_written_again_keeps_what_it_should(all in proptest::collection::vec((facts(), 0u8..3), 1..12)) {
        let mut whole = Vec::new();
        batch::write_head(&mut whole, 100, 50, all.len() as u32);
        for (number, (facts, _)) in (0..).zip(&all) {
            let at = facts.at / 4;
            facts.with(|activity| encode(&mut whole, number * 3, at, activity, None));
        }
        let before = Batch::parse(&whole).unwrap();
        let fates: Vec<Fate> =
            all.iter().map(|(_, fate)| [Fate::Kept, Fate::Erased, Fate::LeftOut][usize::from(*fate)]).collect();
        let mut again = Vec::new();
        let mut next = fates.iter();
        let count = before.rewrite(&mut again, |_| *next.next().unwrap());
        let after = Batch::parse(&again).unwrap();
        prop_assert_eq!(after.count(), count);
        let wanted: Vec<_> = before
            .events()
            .zip(&fates)
            .filter(|(_, fate)| **fate != Fate::LeftOut)
            .map(|(event, fate)| (event.number, if *fate == Fate::Kept { event.kept } else { None }))
            .collect();
        prop_assert_eq!(after.events().map(|event| (event.number, event.kept)).collect::<Vec<_>>(), wanted);
        prop_assert!(after.heads().zip(after.events()).all(|(head, event)| head.number == event.number && head.at == event.at));
    }
}

#[test]
fn of_a_visit_that_nobody_observes_and_of_a_sealed_address_no_words_are_kept() {
    let identity = Identity { person: Some(PersonNo(7)), ..Identity::default() };
    let request = Request {
        host: Host::Name(HostName::new("www.example.org").unwrap()),
        port: None,
        path: Some("/search?q=help+me"),
        as_sent: None,
        chain: &[],
        addresses: &[],
        identity: &identity,
        front: Front::Proxy,
    };
    let unobserved = Obligations { unobserved: true, ..Obligations::NONE };
    for (step, obligations, kept) in [
        (Step::Help, unobserved, false),
        (Step::Essential, unobserved, false),
        (Step::Sealed, Obligations::NONE, false),
        (Step::School, Obligations::NONE, true),
    ] {
        let reason = Reason { step, ..engine::Origin::Squid.decision(Verdict::Allow).reason };
        let decision = Decision { verdict: Verdict::Allow, reason, obligations };
        let at = Timestamp::from_millis(0);
        let activity = Activity::of(&request, &decision, at, [10, 0, 0, 7].into(), None, 1)
            .searching(Words::new("help me"))
            .over(Transport::Https);
        assert_eq!(activity.transport().is_some(), !decision.obligations.unobserved, "{step}");
        let mut out = Vec::new();
        encode(&mut out, 1, 0, &activity, None);
        assert_eq!(out.windows(7).any(|window| window == b"help me"), kept, "{step}");
        assert!(!format!("{activity:?}").contains("help me"));
    }
}

#[test]
fn words_stand_within_what_a_path_may_be_long() {
    let (path, words) = (format!("/{}", "p".repeat(3_000)), "é".repeat(300));
    let identity = Identity::default();
    let request = Request {
        host: Host::Name(HostName::new("www.example.org").unwrap()),
        port: None,
        path: Some(&path),
        as_sent: None,
        chain: &[],
        addresses: &[],
        identity: &identity,
        front: Front::Proxy,
    };
    let decision = engine::Origin::Squid.decision(Verdict::Allow);
    let at = Timestamp::from_millis(0);
    let activity =
        Activity::of(&request, &decision, at, [10, 0, 0, 7].into(), None, 1).searching(Words::new(&words));
    let mut out = Vec::new();
    encode(&mut out, 1, 0, &activity, None);
    let kept = decode(&mut Reader(&out), 0, 0).unwrap().kept.unwrap();
    assert_eq!(kept.searched.map(str::len), Some(LONGEST_WORDS));
    assert_eq!(kept.path.map(str::len), Some(LONGEST_PATH - LONGEST_WORDS - 1));
}

#[test]
fn how_a_question_came_is_told_and_of_one_from_before_nothing_is() {
    let identity = Identity::default();
    let request = Request {
        host: Host::Name(HostName::new("www.example.org").unwrap()),
        port: None,
        path: None,
        as_sent: None,
        chain: &[],
        addresses: &[],
        identity: &identity,
        front: Front::Dns,
    };
    let decision = engine::Origin::Squid.decision(Verdict::Allow);
    let at = Timestamp::from_millis(0);
    let before = Activity::of(&request, &decision, at, [10, 0, 0, 7].into(), None, 1);
    let written = |activity: &Activity<'_>| {
        let mut out = Vec::new();
        encode(&mut out, 1, 0, activity, None);
        out
    };
    let read = |bytes: &[u8]| {
        let kept = decode(&mut Reader(bytes), 0, 0).unwrap().kept.unwrap();
        (kept.path.map(str::to_owned), kept.transport)
    };
    let old = written(&before);
    assert_eq!(read(&old), (None, None));
    for transport in Transport::ALL {
        let new = written(&before.over(transport));
        assert_eq!(read(&new), (None, Some(transport)));
        // A datagram, as nearly all are, costs a byte.
        let more = if transport == Transport::Udp { 1 } else { 1 + transport.id().len() };
        assert_eq!(new.len(), old.len() + more, "{transport:?}");
    }
    // A word of some later version is none that is known here, and costs nothing else of the event.
    let mut later = written(&before.over(Transport::Tcp));
    let end = later.len();
    later[end - 3..].copy_from_slice(b"doq");
    assert_eq!(read(&later), (None, None));
}

#[test]
fn long_paths_and_agents_are_shortened_at_a_character() {
    let text = "é".repeat(3_000);
    assert_eq!(start_of(&text, LONGEST_PATH).len(), 2048);
    assert_eq!(start_of(&text[..4_001 - 1], 255).len(), 254);
    assert_eq!(start_of("short", 255), "short");
}
