//! What happens when things break.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use journeys::{School, eventually};
use serde_json::Value;

fn status(school: &School) -> Result<Value> {
    Ok(serde_json::from_str(&school.told(&["--json", "activity", "status"])?)?)
}

#[test]
fn each_process_killed_in_turn_under_load_comes_back_and_the_losses_are_counted_exactly() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-10")?.address.clone();
    let until = Instant::now() + Duration::from_secs(12);
    let mut asked = 0u64;
    let mut round = 0usize;
    let mut next = Instant::now() + Duration::from_millis(400);
    while Instant::now() < until {
        school.dig(&pupil, &[&format!("q{asked}.example")])?;
        asked += 1;
        if Instant::now() > next {
            let part = ["log", "gate", "hub"][round % 3];
            round += 1;
            next = Instant::now() + Duration::from_millis(700);
            if let Some(pid) = school.pid_of(part) {
                Command::new("kill").arg("-KILL").arg(pid.to_string()).status()?;
            }
        }
    }
    assert!(round >= 6, "{round} rounds");
    // Everything comes back and answers.
    eventually(Duration::from_secs(20), || {
        school.dig(&pupil, &["afterwards.example"]).ok()?.contains("NOERROR").then_some(())
    })
    .context("the gate answers again")?;
    let settled = eventually(Duration::from_secs(20), || {
        let status = status(&school).ok()?;
        let (issued, durable, lost) =
            (status["issued"].as_u64()?, status["durable"].as_u64()?, status["lost"].as_u64()?);
        (issued == durable + lost && issued > 0).then_some(status)
    });
    let last = status(&school)?;
    let settled = settled.with_context(|| format!("issued = durable + lost: {last}"))?;
    assert!(settled["durable"].as_u64() > Some(asked / 4), "{settled} of {asked}");
    Ok(())
}

#[test]
fn requests_in_flight_when_the_gate_is_killed_are_counted_as_lost() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    journeys::init(&home)?;
    // A website of the test's own that reads what is asked and never answers.
    let website = TcpListener::bind("127.0.0.1:0")?;
    let port = website.local_addr()?.port();
    let file = home.join("fivebar.toml");
    let text = std::fs::read_to_string(&file)?;
    let inside = format!("[proxy]\ninside = [{{ address = \"127.0.0.1\", port = {port} }}]");
    std::fs::write(&file, text.replace("inside = []\n", "").replacen("[proxy]", &inside, 1))?;
    let school = School::run(&home)?;

    let mut open = Vec::new();
    for path in ["one", "two", "three"] {
        let mut client = TcpStream::connect(school.ready.proxy)?;
        let ask = format!("GET http://127.0.0.1:{port}/{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        client.write_all(ask.as_bytes())?;
        let (mut origin, _) = website.accept()?;
        let mut head = [0; 16];
        origin.read_exact(&mut head)?;
        assert!(head.starts_with(format!("GET /{path} ").as_bytes()));
        open.push((client, origin));
    }
    let gate = school.pid_of("gate").context("the gate runs")?;
    Command::new("kill").arg("-KILL").arg(gate.to_string()).status()?;

    // However long that took: what had become an event by then is on disk or lost, and the rest is lost.
    let settled = eventually(Duration::from_secs(20), || {
        let status = status(&school).ok()?;
        let (issued, durable, lost) =
            (status["issued"].as_u64()?, status["durable"].as_u64()?, status["lost"].as_u64()?);
        (issued == 3 && issued == durable + lost).then_some(status)
    });
    let last = status(&school)?;
    let settled = settled.with_context(|| format!("three events, each durable or lost: {last}"))?;
    assert_eq!(settled["inexact_runs"], 0, "{settled}");
    drop(open);
    Ok(())
}

#[test]
fn a_dead_hub_stops_nothing_at_the_gate() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-4")?.address.clone();
    let hub = school.pid_of("hub").context("the hub runs")?;
    Command::new("kill").arg("-STOP").arg(hub.to_string()).status()?;
    let answer = school.dig(&pupil, &["www.pornhub.com"])?;
    let page = school.curl(&pupil, "http://www.pornhub.com/", &[])?;
    Command::new("kill").arg("-CONT").arg(hub.to_string()).status()?;
    assert!(answer.contains("NXDOMAIN"), "{answer}");
    assert!(page.contains(" 403 "), "{page}");
    Ok(())
}

#[test]
fn lost_records_take_the_filter_from_nobody() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    journeys::init(&home)?;
    School::run(&home)?.stop()?;
    // A disk that went bad under the database: nothing of it can be read.
    for file in std::fs::read_dir(home.join("hub"))? {
        std::fs::write(file?.path(), vec![7; 20_000])?;
    }
    let school = School::run(&home)?;
    let notice = school.ready.notice.clone().unwrap_or_default();
    assert!(notice.contains("hub could not start"), "{notice}");
    let answer = school.dig("127.0.0.1", &["www.pornhub.com"])?;
    assert!(answer.contains("NXDOMAIN") && answer.contains("EDE: 15"), "{answer}");
    assert!(school.curl("127.0.0.1", "http://www.pornhub.com/", &[])?.contains("www.pornhub.com"));
    school.stop()?;
    Ok(())
}

#[test]
fn a_dead_upstream_is_said_and_blocked_names_are_still_answered() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("hillside");
    journeys::init(&home)?;
    let school = School::run(&home)?;
    let answer = school.dig("127.0.0.1", &["+time=8", "www.bbc.co.uk"])?;
    assert!(answer.contains("SERVFAIL") && answer.contains("EDE"), "{answer}");
    assert!(school.dig("127.0.0.1", &["www.pornhub.com"])?.contains("NXDOMAIN"));
    Ok(())
}

#[test]
fn a_running_gate_notes_which_start_of_the_machine_it_counts_in() -> Result<()> {
    // Without it, the log could not tell a gate that was killed from a machine that lost power, and would call a count
    // exact that is not.
    let school = School::demo()?;
    let pages = std::fs::read_dir(school.home().join("run/pages"))?;
    let page = pages.filter_map(|file| Some(file.ok()?.path())).next().context("a gate has a page")?;
    let bytes = std::fs::read(page)?;
    let noted = u64::from_le_bytes(bytes[16..24].try_into()?);
    let start = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.replace('-', "");
    assert_eq!(format!("{noted:016x}"), start[..16]);
    Ok(())
}
