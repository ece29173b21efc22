//! What a network manager presses at the portal is done by the hub, and the page says what came of it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually};
use testing::servers::NameServer;

/// A browser: curl with the cookie of whoever signed in.
pub struct Browser {
    portal: String,
    jar: String,
}

impl Browser {
    /// Whoever follows an invitation, as a command told it, and chooses a password.
    pub fn welcomed(school: &School, jar: &Path, said: &str) -> Result<Self> {
        let (_, token) = said.split_once("/welcome/").context("an invitation")?;
        let is_part = |sign: &char| sign.is_ascii_alphanumeric() || "-_".contains(*sign);
        let token: String = token.chars().take_while(is_part).collect();
        let jar = jar.display().to_string();
        let browser = Self { portal: format!("http://{}", school.ready.portal), jar };
        let form = "password=teapots+over+jupiter&repeated=teapots+over+jupiter";
        let welcome = browser.ask(&format!("/welcome/{token}"), &["-d", form])?;
        assert!(welcome.starts_with("HTTP/1.1 303"), "{welcome}");
        Ok(browser)
    }

    /// What the portal answers, head and body.
    pub fn ask(&self, path: &str, more: &[&str]) -> Result<String> {
        let output = Command::new("curl")
            .args(["-s", "-i", "--max-time", "20", "-b", &self.jar, "-c", &self.jar])
            .args(["-H", "sec-fetch-site: same-origin"])
            .args(more)
            .arg(format!("{}{path}", self.portal))
            .output()
            .context("curl is not installed")?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Presses the button of a page twice, and waits for what the page says once it has ended.
    fn press(&self, page: &str) -> Result<String> {
        for _ in 0..2 {
            let sent = self.ask(&format!("{page}/now"), &["-d", ""])?;
            assert!(sent.starts_with("HTTP/1.1 303"), "{sent}");
        }
        let ended = eventually(Duration::from_secs(120), || {
            let shown = self.ask(page, &[]).ok()?;
            (shown.contains("ended at") || shown.contains("could not be done")).then_some(shown)
        });
        ended.context("it ended, and the page says so")
    }
}

fn archives(folder: &Path) -> Result<usize> {
    let all: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let is_one = |entry: &&fs::DirEntry| entry.path().extension().is_some_and(|end| end == "fivebar-backup");
    Ok(all.iter().filter(is_one).count())
}

#[test]
fn a_test_and_a_back_up_are_made_at_once_for_whoever_presses_the_button() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (home, disk) = (folder.path().join("school"), folder.path().join("disk"));
    journeys::init(&home)?;
    fs::create_dir(&disk)?;
    let upstream = NameServer::dnsmasq(&["--address=/#/192.0.2.1"])?;
    let port = std::net::UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
    let file = home.join("fivebar.toml");
    let text = fs::read_to_string(&file)?.replace("127.0.0.1:9", &upstream.address.to_string());
    let text = text.replacen("127.0.0.1:0", &format!("127.0.0.1:{port}"), 1);
    fs::write(&file, format!("{text}\n[backup]\nto = {disk:?}\n"))?;
    let school = School::run(&home)?;
    let said = school.told(&["--json", "people", "first-head", "Hanna Example"])?;
    let head = Browser::welcomed(&school, &folder.path().join("jar"), &said)?;

    let tested = head.press("/staff/filter-tests")?;
    assert!(tested.contains("ended at") && tested.contains("/staff/filter-tests/1"), "{tested}");
    let history = school.told(&["filter-test", "history"])?;
    assert!(history.contains("person:") && history.lines().count() == 1, "{history}");

    // The disk is there, and nobody said that it is this school's.
    let refused = head.press("/staff/back-ups")?;
    assert!(refused.contains("could not be done") && refused.contains("Is the disk mounted"), "{refused}");
    assert_eq!(archives(&disk)?, 0);
    school.told(&["backup", "prepare"])?;
    let made = head.press("/staff/back-ups")?;
    assert!(made.contains("ended at") && made.contains("Lies there"), "{made}");
    assert_eq!(archives(&disk)?, 1, "pressed twice, one is made");
    let trail = school.told(&["trail", "show"])?;
    let begun = |what: &str| {
        trail.lines().filter(|line| line.contains("errand.begin") && line.contains(what)).count()
    };
    assert_eq!(begun("filter-test:now"), 1, "{trail}");
    // One that was refused may have ended before the second press, which begins another.
    assert!((2..=3).contains(&begun("backup:now")), "{trail}");
    assert!(school.told(&["verify"])?.contains("trail"), "it proves itself");
    Ok(())
}
