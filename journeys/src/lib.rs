//! A school in a box: the real program, started as a school starts it, for tests named after what a person sets out
//! to do. Everything is reached from outside, with the clients that people have: dig, curl, a browser.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The line that the program prints when it serves.
#[derive(Debug, Clone, Deserialize)]
pub struct Ready {
    pub dns: SocketAddr,
    pub proxy: SocketAddr,
    pub portal: SocketAddr,
    /// Where DNS over TLS is answered, and over HTTPS, and the certificate that both show.
    #[serde(default)]
    pub dot: Option<SocketAddr>,
    #[serde(default)]
    pub doh: Option<SocketAddr>,
    #[serde(default)]
    pub certificate: Option<PathBuf>,
    pub people: Vec<Person>,
    /// What must be said, as of a missing list.
    #[serde(default)]
    pub notice: Option<String>,
    /// The made-up web, where there is one.
    #[serde(default)]
    pub web: Option<SocketAddr>,
    pub pid: u32,
}

/// Somebody of the made-up school.
#[derive(Debug, Clone, Deserialize)]
pub struct Person {
    pub name: String,
    pub group: String,
    pub address: String,
}

/// Makes a school in `home` that asks nothing and listens on free ports of this machine; its upstream answers nothing.
pub fn init(home: &Path) -> Result<()> {
    let made = Command::new(program()?)
        .arg("--home")
        .arg(home)
        .args(["init", "--yes", "--school", "Hillside", "--dns", "127.0.0.1:0", "--proxy", "127.0.0.1:0"])
        .args(["--portal", "127.0.0.1:0", "--upstream", "127.0.0.1:9"])
        .output()?;
    if !made.status.success() {
        bail!("init failed: {}", String::from_utf8_lossy(&made.stderr));
    }
    Ok(())
}

/// A running school; it stops when this is dropped.
#[derive(Debug)]
pub struct School {
    pub ready: Ready,
    home: PathBuf,
    child: Child,
    /// Where its service log goes, where a test reads it.
    heard: Option<PathBuf>,
    _folder: Option<tempfile::TempDir>,
}

/// The program under test, built by the workspace beside this test.
pub fn program() -> Result<PathBuf> {
    let mut folder = std::env::current_exe().context("this test has no file")?;
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let program = folder.join("fivebar");
    if !program.is_file() {
        bail!("{} is not built: run `cargo build --workspace` first", program.display());
    }
    Ok(program)
}

impl School {
    /// Starts the made-up school in a folder of its own.
    pub fn demo() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let home = folder.path().join("school");
        Self::start(home, &["--json", "demo"], Some(folder), None)
    }

    /// The made-up school of a home folder that is kept: made the first time, and found again after that.
    pub fn demo_at(home: &Path) -> Result<Self> {
        Self::start(home.to_owned(), &["--json", "demo"], None, None)
    }

    /// As [`Self::demo`], with a service log that says everything it can say at `level`, kept to be read by [`Self::heard`].
    pub fn demo_heard(level: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (home, log) = (folder.path().join("school"), folder.path().join("service-log"));
        Self::start(home, &["--json", "demo"], Some(folder), Some((log, level)))
    }

    /// As [`Self::run`], and heard.
    pub fn run_heard(home: &Path, level: &str) -> Result<Self> {
        Self::start(home.to_owned(), &["--json", "run"], None, Some((home.join("service-log"), level)))
    }

    /// Starts the school of a home folder that has been set up.
    pub fn run(home: &Path) -> Result<Self> {
        Self::start(home.to_owned(), &["--json", "run"], None, None)
    }

    fn start(
        home: PathBuf,
        arguments: &[&str],
        folder: Option<tempfile::TempDir>,
        heard: Option<(PathBuf, &str)>,
    ) -> Result<Self> {
        let mut command = Command::new(program()?);
        command.arg("--home").arg(&home).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        if let Some((log, level)) = &heard {
            command.env("FIVEBAR_LOG", level).stderr(std::fs::File::create(log)?);
        }
        let mut child = command.spawn().context("cannot start the program")?;
        let said = child.stdout.take().context("the program has no standard output")?;
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    break;
                }
            }
        });
        let until = Instant::now() + Duration::from_secs(60);
        let ready = loop {
            let left = until.saturating_duration_since(Instant::now());
            match told.recv_timeout(left) {
                Ok(line) => match serde_json::from_str::<Ready>(&line) {
                    Ok(ready) => break ready,
                    Err(_) => continue,
                },
                Err(_) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    bail!("the school was not ready within a minute, or ended: what it said stands above");
                }
            }
        };
        let heard = heard.map(|(log, _)| log);
        Ok(Self { ready, home, child, heard, _folder: folder })
    }

    /// What all its parts have said on standard error so far.
    pub fn heard(&self) -> Result<String> {
        let log = self.heard.as_ref().context("nobody listens to this school")?;
        Ok(String::from_utf8_lossy(&std::fs::read(log)?).into_owned())
    }

    /// The home folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Somebody of a group.
    pub fn anyone_in(&self, group: &str) -> Result<&Person> {
        self.ready.people.iter().find(|person| person.group == group).with_context(|| {
            let groups: std::collections::BTreeSet<&str> =
                self.ready.people.iter().map(|person| person.group.as_str()).collect();
            format!("nobody is in {group}; there are {groups:?}")
        })
    }

    /// Runs a command of the program on this school's home.
    pub fn command(&self, arguments: &[&str]) -> Result<Output> {
        Ok(Command::new(program()?)
            .arg("--home")
            .arg(&self.home)
            .args(arguments)
            .stdin(Stdio::null())
            .output()?)
    }

    /// Runs a command that must succeed, and gives what it printed.
    pub fn told(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments)?;
        if !output.status.success() {
            bail!("{arguments:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The process of one part, found among the children of the program.
    pub fn pid_of(&self, part: &str) -> Option<u32> {
        let children =
            std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.ready.pid)).ok()?;
        children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()).find(|pid| {
            std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
                let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
                words.windows(2).any(|pair| matches!(pair, [b"--only", name] if *name == part.as_bytes()))
            })
        })
    }

    /// Asks for a name with dig, from a device's address.
    pub fn dig(&self, from: &str, question: &[&str]) -> Result<String> {
        let output = Command::new("dig")
            .arg(format!("@{}", self.ready.dns.ip()))
            .arg("-p")
            .arg(self.ready.dns.port().to_string())
            .args(["-b", from, "+tries=1", "+time=5"])
            .args(question)
            .output()
            .context("dig is not installed")?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Fetches a page with curl through the proxy, from a device's address: head and body.
    pub fn curl(&self, from: &str, url: &str, more: &[&str]) -> Result<String> {
        let output = Command::new("curl")
            .args(["-s", "-i", "--max-time", "20", "--interface", from, "-x"])
            .arg(format!("http://{}", self.ready.proxy))
            .args(more)
            .arg(url)
            .output()
            .context("curl is not installed")?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The address of a made-up site's first page, with the port that the made-up web got.
    pub fn page_of(&self, host: &str) -> String {
        match self.ready.web.map(|web| web.port()) {
            Some(80) | None => format!("http://{host}/"),
            Some(port) => format!("http://{host}:{port}/"),
        }
    }

    /// Stops the school as a service manager does, and waits for its end.
    pub fn stop(mut self) -> Result<std::process::ExitStatus> {
        terminate(self.child.id());
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > until {
                bail!("the school did not stop within half a minute of being told");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for School {
    fn drop(&mut self) {
        terminate(self.child.id());
        let until = Instant::now() + Duration::from_secs(15);
        while Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn terminate(pid: u32) {
    let _ = Command::new("kill").arg("-TERM").arg(pid.to_string()).status();
}

/// Waits until `look` finds what it looks for; `None` after `at_most`.
pub fn eventually<T>(at_most: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + at_most;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() > until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
