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

/// dnsmasq between the devices and the school, telling the devices apart or not.
fn router(school: &School, tells: bool) -> Result<NameServer> {
    let dns = school.ready.dns;
    let server = format!("--server={}#{}@{ROUTER}", dns.ip(), dns.port());
    let more: &[&str] = if tells { &["--add-subnet=32,128", "--add-mac"] } else { &[] };
    Ok(NameServer::dnsmasq(&[&["--cache-size=0", server.as_str()], more].concat())?)
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
        "[[device]]\nname = \"laptop-of-a-governor\"\naddresses = [\"127.0.9.20\"]\ngroups = [\"governors\"]\n\
         [[device]]\nname = \"tablet-of-a-class\"\naddresses = [\"127.0.9.30\"]\ngroups = [\"year-5\"]\n",
    )?;
    school.told(&["people", "import", roll.to_str().context("path")?, "--apply"])?;

    // Nobody answers for the internet here: SERVFAIL is what an open name gets, NXDOMAIN a closed one.
    let router = router(&school, true)?;
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
    drop(router);

    // A router that tells nothing apart: all its devices are who it is, here nobody, with what guests may have.
    let plain = self::router(&school, false)?;
    let port = plain.address.port();
    eventually(Duration::from_secs(20), || {
        (heard("127.0.9.20", port, &[]).ok()? == "NXDOMAIN").then_some(())
    })
    .context("nobody is told apart")?;
    let said = school.told(&["explain", "www.facebook.com", "--as", ROUTER])?;
    assert!(said.contains("[dns] routers"), "{said}");
    Ok(())
}
