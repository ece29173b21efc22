//! What could be read in two ways never reaches an origin.

use front_proxy::Opening;

use super::setting::{PUPIL, Setting, block, eventually, status};

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
    // Each is in the log with who sent it, and with nothing of what it said.
    let refused: Vec<String> = setting.log.lines();
    let refused: Vec<&str> =
        refused.iter().map(String::as_str).filter(|line| line.contains(" block front/")).collect();
    assert_eq!(refused.len(), rows.len());
    for (line, (name, ..)) in refused.iter().zip(&rows) {
        assert!(line.ends_with(" - - 127.0.0.1 0"), "{name}: {line}");
    }
    for (kind, some) in [("two-ways", 10), ("not-http", 10), ("not-offered", 2)] {
        let count = refused.iter().filter(|line| line.contains(&format!("front/{kind} "))).count();
        assert!(count >= some, "{kind}: {count} of {refused:#?}");
    }
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
        assert_eq!(status(&answer), 400, "{name}: {answer}");
        assert!(answer.contains("The chunks of the body are not properly written."), "{name}: {answer}");
    }
    setting.curl(&[&setting.url("site.example", "/small?marker")]);
    assert!(!setting.internet.log_with("marker").contains("smuggled"));
    let lines = eventually(|| Some(setting.log.lines()).filter(|lines| lines.len() == 6));
    let refused = "proxy block front/not-http site.example /upload 127.0.0.1 0";
    assert!(lines.iter().take(5).all(|line| line == refused), "{lines:#?}");
    assert_eq!(setting.log.owed(), (0, 0));
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
    assert_eq!(setting.log.lines(), ["proxy block front/not-offered - - 127.0.0.1 0"; 4]);
    // Its own file is no refusal.
    let host = setting.address();
    let pac = format!("GET /proxy.pac HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    assert_eq!(status(&setting.exchange(pac.as_bytes())), 200);
    assert_eq!(setting.log.lines().len(), 4);
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
    let lines = setting.log.lines();
    assert_eq!(lines.len(), 14);
    assert!(lines.iter().all(|line| line.contains(" block front/inside ")), "{lines:#?}");
}

#[test]
fn a_closed_port_is_refused_with_a_page_and_a_row_whichever_way_it_is_asked_for() {
    let setting = Setting::new(&block("games.example"));
    for port in [1, 22, 25, 445, 993] {
        let answer = setting.curl(&["--interface", PUPIL, &format!("http://site.example:{port}/x?y")]);
        assert_eq!(status(&answer), 403, "{answer}");
        assert!(
            answer.contains("This port is closed") && answer.contains(&format!("and {port} is not")),
            "{answer}"
        );
    }
    for port in [25, 80, 8080] {
        let target = format!("site.example:{port}");
        let answer =
            setting.exchange(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes());
        assert_eq!(status(&answer), 403, "{answer}");
        assert!(answer.contains("This port is closed"), "{answer}");
    }
    // A blocked site is blocked, whatever the port.
    let blocked = setting.curl(&["--interface", PUPIL, "http://games.example:25/"]);
    assert!(blocked.contains("Not during lessons."), "{blocked}");
    assert_eq!(setting.proxy.counts().refused, 8);
    let mut wanted: Vec<String> = vec![format!("proxy block front/port site.example /x {PUPIL} 0"); 5];
    wanted.extend(vec!["connect block front/port site.example - 127.0.0.1 0".to_owned(); 3]);
    wanted.push(format!("proxy block school games.example / {PUPIL} 0"));
    assert_eq!(setting.log.lines(), wanted);
}

#[test]
fn a_port_that_is_opened_inside_by_name_is_open_there_and_nowhere_else() {
    let setting = Setting::with("", |config| {
        config.web_ports = [81].into_iter().collect();
        config.allow_private.push(Opening { network: "10.0.0.0/8".parse().unwrap(), ports: vec![79] });
    });
    // The setting opens its own website's port on this machine by name.
    assert_eq!(status(&setting.curl(&[&setting.url("site.example", "/small")])), 200);
    for (url, wanted) in [
        ("http://site.example:79/", "This port is closed"),
        ("http://site.example:80/", "This port is closed"),
        ("http://site.example:81/", "not on the internet"),
    ] {
        let answer = setting.curl(&[url]);
        assert!(status(&answer) == 403 && answer.contains(wanted), "{url}: {answer}");
    }
}

#[test]
fn must_hold_2_a_refused_visit_to_a_help_site_is_not_observed() {
    let setting = Setting::new("");
    let connect = |target: &str| {
        setting.exchange(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes())
    };
    assert_eq!(status(&connect("help.example:25")), 403);
    assert_eq!(status(&setting.curl(&["--interface", PUPIL, "http://help.example:25/chat"])), 403);
    let unclear = setting.curl(&["--path-as-is", &setting.url("help.example", "/x//../chat")]);
    assert_eq!(status(&unclear), 400);
    let lines = setting.log.lines();
    assert!(lines.len() == 3 && lines.iter().all(|line| line.ends_with(" allow help - - - 0")), "{lines:#?}");
}
