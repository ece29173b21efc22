//! `alive`: asks each part of a running school something, as a device or a person would, and says which do not answer.
//! For whoever watches over the machine: nothing of it is recorded, and no answer depends on the policy.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use crate::config::Config;
use crate::home::Home;
use crate::output::{Failure, Output};

/// How long a part may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// A message that is no question: every server that reads it says that it does not do that (RFC 1035 §4.1.1, opcode 2).
const NOT_A_QUESTION: [u8; 12] = [0xfb, 0x05, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Runs the command.
pub fn run(given: Option<PathBuf>, output: Output) -> Result<()> {
    let home = Home::existing(given)?;
    let config = Config::read(&home.config())?;
    let mut asked: Vec<(String, bool)> = Vec::new();
    for address in &config.dns.listen {
        asked.push((format!("DNS at {address}"), answers_dns(reachable(*address))));
    }
    for address in &config.proxy.listen {
        asked.push((format!("the proxy at {address}"), answers_web(reachable(*address), "/proxy.pac")));
    }
    let portal = config.portal.listen;
    asked.push((format!("the portal at {portal}"), answers_web(reachable(portal), "/")));
    asked.push(("the activity log".to_owned(), activity::Client::new(&home.run()).status().is_ok()));

    output.object(&json!({
        "parts": asked.iter().map(|(part, answers)| json!({ "part": part, "answers": answers })).collect::<Vec<_>>(),
    }));
    let silent: Vec<&str> =
        asked.iter().filter(|(_, answers)| !answers).map(|(part, _)| part.as_str()).collect();
    if silent.is_empty() {
        output.say("Every part answers.");
        return Ok(());
    }
    Err(Failure::NotRunning(format!("no answer from {}", silent.join(", "))).into())
}

/// Where this machine itself reaches what listens there.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn answers_dns(address: SocketAddr) -> bool {
    let any: IpAddr =
        if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let ask = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.send(&NOT_A_QUESTION)?;
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer)?;
        Ok::<_, std::io::Error>(length >= NOT_A_QUESTION.len() && answer.starts_with(&NOT_A_QUESTION[..2]))
    };
    ask().unwrap_or(false)
}

fn answers_web(address: SocketAddr, path: &str) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut first = [0; 12];
        stream.read_exact(&mut first)?;
        Ok::<_, std::io::Error>(&first == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_reached_on_this_machine() {
        for (listens, reached) in
            [("0.0.0.0:53", "127.0.0.1:53"), ("[::]:53", "[::1]:53"), ("10.0.0.2:53", "10.0.0.2:53")]
        {
            assert_eq!(reachable(listens.parse().unwrap()), reached.parse().unwrap());
        }
    }

    #[test]
    fn nobody_answers_where_nobody_is() {
        let free = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        assert!(!answers_dns(address) && !answers_web(address, "/"));
    }
}
