//! Real clients: dig and dnsperf.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use crate::ground::{Events, HERE, Upstream, front, record, respond, school};

/// What dig prints. One try, five seconds.
pub fn dig(server: SocketAddr, words: &str) -> String {
    let mut command = Command::new("dig");
    command.arg(format!("@{}", server.ip())).args(["-p", &server.port().to_string(), "+tries=1", "+time=5"]);
    let output =
        command.args(words.split_whitespace()).output().expect("dig is installed (package bind9-dnsutils)");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// An upstream that gives every A and AAAA question an address.
fn helpful() -> Upstream {
    Upstream::answering(|question| {
        let end = crate::ground::question_end(question);
        let records = match question[end - 3] {
            1 => vec![record(HERE, 1, 3600, &[192, 0, 2, 1])],
            28 => vec![record(HERE, 28, 3600, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])],
            _ => vec![],
        };
        vec![respond(question, 0, &records)]
    })
}

#[test]
fn dig_gets_the_same_answers_over_both_families_and_both_transports() {
    let upstream = helpful();
    let events = Arc::new(Events::default());
    let running = front(&[upstream.address], school(), events.clone());
    for server in running.addresses() {
        for words in
            ["+notcp", "+tcp", "+noedns", "+bufsize=512", "+dnssec", "+norecurse", "+nocookie +cdflag"]
        {
            for (kind, address) in [("A", "192.0.2.1"), ("AAAA", "2001:db8::1")] {
                let answer = dig(*server, &format!("{words} www.example.org {kind}"));
                assert!(answer.contains("status: NOERROR") && answer.contains(address), "{words}: {answer}");
                let answer = dig(*server, &format!("{words} www.games.example {kind}"));
                assert!(answer.contains("status: NXDOMAIN"), "{words}: {answer}");
                let why = answer.contains("EDE: 15 (Blocked): (Games wait until after school.)");
                assert_eq!(why, words != "+noedns", "{answer}");
            }
        }
    }
    let sent = upstream.questions().concat().to_ascii_lowercase();
    assert!(
        !sent.is_empty() && !sent.windows(5).any(|five| five == b"games"),
        "a blocked name went upstream"
    );
    assert_eq!(events.all().len(), 2 * 7 * 4);
    assert_eq!(running.counters().answers, 2 * 7 * 4);
    running.stop();
}

#[test]
fn devices_on_other_loopback_addresses_are_known_by_them_and_answered_from_the_asked_one() {
    let upstream = helpful();
    let config = front_dns::Config {
        listen: vec!["0.0.0.0:0".parse().unwrap(), "[::]:0".parse().unwrap()],
        upstreams: vec![upstream.address],
        threads: 2,
        ..front_dns::Config::default()
    };
    let sink = Arc::new(Events::default());
    let running = front_dns::start(config, school(), sink.clone(), kit::Clock::System).unwrap();
    // The second takes both families: no IPv4 wildcard has its port.
    for address in running.addresses() {
        let asked = SocketAddr::new("127.0.0.53".parse().unwrap(), address.port());
        for transport in ["+notcp", "+tcp"] {
            let pupil = dig(asked, &format!("-b 127.0.0.1 {transport} games.example A"));
            assert!(pupil.contains("status: NXDOMAIN"), "{pupil}");
            let staff = dig(asked, &format!("-b 127.0.0.20 {transport} games.example A"));
            assert!(staff.contains("192.0.2.1"), "{staff}");
        }
    }
    let clients: Vec<_> = sink.all().iter().map(|told| told.client.unwrap().to_string()).collect();
    assert_eq!(clients, ["127.0.0.1", "127.0.0.20"].repeat(4));
}

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder of real inputs, beside the repository unless `FIVEBAR_DATA` says otherwise.
fn data() -> PathBuf {
    std::env::var_os("FIVEBAR_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from)
}

#[test]
fn dnsperf_loses_nothing() {
    let queries = data().join("peer/dnsperf-queries.txt");
    if !queries.exists() {
        println!("skipped: {} is not there", queries.display());
        return;
    }
    let upstream = helpful();
    let running = front(&[upstream.address], school(), Arc::new(Events::default()));
    let server = running.addresses()[0];
    let output = Command::new("dnsperf")
        .args(["-s", "127.0.0.1", "-p", &server.port().to_string(), "-n", "20", "-q", "50", "-e", "-d"])
        .arg(&queries)
        .output()
        .expect("dnsperf is installed (package dnsperf)");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("Queries lost:         0 (0.00%)"), "{text}");
    assert!(text.contains("(100.00%)") && text.contains("Response codes:       NOERROR"), "{text}");
    let counters = running.counters();
    assert_eq!((counters.failed, counters.dropped, counters.mismatched), (0, 0, 0), "{counters:?}");
    assert!(counters.cached > counters.answers / 2, "{counters:?}");
}
