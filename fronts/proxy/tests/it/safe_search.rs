//! Hosts of search engines lead to where they answer safely, for whom the policy says so.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::setting::{PUPIL, STAFF, Setting, body, eventually, policy, read_head, status};

const CELLS: &str = r#"
[safe-search]
search = { staff = "off" }
youtube = { staff = "moderate" }
"#;

/// An address of nobody on the roll.
const STRANGER: &str = "127.0.9.7";

#[test]
fn a_page_comes_from_where_the_engine_answers_safely_with_the_gates_word_for_it() {
    let setting = Setting::new(CELLS);
    let port = setting.internet.http;
    for (who, host, sent, answer) in [
        (
            PUPIL,
            "seek.example",
            "?q=a&safe=off",
            "at=127.0.9.9 host=seek.example restrict=None query=q=a&safe=active",
        ),
        (
            PUPIL,
            "www.seek.example",
            "?q=a",
            "at=127.0.9.9 host=www.seek.example restrict=None query=q=a&safe=active",
        ),
        (
            STRANGER,
            "seek.example",
            "?q=a",
            "at=127.0.9.9 host=seek.example restrict=None query=q=a&safe=active",
        ),
        (
            STAFF,
            "seek.example",
            "?q=a&safe=off",
            "at=127.0.0.1 host=seek.example restrict=None query=q=a&safe=off",
        ),
        (PUPIL, "films.example", "?v=1", "at=127.0.9.9 host=films.example restrict=Strict query=v=1"),
        (STAFF, "films.example", "?v=1", "at=127.0.9.9 host=films.example restrict=Moderate query=v=1"),
        // What lies below is another site.
        (
            PUPIL,
            "work.seek.example",
            "?safe=off",
            "at=127.0.0.1 host=work.seek.example restrict=None query=safe=off",
        ),
    ] {
        let url = setting.url(host, &format!("/held{sent}"));
        let page = setting.curl(&["--interface", who, "-H", "youtube-restrict: None", &url]);
        let answer = answer.replace("example ", &format!("example:{port} "));
        assert_eq!(body(&page).trim_end(), answer, "{who} {host}: {page}");
    }
    let told = setting.log.lines();
    assert!(
        told.iter().any(|line| line.starts_with(&format!("proxy allow unknown seek.example /held {PUPIL}"))),
        "{told:?}"
    );
}

/// Opens a tunnel to the host as that device; what answers says at which address it was reached.
fn reached(setting: &Setting, who: &str, host: &str) -> String {
    let url = setting.url(host, "/held");
    let page = setting.curl(&["--interface", who, "-p", &url]);
    let at = body(&page).rsplit("at=").next().unwrap_or_default();
    at.split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn a_tunnel_leads_there_too_and_the_same_for_every_port() {
    let setting = Setting::new(CELLS);
    assert_eq!(reached(&setting, PUPIL, "www.seek.example"), "127.0.9.9");
    assert_eq!(reached(&setting, STRANGER, "films.example"), "127.0.9.9");
    assert_eq!(reached(&setting, STAFF, "www.seek.example"), "127.0.0.1");
    // The name that it leads to is answered as it is, by anybody.
    assert_eq!(reached(&setting, STAFF, "strict.seeksafe.example"), "127.0.9.9");
}

#[test]
fn where_the_safe_address_cannot_be_had_there_is_none() {
    let setting = Setting::with(CELLS, |config| {
        // Nobody answers for the engines' safe names.
        let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let nobody = nobody.local_addr().unwrap();
        config.forward = vec![(vec!["seeksafe.example".to_owned()], vec![nobody])];
        config.limits.resolve = Duration::from_millis(300);
    });
    let url = setting.url("seek.example", "/held");
    let page = setting.curl(&["--interface", PUPIL, &url]);
    assert!(status(&page) >= 500, "{page}");
    let page = setting.curl(&["--interface", PUPIL, "-p", &url]);
    assert!(status(&page) >= 500, "{page}");
    assert_eq!(reached(&setting, STAFF, "seek.example"), "127.0.0.1");
    // The web server writes its log after it has answered.
    let seen = eventually(|| Some(setting.internet.log()).filter(|seen| seen.contains("/held")));
    assert!(!seen.contains("/held?") && seen.matches("/held").count() == 1, "{seen}");
}

#[test]
fn what_is_blocked_at_the_safe_name_or_address_is_blocked_for_whom_it_is_for() {
    for rule in ["site = \"seeksafe.example\"", "site = \"127.0.9.9\""] {
        let setting = Setting::new(&format!("{CELLS}[[rule]]\ndo = \"block\"\n{rule}\n"));
        let url = setting.url("seek.example", "/held");
        assert_eq!(status(&setting.curl(&["--interface", PUPIL, &url])), 403, "{rule}");
        assert_eq!(status(&setting.curl(&["--interface", STAFF, &url])), 200, "{rule}");
    }
}

#[test]
fn a_tunnel_to_the_unprotected_address_ends_when_safe_search_begins() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let off = "[safe-search]\nsearch = { everyone = \"off\" }\n";
    let setting = Setting::with(off, |config| {
        config.allow_private[0].ports.push(port);
        config.connect_ports.push(port);
    });
    // The device is on the roll: nobody else has it off.
    let open = |host: &str| {
        let mut client = std::process::Command::new("curl");
        let proxy = format!("http://{}", setting.address());
        client.args(["-sS", "--max-time", "20", "--noproxy", "", "-x", &proxy, "--interface", PUPIL, "-p"]);
        let child = client.arg(format!("http://{host}:{port}/")).spawn().unwrap();
        let mut origin = listener.accept().unwrap().0;
        read_head(&mut origin);
        (child, origin)
    };
    let (mut child, mut origin) = open("seek.example");
    let (mut other, mut stays) = open("maths.example");
    setting.current.swap_policy(policy(""));
    let changed = Instant::now();
    origin.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(origin.read(&mut [0; 1]).unwrap_or(0), 0);
    assert!(changed.elapsed() < Duration::from_secs(2), "{:?}", changed.elapsed());
    assert!(!child.wait().unwrap().success());
    stays.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    assert!(other.wait().unwrap().success());
}
