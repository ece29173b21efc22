//! Who may reach what, and what the page says.

use engine::test_pass::{Asked, to_text, write_pass};
use engine::ticket::{Ticket, TicketError};
use engine::{DeviceNo, PersonNo, Step};
use kit::{Clock, Timestamp};

use super::setting::{KEY, PUPIL, STAFF, Setting, block, body, eventually, status};

fn games() -> String {
    "[[rule]]\ndo = \"block\"\ngroup = \"pupils\"\nsite = \"games.example\"\nreason = \"Not during lessons.\"\n\n".into()
}

#[test]
fn a_pupil_is_refused_what_staff_may_have_by_page_and_by_tunnel() {
    let setting = Setting::new(&games());
    let url = setting.url("games.example", "/small?q=1");
    let pupil = setting.curl(&["--interface", PUPIL, &url]);
    assert_eq!(status(&pupil), 403, "{pupil}");
    let staff = setting.curl(&["--interface", STAFF, &url]);
    assert_eq!(body(&staff), "hello\n");
    let tunnel = setting.curl(&["--interface", PUPIL, "-p", &url]);
    assert_eq!(status(&tunnel), 403, "{tunnel}");
    assert_eq!(
        setting.log.lines(),
        [
            format!("proxy block school games.example /small {PUPIL} 0"),
            format!("proxy allow unknown games.example /small {STAFF} 6"),
            format!("connect block school games.example - {PUPIL} 0"),
        ]
    );
}

#[test]
fn the_block_page_says_why_and_what_helps_and_repeats_nothing_that_was_sent() {
    let setting = Setting::new(&games());
    let page = setting.curl(&[
        "--interface",
        PUPIL,
        &setting.url("www.games.example", "/<script>alert(1)</script>?<b>"),
    ]);
    assert!(page.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{page}");
    for wanted in [
        "Content-Type: text/html; charset=utf-8\r\n",
        "Cache-Control: no-store\r\n",
        "X-Content-Type-Options: nosniff\r\n",
        "default-src 'none'",
        "<html lang=\"en-GB\" dir=\"ltr\">",
        "<title>This page is blocked</title>",
        "Not during lessons.",
        "www.games.example",
        "href=\"http://portal.school.example/why?t=",
        "href=\"http://portal.school.example/requests?t=",
        "href=\"http://portal.school.example/reports?t=",
        "A helpline",
    ] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    assert_eq!(page.matches("<h1>").count(), 1);
    for unwanted in ["<script", "alert(1)", "<b>", "http-equiv"] {
        assert!(!page.contains(unwanted), "{unwanted}: {page}");
    }
}

#[test]
fn the_ticket_on_the_page_is_that_decision_until_it_ends() {
    let setting = Setting::new(&games());
    let page = setting.curl(&["--interface", PUPIL, &setting.url("games.example", "/play?x=1")]);
    let text = page.split("why?t=").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let now = Clock::System.now();
    let ticket = Ticket::open(&KEY, text, now).unwrap();
    assert_eq!((ticket.host.as_str(), ticket.path.as_deref()), ("games.example", Some("/play")));
    assert_eq!(
        (ticket.person, ticket.device, ticket.step),
        (Some(PersonNo(1)), Some(DeviceNo(1)), Step::School)
    );
    assert_eq!(ticket.client.to_string(), PUPIL);
    let later = Timestamp::from_millis(now.as_millis() + 25 * 3_600_000);
    assert_eq!(Ticket::open(&KEY, text, later), Err(TicketError::Ended));
}

#[test]
fn a_picture_or_a_style_is_refused_with_a_tiny_one() {
    let setting = Setting::new(&block("games.example"));
    for (accept, kind) in [
        ("image/avif,image/webp,*/*;q=0.8", "image/svg+xml"),
        ("text/css,*/*;q=0.1", "text/css; charset=utf-8"),
        ("text/html,application/xhtml+xml", "text/html; charset=utf-8"),
    ] {
        let answer = setting.curl(&["-H", &format!("Accept: {accept}"), &setting.url("games.example", "/x")]);
        assert_eq!(status(&answer), 403);
        assert!(answer.contains(&format!("Content-Type: {kind}\r\n")), "{answer}");
    }
}

#[test]
fn a_path_is_decided_in_its_one_form() {
    let rule = "[[rule]]\ndo = \"block\"\nurl = \"site.example/small\"\nreason = \"Closed.\"\n\n";
    let setting = Setting::new(rule);
    for (path, wanted) in [
        ("/small", 403),
        ("/%73mall", 403),
        ("/x/../small", 403),
        ("/x/%2e%2e/small?y", 403),
        ("//small", 403),
        ("/x%2F..%2Fsmall", 403),
        ("/%2Fsmall?y", 403),
        ("/x//../small", 400),
        ("/heads", 200),
    ] {
        let answer = setting.curl(&["--path-as-is", &setting.url("site.example", path)]);
        assert_eq!(status(&answer), wanted, "{path}: {answer}");
    }
}

#[test]
fn an_expression_may_be_about_the_spelling_that_was_sent() {
    let rule = "[[rule]]\ndo = \"block\"\nexpression = \"//|%2e\"\nreason = \"Closed.\"\n\n";
    let setting = Setting::new(rule);
    for (path, wanted) in [("/small", 200), ("//small", 403), ("/x/%2E%2e/small", 403), ("/x/../small", 200)]
    {
        let answer = setting.curl(&["--path-as-is", &setting.url("site.example", path)]);
        assert_eq!(status(&answer), wanted, "{path}: {answer}");
    }
}

#[test]
fn a_name_that_leads_to_a_blocked_one_is_blocked() {
    let setting = Setting::new(&format!("{}{}", block("target.example"), block("127.0.9.9")));
    for host in ["target.example", "alias.example", "two.example"] {
        let answer = setting.curl(&[&setting.url(host, "/small")]);
        assert_eq!(status(&answer), 403, "{host}: {answer}");
        let tunnel = setting.curl(&["-p", &setting.url(host, "/small")]);
        assert_eq!(status(&tunnel), 403, "{host}: {tunnel}");
    }
    assert_eq!(setting.internet.log(), "");
}

#[test]
fn a_visit_to_a_helpline_is_open_to_everyone_and_leaves_nothing_of_the_child() {
    let setting = Setting::new(&block("help.example"));
    let answer =
        setting.curl(&["--interface", PUPIL, "-A", "Tablet", &setting.url("help.example", "/small")]);
    assert_eq!(body(&answer), "hello\n");
    let lines = eventually(|| Some(setting.log.lines()).filter(|lines| !lines.is_empty()));
    assert_eq!(lines, ["proxy allow help - - - 0"]);
}

#[test]
fn a_site_that_is_not_there_says_so() {
    let setting = Setting::new("");
    for (url, wanted) in [
        ("http://no-such-name.invalid/".to_owned(), "No website has that name."),
        (format!("http://site.example:{}/", setting.internet.dns), "not on the internet"),
    ] {
        let answer = setting.curl(&[&url]);
        assert!(matches!(status(&answer), 403 | 502 | 504), "{url}: {answer}");
        assert!(answer.contains(wanted), "{answer}");
    }
}

#[test]
fn the_schools_own_test_is_answered_as_its_group_and_a_bad_pass_as_whoever_asks() {
    let setting = Setting::new(&games());
    let url = setting.url("games.example", "/small");
    let port = setting.internet.http;
    let page = Asked::Page { host: "games.example", port, path: "/small" };
    let tunnel = Asked::Tunnel { host: "games.example", port };
    let mut nonce = 0u64;
    let mut pass = |key: &[u8; 32], group: &str, client: &str, asked| {
        nonce += 1;
        let now = Clock::System.now();
        to_text(&write_pass(key, group, client.parse().unwrap(), asked, now, nonce.to_be_bytes()))
    };
    for (asked, way) in [(page, &["-H"][..]), (tunnel, &["-p", "--proxy-header"])] {
        let once = pass(&KEY, "staff", PUPIL, asked);
        let other = if asked == page { tunnel } else { page };
        for (from, pass, expected, why) in [
            (PUPIL, once.clone(), 200, "a good pass"),
            (PUPIL, once, 403, "shown before"),
            (STAFF, pass(&KEY, "pupils", STAFF, asked), 403, "the other way"),
            (PUPIL, pass(&[8; 32], "staff", PUPIL, asked), 403, "another key"),
            (PUPIL, pass(&KEY, "staff", STAFF, asked), 403, "another's address"),
            (PUPIL, pass(&KEY, "staff", PUPIL, other), 403, "for another request"),
            (PUPIL, pass(&KEY, "staff", PUPIL, asked)[2..].to_owned(), 403, "cut"),
            (PUPIL, String::new(), 403, "empty"),
        ] {
            let field = format!("Fivebar-Test: {pass}");
            let answer = setting.curl(&[&["--interface", from, &url][..], way, &[field.as_str()]].concat());
            assert_eq!(status(&answer), expected, "{why} {way:?}: {answer}");
        }
    }
}
