//! Must hold 9: no child's words, names or addresses in the service log, a URL or an error.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually};

/// What somebody said or asked for in these tests. None is a word of the program, of its content or of the demo's roll.
const WORDS: [&str; 12] = [
    "wombatsite",
    "quokkahost",
    "numbatname",
    "dingotunnel",
    "platypath",
    "echidnaquery",
    "bilbyagent",
    "cassowaryask",
    "lyrebirdreport",
    "kookaburraform",
    "galahhead",
    "taipanreason",
];

/// Sends bytes and takes whatever comes back.
fn send(to: std::net::SocketAddr, bytes: &[u8]) -> Result<String> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(bytes)?;
    let mut answer = Vec::new();
    // A reset is an answer as well.
    let _ = stream.read_to_end(&mut answer);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Questions, pages, forms and rubbish, from one device.
fn a_lesson(school: &School, from: &str) -> Result<()> {
    let portal = format!("http://{}", school.ready.portal);
    for question in ["wombatsite.example", "www.bet365.com", "www.quokkahost.example", "numbatname.invalid"] {
        school.dig(from, &[question])?;
        school.dig(from, &["+tcp", question, "AAAA"])?;
    }
    let agent = ["-A", "bilbyagent/1.0"];
    school.curl(from, &format!("{}platypath?echidnaquery", school.page_of("wombatsite.example")), &agent)?;
    let search = format!("{}w/index.php?search=echidnaquery", school.page_of("en.wikipedia.org"));
    school.curl(from, &search, &agent)?;
    let blocked = school.curl(from, "http://www.bet365.com/platypath?echidnaquery", &agent)?;
    let ticket = blocked.split("?t=").nth(1).and_then(|rest| rest.split('"').next()).context("a ticket")?;
    school.curl(from, "https://dingotunnel.example/", &agent)?;
    school.curl(from, "http://numbatname.example:25/platypath", &agent)?;
    school.curl(from, "http://10.9.8.7/platypath", &agent)?;
    for head in [
        "GET http://galahhead.example/ HTTP/1.1\r\nHost: quokkahost.example\r\n\r\n",
        "galahhead galahhead\r\n\r\n",
        "POST http://wombatsite.example/ HTTP/1.1\r\nHost: wombatsite.example\r\nTransfer-Encoding: chunked\r\n\r\nzz galahhead",
    ] {
        send(school.ready.proxy, head.as_bytes())?;
    }
    // A question cut off in the middle of its name, and one that is nothing but a name.
    let socket = UdpSocket::bind((from, 0))?;
    socket.send_to(b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x0awombatsite\x07exam", school.ready.dns)?;
    socket.send_to(b"galahhead", school.ready.dns)?;
    send(school.ready.dns, b"\0\x0bwombatsite!")?;

    let asked = school.curl(
        from,
        &format!("{portal}/requests"),
        &["-d", &format!("site=quokkahost.example&what=cassowaryask&how-long=day&t={ticket}")],
    )?;
    let told = school.curl(
        from,
        &format!("{portal}/reports"),
        &["-d", "site=www.wombatsite.example&kind=other&what=lyrebirdreport"],
    )?;
    for answer in [&asked, &told] {
        let place = answer.lines().find_map(|line| line.strip_prefix("location: "));
        let place = place.with_context(|| format!("it is kept: {answer}"))?;
        assert!(WORDS.iter().all(|word| !place.contains(word)), "no words in a URL: {place}");
    }
    // Forms that are not taken, and addresses that lead nowhere.
    let long = format!("site=kookaburraform&what={}", "kookaburraform ".repeat(400));
    for (path, more) in [
        ("/requests", ["-d", "site=not+a+kookaburraform&what=cassowaryask"]),
        ("/requests", ["-d", &long]),
        ("/reports", ["-d", "kookaburraform"]),
        ("/reports", ["-d", "site=%ff%fekookaburraform&kind=other"]),
        ("/reports", ["-F", "site=kookaburraform"]),
        ("/requests", ["-H", "Origin: http://kookaburraform.example"]),
        ("/kookaburraform", ["-X", "DELETE"]),
        ("/why?t=kookaburraform", ["-A", "bilbyagent"]),
        ("/requests/kookaburraform%2f..", ["-A", "bilbyagent"]),
    ] {
        school.curl(from, &format!("{portal}{path}"), &more)?;
    }
    Ok(())
}

/// Nothing of what was asked or written, no name of the roll and no device's address is in `text`.
fn holds_nothing_of_anybody(school: &School, text: &str) {
    for word in WORDS.iter().copied().chain(["bet365"]) {
        assert!(!text.to_lowercase().contains(word), "{word} is there:\n{text}");
    }
    for person in &school.ready.people {
        assert!(!text.contains(&person.name), "a name is there:\n{text}");
        let address = person.address.as_str();
        let stands = text.match_indices(address).any(|(at, _)| {
            let edge = |byte: Option<&u8>| !byte.is_some_and(u8::is_ascii_digit);
            let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
            edge(before) && edge(text.as_bytes().get(at + address.len()))
        });
        assert!(!stands, "the address of a device is there:\n{text}");
    }
}

#[test]
fn must_hold_9_a_day_at_school_leaves_nothing_of_anybody_in_the_service_log() -> Result<()> {
    let school = School::demo_heard("trace")?;
    let pupils = ["year-4", "year-10"].map(|group| school.anyone_in(group));
    let [first, second] = pupils;
    let (first, second) = (first?.clone(), second?.clone());
    a_lesson(&school, &first.address)?;

    // What staff do about it: answers, an override, a focus, access withheld; and commands that are refused.
    let listed = school.told(&["--json", "requests", "list"])?;
    for line in listed.lines() {
        let one: serde_json::Value = serde_json::from_str(line)?;
        let reference = one["reference"].as_str().context("a reference")?.to_owned();
        school.command(&["requests", "approve", &reference, "--for", "1h", "--reason", "taipanreason"])?;
    }
    for arguments in [
        &["overrides", "give", "quokkahost.example", "--whom", "group:year-4", "--for", "1h"][..],
        &[
            "focus",
            "start",
            "year-9",
            "--name",
            "taipanreason",
            "--site",
            "wombatsite.example",
            "--for",
            "1h",
        ],
        &["withhold", "start", &first.name, "--for", "1d"],
    ] {
        school.told(&[arguments, &["--reason", "taipanreason"]].concat())?;
    }
    school.command(&["withhold", "start", "numbatname", "--for", "1d", "--reason", "taipanreason"])?;
    a_lesson(&school, &second.address)?;

    // Each part dies while it is at work, and comes back.
    for part in ["log", "gate", "hub"] {
        let pid = school.pid_of(part).context("the part runs")?;
        Command::new("kill").arg("-KILL").arg(pid.to_string()).status()?;
        // What is asked while it is away finds it missing; how that ends is another test's matter.
        let _ = a_lesson(&school, &first.address);
        eventually(Duration::from_secs(20), || school.pid_of(part).filter(|new| *new != pid))
            .with_context(|| format!("the {part} comes back"))?;
    }
    Command::new("kill").arg("-HUP").arg(school.ready.pid.to_string()).status()?;
    eventually(Duration::from_secs(30), || {
        school.heard().ok().filter(|log| log.contains("lists were read again"))
    })
    .context("the lists are read again")?;

    // A disk that goes bad under the records: what people write meets an error, and the hub cannot start again.
    for file in std::fs::read_dir(school.home().join("hub"))? {
        std::fs::write(file?.path(), vec![7; 20_000])?;
    }
    let _ = a_lesson(&school, &second.address);
    let hub = school.pid_of("hub").context("the hub runs")?;
    Command::new("kill").arg("-KILL").arg(hub.to_string()).status()?;
    let ended =
        |log: &str| log.lines().filter(|line| line.contains("Ended") && line.contains("\"hub\"")).count();
    let log = eventually(Duration::from_secs(30), || school.heard().ok().filter(|log| ended(log) >= 3));
    let log = log.with_context(|| format!("the hub ends again and again: {:?}", school.heard()))?;
    for said in ["Serving", "Ended without being told to", "Another snapshot decides"] {
        assert!(log.contains(said), "{said}: {log}");
    }
    holds_nothing_of_anybody(&school, &log);
    Ok(())
}

#[test]
fn must_hold_9_an_upstream_that_forges_answers_is_not_told_of_with_what_was_asked() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    journeys::init(&home)?;
    let upstream = UdpSocket::bind("127.0.0.1:0")?;
    let file = home.join("fivebar.toml");
    let text = std::fs::read_to_string(&file)?;
    std::fs::write(&file, text.replace("127.0.0.1:9\"", &format!("{}\"", upstream.local_addr()?)))?;
    let (tell, forged) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = upstream.recv_from(&mut question) {
            // The same question but for a letter, with a word for its own name.
            question[2] |= 0x80;
            question[13] ^= 1;
            if upstream.send_to(&question[..length], from).is_err() || tell.send(()).is_err() {
                return;
            }
        }
    });
    // As a technician who looks for what is wrong would have it.
    let school = School::run_heard(&home, "trace")?;
    school.dig("127.0.0.1", &["+time=8", "wombatsite.example"])?;
    school.curl("127.0.0.1", "http://quokkahost.example/platypath?echidnaquery", &[])?;
    assert!(forged.try_iter().count() >= 3, "answers were forged");
    let log = school.heard()?;
    assert!(log.contains("Serving"), "{log}");
    holds_nothing_of_anybody(&school, &log);
    school.stop()?;
    Ok(())
}
