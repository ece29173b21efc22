//! The logs of the filter that was there before: what a draft would have done to them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually, program};
use serde_json::Value;

use crate::sealed::{feed, holding, lines, one};

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
    let packed = school.home().join("access.log.1.gz");
    pack(&lines.concat(), &packed)?;
    for again in [&file, &packed] {
        let told = import(&school, again, &[])?;
        assert_eq!((&told["added"], &told["already"]), (&0.into(), &43.into()), "{told}");
    }
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
    // A row whose fields are not what they should be stops none of the others, nor the next file.
    let spoil = "import sqlite3, sys\n\
         d = sqlite3.connect(sys.argv[1])\n\
         d.execute(\"update queries set domain = x'ff' where id = 3\")\n\
         d.execute(\"insert into queries (timestamp, type, status, domain, client) select timestamp, 1, 'odd', domain, client from queries where id = 4\")\n\
         d.execute(\"insert into queries (timestamp, type, status, domain, client) select timestamp, 1, 2, domain, client from queries where id = 4\")\n\
         d.commit()\n";
    let mut python =
        Command::new("python3").args(["-c", spoil, database.to_str().context("a path")?]).spawn()?;
    anyhow::ensure!(python.wait()?.success());

    let text = squid(at, "10.0.0.7", "TCP_MISS/200", "GET", "http://www.example.org/", "-").repeat(50);
    let packed = school.home().join("access.log.1.gz");
    pack(&text, &packed)?;
    let odd = school.home().join("odd.log");
    std::fs::write(&odd, "Dear diary,\n")?;
    let text: String = (0..9_000)
        .map(|number| {
            let url = format!("http://www{number}.example.org/{}", number * number);
            squid(at, "10.0.0.8", "TCP_MISS/200", "GET", &url, "-")
        })
        .collect();
    let cut = school.home().join("access.log.2.gz");
    pack(&text, &cut)?;
    let whole = std::fs::read(&cut)?;
    std::fs::write(&cut, whole.get(..whole.len() / 2).context("half of it")?)?;
    let missing = school.home().join("missing.log");
    let paths = [&odd, &missing, &cut, &database, &packed].map(|path| path.to_str().unwrap_or_default());
    let told = school.command(&[&["--json", "activity", "import"], &paths[..]].concat())?;
    assert_eq!(told.status.code(), Some(3), "what could not be read is no success");
    let complained = String::from_utf8(told.stderr)?;
    for part in [
        "odd.log: ",
        "--format",
        "missing.log: ",
        "access.log.2.gz: after ",
        "2 requests of it",
        "3, 38",
        "4 of 5 files",
    ] {
        assert!(complained.contains(part), "{part}: {complained}");
    }
    let told = lines(&String::from_utf8(told.stdout)?)?;
    let of =
        |path: &Path| told.iter().find(|one| one["file"] == *path.to_string_lossy() && one["added"].is_u64());
    assert_eq!(of(&packed).context("the last one comes in")?["added"], 50);
    let database = of(&database).context("so does what can be read of the database")?;
    assert_eq!(
        (&database["added"], &database["unread"]["damaged"]["lines"]),
        (&1.into(), &2.into()),
        "{database}"
    );
    let half = of(&cut).context("and half of the log that is cut")?["added"].as_u64().context("a number")?;
    assert!((1_000..9_000).contains(&half), "{half}");
    assert!(school.told(&["activity", "imports"])?.contains("broken off"));
    // The whole of it goes on where the half ended.
    std::fs::write(&cut, whole)?;
    let rest = import(&school, &cut, &[])?;
    assert_eq!(rest["added"].as_u64().map(|rest| rest + half), Some(9_000), "{rest}");
    assert!(!school.told(&["activity", "imports"])?.contains("broken off"));
    Ok(())
}

fn pack(text: &str, to: &Path) -> Result<()> {
    let mut gzip =
        Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(std::fs::File::create(to)?).spawn()?;
    gzip.stdin.take().context("standard input")?.write_all(text.as_bytes())?;
    anyhow::ensure!(gzip.wait()?.success());
    Ok(())
}

#[test]
fn an_import_that_is_killed_says_what_is_in_and_goes_on_or_is_taken_out() -> Result<()> {
    let school = School::demo()?;
    let at = hours_ago(9)?;
    let text: String = (0..60_000)
        .map(|number| {
            squid(at + number / 100, "10.0.0.8", "TCP_MISS/200", "GET", "http://www.example.org/", "-")
        })
        .collect();
    let file = school.home().join("access.log");
    std::fs::write(&file, text)?;
    let mut child = Command::new(program()?)
        .arg("--home")
        .arg(school.home())
        .args(["activity", "import"])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let imports = || one(&school.told(&["--json", "activity", "imports"]).ok()?).ok();
    let begun = eventually(Duration::from_secs(60), || imports().filter(|import| import["going_on"] == true));
    child.kill()?;
    child.wait()?;
    begun.context("it is told while it goes on")?;
    let import_of =
        eventually(Duration::from_secs(60), || imports().filter(|import| import["going_on"] == false))
            .context("it is broken off")?;
    assert_eq!((&import_of["whole"], &import_of["undone"]), (&false.into(), &false.into()), "{import_of}");
    let events = import_of["events"].as_u64().context("a number")?;
    let listed = school.told(&["activity", "imports"])?;
    assert!(listed.contains(&format!("{events} events")) && listed.contains("broken off"), "{listed}");
    let told = import(&school, &file, &[])?;
    assert_eq!((&told["already"], &told["import"]), (&events.into(), &import_of["run"]), "{told}");
    assert_eq!(told["added"].as_u64().map(|added| added + events), Some(60_000), "{told}");
    let whole = imports().context("an import")?;
    assert_eq!((&whole["whole"], &whole["events"]), (&true.into(), &60_000.into()), "{whole}");
    let name = told["import"].as_str().context("a name")?;
    let undone = object(&school.told(&["--json", "activity", "import", "--undo", name])?)?;
    assert_eq!(undone["events"], 60_000);
    Ok(())
}

const SEALED: &str = "made-up-sealed.example";

#[test]
fn what_is_sealed_here_comes_in_encrypted_and_the_import_tells_nobody() -> Result<()> {
    let (with, without) = (School::demo()?, School::demo()?);
    let (_folder, path) = feed(&format!("{SEALED}\nhttp://made-up-shared.example/gallery\n"))?;
    with.told(&["--json", "sealed", "import", &path, "--live", "--fresh-for", "7"])?;
    let logs = tempfile::tempdir()?;
    let file = logs.path().join("access.log");
    let name = file.to_str().context("a path")?;
    let at = hours_ago(7)?;
    let visit =
        |second: u64, result: &str, url: &str| squid(at + second, "10.0.0.7", result, "GET", url, "-");
    let text = [
        visit(0, "TCP_MISS/200", "http://www.example.org/"),
        visit(1, "TCP_MISS/200", &format!("http://www.{SEALED}/nothing-here?page=7")),
        visit(2, "TCP_MISS/200", &format!("http://www.{SEALED}/nothing-there")),
        visit(3, "TCP_DENIED/403", "http://made-up-shared.example/gallery/1"),
        visit(4, "TCP_MISS/200", "http://made-up-shared.example/"),
        visit(5, "TCP_MISS/200", "http://www.childline.org.uk/"),
    ];
    std::fs::write(&file, text.concat())?;
    // Byte for byte the same, where something is sealed and where nothing is: told to scripts and to people, new and again.
    let same = |arguments: &[&str]| -> Result<String> {
        let [here, there] = [&with, &without].map(|school| school.told(arguments));
        let (here, there) = (here?, there?);
        assert_eq!(here, there, "{arguments:?}");
        Ok(here)
    };
    let told = same(&["--json", "activity", "import", name])?;
    assert_eq!(one(&told)?["added"], 5, "{told}");
    same(&["activity", "import", name])?;
    let more = visit(90, "TCP_MISS/200", &format!("http://www.{SEALED}/later"));
    std::fs::OpenOptions::new().append(true).open(&file)?.write_all(more.as_bytes())?;
    same(&["activity", "import", name])?;
    let events = |school: &School| -> Result<Vec<Value>> {
        lines(&school.told(&["--json", "activity", "search", "--step", "elsewhere", "--limit", "100"])?)
    };
    assert_eq!(events(&without)?.iter().filter(|event| event["host"].is_null()).count(), 0);
    let rows = events(&with)?;
    assert_eq!(rows.len(), 6);
    let hidden: Vec<&Value> = rows.iter().filter(|row| row["host"].is_null()).collect();
    assert_eq!(hidden.len(), 4, "{rows:?}");
    // One record a host and minute of the log, each referred to, and none twice although the file came in three times.
    let records = lines(&with.told(&["--json", "sealed", "records", "list"])?)?;
    assert_eq!(records.len(), 3, "{records:?}");
    for row in &hidden {
        assert!(row["path"].is_null() && row["origin"] == "squid", "{row}");
        assert!(records.iter().any(|record| record["reference"] == row["record"]), "{row}");
    }
    let identity = with.home().join("demo-identities/dsl.txt");
    let identity = identity.to_str().context("a path")?;
    let open = |record: &Value| -> Result<Value> {
        let reference = record["reference"].as_str().context("a reference")?;
        one(&with.told(&[
            "--json",
            "sealed",
            "open",
            reference,
            "--identity",
            identity,
            "--reason",
            "a test",
        ])?)
    };
    let mut opened: Vec<String> = Vec::new();
    for record in &records {
        let told = open(record)?;
        let elsewhere = &told["elsewhere"];
        opened.push(format!(
            "{}{} {} {} {}",
            told["host"].as_str().unwrap_or_default(),
            told["path"].as_str().unwrap_or_default(),
            elsewhere["origin"],
            elsewhere["verdict"],
            record["requests"],
        ));
    }
    opened.sort();
    assert_eq!(
        opened,
        [
            "made-up-shared.example/gallery/1 \"squid\" \"block\" 1",
            "www.made-up-sealed.example/later \"squid\" \"allow\" 1",
            "www.made-up-sealed.example/nothing-here?page=7 \"squid\" \"allow\" 2",
        ]
    );
    for text in [SEALED, "nothing-here", "made-up-shared.example/gallery"] {
        let found = holding(with.home(), text)?;
        assert!(found.is_empty(), "{text}: {found:?}");
    }
    // Taken out again, which tells nothing either. The records are evidence, and stay.
    let run = one(&with.told(&["--json", "activity", "imports"])?)?;
    same(&["activity", "import", "--undo", run["run"].as_str().context("a name")?])?;
    assert_eq!(lines(&with.told(&["--json", "sealed", "records", "list"])?)?.len(), 3);
    Ok(())
}
