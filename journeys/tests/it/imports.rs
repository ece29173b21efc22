//! The logs of the filter that was there before: what a draft would have done to them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually};
use serde_json::Value;

/// Seconds since 1970, so many hours ago.
fn hours_ago(hours: u64) -> Result<u64> {
    let seconds = u64::try_from(kit::Clock::System.now().as_millis() / 1_000)?;
    Ok(seconds - hours * 3_600)
}

fn squid(at: u64, client: &str, result: &str, method: &str, url: &str, user: &str) -> String {
    format!("{at}.000    12 {client} {result} 4512 {method} {url} {user} HIER_DIRECT/192.0.2.1 text/html\n")
}

fn object(said: &str) -> Result<Value> {
    Ok(serde_json::from_str(said.lines().next().context("it says something")?)?)
}

fn import(school: &School, file: &Path, more: &[&str]) -> Result<Value> {
    let path = file.to_str().context("a path")?;
    object(&school.told(&[&["--json", "activity", "import", path], more].concat())?)
}

/// How many entries of the access trail tell of an import.
fn imported(school: &School) -> Result<usize> {
    let url = store::DatabaseUrl::sqlite(school.home().join("hub/fivebar.db"));
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let db = store::Db::look(&url).await?;
        let mut tx = db.read().await?;
        let entries = store::trail::newest(&mut tx, None, 100).await?;
        tx.roll_back().await?;
        Ok(entries.into_iter().filter(|entry| entry.verb.starts_with("activity.import")).count())
    })
}

#[test]
fn a_squids_log_is_brought_in_once_replayed_and_taken_out_again() -> Result<()> {
    let school = School::demo_heard("trace")?;
    let pupil = school.anyone_in("year-8")?.address.clone();
    let at = hours_ago(30)?;
    let mut lines = vec![
        squid(at, &pupil, "TCP_MISS/200", "GET", "http://www.quokkahost.example/a?secret=1", "-"),
        squid(
            at + 1,
            &pupil,
            "TCP_MISS/200",
            "GET",
            "http://en.wikipedia.org/w/index.php?search=quokka+diet",
            "-",
        ),
        squid(at + 2, &pupil, "TCP_DENIED/403", "GET", "http://www.bet365.com/", "-"),
        squid(at + 3, &pupil, "TCP_MISS/200", "GET", "http://www.childline.org.uk/search?q=quokkahelp", "-"),
        squid(at + 4, &pupil, "TCP_DENIED/407", "GET", "http://www.quokkahost.example/", "-"),
        squid(hours_ago(24 * 400)?, &pupil, "TCP_MISS/200", "GET", "http://www.quokkahost.example/", "-"),
        "rubbish that quokkas left\n".to_owned(),
    ];
    for number in 0..40 {
        let url = format!("www.quokkahost{number}.example:443");
        lines.push(squid(at + 10 + number, &pupil, "TCP_TUNNEL/200", "CONNECT", &url, "-"));
    }
    let file = school.home().join("access.log");
    std::fs::write(&file, lines.concat())?;
    let trail = || imported(&school);
    let before = trail()?;
    let told = import(&school, &file, &[])?;
    assert_eq!(told["origin"], "squid", "{told}");
    assert_eq!(
        (&told["lines"], &told["added"], &told["read"]),
        (&47.into(), &43.into(), &45.into()),
        "{told}"
    );
    assert_eq!((&told["left_out"]["help"], &told["left_out"]["too_old"]), (&1.into(), &1.into()), "{told}");
    assert_eq!(told["unread"]["sign-in"]["first"][0], 5, "{told}");
    assert_eq!(told["unread"]["form"]["first"][0], 7, "{told}");
    assert_eq!(trail()?, before + 1);
    // The same again adds nothing, and neither does it packed by another name.
    assert_eq!(import(&school, &file, &[])?["added"], 0);
    assert_eq!(trail()?, before + 1);
    // What has been added to it is.
    let more = squid(at + 60, &pupil, "TCP_MISS/200", "GET", "http://www.quokkahost.example/later", "-");
    std::fs::OpenOptions::new().append(true).open(&file)?.write_all(more.as_bytes())?;
    let again = import(&school, &file, &[])?;
    assert_eq!((&again["added"], &again["import"]), (&1.into(), &told["import"]), "{again}");

    let found = school.told(&["--json", "activity", "search", "--step", "elsewhere", "--limit", "100"])?;
    let events: Vec<Value> = found.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(events.len(), 44);
    assert!(events.iter().all(|event| event["origin"] == "squid" && event["step"] == "elsewhere"), "{found}");
    assert!(events.iter().any(|event| event["searched"] == "quokka diet"), "{found}");
    assert!(events.iter().any(|event| event["host"] == "www.bet365.com" && event["verdict"] == "block"));
    assert!(!found.contains("secret") && !found.contains("quokkahelp") && !found.contains("childline"));
    let top = school.told(&["--json", "activity", "report", "top-blocked"])?;
    assert!(!top.contains("bet365"), "reports are about what was decided here: {top}");

    // What a draft would have done to it.
    let policy = school.told(&["policy", "export"])?;
    let draft = school.home().join("draft.toml");
    let rule = "\n[[rule]]\ndo = \"block\"\nsite = \"quokkahost.example\"\nreason = \"To try\"\nowner = \"The network manager\"\n";
    std::fs::write(&draft, format!("{policy}{rule}"))?;
    let replayed =
        school.command(&["--json", "policy", "replay", draft.to_str().context("a path")?, "--brought-in"])?;
    let replayed: Value = object(&String::from_utf8_lossy(&replayed.stdout))?;
    assert_eq!(replayed["replayed"]["newly-blocked"]["requests"], 2, "{replayed}");

    let name = told["import"].as_str().context("a name")?.to_owned();
    let listed = school.told(&["activity", "imports"])?;
    assert!(listed.contains(&name) && listed.contains("squid"), "{listed}");
    let undone = object(&school.told(&["--json", "activity", "import", "--undo", &name])?)?;
    assert_eq!(undone["events"], 44);
    assert_eq!(school.told(&["--json", "activity", "search", "--step", "elsewhere"])?.trim(), "");
    let gone = eventually(Duration::from_secs(10), || {
        let folder = std::fs::read_dir(school.home().join("log")).ok()?;
        let holds = |path: &Path| {
            let bytes = std::fs::read(path).unwrap_or_default();
            bytes.windows(9).any(|window| window == b"quokkahos")
        };
        folder.flatten().all(|file| !holds(&file.path())).then_some(())
    });
    gone.context("nothing of it is left in the log's files")?;
    // An earlier copy of what was taken out is as new as any other file.
    let earlier = school.home().join("earlier.log");
    std::fs::write(&earlier, lines.concat())?;
    let copy = import(&school, &earlier, &[])?;
    assert_eq!(copy["added"], 43, "{copy}");
    let name = copy["import"].as_str().context("a name")?;
    school.told(&["activity", "import", "--undo", name])?;
    // And it may come back.
    let back = import(&school, &file, &["--format", "squid"])?;
    assert_eq!(back["added"], 44, "{back}");
    assert_ne!(back["import"], told["import"]);
    let heard = school.heard()?;
    assert!(!heard.contains("quokka"), "{heard}");
    Ok(())
}

#[test]
fn a_pi_holes_database_and_packed_logs_are_brought_in() -> Result<()> {
    let school = School::demo()?;
    let at = hours_ago(5)?;
    let database = school.home().join("pihole-FTL.db");
    let make = format!(
        "import sqlite3, sys\n\
         d = sqlite3.connect(sys.argv[1])\n\
         d.execute('create table if not exists queries (id integer primary key, timestamp real, type integer, status integer, domain text, client text, forward text)')\n\
         for n in range(int(sys.argv[2])):\n    \
             d.execute('insert into queries (timestamp, type, status, domain, client) values (?, 1, ?, ?, ?)', ({at} + n, 1 if n % 2 else 2, 'host%d.example.org' % n, '10.0.0.7'))\n\
         d.commit()\n"
    );
    let fill = |count: &str| -> Result<()> {
        let mut python = Command::new("python3")
            .args(["-", database.to_str().context("a path")?, count])
            .stdin(Stdio::piped())
            .spawn()?;
        python.stdin.take().context("standard input")?.write_all(make.as_bytes())?;
        anyhow::ensure!(python.wait()?.success(), "python3 has no sqlite3");
        Ok(())
    };
    fill("30")?;
    let told = import(&school, &database, &[])?;
    assert_eq!((&told["origin"], &told["added"]), (&"pi-hole".into(), &30.into()), "{told}");
    assert_eq!(import(&school, &database, &[])?["added"], 0);
    fill("7")?;
    assert_eq!(import(&school, &database, &[])?["added"], 7);

    let packed = school.home().join("access.log.1.gz");
    let text = squid(at, "10.0.0.7", "TCP_MISS/200", "GET", "http://www.example.org/", "-").repeat(50);
    let mut gzip = Command::new("gzip")
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(std::fs::File::create(&packed)?)
        .spawn()?;
    gzip.stdin.take().context("standard input")?.write_all(text.as_bytes())?;
    anyhow::ensure!(gzip.wait()?.success());
    assert_eq!(import(&school, &packed, &[])?["added"], 50);
    let odd = school.home().join("odd.log");
    std::fs::write(&odd, "Dear diary,\n")?;
    let refused = school.command(&["activity", "import", odd.to_str().context("a path")?])?;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--format"));
    Ok(())
}
