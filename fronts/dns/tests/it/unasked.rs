//! Upstreams that say more than they were asked: what does not answer the question reaches no device, in no section.

use std::sync::Arc;

use engine::{Fact, Verdict};
use hickory_proto::op::Message;

use crate::clients::dig;
use crate::ground::{
    Bench, Events, HERE, Upstream, front, question, question_end, read, record, respond, school, wire,
    with_edns,
};

const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const RRSIG: u16 = 46;
const NSEC: u16 = 47;

fn owner(name: &str, kind: u16, data: &[u8]) -> Vec<u8> {
    record(&wire(name), kind, 300, data)
}

fn here(last: u8) -> Vec<u8> {
    record(HERE, A, 300, &[192, 0, 2, last])
}

/// A response with records in all three sections.
fn sections(asked: &[u8], answer: &[Vec<u8>], authority: &[Vec<u8>], additional: &[Vec<u8>]) -> Vec<u8> {
    let mut message = respond(asked, 0, &[answer, authority, additional].concat());
    message[7] = answer.len() as u8;
    message[9] = authority.len() as u8;
    message[11] = additional.len() as u8;
    message
}

fn soa() -> Vec<u8> {
    [wire("ns.example.org"), wire("mail.example.org"), vec![0; 16], vec![0, 0, 0, 60]].concat()
}

/// The records of the answer section as text.
fn answers(message: &Message) -> Vec<String> {
    message.answers.iter().map(|record| format!("{} {}", record.name, record.data)).collect()
}

#[test]
fn rfc5452_6_records_of_names_that_the_question_does_not_lead_to_are_left_out() {
    let mut bench = Bench::new();
    let unasked = [
        owner("games.example", A, &[192, 0, 2, 66]),
        owner("example.org", A, &[192, 0, 2, 67]),
        owner("sub.www.example.org", A, &[192, 0, 2, 68]),
        // Blocked by its address, had it been an answer.
        owner("other.example", A, &[198, 51, 100, 66]),
        owner("other.example", CNAME, &wire("tracker.example")),
    ];
    let records = [&unasked[..3], &[here(1)], &unasked[3..], &[here(2)]].concat();
    let answer = read(&bench.resolve(&question("www.example.org", A), 0, &records));
    assert_eq!(answers(&answer), ["www.example.org. 192.0.2.1", "www.example.org. 192.0.2.2"]);
    assert_eq!(bench.events.all().last().unwrap().verdict, Verdict::Allow);
    let again = read(&bench.ask(&question("www.example.org", A)).unwrap());
    assert_eq!(answers(&again), answers(&answer), "and so it is kept");
    // Nothing but such records is no answer at all: an empty one without a time to keep it.
    let only = read(&bench.resolve(&question("b.example.org", A), 0, &unasked));
    assert!(only.answers.is_empty());
    assert_eq!(bench.ask(&question("b.example.org", A)), None, "not kept");
}

#[test]
fn rfc2181_5_4_1_another_type_than_was_asked_for_is_left_out() {
    let mut bench = Bench::new();
    let v6 = "2001:db8::5".parse::<std::net::Ipv6Addr>().unwrap().octets();
    let records = [record(HERE, AAAA, 300, &v6), record(HERE, TXT, 300, b"\x02hi"), here(1)];
    let answer = read(&bench.resolve(&question("www.example.org", A), 0, &records));
    assert_eq!(answers(&answer), ["www.example.org. 192.0.2.1"]);
    let mut other_class = here(9);
    other_class[5] = 3;
    let answer = read(&bench.resolve(&question("c.example.org", A), 0, &[other_class, here(1)]));
    assert_eq!(answers(&answer), ["c.example.org. 192.0.2.1"]);
}

#[test]
fn an_alias_behind_what_it_leads_to_is_followed_and_judged() {
    let mut bench = Bench::new();
    let behind = |target: &str| {
        [
            owner(target, A, &[192, 0, 2, 1]),
            owner("mid.example", CNAME, &wire(target)),
            record(HERE, CNAME, 300, &wire("mid.example")),
        ]
    };
    let answer = read(&bench.resolve(&question("www.example.org", A), 0, &behind("cdn.example")));
    assert_eq!(
        answers(&answer),
        ["cdn.example. 192.0.2.1", "mid.example. cdn.example.", "www.example.org. mid.example."]
    );
    let answer = read(&bench.resolve(&question("b.example.org", A), 0, &behind("x.tracker.example")));
    assert!(answer.answers.is_empty());
    let told = bench.events.all();
    assert_eq!((told.last().unwrap().verdict, told.last().unwrap().fact), (Verdict::Block, Fact::Chain(1)));
}

#[test]
fn what_is_left_reads_the_same_when_its_names_pointed_into_what_is_gone() {
    let mut bench = Bench::new();
    let asked = question("www.example.org", A);
    assert_eq!(bench.ask(&asked), None);
    bench.upstream(|sent| {
        let end = question_end(sent);
        // At `end` stands games.example, whose record goes; `example` stands 6 bytes further.
        let pointer = |at: usize| (0xc000 | at as u16).to_be_bytes().to_vec();
        let alias = record(HERE, CNAME, 300, &[b"\x03Cdn".to_vec(), pointer(end + 6)].concat());
        let gone = owner("games.example", A, &[192, 0, 2, 66]);
        let cdn = end + gone.len() + 12;
        let records = [gone, alias, record(&pointer(cdn), A, 300, &[192, 0, 2, 1])];
        respond(sent, 0, &records)
    });
    let (_, bytes) = bench.replies.pop().unwrap();
    let answer = read(&bytes);
    assert_eq!(
        answers(&answer),
        [
            "www.example.org. Cdn.example.",
            "Cdn.example. 192.0.2.1".to_lowercase().replace("cdn.", "Cdn.").as_str()
        ]
    );
    assert!(!bytes.windows(5).any(|part| part == b"games"));
}

#[test]
fn rfc6672_a_dname_stays_with_the_alias_that_was_made_of_it() {
    let mut bench = Bench::new();
    let records = [
        owner("example.org", 39, &wire("example.net")),
        record(HERE, CNAME, 300, &wire("www.example.net")),
        owner("www.example.net", A, &[192, 0, 2, 1]),
        owner("example.com", 39, &wire("games.example")),
    ];
    let answer = read(&bench.resolve(&question("www.example.org", A), 0, &records));
    let kinds: Vec<_> = answer.answers.iter().map(|record| u16::from(record.record_type())).collect();
    assert_eq!(kinds, [39, CNAME, A]);
}

#[test]
fn addresses_beside_the_answer_reach_nobody() {
    let mut bench = Bench::new();
    let glue = || vec![owner("ns.example.org", A, &[192, 0, 2, 66])];
    let servers = || vec![owner("example.org", NS, &wire("ns.example.org"))];
    let nowhere = || vec![owner("example.org", SOA, &soa())];
    let unasked = [owner("games.example", A, &[192, 0, 2, 67]), owner("example.com", SOA, &soa())];
    for (name, answer, authority, kept) in [
        ("a.example.org", vec![here(1)], servers(), 0),
        ("b.example.org", vec![], [servers(), nowhere(), unasked.to_vec()].concat(), 1),
        ("c.example.org", vec![], [glue(), servers()].concat(), 0),
    ] {
        assert_eq!(bench.ask(&question(name, A)), None);
        bench.upstream(|sent| sections(sent, &answer, &authority, &glue()));
        let (_, bytes) = bench.replies.pop().unwrap();
        let read = read(&bytes);
        assert_eq!((read.answers.len(), read.authorities.len()), (answer.len(), kept), "{name}");
        assert!(read.additionals.is_empty());
    }
}

#[test]
fn rfc4035_proofs_stay_beside_an_answer_that_was_asked_for_with_signatures() {
    let mut bench = Bench::new();
    let signature = |of: u16, name: &str| {
        let numbers = [&of.to_be_bytes()[..], &[8, 2, 0, 0, 1, 44], &[0; 8], &[1, 2]].concat();
        owner(name, RRSIG, &[numbers, wire("example.org"), vec![7; 32]].concat())
    };
    let next = owner("a.example.org", NSEC, &[wire("Z.example.org"), vec![0, 1, 0x40]].concat());
    let answer = [here(1), signature(A, "www.example.org"), signature(TXT, "www.example.org")];
    let authority = [
        owner("example.org", NS, &wire("ns.example.org")),
        signature(NS, "example.org"),
        next,
        signature(NSEC, "a.example.org"),
        owner("ns.example.org", A, &[192, 0, 2, 66]),
    ];
    assert_eq!(bench.ask(&with_edns(question("www.example.org", A), 1232, true)), None);
    bench.upstream(|sent| sections(sent, &answer, &authority, &[]));
    let (_, bytes) = bench.replies.pop().unwrap();
    let read = read(&bytes);
    assert_eq!((read.answers.len(), read.authorities.len()), (2, 2));
    let next = wire("Z.example.org");
    assert!(
        bytes.windows(next.len()).any(|part| part == next),
        "what is signed keeps its letters and is whole"
    );
}

#[test]
fn a_device_is_never_told_of_a_name_it_did_not_ask_for() {
    let lie = |sent: &[u8]| {
        let answer = [owner("games.example", A, &[192, 0, 2, 66]), here(1)];
        vec![sections(sent, &answer, &[], &[owner("games.example", A, &[192, 0, 2, 66])])]
    };
    let upstream = Upstream::answering(lie);
    let running = front(&[upstream.address], school(), Arc::new(Events::default()));
    for _ in 0..2 {
        let told = dig(running.addresses()[0], "www.example.org A");
        assert!(told.contains("192.0.2.1") && !told.contains("games.example"), "{told}");
    }
}
