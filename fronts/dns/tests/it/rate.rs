//! What becomes of an address that asks too much.

use front_dns::wire::write::Transport;

use crate::ground::{Bench, HERE, PUPIL, STAFF, question, read, record, with_edns};

const A: u16 = 1;

/// A bench where each address may ask so many questions a second, with an answer kept that any of them may have.
fn bench(per_second: u32, except: &[&str]) -> (Bench, Vec<u8>) {
    let mut bench = Bench::limited(per_second, except);
    let asked = question("www.example.org", A);
    assert_eq!(bench.ask_as("192.0.2.200", Transport::Udp, &asked), None);
    bench
        .upstream(|question| crate::ground::respond(question, 0, &[record(HERE, A, 3_000, &[192, 0, 2, 1])]));
    bench.replies.clear();
    (bench, asked)
}

#[test]
fn beyond_its_bound_every_other_datagram_is_told_to_come_over_a_stream_and_the_rest_get_nothing() {
    let (mut bench, asked) = bench(10, &[]);
    let asked = with_edns(asked, 1232, false);
    let answers: Vec<_> = (0..41).map(|_| bench.ask(&asked)).collect();
    let (within, beyond) = answers.split_at(21);
    assert!(within.iter().all(|answer| answer.as_ref().is_some_and(|answer| answer[7] == 1)));
    for (place, answer) in beyond.iter().enumerate() {
        match answer {
            Some(answer) => {
                assert_eq!(place % 2, 0);
                let message = read(answer);
                assert!(message.metadata.truncation && message.answers.is_empty());
                assert!(answer.len() <= asked.len(), "no more comes back than was sent");
            }
            None => assert_eq!(place % 2, 1),
        }
    }
    assert_eq!(bench.counters().limited, 20);
    // Nothing of it is told to the log: a flood would fill it.
    assert_eq!(bench.events.all().len(), 22);
    // Over a stream the device is answered, and so is any other in datagrams.
    assert_eq!(bench.ask_as(PUPIL, Transport::Tcp, &asked).unwrap()[7], 1);
    assert_eq!(bench.ask_as(PUPIL, Transport::Tls, &asked).unwrap()[7], 1);
    assert_eq!(bench.ask_as(STAFF, Transport::Udp, &asked).unwrap()[7], 1);
    // And so is the device itself, a moment later.
    bench.pass_ms(1_000);
    assert_eq!((0..12).filter(|_| bench.ask(&asked).is_some_and(|answer| answer[7] == 1)).count(), 10);
}

#[test]
fn help_is_answered_however_much_is_asked() {
    let (mut bench, asked) = bench(10, &[]);
    let help = question("chat.help.example", A);
    assert_eq!(bench.ask(&help), None);
    bench
        .upstream(|question| crate::ground::respond(question, 0, &[record(HERE, A, 3_000, &[192, 0, 2, 9])]));
    for _ in 0..50 {
        bench.ask(&asked);
    }
    for _ in 0..10 {
        assert_eq!(bench.ask(&help).unwrap()[7], 1);
    }
    // Only where it is: what else is asked of its names could be long, and be sent to somebody else.
    let others = (0..10).filter_map(|_| bench.ask(&question("chat.help.example", 16))).collect::<Vec<_>>();
    assert!(bench.sent.is_empty() && others.iter().all(|answer| answer[2] & 2 != 0), "{others:?}");
}

#[test]
fn a_resolver_that_asks_for_many_may_be_excepted() {
    let (mut bench, asked) = bench(10, &["127.0.0.0/30"]);
    assert!((0..1_000).all(|_| bench.ask(&asked).is_some_and(|answer| answer[7] == 1)));
    assert_eq!(bench.counters().limited, 0);
}
