//! A change of the policy reaches what is already open.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use engine::LiveDocument;
use engine::document::{Effect, TargetText};
use engine::live::{Observing, Override, Subject};
use kit::{Clock, Timestamp};

use super::setting::{PUPIL, Setting, block, body, policy, read_head, roll, status};

fn open(setting: &Setting, listener: &TcpListener, host: &str, plain: bool) -> (TcpStream, TcpStream) {
    let target = format!("{host}:{}", listener.local_addr().unwrap().port());
    let mut client = setting.raw();
    if plain {
        client
            .write_all(format!("GET http://{target}/stream HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes())
            .unwrap();
        let (mut origin, _) = listener.accept().unwrap();
        read_head(&mut origin);
        origin.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        assert!(read_head(&mut client).starts_with("HTTP/1.1 200 "));
        return (client, origin);
    }
    client.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes()).unwrap();
    let answer = read_head(&mut client);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    (client, listener.accept().unwrap().0)
}

fn setting() -> (Setting, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let setting = Setting::with("", |config| {
        config.allow_private[0].ports.push(port);
        config.connect_ports.push(port);
    });
    (setting, listener)
}

#[test]
fn newly_blocked_tunnels_and_streams_are_closed_within_two_seconds_and_others_stay() {
    let (setting, listener) = setting();
    let mut closed = vec![
        open(&setting, &listener, "games.example", false),
        open(&setting, &listener, "www.games.example", false),
        open(&setting, &listener, "games.example", true),
        // Its name is another, its answer's chain is not.
        open(&setting, &listener, "alias.example", false),
    ];
    let (mut stays, mut origin) = open(&setting, &listener, "maths.example", false);
    let problems = setting.current.swap_policy(policy(&format!(
        "{}{}",
        block("games.example"),
        block("target.example")
    )));
    assert!(problems.is_empty(), "{problems:?}");
    let changed = Instant::now();
    for (client, origin) in &mut closed {
        for end in [client, origin] {
            end.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let mut some = [0; 16];
            // An end or a reset; a time-out would be an error of another kind.
            match end.read(&mut some) {
                Ok(read) => assert_eq!(read, 0),
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
            }
        }
    }
    assert!(changed.elapsed() < Duration::from_secs(2), "{:?}", changed.elapsed());
    stays.write_all(b"still").unwrap();
    let mut got = [0; 5];
    origin.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"still");
    assert_eq!(setting.proxy.counts().closed_by_change, 4);
}

#[test]
fn what_a_filter_lets_through_while_it_observes_only_is_closed_when_it_refuses_again() {
    let (setting, listener) = setting();
    setting.current.swap_policy(policy(&block("games.example")));
    let ends_at = Clock::System.now().plus_millis(3_600_000);
    let observing = vec![Observing { number: 1, begins_at: None, ends_at }];
    setting.current.swap_live(&LiveDocument { version: 2, observing, ..roll() });
    let page = setting.curl(&["--interface", PUPIL, &setting.url("games.example", "/small")]);
    assert_eq!(body(&page), "hello\n", "no block page");
    let (mut client, _origin) = open(&setting, &listener, "games.example", false);
    let told = setting.log.lines();
    let wanted = format!("proxy would-block school games.example /small {PUPIL} 6");
    assert_eq!(told.first(), Some(&wanted), "{told:?}");
    setting.current.swap_live(&LiveDocument { version: 3, ..roll() });
    let changed = Instant::now();
    assert_eq!(client.read(&mut [0; 1]).unwrap_or(0), 0);
    assert!(changed.elapsed() < Duration::from_secs(2), "{:?}", changed.elapsed());
    let page = setting.curl(&["--interface", PUPIL, &setting.url("games.example", "/small")]);
    assert_eq!(status(&page), 403, "{page}");
}

#[test]
fn an_override_that_is_taken_back_takes_its_tunnel_with_it() {
    let (setting, listener) = setting();
    setting.current.swap_policy(policy(&block("games.example")));
    let now = Clock::System.now();
    let opened = Override {
        number: 1,
        id: String::new(),
        subject: Subject::Everyone,
        effect: Effect::Allow,
        target: TargetText { site: Some("games.example".into()), ..TargetText::default() },
        begins_at: None,
        ends_at: Timestamp::from_millis(now.as_millis() + 3_600_000),
        reason: "A lesson about games.".into(),
    };
    // An override opens locked and permitted-use blocks, and the school's own rules as step 8 comes before step 9.
    setting.current.swap_live(&LiveDocument { version: 2, overrides: vec![opened], ..roll() });
    let (mut client, _origin) = open(&setting, &listener, "games.example", false);
    setting.current.swap_live(&LiveDocument { version: 3, ..roll() });
    let changed = Instant::now();
    assert_eq!(client.read(&mut [0; 1]).unwrap_or(0), 0);
    assert!(changed.elapsed() < Duration::from_secs(2), "{:?}", changed.elapsed());
}
