//! Hosts of search engines lead to where they answer safely, for whom the policy says so (`filtering.md` 7.1, 7.2, checked byte
//! for byte).

use engine::Verdict;
use front_dns::wire::write::Transport;

use crate::ground::{Bench, HERE, PUPIL, STAFF, policy, question, read, record, respond, wire, with_edns};

const A: u16 = 1;
const AAAA: u16 = 28;

/// A device that nothing is known of.
const STRANGER: &str = "127.0.0.99";

const SAFE: [u8; 4] = [192, 0, 2, 120];
const OPEN: [u8; 4] = [192, 0, 2, 7];

/// Asks as that device and lets the upstream answer with those records, to whatever it is asked; the answer, and the name
/// that it was asked for.
fn resolve_as(
    bench: &mut Bench,
    client: &str,
    message: &[u8],
    rcode: u8,
    records: &[Vec<u8>],
) -> (Vec<u8>, String) {
    assert_eq!(bench.ask_as(client, Transport::Udp, message), None);
    let mut asked = String::new();
    bench.upstream(|question| {
        asked = read(question).queries[0].name().to_ascii().to_lowercase();
        respond(question, rcode, records)
    });
    (bench.replies.pop().expect("an answer").1, asked)
}

fn address(octets: [u8; 4]) -> Vec<u8> {
    record(HERE, A, 300, &octets)
}

/// The answer to `question` that is an alias of `target` with those records under its name.
fn alias(question: &[u8], target: &str, kind: u16, data: &[&[u8]], life: u32) -> Vec<u8> {
    let mut answer = question.to_vec();
    answer[2] = 0x81;
    answer[3] = 0x80;
    answer[7] = 1 + data.len() as u8;
    let name = wire(target);
    answer.extend(record(HERE, 5, life, &name));
    let name_at = (answer.len() - name.len()) as u16 | 0xc000;
    for data in data {
        answer.extend(record(&name_at.to_be_bytes(), kind, life, data));
    }
    answer
}

#[test]
fn a_pupil_is_led_to_the_safe_name_with_its_own_addresses_byte_for_byte() {
    let mut bench = Bench::new();
    let asked = question("WWW.seek.example", A);
    let other = [192, 0, 2, 121];
    let (answer, name) = resolve_as(&mut bench, PUPIL, &asked, 0, &[address(SAFE), address(other)]);
    assert_eq!(name, "safe.seek.example.");
    assert_eq!(answer, alias(&asked, "safe.seek.example", A, &[&SAFE, &other], 60));
    // Kept, also for whoever asks as the upstream spells it, and with what is left of its life.
    bench.pass_ms(250_000);
    let asked = question("www.seek.example", A);
    let kept = bench.ask(&asked).unwrap();
    assert_eq!(kept, alias(&asked, "safe.seek.example", A, &[&SAFE, &other], 50));
    assert_eq!(bench.counters().cached, 1);
    // Another host of the engine is made of the same answer.
    let asked = question("seek.example", A);
    assert_eq!(bench.ask(&asked).unwrap(), alias(&asked, "safe.seek.example", A, &[&SAFE, &other], 50));
    assert!(bench.sent.is_empty());
    let told = bench.events.all();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|told| told.verdict == Verdict::Allow), "{told:?}");
    assert_eq!(told[0].host.as_deref(), Some("www.seek.example"));
    // The names that the safe one has of its own are not shown: its addresses stand under it.
    let mut bench = Bench::new();
    let asked = question("www.seek.example", A);
    let chain =
        [record(HERE, 5, 40, &wire("eu.cdn.example")), record(&wire("eu.cdn.example"), A, 300, &SAFE)];
    let (answer, _) = resolve_as(&mut bench, PUPIL, &asked, 0, &chain);
    assert_eq!(answer, alias(&asked, "safe.seek.example", A, &[&SAFE], 40));
}

#[test]
fn an_ipv6_answer_is_led_too_and_one_without_addresses_says_how_long() {
    let mut bench = Bench::new();
    let v6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x78];
    let asked = question("www.seek.example", AAAA);
    let (answer, _) = resolve_as(&mut bench, PUPIL, &asked, 0, &[record(HERE, AAAA, 300, &v6)]);
    assert_eq!(answer, alias(&asked, "safe.seek.example", AAAA, &[&v6], 60));
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&asked), None);
    bench.upstream(|question| {
        let mut answer = respond(question, 0, &[]);
        answer[9] = 1;
        let start = [vec![0, 0], vec![0; 16], 30u32.to_be_bytes().to_vec()].concat();
        answer.extend(record(&wire("seek.example"), 6, 900, &start));
        answer
    });
    let answer = bench.replies.pop().unwrap().1;
    let mut expected = alias(&asked, "safe.seek.example", AAAA, &[], 30);
    expected[9] = 1;
    let name_at = (expected.len() - wire("safe.seek.example").len()) as u16 | 0xc000;
    let start = [0, 0, 0, 0, 0, 1, 0, 0, 14, 16, 0, 0, 3, 132, 0, 9, 58, 128, 0, 0, 0, 30];
    expected.extend(record(&name_at.to_be_bytes(), 6, 30, &start));
    assert_eq!(answer, expected);
    assert_eq!(read(&answer).authorities.len(), 1);
}

#[test]
fn a_service_binding_of_such_a_host_is_no_data_and_asks_nobody() {
    for kind in [64, 65] {
        let mut bench = Bench::new();
        let asked = question("www.seek.example", kind);
        let answer = bench.ask(&asked).unwrap();
        let mut expected = asked.clone();
        (expected[2], expected[3], expected[9]) = (0x81, 0x80, 1);
        let start = [0, 0, 0, 0, 0, 1, 0, 0, 14, 16, 0, 0, 3, 132, 0, 9, 58, 128, 0, 0, 0, 30];
        expected.extend(record(HERE, 6, 30, &start));
        assert_eq!(answer, expected);
        assert!(bench.sent.is_empty());
        // For staff it is what the upstream says, and that does not change what pupils get.
        let binding = [vec![0, 1, 0], vec![0, 4, 0, 4], OPEN.to_vec()].concat();
        let (answer, _) = resolve_as(&mut bench, STAFF, &asked, 0, &[record(HERE, kind, 300, &binding)]);
        assert_eq!(read(&answer).answers.len(), 1);
        assert_eq!(bench.ask(&asked).unwrap(), expected);
    }
    // Whoever asks for the alias alone has it.
    let mut bench = Bench::new();
    let asked = question("www.seek.example", 5);
    assert_eq!(bench.ask(&asked).unwrap(), alias(&asked, "safe.seek.example", 5, &[], 30));
    // What says nothing of where a host is is nobody's to change.
    let (answer, name) =
        resolve_as(&mut bench, PUPIL, &question("seek.example", 15), 0, &[record(HERE, 15, 300, &[0, 1, 0])]);
    assert_eq!((read(&answer).answers.len(), name.as_str()), (1, "seek.example."));
}

#[test]
fn nothing_that_is_made_here_is_signed_or_says_so() {
    let mut bench = Bench::new();
    let asked = with_edns(question("www.seek.example", A), 1232, true);
    let mut with_ad = asked.clone();
    with_ad[3] |= 0x20;
    assert_eq!(bench.ask(&with_ad), None);
    bench.upstream(|question| {
        assert_eq!(
            question[question.len() - 4] & 0x80,
            0,
            "signatures are not asked for: none could be given"
        );
        let mut answer = respond(question, 0, &[address(SAFE)]);
        answer[3] |= 0x20;
        answer
    });
    let late = bench.replies.pop().unwrap().1;
    let kept = bench.ask(&with_ad).unwrap();
    for answer in [late, kept] {
        let message = read(&answer);
        assert!(!message.metadata.authentic_data);
        let kinds: Vec<_> = message.answers.iter().map(|record| record.record_type().to_string()).collect();
        assert_eq!(kinds, ["CNAME", "A"]);
        assert!(message.edns.is_some());
    }
}

#[test]
fn two_groups_have_their_own_answers_to_the_same_question_in_any_order() {
    for order in [[STAFF, PUPIL, STRANGER], [PUPIL, STAFF, STRANGER], [STRANGER, STAFF, PUPIL]] {
        let mut bench = Bench::new();
        let asked = question("www.seek.example", A);
        let is_open = |client: &str| client == STAFF;
        let expected = |client: &str| {
            if is_open(client) {
                let mut answer = asked.clone();
                (answer[2], answer[3], answer[7]) = (0x81, 0x80, 1);
                answer.extend(record(HERE, A, 60, &OPEN));
                answer
            } else {
                alias(&asked, "safe.seek.example", A, &[&SAFE], 60)
            }
        };
        for client in order {
            let answer = match bench.ask_as(client, Transport::Udp, &asked) {
                Some(answer) => answer,
                None => {
                    let octets = if is_open(client) { OPEN } else { SAFE };
                    bench.upstream(|question| respond(question, 0, &[address(octets)]));
                    bench.replies.pop().unwrap().1
                }
            };
            assert_eq!(answer, expected(client), "{client} of {order:?}");
        }
        for client in order {
            assert_eq!(bench.ask_as(client, Transport::Udp, &asked).unwrap(), expected(client), "{client}");
        }
        assert!(bench.sent.is_empty());
    }
}

#[test]
fn youtube_is_led_by_level_and_each_level_is_kept_apart() {
    let mut bench = Bench::new();
    let asked = question("www.films.example", A);
    let (strict, moderate) = ([192, 0, 2, 120], [192, 0, 2, 119]);
    let (answer, name) = resolve_as(&mut bench, PUPIL, &asked, 0, &[address(strict)]);
    assert_eq!(name, "strict.films.example.");
    assert_eq!(answer, alias(&asked, "strict.films.example", A, &[&strict], 60));
    let (answer, name) = resolve_as(&mut bench, STAFF, &asked, 0, &[address(moderate)]);
    assert_eq!(name, "moderate.films.example.");
    assert_eq!(answer, alias(&asked, "moderate.films.example", A, &[&moderate], 60));
    for (client, target, octets) in [
        (PUPIL, "strict.films.example", strict),
        (STAFF, "moderate.films.example", moderate),
        (STRANGER, "strict.films.example", strict),
    ] {
        let answer = bench.ask_as(client, Transport::Udp, &asked).unwrap();
        assert_eq!(answer, alias(&asked, target, A, &[&octets], 60), "{client}");
    }
}

#[test]
fn the_safe_name_itself_is_answered_as_it_is_and_shares_its_answer() {
    let mut bench = Bench::new();
    let (led, own) = (question("www.seek.example", A), question("safe.seek.example", A));
    assert_eq!(bench.ask(&led), None);
    assert_eq!(bench.ask_as(STAFF, Transport::Udp, &own), None);
    assert_eq!(bench.sent.len(), 1, "asked once for both");
    bench.upstream(|question| respond(question, 0, &[address(SAFE)]));
    let mut expected = own.clone();
    (expected[2], expected[3], expected[7]) = (0x81, 0x80, 1);
    expected.extend(record(HERE, A, 60, &SAFE));
    assert_eq!(bench.replies[0].1, alias(&led, "safe.seek.example", A, &[&SAFE], 60));
    assert_eq!(bench.replies[1].1, expected);
}

#[test]
fn where_the_safe_address_cannot_be_had_there_is_no_answer_and_never_the_other() {
    // The engine's name does not exist.
    let mut bench = Bench::new();
    let asked = question("www.seek.example", A);
    let (answer, _) = resolve_as(&mut bench, PUPIL, &asked, 3, &[]);
    assert_eq!((answer[3] & 15, answer[7]), (2, 0));
    // Nobody answers, though the other answer is kept for staff.
    let mut bench = Bench::new();
    resolve_as(&mut bench, STAFF, &asked, 0, &[address(OPEN)]);
    assert_eq!(bench.ask(&asked), None);
    for _ in 0..200 {
        bench.pass_ms(50);
    }
    let answer = bench.replies.pop().unwrap().1;
    assert_eq!((answer[3] & 15, answer[7]), (2, 0));
    for (_, sent) in &bench.sent {
        assert_eq!(read(sent).queries[0].name().to_ascii().to_lowercase(), "safe.seek.example.");
    }
    let told = bench.events.all();
    assert_eq!(told.len(), 2, "{told:?}");
    // The last safe answer there was is better than none.
    let mut bench = Bench::new();
    resolve_as(&mut bench, PUPIL, &asked, 0, &[address(SAFE)]);
    bench.pass_ms(400_000);
    assert_eq!(bench.ask(&asked), None);
    for _ in 0..200 {
        bench.pass_ms(50);
    }
    assert_eq!(bench.replies.pop().unwrap().1, alias(&asked, "safe.seek.example", A, &[&SAFE], 30));
}

#[test]
fn what_is_blocked_at_the_safe_name_or_address_is_blocked_kept_or_not() {
    for records in [
        vec![
            record(HERE, 5, 300, &wire("cdn.tracker.example")),
            record(&wire("cdn.tracker.example"), A, 300, &SAFE),
        ],
        vec![address([198, 51, 100, 66])],
    ] {
        let mut bench = Bench::new();
        let asked = question("www.seek.example", A);
        let (answer, _) = resolve_as(&mut bench, PUPIL, &asked, 0, &records);
        assert_eq!((answer[3] & 15, answer[7]), (3, 0));
        assert_eq!(bench.ask(&asked).unwrap()[3] & 15, 3);
        let told = bench.events.all();
        assert!(told.iter().all(|told| told.verdict == Verdict::Block), "{told:?}");
    }
    // Where the host would lead otherwise says nothing of where it is led.
    let mut bench = Bench::new();
    let asked = question("www.seek.example", A);
    let (answer, _) = resolve_as(&mut bench, STAFF, &asked, 0, &[address([198, 51, 100, 66])]);
    assert_eq!(answer[3] & 15, 3);
    let (answer, _) = resolve_as(&mut bench, PUPIL, &asked, 0, &[address(SAFE)]);
    assert_eq!(answer, alias(&asked, "safe.seek.example", A, &[&SAFE], 60));
    // A blocked engine is blocked before anybody is asked.
    bench.school.swap_policy(policy("[[rule]]\ndo = \"block\"\nsite = \"seek.example\"\n"));
    assert_eq!(bench.ask(&asked).unwrap()[3] & 15, 3);
    assert!(bench.sent.is_empty());
}

#[test]
fn a_change_of_the_policy_reaches_kept_answers_and_those_that_wait() {
    let mut bench = Bench::new();
    let asked = question("www.seek.example", A);
    resolve_as(&mut bench, STAFF, &asked, 0, &[address(OPEN)]);
    // Staff are held to it from now on: what was kept for them is theirs no more.
    let strict = crate::ground::policy_with(|text| text.replace("staff = \"off\"", "staff = \"on\""), "");
    bench.school.swap_policy(strict);
    let (answer, name) = resolve_as(&mut bench, STAFF, &asked, 0, &[address(SAFE)]);
    assert_eq!(
        (answer, name.as_str()),
        (alias(&asked, "safe.seek.example", A, &[&SAFE], 60), "safe.seek.example.")
    );
    bench.school.swap_policy(policy(""));
    let answer = bench.ask_as(STAFF, Transport::Udp, &asked).unwrap();
    assert_eq!(read(&answer).answers.len(), 1, "and is again");
    // While a question waits: the answer that comes is not theirs, whichever it is.
    for (first, then) in [("off", "on"), ("on", "off")] {
        let cell = |cell: &str| {
            let cell = format!("staff = \"{cell}\"");
            crate::ground::policy_with(|text| text.replace("staff = \"off\"", &cell), "")
        };
        let mut bench = Bench::new();
        bench.school.swap_policy(cell(first));
        assert_eq!(bench.ask_as(STAFF, Transport::Udp, &asked), None);
        bench.school.swap_policy(cell(then));
        bench.upstream(|question| respond(question, 0, &[address(OPEN)]));
        let answer = bench.replies.pop().unwrap().1;
        assert_eq!((answer[3] & 15, answer[7]), (2, 0), "{first} then {then}");
    }
}

#[test]
fn it_is_the_same_over_a_stream() {
    let mut bench = Bench::new();
    let asked = question("www.seek.example", A);
    let (answer, _) = resolve_as(&mut bench, PUPIL, &asked, 0, &[address(SAFE)]);
    for transport in [Transport::Tcp, Transport::Tls, Transport::Https] {
        assert_eq!(bench.ask_as(PUPIL, transport, &asked).unwrap(), answer);
    }
}
