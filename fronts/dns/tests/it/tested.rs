//! The school's own test of its filter, asking as a group.

use engine::test_pass::{Asked, write_pass};
use front_dns::wire::write::Transport;

use crate::ground::{Bench, HERE, PUPIL, STAFF, question, record, with_edns};

const A: u16 = 1;
/// The bench's key of passes.
const KEY: [u8; 32] = [7; 32];

/// A question with a pass in its EDNS.
fn with_pass(name: &str, pass: &[u8]) -> Vec<u8> {
    let mut message = with_edns(question(name, A), 1232, false);
    let length = message.len();
    message[length - 2..].copy_from_slice(&(pass.len() as u16 + 4).to_be_bytes());
    message.extend(65_311u16.to_be_bytes());
    message.extend((pass.len() as u16).to_be_bytes());
    message.extend(pass);
    message
}

#[test]
fn a_good_pass_is_answered_as_its_group_and_a_bad_one_as_whoever_asks() {
    let mut bench = Bench::new();
    let at = bench.now.at;
    let pass_for = |name: &str, key: &[u8; 32], group: &str, client: &str, later| {
        let asked = Asked::Question { name: name.as_bytes(), kind: A };
        write_pass(key, group, client.parse().unwrap(), asked, at.plus_millis(later), [1; 8])
    };
    let pass = |key: &[u8; 32], group: &str, client: &str, later| {
        pass_for("www.games.example", key, group, client, later)
    };
    // A pupil's address with the pass of staff: the question goes upstream.
    let good = with_pass("www.games.example", &pass(&KEY, "staff", PUPIL, 0));
    assert_eq!(bench.ask_as(PUPIL, Transport::Udp, &good), None);
    bench.upstream(|question| crate::ground::respond(question, 0, &[record(HERE, A, 300, &[192, 0, 2, 1])]));
    let (_, answered) = bench.replies.pop().unwrap();
    assert_eq!((answered[3] & 15, answered[7]), (0, 1), "decided as staff when the answer came, too");
    // What went upstream says nothing of it.
    assert!(
        !bench.sent.iter().any(|(_, message)| message.windows(2).any(|two| two == 65_311u16.to_be_bytes()))
    );
    // Every pupil is refused as ever, from the cache, and so is who has no good pass.
    assert_eq!(bench.ask(&question("www.games.example", A)).unwrap()[3] & 15, 3);
    for (bad, why) in [
        (pass(&[8; 32], "staff", PUPIL, 0).to_vec(), "another key"),
        (pass(&KEY, "staff", STAFF, 0).to_vec(), "another's address"),
        (pass(&KEY, "staff", PUPIL, -61_000).to_vec(), "over"),
        (pass(&KEY, "staff", PUPIL, 0)[1..].to_vec(), "cut"),
        (pass(&KEY, "pupils", PUPIL, 0).to_vec(), "the pupils' own"),
        (pass(&KEY, "staff", PUPIL, 0).to_vec(), "shown before"),
        (pass_for("example.org", &KEY, "staff", PUPIL, 0).to_vec(), "for another name"),
    ] {
        let message = with_pass("www.games.example", &bad);
        assert_eq!(bench.ask_as(PUPIL, Transport::Udp, &message).unwrap()[3] & 15, 3, "{why}");
    }
    // A good pass is told to be good; without one the name is any other.
    let shown = with_pass(
        "pass.filter-test.fivebar.example",
        &pass_for("pass.filter-test.fivebar.example", &KEY, "staff", PUPIL, 0),
    );
    let (asked, answer) = (bench.sent.len(), bench.ask_as(PUPIL, Transport::Udp, &shown).unwrap());
    assert_eq!((answer[3] & 15, bench.sent.len()), (3, asked));
    assert!(answer.windows(6).any(|six| six == [0, 15, 0, 39, 0, 15]), "blocked (RFC 8914): {answer:02x?}");
    assert_eq!(bench.ask(&question("pass.filter-test.fivebar.example", A)), None);
    // A group that the policy does not have is nobody, and staff with a pupils' pass are refused as pupils.
    let pupils = with_pass("www.games.example", &pass(&KEY, "pupils", STAFF, 0));
    assert_eq!(bench.ask_as(STAFF, Transport::Udp, &pupils).unwrap()[3] & 15, 3);
}
