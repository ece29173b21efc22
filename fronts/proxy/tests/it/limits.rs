//! Slow, stalling and too many.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use kit::Clock;

use super::setting::{Setting, block, eventually, read_head, status};

#[test]
fn a_client_that_sends_a_byte_a_minute_is_sent_away() {
    let setting = Setting::with("", |config| config.limits.head = Duration::from_millis(600));
    let mut slow = setting.raw();
    let begun = Instant::now();
    // A byte now and then does not win time: the whole head has one deadline.
    slow.write_all(b"GET http://site.example/ HTTP/1.1\r\nHo").unwrap();
    slow.set_read_timeout(Some(Duration::from_millis(250))).unwrap();
    let mut answer = Vec::new();
    loop {
        let mut some = [0; 4096];
        match slow.read(&mut some) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(&some[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if slow.write_all(b"s").is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(status(&String::from_utf8_lossy(&answer)), 408);
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
    assert_eq!(setting.log.lines(), ["proxy block front/too-slow - - 127.0.0.1 0"]);
}

#[test]
fn an_origin_that_stalls_gets_a_page_that_says_so() {
    // It accepts by its backlog and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let setting = Setting::with("", |config| {
        config.allow_private[0].ports.push(port);
        config.limits.origin = Duration::from_millis(600);
    });
    let answer = setting.curl(&[&format!("http://site.example:{port}/")]);
    assert_eq!(status(&answer), 504, "{answer}");
    assert!(answer.contains("The website did not answer in time."), "{answer}");
}

#[test]
fn an_origin_that_stalls_in_its_answer_ends_the_connection_and_never_looks_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let setting = Setting::with("", |config| {
        config.allow_private[0].ports.push(port);
        config.limits.origin = Duration::from_millis(600);
    });
    let origin = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").unwrap();
        stream.read(&mut [0]).unwrap_or(0)
    });
    let output = setting.curl_output(&[&format!("http://site.example:{port}/")]);
    assert_eq!(output.status.code(), Some(18), "curl says a part is missing: {output:?}");
    assert_eq!(origin.join().unwrap(), 0);
}

#[test]
fn an_unused_connection_is_closed() {
    let setting = Setting::with("", |config| config.limits.idle = Duration::from_millis(400));
    let mut idle = setting.raw();
    assert_eq!(idle.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!(eventually(|| Some(setting.proxy.counts().timed_out).filter(|&count| count > 0)), 1);
}

#[test]
fn an_unused_tunnel_is_closed() {
    let setting = Setting::with("", |config| config.limits.tunnel_idle = Duration::from_millis(400));
    let target = format!("site.example:{}", setting.internet.https);
    let mut client = setting.raw();
    client.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(status(&read_head(&mut client)), 200);
    assert_eq!(client.read(&mut [0; 1]).unwrap_or(0), 0);
}

#[test]
fn one_connection_too_many_is_told_so() {
    let setting = Setting::with("", |config| config.limits.connections = 3);
    let held: Vec<_> = (0..3).map(|_| setting.raw()).collect();
    eventually(|| (setting.proxy.counts().open == 3).then_some(()));
    let answer = setting.curl(&[&setting.url("site.example", "/small")]);
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(answer.contains("Too many connections"), "{answer}");
    assert_eq!(setting.log.lines(), ["proxy block front/busy - - 127.0.0.1 0"]);
    drop(held);
    eventually(|| (setting.proxy.counts().open == 0).then_some(()));
    assert_eq!(status(&setting.curl(&[&setting.url("site.example", "/small")])), 200);
}

#[test]
fn dns_servers_that_do_not_answer_are_waited_for_briefly() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let upstream = silent.local_addr().unwrap();
    let setting = Setting::with("", |config| {
        config.upstreams = vec![upstream];
        config.limits.resolve = Duration::from_millis(500);
    });
    let begun = Instant::now();
    let answer = setting.curl(&["http://site.example/"]);
    assert_eq!(status(&answer), 504, "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[test]
fn stopping_ends_everything_and_tells_the_log() {
    let setting = Setting::new("");
    let mut idle = setting.raw();
    let Setting { proxy, .. } = setting;
    proxy.stop();
    assert_eq!(idle.read(&mut [0; 1]).unwrap_or(0), 0);
}

#[test]
fn a_proxy_that_leaves_says_so_and_has_left_only_when_nobody_can_reach_it() {
    let mut setting = Setting::new(&block("site.example"));
    let held = front_proxy::bind(front_proxy::Config {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        ..super::setting::config(&setting.internet)
    })
    .unwrap();
    // As with a gate that takes this one's place: the sockets go on when the proxy has left them.
    let sockets = held.descriptors().unwrap();
    setting.proxy = held.start(setting.current.clone(), setting.log.clone(), Clock::System).unwrap();
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: site.example:{}\r\n\r\n",
        setting.url("site.example", "/small"),
        setting.internet.http
    );
    let mut kept = setting.raw();
    kept.write_all(request.as_bytes()).unwrap();
    let first = read_head(&mut kept);
    assert!(first.contains("403") && !first.contains("Connection: close"), "{first}");
    setting.proxy.leave();
    // It still takes connections until its threads have come round, so it has not left yet.
    assert!(!setting.proxy.has_left());
    kept.write_all(request.as_bytes()).unwrap();
    let mut rest = String::new();
    kept.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("403") && rest.contains("Connection: close"), "{rest}");
    eventually(|| setting.proxy.has_left().then_some(()));
    drop(sockets);
}
