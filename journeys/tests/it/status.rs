//! How the school's filter fares, at a glance and for a monitoring system.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually, program};
use serde_json::Value;

#[test]
fn an_address_that_is_many_devices_is_named_with_what_to_do_and_one_that_is_one_device_is_not() -> Result<()>
{
    let school = School::demo()?;
    let (house, laptop) = ("127.0.77.1", "127.0.77.2");
    // A laptop and the telephone that is tethered to it: two systems.
    for host in ["www.msftconnecttest.com", "connectivitycheck.gstatic.com", "www.example.org"] {
        school.dig(laptop, &[host])?;
        school.dig(house, &[host])?;
    }
    // Behind a router are more.
    school.dig(house, &["captive.apple.com"])?;
    let told = eventually(Duration::from_secs(20), || {
        let told: Value = serde_json::from_str(&school.told(&["--json", "status"]).ok()?).ok()?;
        let crowds = told.pointer("/log/many_devices")?.as_array()?;
        (crowds.len() == 1).then(|| crowds.clone())
    });
    let told = told.context("the address is noticed")?;
    assert_eq!(told[0]["address"], house, "{told:?}");
    assert_eq!(told[0]["kinds"].as_array().map(Vec::len), Some(3), "{told:?}");
    let said = school.told(&["status"])?;
    assert!(said.contains("127.0.77.1 IS MANY DEVICES (Windows; Apple; Android"), "{said}");
    assert!(said.contains("[dns] routers") && !said.contains(laptop), "{said}");
    Ok(())
}

#[test]
fn the_status_says_what_runs_and_counts_without_naming_anybody() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let school = School::demo_at(&folder.path().join("school"))?;
    let pupil = school.anyone_in("year-7")?.clone();
    school.dig(&pupil.address, &["chess.example"])?;
    school.dig(&pupil.address, &["pornhub.com"])?;
    let seen = |at_least: u64| -> Option<Value> {
        let told: Value = serde_json::from_str(&school.told(&["--json", "status"]).ok()?).ok()?;
        let questions = told.pointer("/gate/counts/dns_questions")?.as_u64()?;
        (questions >= at_least && told.pointer("/log/events")?.as_u64()? >= 2).then_some(told)
    };
    let told = eventually(Duration::from_secs(20), || seen(2)).context("the gate's numbers come")?;
    assert!(told.pointer("/gate/counts/dns_blocked").and_then(Value::as_u64) >= Some(1), "{told}");
    assert!(told.pointer("/gate/notice").is_some_and(|notice| notice.is_string()), "{told}");
    assert!(told.get("filter_test").is_some_and(Value::is_null), "{told}");
    let said = school.told(&["status"])?;
    for words in ["Gate  runs since", "Log   keeps", "Rules publication", "never tested", "No live"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    for name in [pupil.name.as_str(), pupil.address.as_str(), "chess.example", "pornhub"] {
        assert!(!said.contains(name) && !told.to_string().contains(name), "{name}: {said}");
    }

    // Watched, it goes on by itself until its reader goes.
    let mut watched = Command::new(program()?)
        .arg("--home")
        .arg(school.home())
        .args(["--json", "status", "--watch"])
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = BufReader::new(watched.stdout.take().context("its output")?).lines();
    let two: Vec<String> = lines.take(2).collect::<Result<_, _>>()?;
    assert!(two.iter().all(|line| line.contains("dns_questions")), "{two:?}");
    assert!(!watched.wait()?.success(), "it ended because nobody read on");
    let home = school.home().to_owned();
    school.stop()?;
    let gone = Command::new(program()?).arg("--home").arg(&home).arg("status").output()?;
    let said = String::from_utf8_lossy(&gone.stdout).into_owned();
    assert_eq!(gone.status.code(), Some(4), "{said}");
    assert!(said.contains("Gate  NOT RUNNING") && said.contains("Log   NOT RUNNING"), "{said}");
    Ok(())
}

#[test]
fn a_monitoring_system_reads_numbers_without_names() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    journeys::init(&home)?;
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let settings = home.join("fivebar.toml");
    let text = std::fs::read_to_string(&settings)?;
    std::fs::write(&settings, format!("{text}\n[metrics]\nlisten = \"{free}\"\n"))?;
    let school = School::run(&home)?;
    school.dig("127.0.0.1", &["use-application-dns.net"])?;
    let page = || {
        let output =
            Command::new("curl").args(["-s", "-i", &format!("http://{free}/metrics")]).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.contains("fivebar_dns_questions_total 1").then_some(text)
    };
    let text = eventually(Duration::from_secs(20), page).context("the numbers come")?;
    assert!(text.contains("text/plain; version=0.0.4"), "{text}");
    let body = text.split_once("\r\n\r\n").context("a body")?.1;
    // Prometheus' text form: every line is a remark or a name, perhaps labels, and a number.
    for line in body.lines() {
        let is_sample = line
            .rsplit_once(' ')
            .is_some_and(|(name, value)| name.starts_with("fivebar_") && value.parse::<u64>().is_ok());
        assert!(line.starts_with("# HELP ") || line.starts_with("# TYPE ") || is_sample, "{line}");
    }
    for name in [
        "fivebar_up{part=\"gate\"} 1",
        "fivebar_up{part=\"log\"} 1",
        "fivebar_log_events_durable_total",
        "fivebar_sealed_notice 1",
    ] {
        assert!(body.contains(name), "{name}: {body}");
    }
    for private in ["use-application-dns", "127.0.0.1", "Hillside"] {
        assert!(!body.contains(private), "{private}: {body}");
    }
    Ok(())
}
