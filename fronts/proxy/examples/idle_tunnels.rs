//! Opens tunnels that stand still and shows what they cost: `idle_tunnels PROXY_PORT COUNT PROXY_PID`, beside a
//! running `serve`. Both need room for open files (`ulimit -n 65536`).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a tool for measuring"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

fn memory(pid: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (port, count, pid): (u16, usize, &str) =
        (args[1].parse().unwrap(), args[2].parse().unwrap(), &args[3]);
    let origin = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = origin.local_addr().unwrap();
    let before = memory(pid);
    let mut held = Vec::new();
    for number in 1..=count {
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes()).unwrap();
        let mut answer = [0; 39];
        client.read_exact(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200 "));
        let (mut far, _) = origin.accept().unwrap();
        // A few bytes each way, as a real tunnel has before it stands still.
        client.write_all(&[1; 600]).unwrap();
        far.read_exact(&mut [0; 600]).unwrap();
        far.write_all(&[2; 3000]).unwrap();
        client.read_exact(&mut [0; 3000]).unwrap();
        held.push((client, far));
        if number % 1000 == 0 || number == count {
            println!("{number} tunnels: {} KiB, {} KiB before the first", memory(pid), before);
        }
    }
}
