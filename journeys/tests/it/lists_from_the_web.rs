//! A list that a real web server has, fetched by the real program and kept up to date by itself.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use journeys::{School, eventually, program};
use serde_json::Value;
use store::Db;
use store::orm::{ConnectionTrait as _, Statement};

use crate::errands::Browser;

/// nginx or, where it is not there, Python's server, with one folder; it stops when this is dropped.
struct WebServer {
    child: Child,
    port: u16,
    url: String,
}

impl WebServer {
    fn start(folder: &Path) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let at = folder.join("www");
        fs::create_dir_all(&at)?;
        let nginx = ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|path| Path::new(path).is_file());
        let child = match nginx {
            Some(nginx) => {
                let own = folder.display();
                let config = folder.join("nginx.conf");
                fs::write(
                    &config,
                    format!(
                        "user root; daemon off; pid {own}/pid; error_log {own}/error.log; events {{}}\n\
                         http {{ access_log {own}/access.log; client_body_temp_path {own}/t1; proxy_temp_path {own}/t2;\n\
                         fastcgi_temp_path {own}/t3; uwsgi_temp_path {own}/t4; scgi_temp_path {own}/t5;\n\
                         server {{ listen 127.0.0.1:{port}; root {}; }} }}\n",
                        at.display()
                    ),
                )?;
                Command::new(nginx).arg("-e").arg(folder.join("error.log")).arg("-c").arg(&config).spawn()?
            }
            None => Command::new("python3")
                .args(["-m", "http.server", &port.to_string(), "--bind", "127.0.0.1", "--directory"])
                .arg(&at)
                .stdout(Stdio::null())
                .stderr(fs::File::create(folder.join("access.log"))?)
                .spawn()?,
        };
        // By its name, so that the hub has to look it up from where it is shut in.
        let server = Self { child, port, url: format!("http://localhost:{port}") };
        eventually(Duration::from_secs(20), || std::net::TcpStream::connect(("127.0.0.1", port)).ok())
            .context("the web server serves")?;
        Ok(server)
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// The line of a list in `lists status`.
fn status(school: &School, id: &str) -> Result<Value> {
    let said = school.told(&["--json", "lists", "status"])?;
    let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.into_iter().find(|line| line["id"] == id).with_context(|| format!("{id} is in use: {said}"))
}

/// Turns the records' clock for lists from the web back by a day, which is as if a day had passed.
fn a_day_passes(home: &Path) -> Result<()> {
    with_records(home, async |db| {
        let tx = db.begin().await?;
        let sql = "UPDATE list_web SET tried_at = tried_at - 86400000";
        tx.conn().execute_raw(Statement::from_string(tx.backend(), sql)).await?;
        Ok(tx.commit().await?)
    })
}

/// Who took a list in last, as the access trail has it.
fn who_imported_last(home: &Path) -> Result<String> {
    with_records(home, async |db| {
        let mut tx = db.read().await?;
        let entries = store::trail::newest(&mut tx, None, 20).await?;
        tx.roll_back().await?;
        let import = entries.into_iter().find(|entry| entry.verb == "list.import");
        Ok(import.context("a list was imported")?.actor)
    })
}

fn with_records<T>(home: &Path, work: impl AsyncFnOnce(Db) -> Result<T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let url = format!("sqlite:{}", home.join("hub/fivebar.db").display());
        work(Db::open(&url.parse()?).await?).await
    })
}

fn list(names: std::ops::Range<usize>) -> String {
    names.map(|number| format!("game{number}.example\n")).collect()
}

#[test]
fn a_list_is_fetched_and_renews_itself_while_the_school_runs() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = WebServer::start(folder.path())?;
    let at = folder.path().join("www/games.txt");
    fs::write(&at, list(0..300))?;
    let school = School::demo()?;
    let pupil = school.anyone_in("year-7")?.address.clone();
    let url = format!("{}/games.txt", server.url);
    let refused =
        |name: &str| Some(school.dig(&pupil, &[name]).ok()?.contains("NXDOMAIN")).filter(|refused| *refused);

    assert!(refused("game299.example").is_none());
    // Whatever the pupil's policy says of games, nothing opens this.
    school.told(&["lists", "import", &url, "--category", "pornography", "--name", "county/games"])?;
    eventually(Duration::from_secs(20), || refused("game299.example")).context("the gate has the list")?;
    let first = status(&school, "county/games")?;
    assert_eq!((&first["state"], &first["web"]["failures"]), (&"active".into(), &0.into()));

    // A day later the server says that nothing changed.
    let asked = |code: &str| {
        let log = fs::read_to_string(folder.path().join("access.log")).unwrap_or_default();
        log.lines().filter(|line| line.contains(&format!("\" {code} "))).count()
    };
    a_day_passes(school.home())?;
    eventually(Duration::from_secs(60), || (asked("304") == 1).then_some(())).context("it is asked again")?;
    // Another day later it has another version, which the gate goes by without anybody's doing.
    fs::write(&at, list(0..310))?;
    a_day_passes(school.home())?;
    eventually(Duration::from_secs(60), || refused("game309.example")).context("the list renews itself")?;
    let renewed = status(&school, "county/games")?;
    assert_eq!((&renewed["version"], &renewed["accepted"]), (&2.into(), &310.into()));
    assert_eq!(who_imported_last(school.home())?, "job:lists-update");

    // The server goes: the list stays, and it is tried again sooner than in a day.
    let port = server.port;
    drop(server);
    a_day_passes(school.home())?;
    let failing = eventually(Duration::from_secs(60), || {
        status(&school, "county/games").ok().filter(|line| line["state"] == "failing")
    })
    .context("the failure is seen")?;
    assert_eq!(failing["web"]["failures"], 1);
    assert!(
        failing["web"]["problem"].as_str().is_some_and(|why| why.contains("could not be reached")),
        "{failing}"
    );
    assert!(refused("game309.example").is_some());

    // A server that is there and says nothing: the school stops all the same, and stops at once.
    let silent = TcpListener::bind(("127.0.0.1", port))?;
    a_day_passes(school.home())?;
    let (_held, _) = silent.accept()?;
    let began = Instant::now();
    assert!(school.stop()?.success());
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
    Ok(())
}

#[test]
fn a_command_that_is_killed_midway_leaves_what_was_in_use() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    journeys::init(&home)?;
    let kept = || -> Result<Vec<String>> {
        let mut names: Vec<String> = fs::read_dir(home.join("lists"))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_>>()?;
        names.sort();
        Ok(names)
    };
    let before = kept()?;
    for signal in ["-KILL", "-INT"] {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/games.txt", listener.local_addr()?);
        let mut command = Command::new(program()?)
            .arg("--home")
            .arg(&home)
            .args(["lists", "import", &url])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let (mut asks, _) = listener.accept()?;
        let mut head = [0u8; 4096];
        if asks.read(&mut head)? == 0 {
            bail!("nothing was asked");
        }
        asks.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n")?;
        asks.write_all(&list(0..20_000).into_bytes())?;
        // It has some of it: an open file without a name.
        let open = || {
            let files = fs::read_dir(format!("/proc/{}/fd", command.id())).ok()?;
            let mut files = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
            files.find(|file| file.starts_with(&home) && file.to_string_lossy().ends_with("(deleted)"))
        };
        eventually(Duration::from_secs(20), open).context("the list is being written")?;
        Command::new("kill").arg(signal).arg(command.id().to_string()).status()?;
        assert!(command.wait()?.signal().is_some());
        assert_eq!(kept()?, before, "{signal}");
    }
    let said =
        Command::new(program()?).arg("--home").arg(&home).args(["--json", "lists", "status"]).output()?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("starter/games") && !said.contains("127.0.0.1"), "{said}");
    Ok(())
}

#[test]
fn an_update_that_would_block_what_everybody_uses_waits_for_a_person_and_the_others_do_not() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = WebServer::start(folder.path())?;
    let www = folder.path().join("www");
    fs::write(www.join("one.txt"), list(0..300))?;
    fs::write(www.join("two.txt"), list(400..700))?;
    let school = School::demo()?;
    let pupil = school.anyone_in("year-7")?.address.clone();
    let url = |name: &str| format!("{}/{name}.txt", server.url);
    for name in ["one", "two"] {
        let id = format!("county/{name}");
        school.told(&["lists", "import", &url(name), "--category", "pornography", "--name", &id])?;
    }
    // What everybody uses, and the log has of it; and what one alone asks for again and again.
    let everybody: Vec<&str> = school.ready.people.iter().map(|person| person.address.as_str()).collect();
    assert!(everybody.len() >= 5, "{everybody:?}");
    for address in &everybody {
        school.dig(address, &["timestables.example"])?;
    }
    for _ in 0..20 {
        school.dig(&pupil, &["game709.example"])?;
    }
    eventually(Duration::from_secs(20), || {
        let found = school.told(&["--json", "activity", "search", "--site", "timestables.example"]).ok()?;
        (found.lines().count() >= everybody.len()).then_some(())
    })
    .context("the log has what was asked for")?;

    // Both lists come anew; one of them has gone wrong.
    fs::write(www.join("one.txt"), format!("{}timestables.example\n", list(0..300)))?;
    fs::write(www.join("two.txt"), list(400..710))?;
    let output = school.command(&["lists", "update"])?;
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("county/one: the update would newly block ")
            && said.contains(" visits in the last days"),
        "{said}"
    );
    let refused = |name: &str| -> Result<bool> { Ok(school.dig(&pupil, &[name])?.contains("NXDOMAIN")) };
    eventually(Duration::from_secs(20), || refused("game709.example").ok().filter(|refused| *refused))
        .context("the other list is renewed")?;
    assert!(!refused("timestables.example")?, "it stays open");
    assert_eq!(status(&school, "county/one")?["state"], "waiting");
    assert_eq!(status(&school, "county/two")?["state"], "active");

    // By itself it comes to the same.
    a_day_passes(school.home())?;
    fs::write(www.join("two.txt"), list(400..720))?;
    eventually(Duration::from_secs(60), || refused("game719.example").ok().filter(|refused| *refused))
        .context("the other list renews itself")?;
    assert!(!refused("timestables.example")?);
    let waiting = status(&school, "county/one")?;
    assert_eq!(waiting["state"], "waiting", "{waiting}");

    // A person who knows better takes it, at the portal, where it says what it would close.
    let person = school.told(&["--json", "people", "show"])?;
    let person = person.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let is_staff = |one: &Value| {
        let groups = one["groups"].as_array();
        groups.is_some_and(|all| all.iter().any(|group| group == "staff" || group == "teachers"))
    };
    let number = person.filter(is_staff).find_map(|one| one["number"].as_u64()).context("staff")?.to_string();
    school.told(&["duties", "give", "network-manager", "--to", &number, "--reason", "Appointed."])?;
    let said = school.told(&["--json", "people", "invite", &number, "--name", "n.manager"])?;
    let manager = Browser::welcomed(&school, &folder.path().join("jar"), &said)?;
    let page = manager.ask("/staff/lists/of/county/one", &[])?;
    assert!(page.contains("the update would newly block "), "{page}");
    let take = "list=county%2Fone&then=take&why=It+is+meant.";
    let sent = manager.ask("/staff/lists/take", &["-d", take])?;
    assert!(sent.starts_with("HTTP/1.1 303"), "{sent}");
    eventually(Duration::from_secs(20), || refused("timestables.example").ok().filter(|refused| *refused))
        .context("it is taken")?;
    assert_eq!(status(&school, "county/one")?["state"], "active");
    Ok(())
}
