//! What becomes of an address that asks too much.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use front_dns::wire::write::Transport;

use crate::ground::{
    Bench, Events, HERE, PUPIL, STAFF, Upstream, question, read, record, respond, school, with_edns,
};

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

#[test]
fn over_a_stream_every_question_is_answered_and_what_is_beyond_the_bound_waits_for_its_turn() {
    let upstream = Upstream::answering(|question| {
        vec![respond(question, 0, &[record(HERE, A, 3_000, &[192, 0, 2, 1])])]
    });
    let slowed = |except: &[&str]| {
        let except = except.iter().map(|text| text.parse().unwrap()).collect();
        let config = front_dns::Config {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            upstreams: vec![upstream.address],
            threads: 2,
            rate: Some(front_dns::Rate { per_second: 50, except }),
            ..front_dns::Config::default()
        };
        let events = Arc::new(Events::default());
        let running = front_dns::start(config, school(), events.clone(), kit::Clock::System).unwrap();
        // From two connections at once: they are one device.
        let streams: Vec<_> = (0..2)
            .map(|_| {
                let stream = TcpStream::connect(running.addresses()[0]).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                stream
            })
            .collect();
        let asked = question("www.example.org", A);
        let framed = [&(asked.len() as u16).to_be_bytes()[..], &asked].concat();
        for mut stream in &streams {
            stream.write_all(&framed.repeat(55)).unwrap();
        }
        for mut stream in &streams {
            for _ in 0..55 {
                let mut length = [0; 2];
                stream.read_exact(&mut length).unwrap();
                let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut answer).unwrap();
                assert_eq!((answer[3] & 15, answer[7]), (0, 1));
            }
        }
        assert_eq!(events.all().len(), 110);
        let counters = running.counters();
        running.stop();
        (counters.slowed, counters.limited)
    };
    let (waited, limited) = slowed(&[]);
    assert!((1..=9).contains(&waited), "a hundred and one at once and fifty a second after: {waited}");
    assert_eq!(limited, 0, "streams and datagrams are counted apart");
    assert_eq!(slowed(&["127.0.0.0/8"]), (0, 0));
}
