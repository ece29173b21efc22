//! What is decided, by the real engine.

use std::net::IpAddr;

use engine::{Fact, Front, Host, HostName, Identity, Request, Verdict};
use front_dns::wire::write::Transport;
use kit::{Timestamp, Zone};

use crate::ground::{Bench, HERE, PUPIL, STAFF, policy, question, read, record, wire};

const A: u16 = 1;

fn alias(to: &str) -> Vec<u8> {
    record(HERE, 5, 300, &wire(to))
}

#[test]
fn a_blocked_name_is_never_sent_upstream_and_another_group_may_still_ask() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&question("www.games.example", A)).unwrap()[3] & 15, 3);
    assert!(bench.sent.is_empty());
    assert_eq!(bench.ask_as(STAFF, Transport::Udp, &question("www.games.example", A)), None);
    assert_eq!(bench.sent.len(), 1);
}

#[test]
fn a_filter_that_observes_only_answers_what_is_closed_and_says_so_until_its_end() {
    let mut bench = Bench::new();
    bench.observe(60_000);
    let address = record(HERE, A, 300, &[192, 0, 2, 1]);
    let first = bench.resolve(&question("www.games.example", A), 0, std::slice::from_ref(&address));
    assert_eq!((first[3] & 15, read(&first).answers.len()), (0, 1));
    let kept = bench.ask(&question("www.games.example", A)).unwrap();
    assert_eq!((kept[3] & 15, read(&kept).answers.len()), (0, 1), "from the cache");
    assert!(read(&kept).answers[0].ttl <= 60, "so that the end is met soon");
    // By where it leads, too.
    let chain = [alias("cdn.tracker.example"), record(&wire("cdn.tracker.example"), A, 300, &[192, 0, 2, 9])];
    assert_eq!(bench.resolve(&question("www.example.org", A), 0, &chain)[3] & 15, 0);
    // A search engine is left where it is, as by the filter that stands.
    let engine = bench.resolve(&question("seek.example", A), 0, &[address]);
    assert_eq!((engine[3] & 15, read(&engine).answers.len()), (0, 1));
    let told: Vec<_> = bench.events.all().iter().map(|told| told.verdict).collect();
    assert_eq!(told, [Verdict::WouldBlock, Verdict::WouldBlock, Verdict::WouldBlock, Verdict::Allow]);
    assert_eq!(bench.counters().blocked, 0);

    bench.now.at = bench.now.at.plus_millis(60_000);
    assert_eq!(bench.ask(&question("www.games.example", A)).unwrap()[3] & 15, 3, "it ends by itself");
    assert_eq!(bench.events.all().last().unwrap().verdict, Verdict::Block);
}

#[test]
fn the_log_is_told_how_each_question_came_however_it_ends() {
    for transport in Transport::ALL {
        let mut bench = Bench::new();
        let answer =
            |question: &[u8]| crate::ground::respond(question, 0, &[record(HERE, A, 300, &[192, 0, 2, 1])]);
        assert!(bench.ask_as(PUPIL, transport, &question("www.games.example", A)).is_some(), "blocked");
        let open = question("www.example.org", A);
        assert_eq!(bench.ask_as(STAFF, transport, &open), None);
        bench.upstream(answer);
        assert!(bench.ask_as(STAFF, transport, &open).is_some(), "from the cache");
        assert_eq!(bench.ask_as(PUPIL, transport, &question("www.seek.example", A)), None);
        bench.upstream(answer);
        assert_eq!(bench.ask_as(STAFF, transport, &question("slow.example.org", A)), None);
        (0..100).for_each(|_| bench.pass_ms(50));
        let told: Vec<_> = bench.events.all().into_iter().map(|told| told.transport).collect();
        assert_eq!(told, [Some(transport); 5]);
    }
}

#[test]
fn an_answer_kept_for_one_group_is_decided_again_for_another() {
    let mut bench = Bench::new();
    let message = question("www.games.example", A);
    assert_eq!(bench.ask_as(STAFF, Transport::Udp, &message), None);
    bench.upstream(|question| crate::ground::respond(question, 0, &[record(HERE, A, 300, &[192, 0, 2, 1])]));
    assert_eq!(bench.replies.pop().unwrap().1[3] & 15, 0);
    assert_eq!(bench.ask_as(STAFF, Transport::Udp, &message).unwrap()[3] & 15, 0, "from the cache");
    assert_eq!(bench.ask_as(PUPIL, Transport::Udp, &message).unwrap()[3] & 15, 3, "never for pupils");
}

#[test]
fn a_new_block_works_at_once_on_a_kept_answer() {
    let mut bench = Bench::new();
    let message = question("www.example.org", A);
    bench.resolve(&message, 0, &[record(HERE, A, 3600, &[192, 0, 2, 1])]);
    assert_eq!(bench.ask(&message).unwrap()[3] & 15, 0);
    let problems = bench.school.swap_policy(policy("[[rule]]\ndo = \"block\"\nsite = \"example.org\"\n"));
    assert!(problems.is_empty());
    assert_eq!(bench.ask(&message).unwrap()[3] & 15, 3);
    bench.school.swap_policy(policy(""));
    assert_eq!(bench.ask(&message).unwrap()[3] & 15, 0);
}

#[test]
fn a_decision_taken_while_a_question_waits_counts() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&question("www.example.org", A)), None);
    bench.school.swap_policy(policy("[[rule]]\ndo = \"block\"\nsite = \"example.org\"\n"));
    bench.upstream(|question| crate::ground::respond(question, 0, &[record(HERE, A, 300, &[192, 0, 2, 1])]));
    assert_eq!(bench.replies.pop().unwrap().1[3] & 15, 3);
}

#[test]
fn every_name_and_address_of_an_answer_is_decided_on_kept_or_not() {
    let v6 = |last: u8| {
        let mut octets = [0; 16];
        octets[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        octets[15] = last;
        octets
    };
    let service = [vec![0, 1], wire("eu.tracker.example")].concat();
    let hint = [vec![0, 1, 0, 0, 4, 0, 8, 192, 0, 2, 1, 198, 51, 100, 66]].concat();
    let hint6 = [vec![0, 1, 0, 0, 6, 0, 16], v6(0x66).to_vec()].concat();
    let mapped = [[0; 10].to_vec(), vec![0xff, 0xff, 198, 51, 100, 66]].concat();
    let nat64 = [vec![0, 0x64, 0xff, 0x9b], vec![0; 8], vec![198, 51, 100, 66]].concat();
    let hint_nat64 = [vec![0, 1, 0, 0, 6, 0, 16], nat64.clone()].concat();
    let harmless = |owner: &str| record(&wire(owner), A, 300, &[192, 0, 2, 9]);
    for (kind, records, fact) in [
        (A, vec![alias("cdn.tracker.example"), harmless("cdn.tracker.example")], Fact::Chain(0)),
        (
            A,
            vec![
                alias("b.example.org"),
                record(&wire("b.example.org"), 5, 300, &wire("tracker.example")),
                harmless("tracker.example"),
            ],
            Fact::Chain(1),
        ),
        (
            A,
            vec![record(HERE, A, 300, &[192, 0, 2, 1]), record(HERE, A, 300, &[198, 51, 100, 66])],
            Fact::Address(1),
        ),
        (28, vec![record(HERE, 28, 300, &v6(1)), record(HERE, 28, 300, &v6(0x66))], Fact::Address(1)),
        (28, vec![record(HERE, 28, 300, &mapped)], Fact::Address(0)),
        (28, vec![record(HERE, 28, 300, &v6(1)), record(HERE, 28, 300, &nat64)], Fact::Address(1)),
        (65, vec![record(HERE, 65, 300, &hint_nat64)], Fact::Address(0)),
        (65, vec![record(HERE, 65, 300, &service)], Fact::Chain(0)),
        (65, vec![record(HERE, 65, 300, &hint)], Fact::Address(1)),
        (65, vec![record(HERE, 65, 300, &hint6)], Fact::Address(0)),
    ] {
        let mut bench = Bench::new();
        let message = question("www.example.org", kind);
        let late = bench.resolve(&message, 0, &records);
        assert_eq!(read(&late).answers.len(), 0, "{fact:?} of {records:02x?}");
        assert_eq!(late[3] & 15, 3);
        let cached = bench.ask(&message).unwrap();
        assert_eq!(cached[3] & 15, 3);
        assert_eq!(bench.counters().blocked, 2);
        let events = bench.events.all();
        assert!(events.iter().all(|told| told.verdict == Verdict::Block && told.fact == fact), "{events:?}");
        assert_eq!(events.len(), 2);
    }
}

#[test]
fn an_alias_through_a_name_with_odd_bytes_is_judged_by_its_ancestor() {
    let mut bench = Bench::new();
    let target = [&[3][..], b"a b", &wire("tracker.example")].concat();
    let answer = bench.resolve(&question("www.example.org", A), 0, &[record(HERE, 5, 300, &target)]);
    assert_eq!(answer[3] & 15, 3);
}

#[test]
fn a_help_site_is_answered_for_everyone_and_nothing_of_the_visit_is_told() {
    let mut bench = Bench::new();
    let message = question("chat.help.example", A);
    let late = bench.resolve(&message, 0, &[record(HERE, A, 300, &[198, 51, 100, 66])]);
    assert_eq!(late[3] & 15, 0, "even at an address that is blocked");
    bench.ask(&message).unwrap();
    let events = bench.events.all();
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|told| told.client.is_none() && told.host.is_none()), "{events:?}");
}

#[test]
fn every_answer_has_one_event() {
    let mut bench = Bench::new();
    bench.resolve(&question("www.example.org", A), 0, &[record(HERE, A, 300, &[192, 0, 2, 1])]);
    bench.ask(&question("www.example.org", A)).unwrap();
    bench.ask(&question("games.example", A)).unwrap();
    assert_eq!(bench.ask(&question("lost.example.org", A)), None);
    for _ in 0..200 {
        bench.pass_ms(50);
    }
    assert_eq!(bench.replies.len(), 1);
    let told: Vec<_> =
        bench.events.all().into_iter().map(|told| (told.host.unwrap(), told.verdict)).collect();
    let expected = [
        ("www.example.org", Verdict::Allow),
        ("www.example.org", Verdict::Allow),
        ("games.example", Verdict::Block),
        ("lost.example.org", Verdict::Allow),
    ];
    assert_eq!(told, expected.map(|(host, verdict)| (host.to_owned(), verdict)));
}

#[test]
fn what_the_name_blocks_no_answer_opens() {
    // A kept answer is decided once, with its names and addresses: this is why that is enough.
    let more = r#"
[[rule]]
do = "allow"
site = "allowed.example"

[[rule]]
do = "allow"
site = "203.0.113.5"

[[locked]]
set-by = "leadership"
do = "block"
site = "locked.example"

[[group]]
id = "strict"
name = "Strict"
unknown = "block"
"#;
    let policy = policy(more);
    let live = engine::Live::empty(&policy);
    let names = [
        "www.games.example",
        "tracker.example",
        "locked.example",
        "allowed.example",
        "chat.help.example",
        "x.example.org",
    ];
    let names = names.map(|name| HostName::new(name).unwrap());
    let addresses: [IpAddr; 3] =
        ["203.0.113.5", "198.51.100.66", "192.0.2.1"].map(|text| text.parse().unwrap());
    let at = Zone::utc().local(Timestamp::from_millis(1_790_000_000_000));
    let mut blocked = 0;
    for group in ["pupils", "staff", "strict"] {
        let groups = policy.groups().closure([group], |_| {});
        let identity = Identity { groups, ..Identity::default() };
        for host in names {
            let ask = |chain: &[HostName<'_>], addresses: &[IpAddr]| {
                let host = Host::Name(host);
                let request = Request {
                    host,
                    port: None,
                    path: None,
                    as_sent: None,
                    chain,
                    addresses,
                    identity: &identity,
                    front: Front::Dns,
                };
                engine::decide(&policy, &live, &request, at).verdict.is_block()
            };
            if ask(&[], &[]) {
                blocked += 1;
                for first in names {
                    for second in names {
                        for address in addresses {
                            assert!(
                                ask(&[first, second], &[address]),
                                "{group} {host} {first} {second} {address}"
                            );
                        }
                    }
                    assert!(ask(&[first], &[]), "{group} {host} {first}");
                }
            }
        }
    }
    assert!(blocked >= 7, "{blocked}");
}
