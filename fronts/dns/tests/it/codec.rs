//! Our reading and writing of messages against hickory's, and every input that was ever found interesting.

use std::collections::BTreeSet;
use std::str::FromStr;

use front_dns::wire::answer::{self, Unusable};
use front_dns::wire::name;
use front_dns::wire::query::{Complaint, Query};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query as Question, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, SOA, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use proptest::prelude::*;

use crate::ground::{Bench, read};

fn a_name() -> impl Strategy<Value = Name> {
    prop::collection::vec("[a-zA-Z0-9_-]{1,20}", 1..6)
        .prop_map(|labels| Name::from_labels(labels.iter().map(|label| label.as_bytes())).unwrap())
}

/// The name's text without escapes.
fn plain(name: &Name) -> Vec<u8> {
    name.to_lowercase().iter().collect::<Vec<_>>().join(&b'.')
}

fn kind() -> impl Strategy<Value = RecordType> {
    prop::sample::select(vec![
        RecordType::A,
        RecordType::AAAA,
        RecordType::MX,
        RecordType::TXT,
        RecordType::HTTPS,
        RecordType::NS,
    ])
}

fn data() -> impl Strategy<Value = RData> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|octets| RData::A(A(octets.into()))),
        any::<[u8; 16]>().prop_map(|octets| RData::AAAA(AAAA(octets.into()))),
        a_name().prop_map(|name| RData::CNAME(CNAME(name))),
        (any::<u16>(), a_name()).prop_map(|(preference, name)| RData::MX(MX::new(preference, name))),
        "[ -~]{0,60}".prop_map(|text| RData::TXT(TXT::new(vec![text]))),
    ]
}

type Owned = (Name, u32, RData);

/// Records, each with a number that says whose it is.
fn records() -> impl Strategy<Value = Vec<(u8, Name, u32, RData)>> {
    prop::collection::vec((any::<u8>(), a_name(), 0u32..100_000, data()), 0..12)
}

/// The same with their owners: the name asked for, what the last alias leads to, or anybody.
fn owned(asked: &Name, all: Vec<(u8, Name, u32, RData)>) -> Vec<Owned> {
    let mut last = asked.clone();
    let mut owned = Vec::new();
    for (whose, other, life, data) in all {
        let owner = match whose % 4 {
            0 => asked.clone(),
            1 | 2 => last.clone(),
            _ => other,
        };
        last = target(&data).unwrap_or(last);
        owned.push((owner, life, data));
    }
    owned
}

fn target(data: &RData) -> Option<Name> {
    match data {
        RData::CNAME(CNAME(name)) => Some(name.clone()),
        _ => None,
    }
}

/// Those that answer a question for the name's address, in their order.
fn belonging(asked: &Name, all: &[Owned]) -> Vec<Owned> {
    let mut names = BTreeSet::from([plain(asked)]);
    loop {
        let before = names.len();
        let led = all.iter().filter(|(owner, ..)| names.contains(&plain(owner)));
        let more: Vec<_> = led.filter_map(|(_, _, data)| target(data)).map(|name| plain(&name)).collect();
        names.extend(more);
        if names.len() == before {
            break;
        }
    }
    let answers = |data: &RData| matches!(data, RData::A(_) | RData::CNAME(_));
    all.iter().filter(|(owner, _, data)| names.contains(&plain(owner)) && answers(data)).cloned().collect()
}

fn ask(name: Name, kind: RecordType, edns: Option<(u16, bool)>) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Question::query(name, kind));
    if let Some((size, dnssec)) = edns {
        let mut edns = Edns::new();
        edns.set_max_payload(size).set_dnssec_ok(dnssec);
        message.set_edns(edns);
    }
    message
}

proptest! {
    #[test]
    fn every_question_hickory_writes_reads_the_same(name in a_name(), kind in kind(), edns in prop::option::of((512u16.., any::<bool>()))) {
        let theirs = ask(name.clone(), kind, edns);
        let ours = Query::read(&theirs.to_vec().unwrap()).map_err(|complaint| TestCaseError::fail(format!("{complaint:?}")))?;
        let our_text = ours.name();
        prop_assert_eq!(our_text.as_bytes(), plain(&name));
        prop_assert_eq!(ours.kind(), u16::from(kind));
        prop_assert_eq!(ours.class(), u16::from(DNSClass::IN));
        prop_assert_eq!(ours.edns.map(|edns| (edns.size, edns.dnssec)), edns);
    }

    #[test]
    fn every_answer_hickory_writes_gives_the_same_facts(name in a_name(), all in records(), order in any::<u64>()) {
        let mut all = owned(&name, all);
        if order % 3 == 0 {
            let places = all.len().max(1);
            all.rotate_left(order as usize / 3 % places);
        }
        let mut theirs = ask(name.clone(), RecordType::A, None);
        theirs.metadata.message_type = MessageType::Response;
        for (owner, life, data) in &all {
            theirs.add_answer(Record::from_rdata(owner.clone(), *life, data.clone()));
        }
        let soa = SOA::new(name.clone(), name.clone(), 1, 2, 3, 4, 77);
        theirs.add_authority(Record::from_rdata(name.base_name(), 99, RData::SOA(soa)));
        theirs.add_additional(Record::from_rdata(name.clone(), 5, RData::A(A([192, 0, 2, 99].into()))));
        theirs.set_edns(Edns::new());
        let bytes = theirs.to_vec().unwrap();
        let end = 12 + Query::read(&ask(name.clone(), RecordType::A, None).to_vec().unwrap()).unwrap().question().len();
        let ours = match answer::read(&bytes, end, false) {
            Ok(ours) => ours,
            Err(Unusable::Circle) => return Ok(()),
            Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        let all = belonging(&name, &all);
        let sorted = |mut all: Vec<_>| { all.sort(); all };
        let addresses = all.iter().filter_map(|(_, _, data)| data.ip_addr()).map(|address| address.to_canonical()).collect();
        prop_assert_eq!(sorted(ours.addresses.clone()), sorted(addresses));
        let names: Vec<_> = all.iter().filter_map(|(_, _, data)| target(data)).map(|name| plain(&name)).collect();
        let chain: Vec<_> = ours.chain.iter().map(|name| name.to_vec()).collect();
        prop_assert_eq!(chain.iter().collect::<BTreeSet<_>>(), names.iter().collect::<BTreeSet<_>>());
        let kept = read(&ours.image);
        let said = |records: Vec<(Name, RData)>| records.into_iter().map(|(owner, data)| (plain(&owner), format!("{data}").to_lowercase())).collect::<Vec<_>>();
        prop_assert_eq!(
            said(kept.answers.iter().map(|record| (record.name.clone(), record.data.clone())).collect()),
            said(all.iter().map(|(owner, _, data)| (owner.clone(), data.clone())).collect())
        );
        prop_assert!(kept.additionals.is_empty() && kept.edns.is_none());
        let has_a = all.iter().any(|(_, _, data)| matches!(data, RData::A(_)));
        prop_assert_eq!(kept.authorities.len(), usize::from(!has_a));
        let shortest = all.iter().map(|(_, life, _)| *life).min().unwrap_or(u32::MAX);
        prop_assert_eq!(ours.life_s, if has_a { shortest.min(86_400) } else { shortest.min(77) });
    }

    #[test]
    fn whatever_comes_in_what_goes_out_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..600), head in any::<bool>()) {
        let mut message = bytes;
        if head && message.len() > 12 {
            message[2] &= 0x01;
            message[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
        }
        let mut bench = Bench::new();
        if let Some(answer) = bench.ask(&message) {
            prop_assert!(Message::from_vec(&answer).is_ok() || answer[3] & 15 == 4, "{answer:02x?}");
            prop_assert_eq!(&answer[..2], &message[..2]);
        }
    }

    #[test]
    fn whatever_an_upstream_sends_is_an_answer_or_a_complaint(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut message = ask(Name::from_str("www.example.org.").unwrap(), RecordType::A, None).to_vec().unwrap();
        let end = message.len();
        message[2] |= 0x80;
        message.extend(&bytes);
        message[7] = 3;
        if let Ok(answer) = answer::read(&message, end, true) {
            prop_assert!(answer.image.len() <= message.len());
        }
    }
}

#[test]
fn a_question_with_every_kind_of_fault_is_a_complaint() {
    assert!(matches!(Query::read(&[]), Err(Complaint::NotAQuestion)));
    let mut update = ask(Name::from_str("a.example.").unwrap(), RecordType::A, None);
    update.metadata.op_code = OpCode::Update;
    assert!(matches!(Query::read(&update.to_vec().unwrap()), Err(Complaint::NotImplemented)));
    let mut response = ask(Name::from_str("a.example.").unwrap(), RecordType::A, None);
    response.metadata.message_type = MessageType::Response;
    response.metadata.response_code = ResponseCode::NXDomain;
    assert!(matches!(Query::read(&response.to_vec().unwrap()), Err(Complaint::NotAQuestion)));
}

/// What the fuzz target `dns_message` says of any bytes.
fn must_hold(message: &[u8]) {
    if let Ok(query) = Query::read(message) {
        assert!(query.end() <= message.len() && query.name().as_bytes().len() <= 253);
        let mut lowered = message.to_vec();
        name::lower_in_place(&mut lowered, 12);
        assert_eq!(Query::read(&lowered).unwrap().question(), query.question());
    }
    let end = name::read(message, 12).map_or(12, |(_, end)| end + 4);
    for whole in [false, true] {
        if let Ok(answer) = answer::read(message, end, whole) {
            assert!(answer.image.len() <= message.len() && answer.chain.len() <= answer::MOST_NAMES);
            assert!(answer.lives_at.iter().all(|at| usize::from(*at) + 4 <= answer.image.len()));
            let again = answer::read(&answer.image, end, true).unwrap();
            assert_eq!((again.chain, again.addresses), (answer.chain, answer.addresses));
        }
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = crate::clients::root().join("fuzz/corpus/dns_message");
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn changed_inputs_of_the_corpus_hold_what_must() {
    let corpus = corpus();
    let places = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(20_000));
    let which = (any::<prop::sample::Index>(), places, any::<prop::sample::Index>());
    runner
        .run(&which, |(which, places, cut)| {
            let mut message = which.get(&corpus).clone();
            for (place, byte) in places.iter().filter(|_| !which.get(&corpus).is_empty()) {
                let place = place.index(message.len());
                message[place] = *byte;
            }
            must_hold(&message);
            message.truncate(cut.index(message.len() + 1));
            must_hold(&message);
            Ok(())
        })
        .unwrap();
}

/// The corpus of the fuzz target `dns_message`, each file as a question and as an upstream's answer.
#[test]
fn the_corpus_is_replayed() {
    let corpus = corpus();
    assert!(corpus.len() >= 40, "{}", corpus.len());
    for bytes in corpus {
        let mut bench = Bench::new();
        if let Some(answer) = bench.ask(&bytes) {
            assert_eq!(answer[..2], bytes[..2]);
        }
        let _ = bench.ask(&crate::ground::question("www.example.org", 1));
        if let Some((way, sent)) = bench.sent.pop() {
            let mut forged = bytes.clone();
            if let Some(id) = forged.get_mut(..2) {
                id.copy_from_slice(&sent[..2]);
            }
            bench.resolver.answered(way, &forged, bench.now);
        }
        must_hold(&bytes);
    }
}
