//! Asking upstreams, without sockets: who is believed, who is asked next, and what is bounded.

use front_dns::wire::write::Transport;

use crate::ground::{Bench, HERE, question, question_end, read, record, respond, wire, with_edns};

const A: u16 = 1;

fn address(last: u8) -> Vec<u8> {
    record(HERE, A, 300, &[192, 0, 2, last])
}

/// The question in lower case, its id as it was: that may hold a byte which is a capital letter's.
fn respelt(sent: &[u8]) -> Vec<u8> {
    let mut question = sent.to_vec();
    question[12..].make_ascii_lowercase();
    question
}

#[test]
fn rfc5452_6_only_the_answer_that_was_asked_for_is_believed() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&question("www.example.org", A)), None);
    let (way, sent) = bench.sent[0].clone();
    let good = respond(&sent, 0, &[address(1)]);
    let mut wrong_id = good.clone();
    wrong_id[1] ^= 1;
    let mut wrong_name = good.clone();
    wrong_name[13] ^= 3;
    let mut wrong_type = good.clone();
    let end = question_end(&good);
    wrong_type[end - 3] = 28;
    let mut a_question = good.clone();
    a_question[2] &= 0x7f;
    let mut no_question = good.clone();
    no_question[5] = 0;
    let mut other_way = way;
    other_way.slot = (way.slot + 1) % 16;
    for (way, forged) in [
        (way, wrong_id),
        (way, wrong_name),
        (way, wrong_type),
        (way, a_question),
        (way, no_question),
        (other_way, good.clone()),
        (way, good[..11].to_vec()),
        (way, Vec::new()),
    ] {
        bench.resolver.answered(way, &forged, bench.now);
        bench.collect();
        assert!(bench.replies.is_empty() && bench.streamed.is_empty(), "{forged:02x?}");
    }
    assert_eq!(bench.counters().mismatched, 8);
    bench.resolver.answered(way, &good, bench.now);
    bench.collect();
    assert_eq!(read(&bench.replies[0].1).answers.len(), 1);
    bench.resolver.answered(way, &good, bench.now);
    assert_eq!(bench.counters().mismatched, 9, "a second answer comes too late");
}

#[test]
fn rfc5452_4_ids_sockets_and_spellings_cannot_be_guessed() {
    let mut bench = Bench::with(1, 4096);
    for number in 0..1000 {
        bench.now.ms += 1;
        assert_eq!(bench.ask(&question(&format!("host{number:04}.example.org"), A)), None);
    }
    let distinct = |values: Vec<u64>| values.into_iter().collect::<std::collections::HashSet<_>>().len();
    let ids = bench.sent.iter().map(|(_, sent)| (u64::from(sent[0]) << 8) | u64::from(sent[1]));
    assert!(distinct(ids.collect()) > 900);
    assert_eq!(distinct(bench.sent.iter().map(|(way, _)| way.slot as u64).collect()), 16);
    let capitals: usize = bench
        .sent
        .iter()
        .map(|(_, sent)| sent[13..33].iter().filter(|byte| byte.is_ascii_uppercase()).count())
        .sum();
    // Fourteen letters each, half of them capitals.
    assert!((6_000..8_000).contains(&capitals), "{capitals}");
}

#[test]
fn dns0x20_another_spelling_is_asked_again_over_a_stream() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&question("www.example.org", A)), None);
    bench.upstream(|question| {
        let mut forged = respond(question, 0, &[address(66)]);
        forged[12..29].iter_mut().filter(|byte| byte.is_ascii_alphabetic()).for_each(|byte| *byte ^= 0x20);
        forged
    });
    assert!(bench.replies.is_empty());
    let (ticket, sent) = bench.streamed.remove(0);
    // A server that spells as it likes is believed over a stream.
    let answer = respond(&respelt(&sent), 0, &[address(1)]);
    let answer = [&sent[..2], &answer[2..]].concat();
    bench.resolver.stream_answered(ticket, Some(&answer), bench.now);
    bench.collect();
    assert!(bench.replies[0].1.ends_with(&[192, 0, 2, 1]));
}

#[test]
fn rfc7766_5_a_cut_answer_is_asked_again_over_a_stream() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask_as("127.0.0.1", Transport::Tcp, &question("many.example.org", A)), None);
    bench.upstream(|question| {
        let mut cut = respond(question, 0, &[]);
        cut[2] |= 2;
        cut
    });
    let (ticket, sent) = bench.streamed.remove(0);
    let records: Vec<_> = (0..200).map(address).collect();
    bench.resolver.stream_answered(ticket, Some(&respond(&sent, 0, &records)), bench.now);
    bench.collect();
    assert_eq!(read(&bench.replies[0].1).answers.len(), 200);
    // A ticket is good once.
    bench.resolver.stream_answered(ticket, Some(&respond(&sent, 0, &records)), bench.now);
    bench.collect();
    assert_eq!(bench.replies.len(), 1);
}

#[test]
fn rfc6891_7_a_server_that_does_not_know_edns_is_asked_without() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&question("www.example.org", A)), None);
    assert_eq!(bench.sent[0].1[11], 1);
    bench.upstream(|question| respond(question, 1, &[]));
    assert_eq!(bench.sent[0].1[11], 0);
    bench.upstream(|question| respond(question, 0, &[address(1)]));
    assert_eq!(bench.replies[0].1[3] & 15, 0);
}

#[test]
fn the_same_question_flies_once_for_all_who_ask_it() {
    let mut bench = Bench::new();
    for spelling in ["www.example.org", "WWW.example.org", "www.EXAMPLE.org"] {
        assert_eq!(bench.ask(&question(spelling, A)), None);
    }
    assert_eq!(bench.ask(&question("www.example.org", 28)), None);
    assert_eq!(bench.sent.len(), 2);
    bench.upstream(|question| respond(question, 0, &[address(1)]));
    let spellings: Vec<_> = bench.replies.iter().map(|(_, reply)| reply[12..29].to_vec()).collect();
    assert_eq!(spellings, ["www.example.org", "WWW.example.org", "www.EXAMPLE.org"].map(wire));
}

#[test]
fn a_silent_upstream_is_left_for_another_and_the_last_failure_is_told() {
    let mut bench = Bench::with(2, 64);
    assert_eq!(bench.ask(&with_edns(question("www.example.org", A), 1232, false)), None);
    let first = bench.sent[0].0.upstream;
    let mut passed = 0;
    while bench.sent.len() < 2 {
        bench.pass_ms(10);
        passed += 10;
        assert!(passed <= 200, "the other is asked soon");
    }
    assert_ne!(bench.sent[1].0.upstream, first);
    let (way, late) = bench.sent.remove(0);
    for _ in 0..100 {
        bench.pass_ms(50);
    }
    // The answer of the first comes too late to be believed: nobody waits on its socket any more.
    bench.resolver.answered(way, &respond(&late, 0, &[address(66)]), bench.now);
    assert_eq!(bench.counters().mismatched, 1);
    let (_, answer) = bench.replies.pop().unwrap();
    assert_eq!(answer[3] & 15, 2);
    let text = b"\0\x16No upstream server answered in time.";
    assert!(answer.windows(text.len()).any(|part| part == text), "{answer:02x?}");
    assert_eq!(bench.resolver.waiting(), 0);
    assert!(bench.counters().asked_upstream <= 6);
}

#[test]
fn an_upstream_that_cannot_help_is_left_for_another() {
    for useless in [2u8, 5, 4, 9] {
        let mut bench = Bench::with(3, 64);
        assert_eq!(bench.ask(&with_edns(question("www.example.org", A), 1232, false)), None);
        let mut asked = vec![bench.sent[0].0.upstream];
        bench.upstream(|question| respond(question, useless, &[]));
        if useless == 4 {
            bench.upstream(|question| respond(question, useless, &[]));
        }
        asked.push(bench.sent[0].0.upstream);
        bench.upstream(|question| respond(question, 0, &[record(HERE, 5, 300, HERE)]));
        asked.push(bench.sent[0].0.upstream);
        bench.upstream(|question| [&respond(question, 0, &[address(1)])[..], b"trailing"].concat());
        asked.sort_unstable();
        assert_eq!(asked, [0, 1, 2], "each is asked once");
        let answer = &bench.replies[0].1;
        let failed = answer[3] & 15 == 2;
        // What follows a message is no part of it; an alias of itself is no answer.
        assert!(!failed || answer.windows(2).any(|code| code == [0, 23]));
    }
}

#[test]
fn an_alias_that_leads_in_a_circle_or_too_far_is_no_answer() {
    let hop = |from: usize, to: usize| {
        record(&wire(&format!("h{from}.example.org")), 5, 300, &wire(&format!("h{to}.example.org")))
    };
    let circle = vec![record(HERE, 5, 300, &wire("h0.example.org")), hop(0, 1), hop(1, 0)];
    let home = vec![record(HERE, 5, 300, &wire("www.example.org"))];
    let far: Vec<_> = std::iter::once(record(HERE, 5, 300, &wire("h0.example.org")))
        .chain((0..16).map(|at| hop(at, at + 1)))
        .collect();
    for records in [circle, home, far] {
        let mut bench = Bench::new();
        let answer = bench.resolve(&question("www.example.org", A), 0, &records);
        assert_eq!(answer[3] & 15, 2);
        assert_eq!(bench.ask(&question("www.example.org", A)), None, "and it is not kept");
    }
    let enough: Vec<_> = std::iter::once(record(HERE, 5, 300, &wire("h0.example.org")))
        .chain((0..15).map(|at| hop(at, at + 1)))
        .collect();
    assert_eq!(Bench::new().resolve(&question("www.example.org", A), 0, &enough)[3] & 15, 0);
}

#[test]
fn a_burst_of_unlike_questions_gives_the_oldest_up_and_stays_bounded() {
    let mut bench = Bench::with(1, 64);
    for number in 0..10_000 {
        let message = with_edns(question(&format!("u{number}.example.org"), A), 1232, false);
        assert_eq!(bench.ask(&message), None);
        assert!(bench.resolver.waiting() <= 64);
    }
    assert_eq!(bench.replies.len(), 10_000 - 64);
    assert_eq!(bench.counters().overflowed, 10_000 - 64);
    for (place, (number, answer)) in bench.replies.iter().enumerate() {
        assert_eq!((*number as usize, answer[3] & 15), (place + 1, 2), "the oldest goes first");
        let text = b"Too many questions wait";
        assert!(answer.windows(text.len()).any(|part| part == text));
    }
    // Those that still wait are answered.
    let (way, last) = bench.sent.pop().unwrap();
    bench.resolver.answered(way, &respond(&last, 0, &[address(1)]), bench.now);
    bench.collect();
    assert_eq!(bench.replies.last().unwrap().1[3] & 15, 0);
}

#[test]
fn a_crowd_that_waits_for_one_question_is_bounded() {
    let mut bench = Bench::new();
    let answers: usize = (0..5_000).filter(|_| bench.ask(&question("www.example.org", A)).is_some()).count();
    assert_eq!(answers, 5_000 - 2_048);
    bench.upstream(|question| respond(question, 0, &[address(1)]));
    assert_eq!(bench.replies.len(), 2_048);
}

#[test]
fn all_crowds_together_are_bounded() {
    let mut bench = Bench::with(1, 1_000);
    let mut refused = 0;
    for round in 0..10 {
        for number in 0..1_000 {
            let message = question(&format!("u{number}.example.org"), A);
            refused += usize::from(bench.ask(&message).is_some());
            assert!(round > 0 || refused == 0);
        }
    }
    assert_eq!(refused, 10_000 - 4_000);
}

#[test]
fn a_name_that_points_into_the_header_is_no_answer() {
    // The header is rewritten for each device, so such a name would say one thing to us and another to the device.
    for target in [0u8, 2, 4, 11] {
        let answer = Bench::new().resolve(
            &question("www.example.org", A),
            0,
            &[record(HERE, 5, 300, &[0xc0, target])],
        );
        assert_eq!(answer[3] & 15, 2, "{target}");
    }
}

/// A question that was sent twice, since the first attempt was waited for long enough.
fn sent_twice() -> Bench {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&question("www.example.org", A)), None);
    while bench.sent.len() < 2 {
        bench.pass_ms(20);
    }
    bench
}

#[test]
fn whichever_attempt_is_answered_first_counts_and_the_other_comes_too_late() {
    for first in [0, 1] {
        let mut bench = sent_twice();
        let both = bench.sent.clone();
        assert_ne!(both[0].1[..2], both[1].1[..2], "each has its own id");
        for (number, (way, sent)) in [first, 1 - first].into_iter().zip([&both[first], &both[1 - first]]) {
            bench.resolver.answered(*way, &respond(sent, 0, &[address(number as u8 + 1)]), bench.now);
            bench.collect();
            assert_eq!(bench.replies.len(), 1, "answered once");
        }
        assert!(bench.replies[0].1.ends_with(&[192, 0, 2, first as u8 + 1]), "attempt {first}");
        assert_eq!(bench.counters().mismatched, 1);
        assert_eq!(bench.resolver.waiting(), 0);
    }
}

#[test]
fn a_late_answer_is_checked_as_any_other_and_a_useless_one_leaves_the_second_attempt_waiting() {
    let late = |how: fn(&[u8]) -> Vec<u8>| {
        let mut bench = sent_twice();
        bench.upstream(how);
        bench
    };
    let forged = late(|sent| {
        let mut answer = respond(sent, 0, &[address(66)]);
        answer[13] ^= 3;
        answer
    });
    let failed = late(|sent| respond(sent, 2, &[]));
    for mut bench in [forged, failed] {
        assert_eq!((bench.replies.len(), bench.resolver.waiting()), (0, 1));
        bench.upstream(|sent| respond(sent, 0, &[address(7)]));
        assert!(bench.replies[0].1.ends_with(&[192, 0, 2, 7]));
    }
    // One that is cut, or was spelt by somebody else, sends us to a stream as ever.
    let cut = late(|sent| {
        let mut cut = respond(sent, 0, &[]);
        cut[2] |= 2;
        cut
    });
    let respelt = late(|sent| respond(&respelt(sent), 0, &[address(66)]));
    for bench in [cut, respelt] {
        assert!(bench.replies.is_empty());
        assert_eq!(bench.streamed.len(), 1);
    }
}

#[test]
fn a_slow_upstream_is_waited_for_as_long_as_a_device_waits() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&question("www.example.org", A)), None);
    (0..200).for_each(|_| bench.pass_ms(20));
    let (way, sent) = bench.sent[0].clone();
    bench.resolver.answered(way, &respond(&sent, 0, &[address(1)]), bench.now);
    bench.collect();
    assert!(bench.replies[0].1.ends_with(&[192, 0, 2, 1]), "four seconds are not too long");
    assert!(bench.sent.len() <= 6, "and nobody is asked for ever: {}", bench.sent.len());
}
