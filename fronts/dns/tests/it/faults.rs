//! Upstreams that are dead, slow and lying, over real sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clients::dig;
use crate::ground::{Events, HERE, Upstream, front, front_of, question, record, respond, school, wire};

fn address(last: u8) -> Vec<u8> {
    record(HERE, 1, 300, &[192, 0, 2, last])
}

fn good() -> Upstream {
    Upstream::answering(|question| vec![respond(question, 0, &[address(1)])])
}

/// A port of loopback where nobody listens.
fn nobody() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// What dig says about a name when asking through those upstreams, and how long it took.
fn through(upstreams: &[SocketAddr]) -> (String, Duration) {
    let running = front(upstreams, school(), Arc::new(Events::default()));
    let start = Instant::now();
    let answer = dig(running.addresses()[0], "www.example.org A");
    (answer, start.elapsed())
}

#[test]
fn a_dead_upstream_is_passed_over_at_once() {
    let other = good();
    let (answer, took) = through(&[nobody(), other.address]);
    assert!(answer.contains("192.0.2.1"), "{answer}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let (answer, _) = through(&[nobody()]);
    assert!(answer.contains("status: SERVFAIL") && answer.contains("EDE: 23 (Network Error)"), "{answer}");
}

#[test]
fn a_slow_upstream_is_passed_over_and_one_that_never_answers_ends_in_an_error_in_time() {
    let silent = Upstream::answering(|_| vec![]);
    let other = good();
    let (answer, took) = through(&[silent.address, other.address]);
    assert!(answer.contains("192.0.2.1"), "{answer}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let (answer, took) = through(&[silent.address]);
    assert!(answer.contains("EDE: 22 (No Reachable Authority)"), "{answer}");
    assert!(took < Duration::from_secs(5), "before a device gives up: {took:?}");
}

#[test]
fn a_first_answer_that_comes_after_the_second_question_is_taken() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let running = front(&[socket.local_addr().unwrap()], school(), Arc::new(Events::default()));
    let device = UdpSocket::bind("127.0.0.1:0").unwrap();
    device.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    device.send_to(&question("www.example.org", 1), running.addresses()[0]).unwrap();
    let mut buffer = [0; 2048];
    let mut asked = || {
        let (length, asker) = socket.recv_from(&mut buffer).unwrap();
        (buffer[..length].to_vec(), asker)
    };
    // The first is answered once the second has come, and the second never.
    let (first, asker) = asked();
    let (second, _) = asked();
    assert_ne!(first[..2], second[..2], "each has its own id");
    socket.send_to(&respond(&first, 0, &[address(1)]), asker).unwrap();
    let mut answer = [0; 2048];
    let length = device.recv(&mut answer).unwrap();
    assert!(answer[..length].ends_with(&[192, 0, 2, 1]));
}

#[test]
fn rfc8767_the_last_answer_stands_in_while_no_upstream_answers() {
    let here = |last| record(HERE, 1, 1, &[192, 0, 2, last]);
    let upstream = Upstream::answering(move |question| vec![respond(question, 0, &[here(9)])]);
    let running = front_of(1, &[upstream.address], school(), Arc::new(Events::default()));
    let ask = || dig(running.addresses()[0], "www.example.org A");
    assert!(ask().contains("192.0.2.9"));
    drop(upstream);
    let until = Instant::now() + Duration::from_secs(20);
    let answer = loop {
        let answer = ask();
        if answer.contains("EDE: 3") || Instant::now() > until {
            break answer;
        }
    };
    assert!(answer.contains("EDE: 3 (Stale Answer)") && answer.contains("192.0.2.9"), "{answer}");
    assert!(answer.contains("\t30\tIN\tA") || answer.contains(" 30 IN A"), "{answer}");
}

#[test]
fn a_lying_upstream_is_not_believed() {
    type Lie = fn(&[u8]) -> Vec<u8>;
    let lies: [Lie; 6] = [
        |question| {
            let mut answer = respond(question, 0, &[address(66)]);
            answer[0] ^= 0x80;
            answer
        },
        |question| {
            let mut answer = respond(question, 0, &[address(66)]);
            answer[14] = b'x';
            answer
        },
        |_| b"rubbish that is no message at all".to_vec(),
        |question| respond(question, 0, &[record(HERE, 5, 300, HERE)]),
        |question| {
            let mut answer = respond(question, 0, &[address(66)]);
            answer.truncate(answer.len() - 2);
            answer
        },
        |question| {
            // A record whose name points at itself.
            let at = crate::ground::question_end(question) as u8;
            respond(question, 0, &[record(&[0xc0, at], 1, 300, &[192, 0, 2, 66])])
        },
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let liar = Upstream::answering(move |question| vec![lie(question)]);
        let other = good();
        let (answer, _) = through(&[liar.address, other.address]);
        assert!(answer.contains("192.0.2.1"), "lie {number}: {answer}");
        // The truth that follows a lie from the same place is believed, where the lie did not answer the question.
        if number < 3 {
            let torn =
                Upstream::answering(move |question| vec![lie(question), respond(question, 0, &[address(2)])]);
            let (answer, _) = through(&[torn.address]);
            assert!(answer.contains("192.0.2.2") && !answer.contains("192.0.2.66"), "lie {number}: {answer}");
        }
    }
}

#[test]
fn rfc5452_9_1_an_answer_from_elsewhere_is_not_believed() {
    let forger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let running = front(&[socket.local_addr().unwrap()], school(), Arc::new(Events::default()));
    let device = UdpSocket::bind("127.0.0.1:0").unwrap();
    device.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    device.send_to(&question("www.example.org", 1), running.addresses()[0]).unwrap();
    let mut buffer = [0; 2048];
    let (length, asker) = socket.recv_from(&mut buffer).unwrap();
    assert!(asker.port() >= 1024);
    let asked = buffer[..length].to_vec();
    // The forger has seen everything but answers from another port.
    for _ in 0..10 {
        forger.send_to(&respond(&asked, 0, &[address(66)]), asker).unwrap();
    }
    socket.send_to(&respond(&asked, 0, &[address(1)]), asker).unwrap();
    let length = device.recv(&mut buffer).unwrap();
    assert!(buffer[..length].ends_with(&[192, 0, 2, 1]));
}

#[test]
fn rfc7766_a_cut_answer_is_fetched_over_tcp() {
    fetched_over_tcp(|question| {
        let mut cut = respond(question, 0, &[]);
        cut[2] |= 2;
        cut
    });
}

#[test]
fn an_answer_larger_than_was_asked_for_is_fetched_over_tcp() {
    // It says nothing of being cut, and arrives cut all the same.
    fetched_over_tcp(|question| respond(question, 0, &(0..120).map(address).collect::<Vec<_>>()));
}

/// What a datagram does not hold is asked for again over a stream.
fn fetched_over_tcp(datagram: fn(&[u8]) -> Vec<u8>) {
    // A datagram upstream and a stream upstream on one port.
    let (listener, cutter) = loop {
        let cutter = Upstream::answering(move |question| vec![datagram(question)]);
        if let Ok(listener) = TcpListener::bind(cutter.address) {
            break (listener, cutter);
        }
    };
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut question).unwrap();
        let records: Vec<_> = (0..100).map(address).collect();
        let answer = respond(&question, 0, &records);
        stream.write_all(&(answer.len() as u16).to_be_bytes()).unwrap();
        stream.write_all(&answer).unwrap();
    });
    // dig itself comes back over TCP when our own answer is cut, and finds it kept.
    let running = front_of(1, &[cutter.address], school(), Arc::new(Events::default()));
    let answer = dig(running.addresses()[0], "www.example.org A");
    thread.join().unwrap();
    assert_eq!(answer.matches("IN\tA\t192.0.2.").count(), 100, "{answer}");
}

#[test]
fn rfc7766_6_2_1_1_one_connection_carries_many_questions_and_rubbish_ends_only_its_own() {
    let upstream = good();
    let running = front(&[upstream.address], school(), Arc::new(Events::default()));
    let connect = || {
        let stream = TcpStream::connect(running.addresses()[0]).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    };
    let mut stream = connect();
    let mut all = Vec::new();
    for number in 0..100u16 {
        let mut message = question(&format!("host{number}.example.org"), 1);
        message[..2].copy_from_slice(&number.to_be_bytes());
        all.extend((message.len() as u16).to_be_bytes());
        all.extend(message);
    }
    stream.write_all(&all).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer).unwrap();
        assert!(answer.ends_with(&[192, 0, 2, 1]));
        ids.insert(u16::from_be_bytes([answer[0], answer[1]]));
    }
    assert_eq!(ids.len(), 100);
    let mut rude = connect();
    rude.write_all(&[0, 3, 1, 2, 3]).unwrap();
    assert_eq!(rude.read(&mut [0; 16]).unwrap(), 0, "a message too short to be one ends the connection");
    // A message that never comes whole holds up nobody.
    let mut slow = connect();
    slow.write_all(&[1, 0, 0]).unwrap();
    assert!(dig(running.addresses()[0], "+tcp www.example.org A").contains("192.0.2.1"));
}

#[test]
fn rubbish_in_a_thousand_shapes_stops_nothing() {
    let upstream = good();
    let running = front(&[upstream.address], school(), Arc::new(Events::default()));
    let device = UdpSocket::bind("127.0.0.1:0").unwrap();
    let template = question("www.example.org", 1);
    for number in 0..1000usize {
        let mut message = template.clone();
        let place = number % message.len();
        message[place] = message[place].wrapping_add((number / 7) as u8);
        message.truncate(1 + number % 40);
        device.send_to(&message, running.addresses()[0]).unwrap();
    }
    device.send_to(&[0xff; 5000], running.addresses()[0]).unwrap();
    device.send_to(&[&template[..12], &wire("a")[..1]].concat(), running.addresses()[0]).unwrap();
    assert!(dig(running.addresses()[0], "www.example.org A").contains("192.0.2.1"));
}
