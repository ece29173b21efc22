//! What a question that is under way owes the activity log is paid, however the question ends, and answers from the
//! cache owe nothing.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use front_dns::wire::write::Transport;

use crate::ground::{Bench, Events, HERE, PUPIL, STAFF, front, question, record, respond, school};

fn here() -> Vec<u8> {
    record(HERE, 1, 300, &[192, 0, 2, 1])
}

#[test]
fn each_device_that_waits_is_owed_for_until_it_is_answered() {
    let mut bench = Bench::new();
    let message = question("www.example.org", 1);
    assert_eq!(bench.ask(&message), None);
    assert_eq!(bench.ask_as(STAFF, Transport::Udp, &message), None);
    assert_eq!((bench.events.owed(), bench.events.all().len()), ((2, 0), 0));
    bench.upstream(|question| respond(question, 0, &[here()]));
    assert_eq!((bench.events.owed(), bench.events.all().len()), ((0, 0), 2));
    // What is answered at once, from the cache or because it is blocked, is never owed.
    assert!(bench.ask(&message).is_some() && bench.ask(&question("games.example", 1)).is_some());
    assert_eq!((bench.events.owed(), bench.events.all().len()), ((0, 0), 4));
}

#[test]
fn a_question_that_is_given_up_or_turns_out_blocked_is_paid() {
    let mut bench = Bench::new();
    bench.resolve(&question("www.example.org", 1), 0, &[record(HERE, 1, 300, &[198, 51, 100, 66])]);
    assert_eq!((bench.events.owed(), bench.events.all().len()), ((0, 0), 1));
    assert_eq!(bench.ask(&question("slow.example.org", 1)), None);
    assert_eq!(bench.events.owed(), (1, 0));
    (0..100).for_each(|_| bench.pass_ms(50));
    assert_eq!((bench.events.owed(), bench.events.all().len()), ((0, 0), 2));
    assert_eq!(bench.replies.len(), 1, "a failure is said");
}

#[test]
fn must_hold_2_a_question_for_a_help_site_is_not_owed() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask_as(PUPIL, Transport::Udp, &question("help.example", 1)), None);
    assert_eq!(bench.events.owed(), (0, 0));
    // The root is nobody's site: no event will come.
    assert_eq!(bench.ask(&question("", 2)), None);
    assert_eq!(bench.events.owed(), (0, 0));
}

#[test]
fn what_waits_when_the_front_stops_is_told() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    silent.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let events = Arc::new(Events::default());
    let running = front(&[silent.local_addr().unwrap()], school(), events.clone());
    let device = UdpSocket::bind("127.0.0.1:0").unwrap();
    device.send_to(&question("www.example.org", 1), running.addresses()[0]).unwrap();
    silent.recv_from(&mut [0; 512]).unwrap();
    assert_eq!(events.owed(), (1, 0));
    running.stop();
    assert_eq!((events.owed(), events.all().len()), ((0, 0), 1));
}
