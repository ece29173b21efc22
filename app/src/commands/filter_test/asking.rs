//! Asking the running gate over UDP, as a device of a group would.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use engine::test_pass::{Asked, write_pass};
use filtering::filter_test::Answer;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RData;
use hickory_proto::rr::rdata::opt::EdnsOption;
use kit::{Clock, Private};

/// How long one question is waited for: a little longer than a gate waits for its own name servers.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often it is asked in all.
const ATTEMPTS: u32 = 2;
/// Extended errors that say that somebody refused (RFC 8914): blocked, censored, filtered.
const REFUSALS: [u16; 3] = [15, 16, 17];
const EXTENDED_ERROR: u16 = 15;

/// The gate, and the school's key of passes.
pub struct Gate {
    socket: UdpSocket,
    server: SocketAddr,
    client: IpAddr,
    key: Private<[u8; 32]>,
    number: u16,
}

impl Gate {
    /// A gate that answers there.
    pub fn at(server: SocketAddr, key: Private<[u8; 32]>) -> Result<Self> {
        let any: IpAddr =
            if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).context("cannot open a socket")?;
        socket.connect(server).with_context(|| format!("cannot reach {server}"))?;
        let client = socket.local_addr()?.ip().to_canonical();
        Ok(Self { socket, server, client, key, number: 0 })
    }

    /// Where it is.
    pub const fn server(&self) -> SocketAddr {
        self.server
    }

    /// Asks for a name as somebody of a group.
    pub fn ask(&mut self, group: &str, name: &str, kind: u16) -> Result<Answer> {
        self.ask_where(group, name, kind).map(|(answer, _)| answer)
    }

    /// The same, with the name that the answer leads to first.
    pub fn ask_where(&mut self, group: &str, name: &str, kind: u16) -> Result<(Answer, Option<String>)> {
        for _ in 0..ATTEMPTS {
            self.number = self.number.wrapping_add(1);
            let lower = name.trim_end_matches('.').to_ascii_lowercase();
            let asked = Asked::Question { name: lower.as_bytes(), kind };
            let now = Clock::System.now();
            let pass = write_pass(self.key.reveal(), group, self.client, asked, now, another()?);
            let question = question(self.number, name, kind, &pass);
            // Nobody there is no answer, as silence is.
            if self.socket.send(&question).is_ok()
                && let Some(answer) = self.answer(name)?
            {
                return Ok(answer);
            }
        }
        Ok((Answer::Nothing, None))
    }

    fn answer(&self, name: &str) -> Result<Option<(Answer, Option<String>)>> {
        let until = Instant::now() + PATIENCE;
        let mut buffer = [0; 4096];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.socket.set_read_timeout(Some(left))?;
            let Ok(length) = self.socket.recv(&mut buffer) else { return Ok(None) };
            let Ok(message) = Message::from_vec(buffer.get(..length).unwrap_or(&[])) else { continue };
            let asked = message.queries.first().map(|query| query.name().to_ascii());
            let is_it = asked.is_some_and(|asked| asked.trim_end_matches('.').eq_ignore_ascii_case(name));
            if message.metadata.id == self.number && is_it {
                return Ok(Some((read(&message), leads_to(&message, name))));
            }
        }
    }
}

/// What tells a pass from every other.
pub fn another() -> std::io::Result<[u8; 8]> {
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce).map_err(|_| std::io::Error::other("the machine has no random numbers"))?;
    Ok(nonce)
}

/// Where the name itself leads, by the first alias.
fn leads_to(message: &Message, name: &str) -> Option<String> {
    let plain = |name: &hickory_proto::rr::Name| name.to_ascii().trim_end_matches('.').to_ascii_lowercase();
    message.answers.iter().find_map(|record| match &record.data {
        RData::CNAME(alias) if plain(&record.name).eq_ignore_ascii_case(name) => Some(plain(&alias.0)),
        _ => None,
    })
}

fn read(message: &Message) -> Answer {
    let options = message.edns.as_ref().map(|edns| edns.options().as_ref()).unwrap_or_default();
    let refused = options.iter().any(|(_, option)| match option {
        EdnsOption::Unknown(EXTENDED_ERROR, data) => {
            data.first_chunk::<2>().is_some_and(|code| REFUSALS.contains(&u16::from_be_bytes(*code)))
        }
        _ => false,
    });
    match message.metadata.response_code {
        _ if refused => Answer::Refused,
        ResponseCode::NXDomain => Answer::Absent,
        ResponseCode::NoError if message.answers.is_empty() => Answer::Absent,
        ResponseCode::NoError => Answer::Records,
        _ => Answer::Failed,
    }
}

/// A question with a pass in its EDNS.
fn question(id: u16, name: &str, kind: u16, pass: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(128);
    message.extend(id.to_be_bytes());
    // Recursion desired; one question, one additional record.
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = label.as_bytes();
        let label = label.get(..label.len().min(63)).unwrap_or_default();
        message.extend(u8::try_from(label.len()));
        message.extend(label);
    }
    message.push(0);
    message.extend(kind.to_be_bytes());
    message.extend([0, 1]);
    // OPT: the root, type 41, room for 1,232 bytes, no flags, one option.
    message.extend([0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0]);
    let length = u16::try_from(pass.len()).unwrap_or_default();
    message.extend((length + 4).to_be_bytes());
    message.extend(front_dns::wire::TEST_PASS.to_be_bytes());
    message.extend(length.to_be_bytes());
    message.extend(pass);
    message
}
