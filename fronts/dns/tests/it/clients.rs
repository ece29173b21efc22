//! Real clients: dig and dnsperf.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use crate::ground::{Events, HERE, School, Upstream, front, record, respond};

/// What dig prints. One try, five seconds.
pub fn dig(server: SocketAddr, words: &str) -> String {
    let mut command = Command::new("dig");
    command.arg(format!("@{}", server.ip())).args(["-p", &server.port().to_string(), "+tries=1", "+time=5"]);
    let output =
        command.args(words.split_whitespace()).output().expect("dig is installed (package bind9-dnsutils)");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_question_is_decided_forwarded_and_answered() {
    let upstream =
        Upstream::answering(|question| vec![respond(question, 0, &[record(HERE, 1, 3600, &[192, 0, 2, 1])])]);
    let events = Arc::new(Events::default());
    let running = front(&[upstream.address], School::blocking(&["games.example"]), events.clone());
    for server in running.addresses() {
        for words in ["+notcp", "+tcp", "+noedns", "+bufsize=512"] {
            let answer = dig(*server, &format!("{words} www.example.org A"));
            assert!(answer.contains("status: NOERROR"), "{answer}");
            assert!(answer.contains("192.0.2.1"), "{answer}");
            let answer = dig(*server, &format!("{words} www.games.example A"));
            assert!(answer.contains("status: NXDOMAIN"), "{answer}");
            assert_eq!(
                answer.contains("EDE: 15 (Blocked): (The school blocks this site.)"),
                words != "+noedns",
                "{answer}"
            );
        }
    }
    let names: Vec<_> =
        upstream.questions().iter().map(|question| question[13..16].to_ascii_lowercase()).collect();
    assert!(!upstream.questions().is_empty());
    let sent: Vec<u8> = upstream.questions().concat().to_ascii_lowercase();
    assert!(!sent.windows(5).any(|five| five == b"games"), "a blocked name was sent upstream: {names:?}");
    assert_eq!(events.all().len(), 16);
    running.stop();
}
