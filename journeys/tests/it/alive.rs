//! Whoever watches over the machine asks whether every part answers.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually, program};

/// Addresses that are free now, each on a port of its own.
fn free() -> Result<[SocketAddr; 3]> {
    let one = || UdpSocket::bind("127.0.11.1:0");
    let [dns, proxy, portal] = [one()?, one()?, one()?];
    Ok([dns.local_addr()?, proxy.local_addr()?, portal.local_addr()?])
}

#[test]
fn every_part_is_asked_and_the_silent_ones_are_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("hillside");
    let [dns, proxy, portal] = free()?.map(|address| address.to_string());
    let made = Command::new(program()?)
        .arg("--home")
        .arg(&home)
        .args(["init", "--yes", "--school", "Hillside", "--dns", &dns, "--proxy", &proxy])
        .args(["--portal", &portal, "--upstream", "127.0.0.1:9"])
        .output()?;
    assert!(made.status.success(), "{made:?}");
    let alive = || -> Result<(Option<i32>, String)> {
        let asked = Command::new(program()?).arg("--home").arg(&home).arg("alive").output()?;
        let said = [asked.stdout, asked.stderr].concat();
        Ok((asked.status.code(), String::from_utf8_lossy(&said).into_owned()))
    };
    let (code, said) = alive()?;
    assert_eq!(code, Some(4), "{said}");
    for part in ["DNS at", "the proxy at", "the portal at", "the activity log"] {
        assert!(said.contains(part), "{said}");
    }
    let school = School::run(&home)?;
    assert_eq!(alive()?, (Some(0), "Every part answers.\n".to_owned()));
    // Nothing of it is recorded.
    assert_eq!(school.told(&["--json", "activity", "search"])?, "");
    let hub = school.pid_of("hub").context("the hub")?;
    Command::new("kill").arg("-STOP").arg(hub.to_string()).status()?;
    let (code, said) = alive()?;
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("the portal at") && !said.contains("DNS"), "{said}");
    Command::new("kill").arg("-CONT").arg(hub.to_string()).status()?;
    eventually(Duration::from_secs(20), || (alive().ok()?.0 == Some(0)).then_some(()))
        .context("it is well again")?;
    Ok(())
}
