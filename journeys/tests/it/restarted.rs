//! The server of the records is restarted while the school is at work: nobody meets an error without words, nothing that was acknowledged
//! is lost or there twice, it is as before within seconds, and the gate goes on answering all the while.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use journeys::{School, eventually, init, program};
use serde_json::Value;
use testing::postgres::programs;

/// A database server of this test's own, to be restarted.
struct Server {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Server {
    /// `None` where PostgreSQL is not installed.
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    fn start() -> Result<Option<Self>> {
        let Some(bin) = programs() else {
            println!("skipped: PostgreSQL is not installed");
            return Ok(None);
        };
        let made = as_its_account("mktemp").args(["-d", "/tmp/fivebar-restarted.XXXXXX"]).output()?;
        let folder = PathBuf::from(String::from_utf8(made.stdout)?.trim());
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Self { bin, folder, port };
        let init = ["-D", &server.data(), "-U", "fivebar", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"];
        done(&server.program("initdb").args(init).output()?)?;
        // As a school has it: what is committed is on the disk.
        let more = format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nshared_buffers = 32MB\n",
            server.folder.display()
        );
        let write = format!("cat >> '{}/postgresql.conf' <<'E'\n{more}E\n", server.data());
        done(&as_its_account("sh").args(["-c", &write]).output()?)?;
        server.say(&["-w", "start"])?;
        done(
            &server
                .program("createdb")
                .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-U", "fivebar", "school"])
                .output()?,
        )?;
        Ok(Some(server))
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    fn program(&self, name: &str) -> Command {
        as_its_account(&self.bin.join(name).display().to_string())
    }

    fn say(&self, words: &[&str]) -> Result<()> {
        let log = self.folder.join("log").display().to_string();
        let told =
            self.program("pg_ctl").args(["-D", &self.data(), "-l", &log, "-s"]).args(words).status()?;
        ensure!(told.success(), "pg_ctl {words:?}");
        Ok(())
    }

    fn url(&self) -> String {
        format!("postgres://fivebar@127.0.0.1:{}/school", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.say(&["-m", "immediate", "stop"]);
        let _ = as_its_account("rm").arg("-rf").arg(&self.folder).status();
    }
}

/// PostgreSQL refuses to run as root, so root starts it as the account that Debian made for it.
fn as_its_account(program: &str) -> Command {
    let am_root = Path::new("/proc/self").metadata().is_ok_and(|myself| myself.uid() == 0);
    let mut command = if am_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", program]);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

fn done(output: &Output) -> Result<()> {
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// An answer: its status, and its words.
fn ask(more: &[&str], address: &str) -> Result<(u16, String)> {
    let asked = Command::new("curl")
        .args(["--silent", "--noproxy", "*", "--max-time", "60", "--write-out", "\n%{http_code}"])
        .args(more)
        .arg(address)
        .output()?;
    let text = String::from_utf8_lossy(&asked.stdout).into_owned();
    let (words, status) = text.rsplit_once('\n').context("no status")?;
    Ok((status.parse()?, words.to_owned()))
}

/// What a lock holds, whoever gave up while holding it.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is seen of a school under load.
#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    /// How many answers came with each status.
    answers: Mutex<BTreeMap<u16, u32>>,
    /// Whatever should not have come.
    wrong: Mutex<Vec<String>>,
    /// Names whose writing was acknowledged, and by whom the last of them was, at which moment.
    kept: Mutex<BTreeSet<String>>,
    last_kept: Mutex<Option<Instant>>,
    asked_of_the_gate: AtomicU32,
}

impl Seen {
    fn answer(&self, what: &str, status: u16, words: &str) {
        *held(&self.answers).entry(status).or_default() += 1;
        // Nothing but what was asked for, or that the records do not answer just now, in words.
        let plainly = words.contains("records do not answer just now") && words.contains("half done");
        let right = matches!(status, 200 | 201 | 303 | 409) || (status == 503 && plainly);
        if !right {
            held(&self.wrong).push(format!("{what}: {status} {words}"));
        }
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

#[test]
fn a_database_server_restarted_under_load_loses_and_doubles_nothing_and_is_back_within_seconds() -> Result<()>
{
    let Some(server) = Server::start()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    init(&home)?;
    done(
        &Command::new(program()?)
            .arg("--home")
            .arg(&home)
            .args(["move-database", "--to", &server.url()])
            .output()?,
    )?;
    let school = School::run(&home)?;
    let said = school.told(&["--json", "people", "scim-token", "directory"])?;
    let said: Value = serde_json::from_str(said.lines().last().context("an object")?)?;
    let text = |field: &str| said.get(field).and_then(Value::as_str).map(str::to_owned).context("a field");
    let (address, token) = (text("address")?, text("token")?);
    let bearer = format!("authorization: Bearer {token}");
    let pages = format!("http://{}", school.ready.portal);

    let seen = Seen::default();
    let back = Mutex::new(Vec::new());
    std::thread::scope(|scope| -> Result<()> {
        for writer in 0..3 {
            let (seen, address, bearer) = (&seen, &address, &bearer);
            scope.spawn(move || {
                let mut number = 0;
                while seen.goes_on() {
                    number += 1;
                    let name = format!("person-{writer}-{number}");
                    let body = format!(
                        "{{\"userName\":\"{name}\",\"displayName\":\"{name}\",\"userType\":\"student\"}}"
                    );
                    let users = format!("{address}/Users");
                    // As a system does that was not told that it was kept: it tells it again until it is.
                    loop {
                        let more = [
                            "--request",
                            "POST",
                            "--header",
                            "content-type: application/scim+json",
                            "--header",
                            bearer,
                            "--data",
                            &body,
                        ];
                        let Ok((status, words)) = ask(&more, &users) else { continue };
                        seen.answer("a write", status, &words);
                        if matches!(status, 201 | 409) {
                            held(&seen.kept).insert(name);
                            *held(&seen.last_kept) = Some(Instant::now());
                            break;
                        }
                        if !seen.goes_on() {
                            break;
                        }
                        std::thread::sleep(Duration::from_millis(50));
                    }
                }
            });
        }
        for page in ["/sign-in", "/today", "/why"] {
            let (seen, address) = (&seen, format!("{pages}{page}"));
            scope.spawn(move || {
                while seen.goes_on() {
                    // A cookie, so that somebody is looked for in the records.
                    if let Ok((status, words)) =
                        ask(&["--header", "cookie: fivebar=none", "--location"], &address)
                    {
                        let status = if status == 404 { 200 } else { status };
                        seen.answer(page, status, &words);
                    }
                }
            });
        }
        let (seen_by_gate, school) = (&seen, &school);
        scope.spawn(move || {
            while seen_by_gate.goes_on() {
                let begun = Instant::now();
                let answer =
                    school.dig("127.0.0.1", &["+tries=1", "+time=2", "www.pornhub.com"]).unwrap_or_default();
                seen_by_gate.asked_of_the_gate.fetch_add(1, Ordering::Relaxed);
                if !answer.contains("NXDOMAIN") || begun.elapsed() > Duration::from_secs(2) {
                    held(&seen_by_gate.wrong).push(format!("the gate after {:?}: {answer}", begun.elapsed()));
                }
            }
        });
        let restarting = || -> Result<()> {
            for how in ["fast", "immediate", "fast"] {
                std::thread::sleep(Duration::from_secs(3));
                server.say(&["-m", how, "-w", "stop"])?;
                // As long as a machine takes that is brought up to date.
                std::thread::sleep(Duration::from_millis(1_500));
                server.say(&["-w", "start"])?;
                let since = Instant::now();
                let kept = eventually(Duration::from_secs(30), || {
                    held(&seen.last_kept).filter(|last| *last > since).map(|_| since.elapsed())
                });
                held(&back).push(kept.context("nothing was kept any more")?);
            }
            std::thread::sleep(Duration::from_secs(2));
            Ok(())
        };
        let restarted = restarting();
        seen.stop.store(true, Ordering::Relaxed);
        restarted
    })?;
    let wrong = seen.wrong.into_inner().unwrap_or_default();
    let answers = seen.answers.into_inner().unwrap_or_default();
    assert!(
        wrong.is_empty(),
        "{} of {answers:?}: {:#?}",
        wrong.len(),
        wrong.iter().take(5).collect::<Vec<_>>()
    );
    let back = back.into_inner().unwrap_or_default();
    assert!(back.iter().all(|took| *took < Duration::from_secs(10)), "{back:?}");
    assert!(seen.asked_of_the_gate.load(Ordering::Relaxed) > 50, "the gate was asked");
    println!("back after {back:?}; answers by status: {answers:?}");

    // Each that was acknowledged is there, and none twice.
    let kept = seen.kept.into_inner().unwrap_or_default();
    let mut there = Vec::new();
    for start in (1..).step_by(100) {
        let (status, words) =
            ask(&["--header", &bearer], &format!("{address}/Users?startIndex={start}&count=100"))?;
        ensure!(status == 200, "{status} {words}");
        let page: Value = serde_json::from_str(&words)?;
        let page = page["Resources"].as_array().cloned().unwrap_or_default();
        if page.is_empty() {
            break;
        }
        there.extend(page.iter().filter_map(|user| user["userName"].as_str().map(str::to_owned)));
    }
    let once: BTreeSet<String> = there.iter().cloned().collect();
    assert_eq!(once.len(), there.len(), "some are there twice");
    let lost: Vec<&String> = kept.difference(&once).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {:?}", lost.len(), kept.len(), lost.first());
    assert!(kept.len() > 30, "{} were kept", kept.len());
    assert!(school.told(&["verify"])?.contains("The access trail is whole"));
    school.stop()?;
    Ok(())
}
