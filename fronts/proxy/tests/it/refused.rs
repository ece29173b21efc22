//! What could be read in two ways never reaches an origin.

use super::setting::{Setting, status};

#[test]
fn smuggling_and_injection_are_refused_and_the_origin_sees_nothing_of_them() {
    let setting = Setting::new("");
    let host = format!("site.example:{}", setting.internet.http);
    let get = |rest: &str| format!("GET http://{host}/row HTTP/1.1\r\nHost: {host}\r\n{rest}\r\n");
    let post = |rest: &str| format!("POST http://{host}/row HTTP/1.1\r\nHost: {host}\r\n{rest}");
    let line = |line: &str| format!("{line}\r\nHost: {host}\r\n\r\n");
    let after = "GET http://site.example/smuggled HTTP/1.1\r\nHost: site.example\r\n\r\n";
    let rows: Vec<(&str, String, u16)> = vec![
        (
            "length and chunks",
            post(&format!("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{after}")),
            400,
        ),
        ("two lengths", post(&format!("Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde{after}")), 400),
        (
            "two same lengths",
            post(&format!("Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde{after}")),
            400,
        ),
        ("a list of lengths", post("Content-Length: 5, 5\r\n\r\nabcde"), 400),
        ("a signed length", post("Content-Length: +5\r\n\r\nabcde"), 400),
        ("odd coding", post(&format!("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{after}")), 501),
        ("coding in quotes", post("Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"), 501),
        ("coding after a tab", post("Transfer-Encoding:\tchunked, identity\r\n\r\n0\r\n\r\n"), 501),
        ("two codings", post("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501),
        (
            "coding twice",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            501,
        ),
        ("coding with a vertical tab", post("Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"), 400),
        (
            "coding in 1.0",
            format!("POST http://{host}/row HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            501,
        ),
        ("folded header", get("X: a\r\n b: c\r\n"), 400),
        ("folded first header", format!("GET http://{host}/row HTTP/1.1\r\n Host: {host}\r\n\r\n"), 400),
        ("bare LF", get("X: a\nTransfer-Encoding: chunked\r\n"), 400),
        ("bare CR", get("X: a\rTransfer-Encoding: chunked\r\n"), 400),
        ("LF alone everywhere", get("").replace("\r\n", "\n"), 400),
        ("NUL in a value", get("X: a\0b\r\n"), 400),
        ("NUL in the address", line(&format!("GET http://{host}/ro\0w HTTP/1.1")), 400),
        ("space before the colon", get("Content-Length : 0\r\n"), 400),
        ("no name", get(": x\r\n"), 400),
        ("no colon", get("GET http://site.example/smuggled HTTP/1.1\r\n"), 400),
        ("another host", format!("GET http://{host}/row HTTP/1.1\r\nHost: other.example\r\n\r\n"), 400),
        ("two hosts", get("Host: other.example\r\n"), 400),
        ("no host", format!("GET http://{host}/row HTTP/1.1\r\n\r\n"), 400),
        ("user name", format!("GET http://other.example@{host}/row HTTP/1.1\r\nHost: {host}\r\n\r\n"), 400),
        ("https in absolute form", line("GET https://secure.example/row HTTP/1.1"), 501),
        ("another scheme", line("GET ftp://site.example/row HTTP/1.1"), 501),
        ("a space in the address", line(&format!("GET http://{host}/row HTTP/1.1 HTTP/1.1")), 400),
        ("two spaces", line(&format!("GET  http://{host}/row HTTP/1.1")), 400),
        ("a fragment", line(&format!("GET http://{host}/row#x HTTP/1.1")), 400),
        ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), 505),
        ("HTTP/0.9", format!("GET http://{host}/row\r\n\r\n"), 400),
        (
            "Connection takes the length away",
            post("Connection: content-length\r\nContent-Length: 5\r\n\r\nabcde"),
            400,
        ),
        ("expects something", get("Expect: 101-surprise\r\n"), 417),
        ("TRACE", line(&format!("TRACE http://{host}/row HTTP/1.1")), 405),
        ("an asterisk", line("OPTIONS * HTTP/1.1"), 400),
        (
            "CONNECT with a body",
            format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\n\r\nabc"),
            400,
        ),
        ("CONNECT with an address", line(&format!("CONNECT http://{host}/ HTTP/1.1")), 400),
        ("101 headers", get(&"X: y\r\n".repeat(101)), 431),
        ("a head of 70 KiB", get(&format!("X: {}\r\n", "y".repeat(70_000))), 431),
        ("TLS where HTTP is spoken", "\x16\x03\x01\x02\0\x01\0\x01\u{7f}\x03\x03\n".into(), 400),
    ];
    for (name, bytes, wanted) in &rows {
        let answer = setting.exchange(bytes.as_bytes());
        assert_eq!(status(&answer), *wanted, "{name}: {answer}");
        assert!(answer.contains("<h1>") && answer.contains("Connection: close"), "{name}: {answer}");
        assert_eq!(answer.matches("Proxy-Status: ").count(), 1, "{name}: one answer only: {answer}");
    }
    assert!(setting.curl(&[&setting.url("site.example", "/small?marker")]).contains("hello"));
    let seen = setting.internet.log_with("marker");
    assert_eq!(seen.lines().count(), 1, "the origin saw more than the marker: {seen}");
    assert_eq!(setting.proxy.counts().refused, rows.len() as u64);
}

#[test]
fn bad_chunks_end_the_request_and_nothing_after_them_is_taken_for_another() {
    let setting = Setting::new("");
    let host = format!("site.example:{}", setting.internet.http);
    for (name, chunks) in [
        ("LF after the size", "5\nabcde\r\n0\r\n\r\n"),
        ("too long a chunk", "3\r\nabcde\r\n0\r\n\r\n"),
        ("a signed size", "-5\r\nabcde\r\n0\r\n\r\n"),
        ("a length in the trailer", "5\r\nabcde\r\n0\r\nContent-Length: 3\r\n\r\n"),
        ("a bare CR in an extension", "5;a\rb\r\nabcde\r\n0\r\n\r\n"),
    ] {
        let after = format!("GET http://{host}/smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let answer = setting.exchange(
            format!("POST http://{host}/upload HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{after}")
                .as_bytes(),
        );
        assert!(!answer.contains(" 200 "), "{name}: {answer}");
    }
    setting.curl(&[&setting.url("site.example", "/small?marker")]);
    assert!(!setting.internet.log_with("marker").contains("smuggled"));
}

#[test]
fn the_proxy_itself_is_no_website_but_for_its_pac_file() {
    let setting = Setting::new("");
    for path in ["/", "/admin", "/proxy.pac/x", "//proxy.pac"] {
        let host = setting.address();
        let answer = setting
            .exchange(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes());
        assert_eq!(status(&answer), 400, "{path}: {answer}");
        assert!(
            answer.contains("school&#39;s web proxy") || answer.contains("school's web proxy"),
            "{answer}"
        );
    }
}

#[test]
fn the_schools_own_services_are_not_reached_through_the_proxy() {
    let setting = Setting::new("");
    let own = setting.address();
    let other = super::setting::free_ports::<1>()[0];
    for url in [
        format!("http://127.0.0.1:{other}/"),
        "http://10.0.0.1/".into(),
        "http://192.168.1.1/".into(),
        "http://169.254.169.254/latest/meta-data/".into(),
        "http://[::1]/".into(),
        "http://[::ffff:10.0.0.1]/".into(),
        "http://[fd00::1]/".into(),
        "http://rebound.example/".into(),
        "http://meta.example/".into(),
        format!("http://{own}/proxy.pac"),
        format!("http://any.example:{}/proxy.pac", own.port()),
    ] {
        let answer = setting.curl(&[&url]);
        assert_eq!(status(&answer), 403, "{url}: {answer}");
        assert!(answer.contains("destination_ip_prohibited"), "{url}: {answer}");
    }
    for target in ["127.0.0.1:443", "rebound.example:443", "[::1]:443"] {
        let answer =
            setting.exchange(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes());
        assert_eq!(status(&answer), 403, "{target}: {answer}");
    }
    assert_eq!(setting.proxy.counts().private, 14);
    assert!(setting.log.lines().iter().all(|line| line.contains(" block locked-block ")));
}
