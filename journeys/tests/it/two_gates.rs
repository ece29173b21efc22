//! Two gates that hold the same published files answer alike: a device may ask either, and a school may have one for each site.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use journeys::{School, eventually, init};

/// A name server that knows every name: its addresses follow from its letters, so that whoever asks gets the same.
struct Names {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Names {
    fn start() -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(Duration::from_millis(50)))?;
        let (address, stop) = (socket.local_addr()?, Arc::new(AtomicBool::new(false)));
        let stopping = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 1500];
            while !stopping.load(Ordering::Acquire) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
                if let Some(answer) = buffer.get(..length).and_then(answer) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Ok(Self { address, stop, thread: Some(thread) })
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Two addresses for a question of IPv4, nothing for any other.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let mut end = 12;
    let mut sum = 7u32;
    while *question.get(end)? != 0 {
        let after = end + 1 + usize::from(*question.get(end)?);
        for byte in question.get(end..after)? {
            sum = sum.wrapping_mul(31).wrapping_add(u32::from(byte.to_ascii_lowercase()));
        }
        end = after;
    }
    let mut answer = question.get(..end + 5)?.to_vec();
    let is_v4 = question.get(end + 1..end + 3)? == [0, 1];
    let head = [0x81, 0x80, 0, 1, 0, if is_v4 { 2 } else { 0 }, 0, 0, 0, 0];
    answer.get_mut(2..12)?.copy_from_slice(&head);
    for last in [1u8, 2].into_iter().filter(|_| is_v4) {
        // An address of the internet's: one inside would be refused.
        let data = [11, 7, (sum >> 8) as u8, (sum as u8) ^ last];
        answer.extend([&[0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4][..], &data].concat());
    }
    Some(answer)
}

/// A question with EDNS.
fn question(number: u16, name: &str, kind: u16) -> Vec<u8> {
    let mut message = number.to_be_bytes().to_vec();
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.as_bytes());
    }
    message.push(0);
    message.extend(kind.to_be_bytes());
    message.extend([0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    message
}

fn ask(from: &UdpSocket, gate: SocketAddr, message: &[u8]) -> Result<Vec<u8>> {
    let mut buffer = [0; 1500];
    for _ in 0..3 {
        from.send_to(message, gate)?;
        while let Ok(length) = from.recv(&mut buffer) {
            let answer = buffer.get(..length).context("cut")?;
            if answer.get(..2) == message.get(..2) {
                return Ok(answer.to_vec());
            }
        }
    }
    bail!("{gate} does not answer")
}

const ROLL: &str = "[[person]]\nid = \"p-1\"\nname = \"Ada Example\"\ngroups = [\"year-9\"]\n\
    [[person]]\nid = \"p-2\"\nname = \"Bo Example\"\ngroups = [\"teachers\"]\n\
    [[device]]\nname = \"one\"\naddress = \"127.0.9.1\"\nperson = \"p-1\"\n\
    [[device]]\nname = \"two\"\naddress = \"127.0.9.2\"\nperson = \"p-2\"\n";

/// The names of the lists that come with the program, of engines, and some that nobody knows.
fn names() -> Result<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../content/starter");
    let mut names: Vec<String> = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|ending| ending == "txt") {
            let text = std::fs::read_to_string(path)?;
            names.extend(
                text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned),
            );
        }
    }
    names.extend(
        ["www.google.co.uk", "www.bing.com", "www.youtube.com", "childline.org.uk", "mask.icloud.com"]
            .map(str::to_owned),
    );
    names.extend((0..50).map(|number| format!("www.nobody-knows-{number}.example")));
    names.sort();
    names.dedup();
    Ok(names)
}

#[test]
fn two_gates_with_the_same_published_files_answer_alike() -> Result<()> {
    let internet = Names::start()?;
    let folder = tempfile::tempdir()?;
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    init(&first)?;
    let settings = first.join("fivebar.toml");
    let text =
        std::fs::read_to_string(&settings)?.replace("127.0.0.1:9\"", &format!("{}\"", internet.address));
    std::fs::write(&settings, text)?;
    let roll = folder.path().join("roll.toml");
    std::fs::write(&roll, ROLL)?;
    let one = School::run(&first)?;
    one.told(&["people", "import", &roll.to_string_lossy(), "--apply"])?;
    one.stop()?;
    let copied = Command::new("cp").arg("-a").arg(&first).arg(&second).status()?;
    assert!(copied.success());
    let (one, other) = (School::run(&first)?, School::run(&second)?);
    let names = names()?;
    assert!(names.len() > 700, "{}", names.len());
    let (mut blocked, mut led) = (0, 0);
    for who in ["127.0.9.1", "127.0.9.2", "127.0.9.3"] {
        let from = UdpSocket::bind((who, 0))?;
        from.set_read_timeout(Some(Duration::from_secs(5)))?;
        // The roll reaches both before anything is compared.
        let known = |school: &School| {
            let wanted = matches!(who, "127.0.9.2");
            let said = ask(&from, school.ready.dns, &question(1, "www.bing.com", 1)).ok()?;
            let is_led = said.windows(6).any(|bytes| bytes == b"strict");
            (is_led != wanted).then_some(())
        };
        for school in [&one, &other] {
            eventually(Duration::from_secs(20), || known(school))
                .with_context(|| format!("{who} is not known"))?;
        }
        for (number, name) in (0u16..).zip(&names) {
            for kind in [1, 28, 65] {
                let message = question(number, name, kind);
                let (here, there) =
                    (ask(&from, one.ready.dns, &message)?, ask(&from, other.ready.dns, &message)?);
                assert_eq!(here, there, "{name} {kind} for {who}");
                blocked += u32::from(here.get(3).is_some_and(|flags| flags & 15 == 3));
                led += u32::from(here.windows(10).any(|bytes| bytes == b"safesearch"));
            }
        }
    }
    assert!(blocked > 300 && led > 0, "{blocked} blocked, {led} led");
    Ok(())
}
