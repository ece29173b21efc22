//! CONNECT.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;

use engine::NameHash;

use super::setting::{Setting, big, block, eventually, read_head, status};

fn open(setting: &Setting, target: &str) -> (TcpStream, String) {
    let mut stream = setting.raw();
    stream.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes()).unwrap();
    let answer = read_head(&mut stream);
    (stream, answer)
}

#[test]
fn an_encrypted_page_comes_through_with_the_sites_own_certificate() {
    let setting = Setting::new("");
    let folder = setting.internet.folder.path();
    let (proxy, url) = (
        format!("http://{}", setting.address()),
        format!("https://secure.example:{}/big", setting.internet.https),
    );
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "20", "-x", &proxy, "--cacert"]).arg(folder.join("cert.pem"));
    let output = curl.arg(&url).arg(&url).output().unwrap();
    assert!(output.stdout == [big(), big()].concat(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = eventually(|| Some(setting.log.lines()).filter(|lines| lines.len() == 2));
    let opened = "connect allow unknown secure.example - 127.0.0.1 ";
    assert_eq!(lines[0], format!("{opened}0"));
    // The last word: what curl got and sent, with what encrypting adds to it.
    let mut last = lines[1].strip_prefix(opened).unwrap().split(" ended after ");
    let [back, sent] = [(); 2].map(|()| last.next().unwrap().parse::<usize>().unwrap());
    let twice = 2 * big().len();
    assert!((twice..twice + twice / 50).contains(&back), "{lines:?}");
    assert!((200..20_000).contains(&sent), "{lines:?}");
    assert!(eventually(|| Some(setting.proxy.counts().tunnel_bytes).filter(|&bytes| bytes > 10_000_000)) > 0);
}

#[test]
fn a_blocked_name_and_a_closed_port_get_no_tunnel() {
    let setting = Setting::new(&block("games.example"));
    let https = setting.internet.https;
    for (target, wanted) in [
        (format!("games.example:{https}"), 403),
        (format!("www.games.example:{https}"), 403),
        ("secure.example:22".into(), 403),
        ("secure.example:25".into(), 403),
        ("no-such-name.invalid:443".into(), 502),
        (format!("secure.example:{https}"), 200),
    ] {
        assert_eq!(status(&open(&setting, &target).1), wanted, "{target}");
    }
    let (_, answer) = open(&setting, &format!("games.example:{https}"));
    assert!(answer.contains("Proxy-Status: fivebar; error=http_request_denied"), "{answer}");
}

#[test]
fn a_secret_below_the_gates_own_name_is_neither_written_down_nor_sent_on() {
    let setting =
        Setting::with(&block("games.example"), |config| config.dns_name = Some("secure.example".to_owned()));
    let token = NameHash::token(*b"sixteen of bytes");
    let (http, https) = (setting.internet.http, setting.internet.https);
    // Cut short by one, it still tells nearly all.
    let hosts = [format!("{token}.secure.example"), format!("a.{}.secure.example", &token[1..])];
    for host in &hosts {
        assert_eq!(status(&open(&setting, &format!("{}:{https}", host.to_ascii_uppercase())).1), 200);
        let page = setting.exchange(
            format!(
                "GET http://{host}:{http}/small HTTP/1.1\r\nHost: {host}:{http}\r\nConnection: close\r\n\r\n"
            )
            .as_bytes(),
        );
        assert!(page.contains("hello"), "{page}");
        // Refused by its port: the page repeats what was asked for.
        let (_, answer) = open(&setting, &format!("{host}:22"));
        assert_eq!(status(&answer), 403);
        assert!(!answer.contains(&token[1..]), "{answer}");
    }
    let lines = eventually(|| Some(setting.log.lines()).filter(|lines| lines.len() >= 8));
    assert!(lines.iter().any(|line| line.starts_with("connect allow unknown secure.example ")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("/small")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.to_ascii_lowercase().contains(&token[1..])), "{lines:?}");
    // Another host below is one like any other.
    assert_eq!(status(&open(&setting, &format!("www.secure.example:{https}")).1), 200);
    eventually(|| setting.log.lines().iter().find(|line| line.contains(" www.secure.example ")).cloned());
    // The site itself was asked for by the name above.
    let seen = setting.internet.log_with("/small");
    assert!(!seen.contains(&token[1..]), "{seen}");
}

/// A tunnel and the origin's end of it.
fn tunnel() -> (Setting, TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let setting = Setting::with("", |config| {
        config.allow_private[0].ports.push(port);
        config.connect_ports.push(port);
    });
    let (client, answer) = open(&setting, &format!("site.example:{port}"));
    assert_eq!(answer, "HTTP/1.1 200 Connection established\r\n\r\n");
    (setting, client, listener.accept().unwrap().0)
}

#[test]
fn a_tunnels_last_word_counts_each_way_and_a_helplines_tunnel_has_none() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let setting = Setting::with("", |config| {
        config.allow_private[0].ports.push(port);
        config.connect_ports.push(port);
    });
    for host in ["help.example", "site.example"] {
        let (mut client, answer) = open(&setting, &format!("{host}:{port}"));
        assert_eq!(status(&answer), 200, "{host}");
        let (mut origin, _) = listener.accept().unwrap();
        client.write_all(&[1; 700]).unwrap();
        origin.read_exact(&mut [0; 700]).unwrap();
        origin.write_all(&[2; 5_000]).unwrap();
        client.read_exact(&mut [0; 5_000]).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(origin.read(&mut [0; 1]).unwrap(), 0);
        drop(origin);
        assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    }
    let lines = eventually(|| Some(setting.log.lines()).filter(|lines| lines.len() >= 3));
    assert_eq!(
        lines,
        [
            "connect allow help - - - 0",
            "connect allow unknown site.example - 127.0.0.1 0",
            "connect allow unknown site.example - 127.0.0.1 5000 ended after 700",
        ]
    );
}

#[test]
fn bytes_pass_both_ways_at_once_and_each_side_may_end_alone() {
    let (_setting, mut client, mut origin) = tunnel();
    let (mut client_reads, mut origin_writes) = (client.try_clone().unwrap(), origin.try_clone().unwrap());
    let up = std::thread::spawn(move || {
        client.write_all(&big()).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
    });
    let down = std::thread::spawn(move || {
        let mut got = Vec::new();
        client_reads.read_to_end(&mut got).unwrap();
        got
    });
    let writes = std::thread::spawn(move || {
        origin_writes.write_all(&big()).unwrap();
        origin_writes
    });
    let mut got = Vec::new();
    origin.read_to_end(&mut got).unwrap();
    assert!(got == big());
    up.join().unwrap();
    // The client has ended its side; the origin still speaks, and is heard.
    let mut origin_writes = writes.join().unwrap();
    origin_writes.write_all(b"last words").unwrap();
    drop((origin, origin_writes));
    assert!(down.join().unwrap() == [big(), b"last words".to_vec()].concat());
}

#[test]
fn a_slow_reader_loses_nothing() {
    let (_setting, mut client, mut origin) = tunnel();
    let writes = std::thread::spawn(move || origin.write_all(&big()).unwrap());
    let mut got = Vec::new();
    let mut some = [0; 1000];
    loop {
        match client.read(&mut some).unwrap() {
            0 => break,
            read => got.extend_from_slice(&some[..read]),
        }
    }
    writes.join().unwrap();
    assert!(got == big());
}

#[test]
fn what_came_with_the_request_goes_first() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let setting = Setting::with("", |config| {
        config.allow_private[0].ports.push(port);
        config.connect_ports.push(port);
    });
    let mut client = setting.raw();
    let target = format!("site.example:{port}");
    client.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\nhello").as_bytes()).unwrap();
    let (mut origin, _) = listener.accept().unwrap();
    let mut got = [0; 5];
    origin.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"hello");
    drop(origin);
    assert!(read_head(&mut client).starts_with("HTTP/1.1 200 "));
}
