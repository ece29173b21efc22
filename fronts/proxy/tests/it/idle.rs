//! Many tunnels that stand still.

use std::io::Write;
use std::net::{TcpListener, TcpStream};

use super::setting::{Setting, read_head, status};

/// This process's memory, in KiB: proxy and test together.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_thousand_idle_tunnels_cost_less_than_fifteen_megabytes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let setting = Setting::with("", |config| {
        config.allow_private[0].ports.push(port);
        config.connect_ports.push(port);
    });
    let target = format!("site.example:{port}");
    let open = || -> (TcpStream, TcpStream) {
        let mut client = setting.raw();
        client.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes()).unwrap();
        assert_eq!(status(&read_head(&mut client)), 200);
        (client, listener.accept().unwrap().0)
    };
    let _first = open();
    let before = memory();
    let tunnels: Vec<_> = (0..1000).map(|_| open()).collect();
    let used = memory().saturating_sub(before);
    assert_eq!(setting.proxy.counts().open, 1001);
    assert!(used < 15_000, "{used} KiB for {} tunnels", tunnels.len());
}
