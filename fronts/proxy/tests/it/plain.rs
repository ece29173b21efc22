//! Plain pages through the proxy, by curl and by hand.

use std::io::{Read, Write};
use std::net::TcpListener;

use kit::Clock;

use super::setting::{KEY, PUPIL, STAFF, Setting, big, body, eventually, path_in, read_head, status};

#[test]
fn a_page_comes_whole_and_what_is_for_the_proxy_ends_there() {
    let setting = Setting::new("");
    let answer = setting.curl(&[&setting.url("site.example", "/small")]);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && body(&answer) == "hello\n", "{answer}");
    assert!(answer.contains("Via: 1.1 fivebar\r\n") && !answer.contains("Connection:"), "{answer}");
    let heads = setting.curl(&[
        "-U",
        "me:secret",
        "-H",
        "X-One: 1",
        "-H",
        "Connection: X-One",
        "-H",
        "TE: trailers",
        "-H",
        "Fivebar-Client: 10.0.0.1",
        "-H",
        "Fivebar-Test: 00ff",
        &setting.url("site.example", "/heads"),
    ]);
    let host = format!(
        "host=site.example:{} via=1.1 fivebar secret= one= te= test= client= conn= pconn=\n",
        setting.internet.http
    );
    assert_eq!(body(&heads), host);
}

#[test]
fn the_portal_alone_is_told_for_which_device_a_request_is() {
    let setting = Setting::with("", |config| {
        let port = config.allow_private[0].ports[0];
        config.portal = format!("http://portal.example:{port}");
    });
    let told = |from: &str, host: &str| {
        let url = setting.url(host, "/heads");
        let answer = setting.curl(&["--interface", from, "-H", "fivebar-client: 127.0.9.9", &url]);
        let word =
            body(&answer).split(" client=").nth(1).and_then(|rest| rest.split(" conn=").next()).unwrap();
        (word.to_owned(), engine::behalf::spoken_for(&KEY, word, Clock::System.now()))
    };
    // The second request goes to the portal on the first one's connection.
    for from in [PUPIL, STAFF, PUPIL] {
        assert_eq!(told(from, "portal.example").1, from.parse().ok());
    }
    assert_eq!(
        told(PUPIL, "site.example"),
        (String::new(), None),
        "nobody else is told, and no lie is passed on"
    );
}

#[test]
fn a_large_page_streams_whole_and_a_large_body_goes_up_whole() {
    let setting = Setting::new("");
    let folder = &setting.internet.folder;
    let got = path_in(folder, "got");
    setting.curl(&["--no-include", "-o", got.to_str().unwrap(), &setting.url("site.example", "/big")]);
    assert!(std::fs::read(&got).unwrap() == big());
    for extra in ["Content-Type: application/octet-stream", "Transfer-Encoding: chunked"] {
        let sent = path_in(folder, "sent");
        std::fs::write(&sent, big()).unwrap();
        let data = format!("@{}", sent.display());
        let url = setting.url("site.example", "/upload");
        // curl asks for 100-continue before a body of this size, and nginx grants it.
        let output = setting.curl_output(&[
            "-v",
            "-X",
            "POST",
            "-H",
            extra,
            "-H",
            "Expect: 100-continue",
            "--data-binary",
            &data,
            &url,
        ]);
        assert!(String::from_utf8_lossy(&output.stdout).ends_with("taken\n"), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("100 Continue"), "{extra}");
        let bodies = std::fs::read_dir(path_in(folder, "bodies")).unwrap();
        let mut newest: Vec<_> = bodies.map(|entry| entry.unwrap().path()).collect();
        newest.sort();
        assert!(std::fs::read(newest.last().unwrap()).unwrap() == big(), "{extra}");
    }
}

#[test]
fn connections_are_kept_on_both_sides() {
    let setting = Setting::with("", |config| config.threads = 1);
    let url = setting.url("site.example", "/small");
    let output = setting.curl_output(&["-v", &url, &url, &url]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(told.matches("Re-using existing").count(), 2, "{told}");
    setting.curl(&[&setting.url("site.example", "/small?last")]);
    let log = setting.internet.log_with("last");
    let mut connections: Vec<_> = log.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
    connections.dedup();
    assert_eq!((log.lines().count(), connections.len()), (4, 1), "{log}");
}

#[test]
fn answers_without_a_body_end_with_their_head() {
    let setting = Setting::new("");
    let host = format!("site.example:{}", setting.internet.http);
    let mut stream = setting.raw();
    for (method, path, extra, wanted) in [
        ("HEAD", "/big", "", "HTTP/1.1 200 OK"),
        ("GET", "/nothing", "", "HTTP/1.1 204 No Content"),
        ("GET", "/small", "If-None-Match: *\r\n", "HTTP/1.1 304 Not Modified"),
        ("GET", "/small", "", "HTTP/1.1 200 OK"),
    ] {
        let request = format!("{method} http://{host}{path} HTTP/1.1\r\nHost: {host}\r\n{extra}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let answer = read_head(&mut stream);
        assert!(answer.starts_with(wanted), "{method} {path}: {answer}");
        if method == "HEAD" {
            assert!(answer.contains("Content-Length: 5000000\r\n"), "{answer}");
        }
        if wanted.contains(" 200 ") && method == "GET" {
            let mut rest = vec![0; 6 - body(&answer).len()];
            stream.read_exact(&mut rest).unwrap();
            assert_eq!(format!("{}{}", body(&answer), String::from_utf8_lossy(&rest)), "hello\n");
        } else {
            assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        }
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let setting = Setting::new("");
    let host = format!("site.example:{}", setting.internet.http);
    let one =
        |path: &str, extra: &str| format!("GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\n{extra}\r\n");
    let answer = setting.exchange(
        format!("{}\r\n{}{}", one("/small", ""), one("/nothing", ""), one("/heads", "Connection: close\r\n"))
            .as_bytes(),
    );
    let places: Vec<_> =
        ["hello", " 204 ", "host=site"].map(|word| answer.find(word).unwrap_or(usize::MAX)).into();
    assert!(places.is_sorted() && places[2] < usize::MAX, "{answer}");
}

#[test]
fn an_old_client_gets_its_page_and_the_connection_ends() {
    let setting = Setting::new("");
    let answer = setting.curl(&["-0", &setting.url("site.example", "/small")]);
    assert!(answer.contains("Connection: close\r\n") && body(&answer) == "hello\n", "{answer}");
}

/// An origin that answers each connection's first request with these bytes and closes.
fn origin(answer: &'static [u8]) -> (u16, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = read_head(&mut stream);
        stream.write_all(answer).unwrap();
        head
    });
    (port, thread)
}

#[test]
fn answers_that_could_be_read_in_two_ways_are_not_passed_on() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 1\n\na",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        b"HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n",
        b"garbage\r\n\r\n",
        b"",
    ] {
        let (port, thread) = origin(answer);
        let setting = Setting::with("", |config| config.allow_private[0].ports.push(port));
        let got = setting.curl(&[&format!("http://site.example:{port}/")]);
        assert_eq!(status(&got), 502, "{:?}: {got}", String::from_utf8_lossy(answer));
        thread.join().unwrap();
    }
}

#[test]
fn broken_chunks_are_said_where_nothing_was_passed_on_yet() {
    for chunks in
        ["zz\r\nab\r\n0\r\n\r\n", "5\r\nabcdefgh\r\n0\r\n\r\n", "3\r\nabc\r\n-1\r\n", "2\nab\n0\n\n"]
    {
        let answer = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        let (port, thread) = origin(answer.leak().as_bytes());
        let setting = Setting::with("", |config| config.allow_private[0].ports.push(port));
        let got = setting.curl(&[&format!("http://site.example:{port}/")]);
        assert!(status(&got) == 502 && got.contains("did not answer"), "{chunks:?}: {got}");
        assert!(got.contains("error=http_protocol_error") && got.matches("HTTP/1.1").count() == 1, "{got}");
        thread.join().unwrap();
    }
}

#[test]
fn an_answer_that_breaks_in_its_middle_is_broken_off_and_never_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let setting = Setting::with("", |config| config.allow_private[0].ports.push(port));
    for (head, then) in [
        // What comes after the first chunk is no chunk.
        ("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Some("zz\r\n")),
        // The origin goes away before the last chunk, and where only its end delimits.
        ("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", None),
        ("\r\nabc", None),
    ] {
        let mut client = setting.raw();
        let ask = format!("GET http://site.example:{port}/ HTTP/1.1\r\nHost: site.example:{port}\r\n\r\n");
        client.write_all(ask.as_bytes()).unwrap();
        let (mut origin, _) = listener.accept().unwrap();
        read_head(&mut origin);
        origin.write_all(format!("HTTP/1.1 200 OK\r\n{head}").as_bytes()).unwrap();
        let mut got = Vec::new();
        while !got.windows(3).any(|some| some == b"abc") {
            let mut some = [0; 512];
            let read = client.read(&mut some).unwrap();
            assert!(read > 0, "{head:?}");
            got.extend_from_slice(&some[..read]);
        }
        match then {
            Some(more) => origin.write_all(more.as_bytes()).unwrap(),
            // A reset of its own, as of a machine that went away.
            None => reset(origin),
        }
        let ended = client.read_to_end(&mut Vec::new());
        let ended = ended.expect_err("the end must not look like one").kind();
        assert_eq!(ended, std::io::ErrorKind::ConnectionReset, "{head:?}");
    }
}

/// Resets a connection.
fn reset(stream: std::net::TcpStream) {
    tokio::net::TcpSocket::from_std_stream(stream).set_zero_linger().unwrap();
}

#[test]
fn what_an_origin_sends_beyond_its_answer_is_nobodys_answer() {
    let (port, thread) = origin(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    );
    let setting = Setting::with("", |config| {
        config.allow_private[0].ports.push(port);
        config.threads = 1;
    });
    let url = format!("http://site.example:{port}/");
    let got = setting.curl(&[&url]);
    assert_eq!(body(&got), "ok");
    thread.join().unwrap();
    let next = setting.curl(&[&url]);
    assert_eq!(status(&next), 502, "{next}");
}

#[test]
fn a_stream_reaches_the_client_as_it_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let setting = Setting::with("", |config| config.allow_private[0].ports.push(port));
    let mut client = setting.raw();
    let request =
        format!("GET http://site.example:{port}/events HTTP/1.1\r\nHost: site.example:{port}\r\n\r\n");
    client.write_all(request.as_bytes()).unwrap();
    let (mut origin, _) = listener.accept().unwrap();
    read_head(&mut origin);
    origin.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    assert!(read_head(&mut client).ends_with("\r\n\r\n"));
    for event in ["6\r\nfirst\n\r\n", "7\r\nsecond\n\r\n"] {
        origin.write_all(event.as_bytes()).unwrap();
        let mut got = vec![0; event.len()];
        client.read_exact(&mut got).unwrap();
        assert_eq!(String::from_utf8_lossy(&got), event);
    }
}

#[test]
fn a_kept_connection_that_its_origin_closed_is_replaced_unseen() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let setting = Setting::with("", |config| {
        config.allow_private[0].ports.push(port);
        config.threads = 1;
    });
    let origin = std::thread::spawn(move || {
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().unwrap();
            read_head(&mut stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        }
    });
    let url = format!("http://site.example:{port}/");
    for _ in 0..3 {
        assert_eq!(body(&setting.curl(&[&url])), "ok");
    }
    origin.join().unwrap();
}

#[test]
fn a_web_socket_is_decided_then_carried() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let setting = Setting::with(&super::setting::block("blocked.example"), |config| {
        config.allow_private[0].ports.push(port);
    });
    let ask = |host: &str| {
        format!(
            "GET http://{host}:{port}/chat HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
    };
    assert_eq!(
        status(&setting.exchange(ask("blocked.example").replace("keep-alive, ", "close, ").as_bytes())),
        403
    );
    let mut client = setting.raw();
    client.write_all(ask("site.example").as_bytes()).unwrap();
    let (mut origin, _) = listener.accept().unwrap();
    let asked = read_head(&mut origin);
    assert!(asked.contains("Connection: Upgrade\r\nUpgrade: websocket\r\n"), "{asked}");
    origin.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02hi").unwrap();
    let answer = read_head(&mut client);
    assert!(
        answer.contains("Upgrade: websocket\r\n") && answer.contains("Sec-WebSocket-Accept: s3p"),
        "{answer}"
    );
    client.write_all(b"\x81\x82\0\0\0\0yo").unwrap();
    let mut got = [0; 8];
    origin.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"\x81\x82\0\0\0\0yo");
    drop(client);
    assert_eq!(origin.read(&mut got).unwrap_or(0), 0);
    eventually(|| {
        setting
            .log
            .lines()
            .iter()
            .any(|line| line.starts_with("proxy allow unknown site.example /chat"))
            .then_some(())
    });
}
