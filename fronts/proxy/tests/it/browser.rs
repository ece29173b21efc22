//! A browser that is given nothing but the PAC file's address.

use std::process::Command;

use super::setting::{Setting, block};

fn chromium(setting: &Setting, url: &str) -> String {
    let profile = tempfile::TempDir::new().unwrap();
    let mut chromium = Command::new("chromium");
    chromium.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]);
    chromium.arg(format!("--user-data-dir={}", profile.path().display()));
    chromium.arg(format!("--proxy-pac-url=http://{}/proxy.pac", setting.address()));
    // Names of the made-up internet lead nowhere unless the proxy resolves them; the school's own are local.
    chromium.arg("--host-resolver-rules=MAP *.school.example 127.0.0.1, MAP school.example 127.0.0.1, MAP intranet 127.0.0.1, EXCLUDE 127.0.0.1, MAP * ~NOTFOUND");
    let output =
        chromium.args(["--timeout=20000", "--dump-dom", url]).output().expect("chromium is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_browser_follows_the_pac_file_to_the_page_or_the_block_page() {
    let setting = Setting::with(&block("games.example"), |config| {
        config.pac.direct = vec!["school.example".into()];
    });
    let blocked = chromium(&setting, "http://games.example/play");
    assert!(blocked.contains("This page is blocked") && blocked.contains("Not during lessons."), "{blocked}");
    let page = chromium(&setting, &setting.url("site.example", "/heads"));
    assert!(page.contains("via=1.1 fivebar"), "through the proxy: {page}");
    // The school's own names go directly, without Via.
    for host in ["wiki.school.example", "school.example", "intranet"] {
        let own = chromium(&setting, &setting.url(host, "/heads"));
        assert!(own.contains(&format!("host={host}")) && own.contains("via= "), "{host}: {own}");
    }
}

#[test]
fn the_pac_file_has_its_type_and_names_the_proxy_as_it_was_asked_for() {
    let setting = Setting::new("");
    for path in ["/proxy.pac", "/wpad.dat", "/proxy.pac?x"] {
        let url = format!("http://{}{path}", setting.address());
        let output = Command::new("curl").args(["-sSi", "--noproxy", "*", &url]).output().unwrap();
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(answer.contains("Content-Type: application/x-ns-proxy-autoconfig\r\n"), "{answer}");
        assert!(answer.contains(&format!("return \"PROXY {}\"", setting.address())), "{answer}");
    }
}
