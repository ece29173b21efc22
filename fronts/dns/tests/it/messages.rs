//! Messages and what becomes of them, by the RFCs.

use front_dns::wire::write::Transport;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::ground::{Bench, HERE, PUPIL, question, question_end, read, record, respond, wire, with_edns};

const A: u16 = 1;

#[test]
fn rfc1035_7_3_what_is_no_question_gets_no_answer() {
    let mut bench = Bench::new();
    let mut response = question("www.example.org", A);
    response[2] |= 0x80;
    for rubbish in [&b""[..], b"\0", &[0; 11], &response] {
        assert_eq!(bench.ask(rubbish), None);
    }
    assert!(bench.sent.is_empty());
    assert_eq!((bench.counters().dropped, bench.counters().answers), (4, 0));
}

#[test]
fn rfc1035_4_1_1_a_message_that_cannot_be_read_is_a_format_error() {
    let good = question("www.example.org", A);
    let cut = good[..good.len() - 1].to_vec();
    let more = [&good[..], b"x"].concat();
    let mut two_questions = good.clone();
    two_questions[5] = 2;
    let mut no_question = good[..12].to_vec();
    no_question[5] = 0;
    let mut an_answer = good.clone();
    an_answer[7] = 1;
    let mut missing_record = good.clone();
    missing_record[11] = 1;
    let mut a_pointer = good[..12].to_vec();
    a_pointer.extend([0xc0, 12, 0, 1, 0, 1]);
    let mut a_long_label = good[..12].to_vec();
    a_long_label.push(64);
    a_long_label.extend([b'a'; 64]);
    a_long_label.extend([0, 0, 1, 0, 1]);
    let mut a_long_name = good[..12].to_vec();
    a_long_name.extend([1, b'a'].repeat(128));
    a_long_name.extend([0, 0, 1, 0, 1]);
    let two_opts = with_edns(with_edns(good.clone(), 1232, false), 1232, false);
    let mut short_option = with_edns(good.clone(), 1232, false);
    *short_option.last_mut().unwrap() = 3;
    short_option.extend([0, 3, 0]);
    for bad in [
        cut,
        more,
        two_questions,
        no_question,
        an_answer,
        missing_record,
        a_pointer,
        a_long_label,
        a_long_name,
        two_opts,
        short_option,
    ] {
        let mut bench = Bench::new();
        let answer = bench.ask(&bad).unwrap();
        assert_eq!(answer, [0xab, 0xcd, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0], "{bad:02x?}");
        assert!(bench.sent.is_empty());
    }
}

#[test]
fn rfc1035_4_1_1_other_opcodes_are_not_implemented() {
    for opcode in 1..16u8 {
        let mut message = question("www.example.org", A);
        message[2] = opcode << 3;
        let answer = Bench::new().ask(&message).unwrap();
        assert_eq!((answer[2], answer[3] & 15), (0x80 | opcode << 3, 4));
    }
}

#[test]
fn rfc5936_transfers_and_types_that_are_no_data_are_refused() {
    for kind in [252u16, 251, 253, 254, 249, 250, 128, 41, 0] {
        let mut bench = Bench::new();
        assert_eq!(bench.ask(&question("example.org", kind)).unwrap()[3] & 15, 5, "{kind}");
        assert!(bench.sent.is_empty());
    }
    for class in [3u16, 4, 254, 255] {
        let mut message = question("version.bind", 16);
        let end = message.len();
        message[end - 2..].copy_from_slice(&class.to_be_bytes());
        assert_eq!(Bench::new().ask(&message).unwrap()[3] & 15, 5, "class {class}");
    }
}

#[test]
fn rfc8482_any_gets_one_small_record_and_is_decided_like_any_question() {
    let mut bench = Bench::new();
    let answer = read(&bench.ask(&with_edns(question("www.example.org", 255), 1232, false)).unwrap());
    assert_eq!(answer.answers.len(), 1);
    assert_eq!(answer.answers[0].record_type(), RecordType::HINFO);
    assert_eq!(bench.ask(&question("games.example", 255)).unwrap()[3] & 15, 3);
    assert!(bench.sent.is_empty());
}

#[test]
fn rfc6891_6_1_1_only_who_speaks_edns_is_answered_with_it() {
    let mut bench = Bench::new();
    let address = record(HERE, A, 300, &[192, 0, 2, 1]);
    let plain = bench.resolve(&question("www.example.org", A), 0, &[address]);
    assert_eq!(plain[10..12], [0, 0]);
    let edns = read(&bench.ask(&with_edns(question("www.example.org", A), 4096, false)).unwrap());
    let edns = edns.edns.unwrap();
    assert_eq!((edns.max_payload(), edns.flags().dnssec_ok), (1232, false));
    for name in ["games.example", "tracker.example"] {
        let blocked = bench.ask(&question(name, A)).unwrap();
        assert_eq!(blocked[10..12], [0, 0]);
    }
}

#[test]
fn rfc6891_6_1_3_another_version_is_refused_as_badvers() {
    let mut message = with_edns(question("www.example.org", A), 1232, true);
    let end = message.len();
    message[end - 5] = 1;
    let answer = read(&Bench::new().ask(&message).unwrap());
    assert_eq!(u16::from(answer.response_code), 16);
    assert!(answer.edns.unwrap().flags().dnssec_ok);
}

#[test]
fn rfc2181_9_an_answer_that_does_not_fit_is_cut_and_comes_whole_over_tcp() {
    let records: Vec<_> = (0..60).map(|number| record(HERE, A, 300, &[192, 0, 2, number])).collect();
    for (size, fits) in
        [(None, false), (Some(512), false), (Some(0), false), (Some(1232), true), (Some(9000), true)]
    {
        let mut bench = Bench::new();
        let message = question("many.example.org", A);
        let message = size.map_or(message.clone(), |size| with_edns(message, size, false));
        let late = bench.resolve(&message, 0, &records);
        let cached = bench.ask(&message).unwrap();
        for answer in [late, cached] {
            let room = usize::from(size.unwrap_or(512)).clamp(512, 1232);
            assert!(answer.len() <= room, "{} for {size:?}", answer.len());
            let answer = read(&answer);
            assert_eq!(
                (answer.truncation, answer.answers.len()),
                (!fits, if fits { 60 } else { 0 }),
                "{size:?}"
            );
        }
        let whole = read(&bench.ask_as(PUPIL, Transport::Tcp, &message).unwrap());
        assert_eq!((whole.truncation, whole.answers.len()), (false, 60));
    }
}

#[test]
fn rfc1035_7_4_a_kept_answer_ages_and_ends_and_devices_keep_it_a_minute_at_most() {
    let mut bench = Bench::new();
    let message = question("www.example.org", A);
    let records = [record(HERE, A, 3600, &[192, 0, 2, 1]), record(HERE, A, 100, &[192, 0, 2, 2])];
    let lives = |answer: &[u8]| read(answer).answers.iter().map(|record| record.ttl).collect::<Vec<_>>();
    assert_eq!(lives(&bench.resolve(&message, 0, &records)), [60, 60]);
    bench.pass_ms(70_000);
    assert_eq!(lives(&bench.ask(&message).unwrap()), [60, 30]);
    bench.pass_ms(29_000);
    assert_eq!(lives(&bench.ask(&message).unwrap()), [60, 1]);
    bench.pass_ms(1_000);
    assert_eq!(bench.ask(&message), None, "the shortest life has ended");
}

#[test]
fn rfc1035_3_2_1_an_answer_without_a_life_is_fresh_to_whoever_waited_for_it() {
    for (rcode, records) in [(0, vec![record(HERE, A, 0, &[192, 0, 2, 1])]), (0, vec![]), (3, vec![])] {
        let mut bench = Bench::new();
        let message = with_edns(question("www.example.org", A), 1232, false);
        let answer = read(&bench.resolve(&message, rcode, &records));
        let lives: Vec<_> = answer.answers.iter().map(|record| record.ttl).collect();
        assert_eq!(lives, vec![0; records.len()]);
        let edns = answer.edns.unwrap();
        assert!(edns.options().as_ref().is_empty(), "nothing is said to be stale: {edns:?}");
        assert_eq!(bench.ask(&message), None, "and nobody else gets it");
    }
}

#[test]
fn rfc2308_5_a_negative_answer_is_kept_for_the_shorter_of_its_two_lives() {
    for (rcode, name) in [(3, "missing.example.org"), (0, "nodata.example.org")] {
        for (life, minimum, kept_s) in [(100u32, 40u32, 40u64), (30, 900, 30)] {
            let mut bench = Bench::new();
            let soa = [
                wire("ns.example.org"),
                wire("dns.example.org"),
                vec![0; 16],
                minimum.to_be_bytes().to_vec(),
            ];
            let soa = record(&wire("example.org"), 6, life, &soa.concat());
            let message = question(name, A);
            assert_eq!(bench.ask(&message), None);
            bench.upstream(|question| {
                let mut answer = respond(question, rcode, &[]);
                answer[9] = 1;
                answer.extend(&soa);
                answer
            });
            let late = bench.replies.pop().unwrap().1;
            assert_eq!((late[3] & 15, read(&late).authorities.len()), (rcode, 1));
            bench.pass_ms(kept_s * 1_000 - 1);
            assert_eq!(bench.ask(&message).unwrap()[3] & 15, rcode);
            bench.pass_ms(1);
            assert_eq!(bench.ask(&message), None);
        }
        let mut bench = Bench::new();
        bench.resolve(&question(name, A), rcode, &[]);
        assert_eq!(bench.ask(&question(name, A)), None, "without a SOA it is not kept");
    }
}

#[test]
fn rfc8914_4_16_a_blocked_name_does_not_exist_for_half_a_minute_and_says_why() {
    let mut bench = Bench::new();
    for kind in [A, 28, 65, 15] {
        let answer = bench.ask(&with_edns(question("www.GAMES.example", kind), 1232, false)).unwrap();
        let text = b"Games wait until after school.";
        assert!(answer.windows(text.len()).any(|part| part == text));
        let end = question_end(&answer);
        assert_eq!(
            answer[12..end],
            question("www.GAMES.example", kind)[12..end],
            "the device's own spelling"
        );
        let answer = read(&answer);
        assert_eq!(answer.response_code, ResponseCode::NXDomain);
        assert_eq!(answer.authorities[0].record_type(), RecordType::SOA);
        assert_eq!(answer.authorities[0].ttl, 30);
    }
    assert!(bench.sent.is_empty());
    assert_eq!(bench.counters().blocked, 4);
}

#[test]
fn rfc4343_a_question_is_answered_in_the_spelling_it_was_asked_in() {
    let mut bench = Bench::new();
    let first = bench.resolve(&question("wWw.ExAmple.org", A), 0, &[record(HERE, A, 300, &[192, 0, 2, 1])]);
    assert_eq!(first[12..29], wire("wWw.ExAmple.org"));
    let second = bench.ask(&question("WWW.EXAMPLE.ORG", A)).unwrap();
    assert_eq!(second[12..29], wire("WWW.EXAMPLE.ORG"));
    assert_eq!(second[question_end(&second)..], first[question_end(&first)..]);
}

#[test]
fn rfc6840_5_7_signatures_and_unchecked_answers_are_kept_apart_and_ad_is_told_to_who_asked() {
    let mut bench = Bench::new();
    let address = record(HERE, A, 300, &[192, 0, 2, 1]);
    let plain = question("www.example.org", A);
    assert_eq!(bench.ask(&plain), None);
    bench.upstream(|question| {
        let mut answer = respond(question, 0, std::slice::from_ref(&address));
        answer[3] |= 0x20;
        answer
    });
    let mut with_ad = plain.clone();
    with_ad[3] |= 0x20;
    assert_eq!(bench.ask(&plain).unwrap()[3] & 0x20, 0);
    assert_eq!(bench.ask(&with_ad).unwrap()[3] & 0x20, 0x20);
    let mut unchecked = plain.clone();
    unchecked[3] |= 0x10;
    assert_eq!(bench.ask(&unchecked), None, "CD has its own answer");
    assert_eq!(bench.ask(&with_edns(plain, 1232, true)), None, "DO has its own answer");
    let flags: Vec<_> = bench.sent.iter().map(|(_, sent)| (sent[3] & 0x10, sent[sent.len() - 4])).collect();
    assert_eq!(flags, [(0x10, 0), (0, 0x80)]);
}

#[test]
fn names_with_odd_bytes_get_a_clean_answer() {
    let mut bench = Bench::new();
    let labelled = |labels: &[&[u8]]| {
        let mut message = question("", A)[..12].to_vec();
        for label in labels {
            message.push(label.len() as u8);
            message.extend(*label);
        }
        message.extend([0, 0, 1, 0, 1]);
        message
    };
    // Its nearest ancestor that is a host name is blocked, or fetched.
    for odd in [&b"a b"[..], b"\xff\xfe", b"a.b", b"a\0b", b"\\", b"%41"] {
        let blocked = bench.ask(&labelled(&[odd, b"games", b"example"])).unwrap();
        assert_eq!(blocked[3] & 15, 3, "{odd:?}");
        assert_eq!(bench.ask(&labelled(&[odd, b"example", b"org"])), None);
    }
    assert_eq!(bench.sent.len(), 6);
    // Nothing of it is a host name.
    for name in [&[&b"a b"[..]][..], &[b"\xff"], &[]] {
        assert_eq!(bench.ask(&labelled(name)).unwrap()[3] & 15, 5, "{name:?}");
    }
    // The root's own records are nobody's site.
    assert_eq!(bench.ask(&question("", 2)), None);
    assert_eq!(bench.sent.len(), 7);
}
