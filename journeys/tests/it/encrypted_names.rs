//! Encrypted DNS: the made-up school asked over TLS and over HTTPS by clients that nobody here wrote, and a school that
//! brings its own certificate.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use journeys::{School, eventually, init};

/// What kdig prints.
fn kdig(from: &str, to: SocketAddr, trusted: &Path, words: &[&str]) -> Result<String> {
    let output = Command::new("kdig")
        .args(["@127.0.0.1", "-p", &to.port().to_string(), "-b", from, "+timeout=5", "+retry=0"])
        .arg(format!("+tls-ca={}", trusted.display()))
        .args(words)
        .output()
        .context("kdig is not installed (package knot-dnsutils)")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_demo_answers_over_tls_and_https_as_it_does_over_udp() -> Result<()> {
    let school = School::demo()?;
    let (Some(dot), Some(doh)) = (school.ready.dot, school.ready.doh) else { bail!("{:?}", school.ready) };
    let trusted = school.ready.certificate.clone().context("the demo names no certificate")?;
    let (pupil, teacher) = (school.anyone_in("year-5")?, school.anyone_in("teachers")?);
    for from in [&pupil.address, &teacher.address] {
        for name in ["www.bet365.com", "en.wikipedia.org"] {
            let plain = school.dig(from, &[name])?;
            let state = plain.split("status: ").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or("");
            for (to, how) in [(dot, "+tls"), (doh, "+https")] {
                let answer =
                    kdig(from, to, &trusted, &[how, "+edns", "+tls-hostname=dns.school.example", name])?;
                assert!(answer.contains(&format!("status: {state};")), "{how} {name}: {answer}\n{plain}");
                let (blocked, why) = (plain.contains("EDE: 15"), answer.contains("EDE: 15"));
                assert_eq!(blocked, why, "{how} {name}: {answer}\n{plain}");
            }
        }
    }
    // A stranger's certificate is not taken for it.
    let folder = tempfile::tempdir()?;
    let (other, _) = self_made(folder.path(), "other", "dns.school.example")?;
    let refused = kdig(&pupil.address, dot, &other, &["+tls", "en.wikipedia.org"])?;
    assert!(!refused.contains("status:"), "{refused}");
    // What is to be put on devices is said by a command.
    let shown = school.told(&["certificate", "show"])?;
    assert!(shown.contains("-----BEGIN CERTIFICATE-----") && shown.contains("SHA-256"), "{shown}");
    assert!(!shown.contains("PRIVATE"), "{shown}");
    Ok(())
}

/// A certificate and its key, made by openssl.
fn self_made(folder: &Path, file: &str, name: &str) -> Result<(std::path::PathBuf, std::path::PathBuf)> {
    let (certificate, key) = (folder.join(format!("{file}.pem")), folder.join(format!("{file}.key")));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "9",
        ])
        .args(["-subj", &format!("/CN={name}"), "-addext", &format!("subjectAltName=DNS:{name}"), "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()?;
    if !made.status.success() {
        bail!("{}", String::from_utf8_lossy(&made.stderr));
    }
    Ok((certificate, key))
}

#[test]
fn a_school_brings_its_own_certificate_and_renews_it_while_the_gate_runs() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("hillside");
    init(&home)?;
    let (certificate, key) = self_made(folder.path(), "dns", "dns.hillside.example")?;
    let file = home.join("fivebar.toml");
    let more = format!(
        "[dns]\ntls = \"127.0.0.1:0\"\nname = \"dns.hillside.example\"\ncertificate = {certificate:?}\nkey = {key:?}"
    );
    fs::write(&file, fs::read_to_string(&file)?.replacen("[dns]", &more, 1))?;
    let school = School::run(&home)?;
    let dot = school.ready.dot.context("DNS over TLS is not served")?;
    let hostname = "+tls-hostname=dns.hillside.example";
    let asked = |trusted: &Path| kdig("127.0.0.1", dot, trusted, &["+tls", hostname, "help.invalid"]);
    assert!(asked(&certificate)?.contains("status:"), "{}", asked(&certificate)?);
    let gate = school.pid_of("gate").context("there is no gate")?;
    // A renewed one under the same names of files; then one whose key is another's.
    let (renewed, new_key) = self_made(folder.path(), "renewed", "dns.hillside.example")?;
    fs::copy(&renewed, &certificate)?;
    fs::copy(&new_key, &key)?;
    let hang_up = || Command::new("kill").args(["-HUP", &school.ready.pid.to_string()]).status();
    hang_up()?;
    let seen =
        eventually(Duration::from_secs(20), || asked(&renewed).ok().filter(|said| said.contains("status:")));
    assert!(seen.is_some(), "the renewed certificate is not shown");
    let (_, wrong) = self_made(folder.path(), "wrong", "dns.hillside.example")?;
    fs::copy(&wrong, &key)?;
    hang_up()?;
    assert!(asked(&renewed)?.contains("status:"), "one that cannot be used changes nothing");
    assert_eq!(school.pid_of("gate"), Some(gate), "the gate went on");
    Ok(())
}

#[test]
fn the_log_tells_datagrams_streams_and_encrypted_questions_apart() -> Result<()> {
    let school = School::demo()?;
    let (Some(dot), Some(doh)) = (school.ready.dot, school.ready.doh) else { bail!("{:?}", school.ready) };
    let trusted = school.ready.certificate.clone().context("the demo names no certificate")?;
    let pupil = school.anyone_in("year-8")?.address.clone();
    school.dig(&pupil, &["udp.example"])?;
    school.dig(&pupil, &["+tcp", "tcp.example"])?;
    let hostname = "+tls-hostname=dns.school.example";
    kdig(&pupil, dot, &trusted, &["+tls", hostname, "tls.example"])?;
    kdig(&pupil, doh, &trusted, &["+https", hostname, "https.example"])?;
    school.curl(&pupil, "http://page.example/", &[])?;
    let found = |more: &[&str]| -> Option<Vec<serde_json::Value>> {
        let told = school.told(&[&["--json", "activity", "search"], more].concat()).ok()?;
        told.lines().map(|line| serde_json::from_str(line).ok()).collect()
    };
    for transport in ["udp", "tcp", "tls", "https"] {
        let site = format!("{transport}.example");
        let events = eventually(Duration::from_secs(20), || {
            found(&["--site", &site]).filter(|events| !events.is_empty())
        });
        let events = events.with_context(|| format!("{site} is in the log"))?;
        assert!(events.iter().all(|event| event["transport"] == transport), "{events:?}");
        let by_it = found(&["--transport", transport]).context("a search")?;
        assert!(by_it.iter().any(|event| event["host"] == site.as_str()), "{by_it:?}");
        assert!(by_it.iter().all(|event| event["transport"] == transport), "{by_it:?}");
    }
    let page = eventually(Duration::from_secs(20), || {
        found(&["--site", "page.example"]).filter(|events| !events.is_empty())
    });
    assert!(page.context("the page is in the log")?.iter().all(|event| event.get("transport").is_none()));
    let said = school.told(&["activity", "search", "--site", "tls.example"])?;
    assert!(said.contains("dns/tls"), "{said}");
    let csv = school.told(&["activity", "export", "--transport", "https"])?;
    let last = csv.lines().nth(1).context("an event")?;
    assert!(last.ends_with(",https,,"), "how it came, and no names without opening them: {csv}");
    let counted = school.told(&["--json", "activity", "count", "--site", "example"])?;
    let counted: serde_json::Value = serde_json::from_str(counted.trim())?;
    for transport in ["udp", "tcp", "tls", "https"] {
        assert_eq!(counted["by_transport"][transport], 1, "{counted}");
    }
    let told = school.told(&["activity", "count", "--site", "tls.example", "--by", "transport"])?;
    assert!(told.lines().any(|line| line.split_whitespace().eq(["tls", "1"])), "{told}");
    let parquet = school.home().join("export.parquet");
    school.told(&[
        "activity",
        "export",
        "--format",
        "parquet",
        "--output",
        &parquet.display().to_string(),
    ])?;
    assert!(fs::read(&parquet)?.windows(9).any(|window| window == b"transport"));
    let odd = school.command(&["activity", "search", "--transport", "pigeon"])?;
    assert!(String::from_utf8_lossy(&odd.stderr).contains("use udp, tcp, tls or https"));
    Ok(())
}

/// The verbs, subjects and details of the newest entries of the access trail.
fn trail_of(home: &Path) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let url = format!("sqlite:{}", home.join("hub/fivebar.db").display());
        let db = store::Db::open(&url.parse()?).await?;
        let mut tx = db.read().await?;
        let entries = store::trail::newest(&mut tx, None, 20).await?;
        tx.roll_back().await?;
        let line =
            |entry: store::trail::Entry| format!("{} {} {}\n", entry.verb, entry.subject_id, entry.detail);
        Ok(entries.into_iter().map(line).collect())
    })
}

#[test]
fn a_name_of_their_own_says_who_asks_on_any_network_until_it_is_taken_back() -> Result<()> {
    let school = School::demo()?;
    let (Some(dot), Some(doh)) = (school.ready.dot, school.ready.doh) else { bail!("{:?}", school.ready) };
    let trusted = school.ready.certificate.clone().context("the demo names no certificate")?;
    let (teacher, pupil) = (school.anyone_in("teachers")?, school.anyone_in("year-8")?);
    let given = |who: &str| -> Result<(String, String)> {
        let said = school.told(&["--json", "people", "dns-name", who])?;
        let said: serde_json::Value = serde_json::from_str(said.trim())?;
        let text =
            |field: &str| said.get(field).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        Ok((text("name"), text("https")))
    };
    let (teachers, teachers_https) = given(&teacher.name)?;
    let (pupils, _) = given(&pupil.name)?;
    assert!(teachers.ends_with(".dns.school.example") && teachers != pupils, "{teachers} {pupils}");
    // Neither the name nor whose it is stands in what the gate holds or in the trail.
    let token = teachers.split('.').next().unwrap_or_default().to_owned();
    let trail = trail_of(school.home())?;
    assert!(trail.contains("dns-name.give") && !trail.contains(&token), "{trail}");
    // From an address that nobody knows, a teacher has the engine as it is and a pupil is held to safe search.
    let stranger = "127.0.0.202";
    let asked = |name: &str| {
        kdig(stranger, dot, &trusted, &["+tls", &format!("+tls-hostname={name}"), "www.bing.com"])
    };
    let is_led = |name: &str| {
        asked(name)
            .ok()
            .filter(|said| said.contains("status: NOERROR"))
            .map(|said| said.contains("strict.bing.com."))
    };
    let seen = eventually(Duration::from_secs(20), || is_led(&teachers).filter(|led| !led));
    assert!(seen.is_some(), "{}", asked(&teachers)?);
    assert_eq!(is_led(&pupils), Some(true));
    assert_eq!(is_led("dns.school.example"), Some(true), "nobody's name");
    // Over HTTPS the token stands in the path, where nobody on the way can read it. curl asks, and goes where it is told.
    assert!(teachers_https.contains(&format!("/dns-query/{token}")), "{teachers_https}");
    let fetched = |path: &str| -> Result<bool> {
        let said = Command::new("curl")
            .args(["-s", "--max-time", "10", "--noproxy", "*", "--doh-insecure", "--doh-url"])
            .arg(format!("https://{doh}/dns-query{path}"))
            .arg(school.page_of("html.duckduckgo.com"))
            .output()?;
        Ok(String::from_utf8_lossy(&said.stdout).contains("A made-up page of html.duckduckgo.com"))
    };
    assert!(fetched(&format!("/{token}"))?, "an engine that is closed to guests, by a teacher's name");
    assert!(!fetched("")?);
    // Taken back, it is nobody's, at once and for good; the other goes on.
    let said = school.told(&["people", "dns-name", &teacher.name, "--revoke"])?;
    assert!(said.contains("taken back"), "{said}");
    let seen = eventually(Duration::from_secs(20), || is_led(&teachers).filter(|led| *led));
    assert!(seen.is_some(), "{}", asked(&teachers)?);
    let said = school.told(&["people", "dns-name", &teacher.name, "--revoke"])?;
    assert!(said.contains("nothing changed"), "{said}");
    let (again, _) = given(&pupil.name)?;
    assert_ne!(again, pupils);
    // A school without encrypted DNS is told what it lacks.
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("hillside");
    init(&home)?;
    let refused = Command::new(journeys::program()?)
        .arg("--home")
        .arg(&home)
        .args(["people", "dns-name", "1"])
        .output()?;
    assert!(!refused.status.success());
    Ok(())
}
