//! The gate is upgraded while lessons run: every question is answered, every connection is taken, and a new program that
//! cannot start changes nothing.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use journeys::{eventually, program};
use testing::servers::NameServer;

use crate::parts::{Part, is_there, start_plain};

/// A school whose gate and log run by themselves, as under a service manager.
fn set_up(home: &Path, upstream: SocketAddr) -> Result<()> {
    let made = Command::new(program()?)
        .arg("--home")
        .arg(home)
        .args(["init", "--yes", "--school", "Hillside", "--dns", "127.0.0.1:0", "--proxy", "127.0.0.1:0"])
        .args(["--portal", "127.0.0.1:0", "--upstream", &upstream.to_string()])
        .output()?;
    if !made.status.success() {
        bail!("{}", String::from_utf8_lossy(&made.stderr));
    }
    // The internet of this test has an address that is nobody's there.
    let file = home.join("fivebar.toml");
    let text =
        std::fs::read_to_string(&file)?.replace("answers-inside = \"refuse\"", "answers-inside = \"pass\"");
    assert!(text.contains("answers-inside = \"pass\""));
    std::fs::write(&file, text)?;
    Ok(())
}

/// Asks so many questions a second for so long; says what dnsperf said.
fn dnsperf(folder: &Path, dns: SocketAddr, seconds: u32) -> Result<std::thread::JoinHandle<Result<Output>>> {
    let questions = folder.join("questions");
    let mut text = String::new();
    for number in 0..500 {
        // Some are answered at once and some after an upstream was asked.
        text.push_str(&format!("www.pornhub.com A\nname-{number}.wikipedia.org A\n"));
    }
    std::fs::write(&questions, text)?;
    let mut command = Command::new("dnsperf");
    command
        .args(["-s", "127.0.0.1", "-p", &dns.port().to_string(), "-l", &seconds.to_string()])
        .args(["-Q", "1000", "-q", "200", "-t", "5", "-d"])
        .arg(&questions);
    Ok(std::thread::spawn(move || Ok(command.output()?)))
}

/// Runs a command until it is over; how often. Each time it must say what is right.
fn again_and_again(
    mut command: Command,
    over: &Arc<AtomicBool>,
    is_right: fn(&str) -> bool,
) -> std::thread::JoinHandle<Result<usize>> {
    let over = Arc::clone(over);
    std::thread::spawn(move || {
        let mut times = 0;
        while !over.load(Ordering::SeqCst) {
            let output = command.output()?;
            let said = String::from_utf8_lossy(&output.stdout);
            if !is_right(&said) {
                bail!("{command:?} {}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr));
            }
            times += 1;
        }
        Ok(times)
    })
}

/// A question for a closed name over a connection, and whether the answer says that there is no such name.
fn ask_over(stream: &mut TcpStream) -> Result<()> {
    let mut message = vec![0u8, 33, 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in ["www", "pornhub", "com"] {
        message.push(label.len() as u8);
        message.extend_from_slice(label.as_bytes());
    }
    message.extend_from_slice(&[0, 0, 1, 0, 1]);
    let length = u16::try_from(message.len() - 2)?.to_be_bytes();
    message.splice(..2, length);
    stream.write_all(&message)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer)?;
    assert_eq!(answer.get(3).map(|flags| flags & 15), Some(3));
    Ok(())
}

#[test]
fn gates_take_each_others_place_without_a_lost_answer_or_a_refused_connection() -> Result<()> {
    if !is_there("dnsmasq") || !is_there("prlimit") || Command::new("dnsperf").arg("-h").output().is_err() {
        println!("skipped: dnsperf, dnsmasq or prlimit is not installed");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("hillside");
    // Every name has one address on this internet.
    let internet = NameServer::dnsmasq(&["--address=/#/203.0.113.7"])?;
    set_up(&home, internet.address)?;
    let (_log, _) = start_plain(&home, "log", &[])?;
    let (mut gate, ready) = start_plain(&home, "gate", &[])?;
    let (dns, proxy) = (ready.dns, ready.proxy);

    let mut kept = TcpStream::connect(dns)?;
    kept.set_read_timeout(Some(Duration::from_secs(10)))?;
    ask_over(&mut kept)?;
    let load = dnsperf(folder.path(), dns, 12)?;
    let over = Arc::new(AtomicBool::new(false));
    let mut curl = Command::new("curl");
    curl.args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10", "-x"])
        .arg(format!("http://{proxy}"))
        .arg("http://www.pornhub.com/");
    let browser = again_and_again(curl, &over, |said| said == "403");

    for round in 0..3 {
        // One that may write no file dies by a signal after it was given the sockets; the old one goes on.
        let failed = Command::new("prlimit")
            .args(["--fsize=0:0", "--"])
            .arg(program()?)
            .arg("--home")
            .arg(&home)
            .args(["--json", "run", "--only", "gate", "--take-over"])
            .output()?;
        assert!(!failed.status.success() && failed.stdout.is_empty(), "{round}: {failed:?}");
        assert!(gate.0.try_wait()?.is_none(), "the gate that serves goes on");
        let (next, ready) = start_plain(&home, "gate", &["--take-over"])?;
        assert_eq!((ready.dns, ready.proxy), (dns, proxy), "the same sockets");
        if round == 0 {
            // Who holds a connection to the old one is served by it.
            ask_over(&mut kept)?;
            kept.shutdown(std::net::Shutdown::Both)?;
        }
        let mut old = std::mem::replace(&mut gate, next);
        let ended = eventually(Duration::from_secs(60), || old.0.try_wait().ok().flatten());
        assert!(ended.context("the old one ends by itself")?.success());
    }
    let measured = load.join().map_err(|_| anyhow::anyhow!("dnsperf"))??;
    over.store(true, Ordering::SeqCst);
    let said = String::from_utf8_lossy(&measured.stdout);
    let number = |name: &str| -> Option<u64> {
        let rest = said.lines().find_map(|line| line.trim().strip_prefix(name))?;
        rest.split_whitespace().next()?.parse().ok()
    };
    assert!(number("Queries sent:").is_some_and(|sent| sent > 2_000), "{said}");
    assert_eq!(number("Queries lost:"), Some(0), "{said}");
    assert_eq!(number("Queries sent:"), number("Queries completed:"), "{said}");
    assert!(said.contains("NOERROR") && !said.contains("SERVFAIL"), "{said}");
    let pages = browser.join().map_err(|_| anyhow::anyhow!("curl"))??;
    assert!(pages > 10, "{pages}");
    // The home is held by the one that serves, and is free when it ends.
    let second =
        Command::new(program()?).arg("--home").arg(&home).args(["run", "--only", "gate"]).output()?;
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains(&format!("process {}", gate.0.id())), "{said}");
    Ok(())
}

#[test]
fn encrypted_questions_and_tunnels_go_on_while_gates_take_each_others_place() -> Result<()> {
    if !is_there("dnsmasq") || !is_there("kdig") {
        println!("skipped: dnsmasq or kdig is not installed");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("hillside");
    let internet = NameServer::dnsmasq(&["--address=/#/203.0.113.7"])?;
    set_up(&home, internet.address)?;
    // Where tunnels lead is a port for browsers, on an address of this test's own.
    let origin = TcpListener::bind("127.0.9.77:8443")?;
    let file = home.join("fivebar.toml");
    let text = std::fs::read_to_string(&file)?
        .replace(
            "[dns]\n",
            "[dns]\ntls = \"127.0.0.1:0\"\nhttps = \"127.0.0.1:0\"\nname = \"dns.school.example\"\n",
        )
        .replace("inside = []", "inside = [{ address = \"127.0.9.77\", port = 8443 }]");
    assert!(text.contains("127.0.9.77") && text.contains("https ="), "{text}");
    std::fs::write(&file, text)?;
    let (_log, _) = start_plain(&home, "log", &[])?;
    let (mut gate, ready) = start_plain(&home, "gate", &[])?;
    let (dot, doh) = (ready.dot.context("DNS over TLS")?, ready.doh.context("DNS over HTTPS")?);

    let mut tunnel = TcpStream::connect(ready.proxy)?;
    tunnel.set_read_timeout(Some(Duration::from_secs(10)))?;
    tunnel.write_all(b"CONNECT 127.0.9.77:8443 HTTP/1.1\r\nHost: 127.0.9.77:8443\r\n\r\n")?;
    let mut head = [0; 12];
    tunnel.read_exact(&mut head)?;
    assert_eq!(&head, b"HTTP/1.1 200", "{}", String::from_utf8_lossy(&head));
    let (mut far, _) = origin.accept()?;
    far.set_read_timeout(Some(Duration::from_secs(10)))?;

    let over = Arc::new(AtomicBool::new(false));
    let asking = [("+tls", dot), ("+https", doh)].map(|(how, to)| {
        let mut kdig = Command::new("kdig");
        kdig.arg(format!("@{}", to.ip())).args([
            "-p",
            &to.port().to_string(),
            how,
            "+retry=0",
            "+timeout=10",
        ]);
        kdig.arg("www.pornhub.com");
        again_and_again(kdig, &over, |said| said.contains("NXDOMAIN"))
    });
    let mut ends = Vec::new();
    for round in 0..3 {
        let (next, now) = start_plain(&home, "gate", &["--take-over"])?;
        assert_eq!((now.dot, now.doh), (Some(dot), Some(doh)), "{round}: the same sockets");
        ends.push(std::mem::replace(&mut gate, next));
        // The first gate has the tunnel still; those after it have nothing and end.
        far.write_all(b"still there?")?;
        let mut heard = vec![0; 12];
        if round == 0 {
            // What is left of the answer to CONNECT comes first.
            let mut all = Vec::new();
            while !all.ends_with(b"still there?") {
                let read = tunnel.read(&mut heard)?;
                assert_ne!(read, 0, "the tunnel ended");
                all.extend_from_slice(heard.get(..read).unwrap_or_default());
            }
        } else {
            tunnel.read_exact(&mut heard)?;
            assert_eq!(heard, b"still there?");
        }
    }
    drop((tunnel, far));
    for mut old in ends {
        let ended = eventually(Duration::from_secs(60), || old.0.try_wait().ok().flatten());
        assert!(ended.context("the old one ends by itself")?.success());
    }
    over.store(true, Ordering::SeqCst);
    for thread in asking {
        let times = thread.join().map_err(|_| anyhow::anyhow!("kdig"))??;
        assert!(times > 5, "{times}");
    }
    Ok(())
}

#[test]
fn a_gate_that_takes_over_from_nobody_starts_as_ever() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("hillside");
    set_up(&home, "127.0.0.1:9".parse()?)?;
    let (gate, _) = start_plain(&home, "gate", &["--take-over"])?;
    drop::<Part>(gate);
    // What the first one left behind is in nobody's way.
    start_plain(&home, "gate", &["--take-over"])?;
    let refused = Command::new(program()?)
        .arg("--home")
        .arg(&home)
        .args(["run", "--only", "log", "--take-over"])
        .output()?;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("only the gate is taken over"));
    Ok(())
}
