//! What a teacher and a head of year do about one class, one lesson or one pupil.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use journeys::{School, eventually, program};
use serde_json::Value;

use super::pupil::explain;

/// A decision is live a second after the command that made it. A busy machine gets a little longer to ask.
const LIVE: Duration = Duration::from_secs(3);

/// A site of the exam, one that the table opens to everyone, and a helpline.
const EXAM: &str = "www.bbc.co.uk";
const OTHER: &str = "en.wikipedia.org";
const HELP: &str = "www.childline.org.uk";

/// Whether name server and proxy both let the device through to the site. They never disagree for longer than a second.
fn is_open(school: &School, from: &str, host: &str) -> Result<bool> {
    let agreed = eventually(LIVE, || {
        let answer = school.dig(from, &[host]).ok()?;
        let page = school.curl(from, &school.page_of(host), &[]).ok()?;
        let (name, page) = (answer.contains("NOERROR"), page.contains("200 OK"));
        (name == page).then_some(name)
    });
    agreed.with_context(|| format!("name server and proxy agree about {host} for {from}"))
}

fn becomes(school: &School, from: &str, host: &str, open: bool, within: Duration) -> Result<()> {
    eventually(within, || (is_open(school, from, host).ok()? == open).then_some(()))
        .with_context(|| format!("{host} becomes {} for {from}", if open { "open" } else { "closed" }))
}

fn told(school: &School, arguments: &[&str]) -> Result<Vec<Value>> {
    let lines = school.told(&[&["--json"], arguments].concat())?;
    Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

#[test]
fn a_class_in_an_exam_reaches_its_sites_and_help_until_the_exam_ends_by_itself() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-9")?.address.clone();
    let other = school.anyone_in("year-8")?.address.clone();
    for host in [EXAM, OTHER, HELP] {
        assert!(is_open(&school, &pupil, host)?, "{host} before the exam");
    }
    assert!(school.told(&["focus", "list"])?.contains("No focus holds"));

    let ends_at = kit::Clock::System.now().plus_millis(15_000).to_string();
    let start =
        ["focus", "start", "year-9", "--name", "Maths mock", "--site", EXAM, "--until", &ends_at, "--reason"];
    let started = told(&school, &[&start[..], &["The mock exam"]].concat())?;
    let started = started.first().context("a line")?;
    assert_eq!((started["number"].as_u64(), started["ends_at"].as_str()), (Some(1), Some(&*ends_at)));
    becomes(&school, &pupil, OTHER, false, LIVE)?;
    assert!(is_open(&school, &pupil, EXAM)?, "the exam's own site");
    assert!(is_open(&school, &pupil, HELP)?, "help is open to everyone, always");
    assert!(is_open(&school, &other, OTHER)?, "another class goes on");
    let page = school.curl(&pupil, &school.page_of(OTHER), &[])?;
    assert!(page.contains("Only the sites for this lesson are open right now."), "{page}");
    let why = explain(&school, OTHER, &pupil)?;
    assert_eq!((why["step"].as_str(), why["verdict"].as_str()), (Some("focus"), Some("block")), "{why}");
    let listed = told(&school, &["focus", "list"])?;
    assert_eq!(listed.first().map(|one| &one["state"]), Some(&"now".into()), "{listed:?}");

    becomes(&school, &pupil, OTHER, true, Duration::from_secs(30)).context("the exam ends by itself")?;
    assert!(kit::Clock::System.now().to_string() >= ends_at, "not before its time");
    assert!(told(&school, &["focus", "list"])?.is_empty());
    let kept = told(&school, &["focus", "list", "--all"])?;
    assert_eq!(kept.first().map(|one| &one["state"]), Some(&"over".into()), "nothing is deleted: {kept:?}");
    Ok(())
}

#[test]
fn a_focus_is_ended_early_with_a_reason_and_one_that_cannot_be_is_refused_with_what_to_do() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-9")?.address.clone();
    let start = |more: &[&str]| {
        school.command(&[&["focus", "start"], more, &["--for", "1h", "--reason", "The mock exam"]].concat())
    };
    for (arguments, code, said) in [
        (&["year-99", "--name", "Mock", "--site", EXAM][..], 1, "the policy has no group \"year-99\""),
        (&["year-9", "--name", "Mock"], 1, "--no-sites"),
        (&["year-9", "--name", "Mock", "--site", "the exam board"], 3, "Write it like bbc.co.uk"),
        (&["year-9", "--name", " ", "--site", EXAM], 1, "--name"),
    ] {
        let output = start(arguments)?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {complaint}");
        assert!(complaint.contains(said), "{arguments:?}: {complaint}");
    }
    assert!(told(&school, &["focus", "list", "--all"])?.is_empty(), "what is refused leaves nothing");

    assert!(start(&["year-9", "--name", "Mock", "--no-sites"])?.status.success());
    becomes(&school, &pupil, OTHER, false, LIVE)?;
    assert!(is_open(&school, &pupil, HELP)?);
    school.told(&["focus", "end", "1", "--reason", "The exam was put off"])?;
    becomes(&school, &pupil, OTHER, true, LIVE)?;
    let again = school.command(&["focus", "end", "1", "--reason", "again"])?;
    assert!(String::from_utf8_lossy(&again.stderr).contains("is over already"));
    assert!(school.told(&["focus", "list", "--all"])?.contains("The exam was put off"));
    Ok(())
}

#[test]
fn a_pupil_whose_access_is_withheld_keeps_help_and_learning_and_gets_it_back() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-9")?.clone();
    let other = school
        .ready
        .people
        .iter()
        .find(|one| one.group == "year-9" && one.name != pupil.name)
        .context("two")?;
    let (free, learning) = ("www.nationalgeographic.com", EXAM);
    for host in [free, learning, HELP] {
        assert!(is_open(&school, &pupil.address, host)?, "{host} before");
    }
    assert!(school.told(&["withhold", "list"])?.contains("Nobody's access is withheld"));
    let endless = school.command(&["withhold", "start", &pupil.name, "--reason", "x"])?;
    assert!(
        String::from_utf8_lossy(&endless.stderr).contains("--review"),
        "a decision has an end or a review"
    );

    let reason = "Shared a password twice";
    let started = school.told(&["withhold", "start", &pupil.name, "--for", "5d", "--reason", reason])?;
    assert!(started.contains("`fivebar withhold end 1"), "{started}");
    becomes(&school, &pupil.address, free, false, LIVE)?;
    for host in [learning, HELP] {
        assert!(is_open(&school, &pupil.address, host)?, "{host} remains");
    }
    assert!(is_open(&school, &other.address, free)?, "it is one person's alone");
    let page = school.curl(&pupil.address, &school.page_of(free), &[])?;
    assert!(page.contains("Your internet access is paused."), "{page}");
    assert!(!page.contains(reason), "why is between them and whoever decided");
    let listed = told(&school, &["withhold", "list"])?;
    let listed = listed.first().context("it is listed")?;
    assert_eq!((listed["name"].as_str(), listed["reason"].as_str()), (Some(&*pupil.name), Some(reason)));

    school.told(&["withhold", "end", "1", "--reason", "Talked with the family"])?;
    becomes(&school, &pupil.address, free, true, LIVE)?;

    let ends_at = kit::Clock::System.now().plus_millis(12_000).to_string();
    school.told(&["withhold", "start", &pupil.name, "--until", &ends_at, "--reason", reason])?;
    becomes(&school, &pupil.address, free, false, LIVE)?;
    let before = entries_in_the_trail(&school)?;
    becomes(&school, &pupil.address, free, true, Duration::from_secs(30))
        .context("it comes back by itself")?;
    assert_eq!(told(&school, &["withhold", "list", "--all"])?.len(), 2, "nothing is deleted");
    let ended = told(&school, &["withhold", "list", "--ended"])?;
    let why: Vec<_> = ended.iter().map(|one| one["ended_why"].as_str().unwrap_or_default()).collect();
    assert_eq!(why, ["its time had come", "Talked with the family"], "{ended:?}");
    eventually(Duration::from_secs(30), || (entries_in_the_trail(&school).ok()? == before + 1).then_some(()))
        .context("the hub writes down that it came back by itself")?;
    assert!(school.told(&["verify"])?.contains("access trail is whole"));
    Ok(())
}

fn entries_in_the_trail(school: &School) -> Result<i64> {
    let verified = told(school, &["verify"])?;
    verified.iter().find_map(|one| one.pointer("/trail/entries")?.as_i64()).context("the number of entries")
}

#[test]
fn a_teacher_opens_a_site_at_once_and_takes_it_back() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-9")?.address.clone();
    let other = school.anyone_in("year-8")?.address.clone();
    let host = "www.bet365.com";
    assert!(!is_open(&school, &pupil, host)?);
    assert!(school.told(&["overrides", "list"])?.contains("No override holds"));
    let unknown = ["overrides", "give", host, "--whom", "group:year-99", "--for", "45m", "--reason", "x"];
    let unknown = school.command(&unknown)?;
    assert!(
        String::from_utf8_lossy(&unknown.stderr).contains("year-99"),
        "a group that nobody has is no silence"
    );
    let give =
        ["overrides", "give", host, "--whom", "group:year-9", "--for", "45m", "--reason", "Odds in maths"];
    let given = told(&school, &give)?;
    assert_eq!(given.first().map(|one| &one["state"]), Some(&"now".into()), "{given:?}");
    becomes(&school, &pupil, host, true, LIVE)?;
    assert!(!is_open(&school, &other, host)?, "for the class alone");
    assert!(school.told(&["overrides", "list"])?.contains("Odds in maths"));
    school.told(&["overrides", "end", "1", "--reason", "The lesson is over"])?;
    becomes(&school, &pupil, host, false, LIVE)?;

    // The other way round: closing is an override as well.
    let close = ["overrides", "give", OTHER, "--whom", "group:year-9", "--close", "--for", "45m", "--reason"];
    school.told(&[&close[..], &["Write it in your own words."]].concat())?;
    becomes(&school, &pupil, OTHER, false, LIVE)?;
    let page = school.curl(&pupil, &school.page_of(OTHER), &[])?;
    assert!(page.contains("Write it in your own words."), "{page}");
    let kept = told(&school, &["overrides", "list", "--all"])?;
    let states: Vec<_> = kept.iter().filter_map(|one| one["state"].as_str()).collect();
    assert_eq!(states, ["now", "withdrawn"], "newest first, nothing deleted");
    Ok(())
}

#[test]
fn what_is_missing_or_no_number_is_said_with_what_to_write() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("hillside");
    journeys::init(&home)?;
    let (end, whom) = ("<--for <DURATION>|--until <TIME>>", ["--whom", "everyone", "--reason", "x"]);
    let begin = ["focus", "start", "year-9", "--name", "Mock", "--no-sites", "--reason", "x"];
    for (arguments, said) in [
        (&["focus", "end", "x", "--reason", "x"][..], "`fivebar focus list`"),
        (&["withhold", "end", "0", "--reason", "x"], "`fivebar withhold list`"),
        (&["overrides", "end", "R-7KQ4M2HX", "--reason", "x"], "`fivebar overrides list`"),
        (&[&["overrides", "give", "bbc.co.uk"][..], &whom].concat(), end),
        (&begin, end),
        (&["withhold", "start", "Ada", "--reason", "x"], "--review <TIME>"),
    ] {
        let output = Command::new(program()?).arg("--home").arg(&home).args(arguments).output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {complaint}");
        assert!(complaint.contains(said) && !complaint.contains("digit"), "{arguments:?}: {complaint}");
    }
    let diff = ["policy", "diff", "nofile", "1"];
    let output = Command::new(program()?).arg("--home").arg(&home).args(diff).output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("`fivebar policy history`"), "{complaint}");
    Ok(())
}

/// A web server of a secure site, as far as a tunnel can tell: it gives back what it gets. Its address is its own, so
/// that tests can run beside each other.
fn origin() -> Result<std::net::SocketAddr> {
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let listener = TcpListener::bind((std::net::Ipv4Addr::new(127, 200, high, low | 1), 8443))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let Ok(mut back) = stream.try_clone() else { return };
                let _ = std::io::copy(&mut { stream }, &mut back);
            });
        }
    });
    Ok(address)
}

/// Opens a tunnel through the proxy; the head of the answer and the connection.
fn tunnel(school: &School, to: std::net::SocketAddr) -> Result<(String, BufReader<TcpStream>)> {
    let mut stream = TcpStream::connect(school.ready.proxy)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.write_all(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n").as_bytes())?;
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head)? > 0 {}
    Ok((head, stream))
}

#[test]
fn a_tunnel_that_is_open_when_a_focus_starts_is_cut_within_two_seconds() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("hillside");
    let run = |arguments: &[&str]| -> Result<()> {
        let output = Command::new(program()?).arg("--home").arg(&home).args(arguments).output()?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    run(&[
        &["init", "--yes", "--school", "Hillside", "--dns", "127.0.0.1:0", "--proxy", "127.0.0.1:0"][..],
        &["--portal", "127.0.0.1:0", "--upstream", "127.0.0.1:9"],
    ]
    .concat())?;
    let site = origin()?;
    let settings = std::fs::read_to_string(home.join("fivebar.toml"))?;
    let inside = format!("inside = [{{ address = \"{}\", port = {} }}]", site.ip(), site.port());
    assert!(settings.contains("inside = []"), "{settings}");
    std::fs::write(home.join("fivebar.toml"), settings.replace("inside = []", &inside))?;
    let roll = folder.path().join("roll.toml");
    let person = "[[person]]\nid = \"p-1\"\nname = \"Ada Ashbourne\"\ngroups = [\"year-9\"]\n";
    let device = "[[device]]\nname = \"tablet 1\"\nperson = \"p-1\"\naddresses = [\"127.0.0.1\"]\n";
    std::fs::write(&roll, format!("{person}{device}"))?;
    run(&["people", "import", roll.to_str().context("path")?, "--apply"])?;
    let school = School::run(&home)?;

    let (head, mut open) = tunnel(&school, site)?;
    assert!(head.contains(" 200 "), "{head}");
    open.get_mut().write_all(b"still there?")?;
    let mut back = [0; 12];
    open.read_exact(&mut back)?;
    assert_eq!(&back, b"still there?");

    school.told(&[
        "focus",
        "start",
        "year-9",
        "--name",
        "Mock",
        "--no-sites",
        "--for",
        "1h",
        "--reason",
        "x",
    ])?;
    let started = Instant::now();
    let mut rest = Vec::new();
    // An end or a reset; a silence would be an error of another kind after twenty seconds.
    let ended = open.read_to_end(&mut rest);
    assert!(
        !matches!(&ended, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock),
        "the tunnel was left open"
    );
    assert_eq!(rest, b"");
    // The promise is two seconds; a busy machine gets a little longer.
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    let (head, _) = tunnel(&school, site)?;
    assert!(head.contains(" 403 "), "{head}");

    school.told(&["focus", "end", "1", "--reason", "The exam was put off"])?;
    eventually(LIVE, || tunnel(&school, site).ok()?.0.contains(" 200 ").then_some(()))
        .context("open again")?;
    Ok(())
}
