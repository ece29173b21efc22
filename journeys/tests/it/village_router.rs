//! A village school's router asks for every device. Debian's dnsmasq is the router: it tells the devices apart, and the
//! gate believes it, and nobody else.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually, init};
use testing::servers::NameServer;

use crate::parts::is_there;

/// Where the router asks from.
const ROUTER: &str = "127.0.9.1";

/// dnsmasq between the devices and the school, with these words of its own.
fn router(school: &School, words: &[&str]) -> Result<NameServer> {
    let dns = school.ready.dns;
    let server = format!("--server={}#{}@{ROUTER}", dns.ip(), dns.port());
    Ok(NameServer::dnsmasq(&[&[server.as_str()], words].concat())?)
}

/// The words for such a router as our page prints them, but for where it asks.
fn printed() -> Result<Vec<String>> {
    let page = include_str!("../../../docs/operations/install.md");
    let mut blocks = page.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines =
        blocks.find(|block| block.contains("add-subnet")).context("the page prints no router's lines")?;
    Ok(lines.lines().filter(|line| !line.starts_with("server=")).map(|line| format!("--{line}")).collect())
}

/// What a device writes into its question to be another, where a router lets it.
const MAC_OF_A_GOVERNOR: &str = "+ednsopt=65001:3c22fb00102a";
const MAC_OF_A_CLASS: &str = "+ednsopt=65001:3c22fb00103a";

/// How many questions named two devices, as the gate last wrote.
fn doubted(school: &School) -> Result<Option<u64>> {
    let status: serde_json::Value = serde_json::from_str(&school.told(&["--json", "status"])?)?;
    Ok(status.pointer("/gate/counts/dns_doubted").and_then(serde_json::Value::as_u64))
}

/// What a device hears from that port.
fn heard(device: &str, port: u16, more: &[&str]) -> Result<String> {
    let answer = Command::new("dig")
        .args([
            "@127.0.0.1",
            "-p",
            &port.to_string(),
            "-b",
            device,
            "+tries=1",
            "+time=5",
            "www.facebook.com",
        ])
        .args(more)
        .output()?;
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let state = text.lines().find_map(|line| line.split("status: ").nth(1)?.split(',').next());
    Ok(state.unwrap_or("nothing").to_owned())
}

#[test]
fn the_devices_behind_a_named_router_are_told_apart_and_it_is_believed_alone() -> Result<()> {
    if !is_there("dnsmasq") {
        println!("skipped: dnsmasq is not installed");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("hillside");
    init(&home)?;
    let file = home.join("fivebar.toml");
    let text = std::fs::read_to_string(&file)?;
    let named = text.replace("[dns]\n", &format!("[dns]\nrouters = [\"{ROUTER}\"]\n"));
    assert_ne!(text, named);
    std::fs::write(&file, named)?;
    let school = School::run(&home)?;
    let roll = folder.path().join("roll.toml");
    std::fs::write(
        &roll,
        "[[device]]\nname = \"laptop-of-a-governor\"\naddresses = [\"127.0.9.20\"]\nmac = \"3c:22:fb:00:10:2a\"\n\
         groups = [\"governors\"]\n\
         [[device]]\nname = \"tablet-of-a-class\"\naddresses = [\"127.0.9.30\"]\nmac = \"3c:22:fb:00:10:3a\"\n\
         groups = [\"year-5\"]\n",
    )?;
    school.told(&["people", "import", roll.to_str().context("path")?, "--apply"])?;

    // Nobody answers for the internet here: SERVFAIL is what an open name gets, NXDOMAIN a closed one.
    let words = printed()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let router = router(&school, &[&words[..], &["--add-mac"]].concat())?;
    let port = router.address.port();
    eventually(Duration::from_secs(20), || {
        (heard("127.0.9.20", port, &[]).ok()? == "SERVFAIL").then_some(())
    })
    .context("a governor behind the router has it open at any hour")?;
    assert_eq!(heard("127.0.9.30", port, &[])?, "NXDOMAIN", "a pupil behind the same router");
    assert_eq!(heard("127.0.9.77", port, &[])?, "NXDOMAIN", "a device that nobody knows");
    let rows = school.told(&["--json", "activity", "search", "--site", "facebook.com"])?;
    for device in ["127.0.9.20", "127.0.9.30", "127.0.9.77"] {
        assert!(rows.contains(device), "{device}: {rows}");
    }
    // Whoever asks the gate itself is not believed.
    let gate = school.ready.dns.port();
    assert_eq!(heard("127.0.9.30", gate, &["+subnet=127.0.9.20/32"])?, "NXDOMAIN");
    // Nor is what a device behind the router writes of itself: it stays who it is.
    for claim in
        [&["+subnet=127.0.9.20/32"][..], &[MAC_OF_A_GOVERNOR], &["+subnet=127.0.9.20/32", MAC_OF_A_GOVERNOR]]
    {
        assert_eq!(heard("127.0.9.30", port, claim)?, "NXDOMAIN", "a pupil who says {claim:?}");
        assert_eq!(heard("127.0.9.77", port, claim)?, "NXDOMAIN", "a stranger who says {claim:?}");
    }
    assert_eq!(heard("127.0.9.20", port, &["+subnet=127.0.9.30/32", MAC_OF_A_CLASS])?, "SERVFAIL");
    assert_eq!(doubted(&school)?, Some(0));
    drop(router);

    // A router that passes on what devices say: where two are named, neither is believed, and it is said.
    let leaky = self::router(&school, &["--cache-size=0", "--add-subnet=32,128"])?;
    let port = leaky.address.port();
    let claim = &["+subnet=127.0.9.20/32", MAC_OF_A_CLASS];
    assert_eq!(heard("127.0.9.30", port, claim)?, "NXDOMAIN", "two devices are nobody");
    eventually(Duration::from_secs(20), || (doubted(&school).ok()? > Some(0)).then_some(()))
        .context("it is counted")?;
    let said = school.told(&["status"])?;
    assert!(said.contains("NAMED TWO DEVICES") && said.contains("strip-subnet"), "{said}");
    drop(leaky);

    // A router that tells nothing apart: all its devices are who it is, here nobody, with what guests may have.
    let plain = self::router(&school, &["--cache-size=0"])?;
    let port = plain.address.port();
    eventually(Duration::from_secs(20), || {
        (heard("127.0.9.20", port, &[]).ok()? == "NXDOMAIN").then_some(())
    })
    .context("nobody is told apart")?;
    let said = school.told(&["explain", "www.facebook.com", "--as", ROUTER])?;
    assert!(said.contains("[dns] routers"), "{said}");
    Ok(())
}
