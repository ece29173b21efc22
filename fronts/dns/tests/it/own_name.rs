//! Names below the gate's own, one label of which is a secret: a device asks for the address in the open before it asks through it.

use front_dns::wire::write::Transport;

use crate::ground::{Bench, HERE, OWN_NAME, PUPIL, question, read, record, respond, wire, with_edns};

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz";

fn name() -> String {
    format!("{TOKEN}.{OWN_NAME}")
}

/// Whether the bytes hold a token, whatever its letters' case.
fn has_token(bytes: &[u8]) -> bool {
    bytes.to_ascii_lowercase().windows(20).any(|part| TOKEN.as_bytes().starts_with(part))
}

/// Nothing that left the resolver and nothing that was written down holds a token.
fn nothing_tells(bench: &Bench) {
    assert!(bench.sent.iter().all(|(_, sent)| !has_token(sent)), "{:02x?}", bench.sent);
    let told = bench.events.all();
    assert!(told.iter().all(|told| told.host.as_deref() == Some(OWN_NAME)), "{told:?}");
}

#[test]
fn a_name_of_somebodys_own_is_answered_with_the_gates_address_and_no_token_goes_out_or_is_written() {
    let mut bench = Bench::new();
    for (kind, data) in
        [(1, &[203, 0, 113, 9][..]), (28, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9])]
    {
        assert_eq!(bench.ask(&with_edns(question(&name(), kind), 1232, false)), None);
        assert_eq!(bench.sent.len(), 1);
        assert!(
            bench.sent[0].1.to_ascii_lowercase().windows(5).any(|part| part == b"\x03dns\x06"),
            "the name itself is asked for"
        );
        nothing_tells(&bench);
        bench.upstream(|sent| respond(sent, 0, &[record(HERE, kind, 300, data)]));
        let (_, answer) = bench.replies.pop().unwrap();
        let answer = read(&answer);
        assert_eq!(answer.metadata.response_code, hickory_proto::op::ResponseCode::NoError);
        assert_eq!(answer.answers.len(), 2, "{answer}");
        assert_eq!(answer.answers[0].name.to_string(), format!("{}.", name()));
        // Again, over a stream, in capitals and for another token: the kept answer of the name itself does for all.
        for other in [name(), name().to_uppercase(), format!("{}q.{OWN_NAME}", &TOKEN[1..])] {
            let again = bench.ask_as(PUPIL, Transport::Tcp, &question(&other, kind)).unwrap();
            assert_eq!(read(&again).answers.len(), 2, "{other}");
        }
    }
    assert_eq!(bench.events.all().len(), 8);
    nothing_tells(&bench);
}

#[test]
fn what_is_no_address_there_is_nothing_and_asks_nobody() {
    let mut bench = Bench::new();
    for (name, kind) in [(name(), 65), (name(), 16), (format!("_853._tcp.{}", name()), 52), (name(), 255)] {
        let answer = bench.ask(&question(&name, kind)).unwrap();
        assert_eq!((answer[3] & 15, read(&answer).answers.len()), (0, 0), "{name} {kind}");
    }
    assert!(bench.sent.is_empty());
    assert_eq!(bench.events.all().len(), 4);
    nothing_tells(&bench);
}

#[test]
fn where_the_name_itself_is_nowhere_so_is_what_lies_below_and_a_failure_tells_nothing_either() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&question(&name(), 1)), None);
    bench.upstream(|sent| respond(sent, 3, &[]));
    let (_, answer) = bench.replies.pop().unwrap();
    assert_eq!((answer[3] & 15, read(&answer).answers.len()), (0, 0), "it has no address");
    // Nobody answers.
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&question(&name(), 1)), None);
    for _ in 0..60 {
        nothing_tells(&bench);
        bench.sent.clear();
        bench.pass_ms(100);
    }
    assert_eq!(bench.replies.pop().unwrap().1[3] & 15, 2);
    assert_eq!(bench.events.all().len(), 1);
    nothing_tells(&bench);
    // The front ends while it waits.
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&question(&name(), 1)), None);
    bench.resolver.close(bench.now);
    assert_eq!(bench.events.all().len(), 1);
    nothing_tells(&bench);
}

#[test]
fn another_host_below_the_name_is_one_like_any_other() {
    let mut bench = Bench::new();
    for host in
        ["www.dns.school.example", "a-host-of-twenty-six-chars.dns.school.example", "dns.school.example"]
    {
        assert_eq!(bench.ask(&question(host, 1)), None, "{host}");
        let (_, sent) = bench.sent.pop().unwrap();
        assert!(sent.to_ascii_lowercase().windows(wire(host).len()).any(|part| part == wire(host)), "{host}");
    }
}
