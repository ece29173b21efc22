//! Behind us, servers that nobody here wrote: unbound as forwarder, named with a zone of its own.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clients::dig;
use crate::ground::{Events, front, school};

const ZONE: &str = "$TTL 300
@ IN SOA ns.example.org. dns.example.org. 1 3600 900 604800 120
@ IN NS ns
ns IN A 127.0.0.1
www IN A 192.0.2.10
www IN AAAA 2001:db8::10
alias IN CNAME www
tracked IN CNAME eu.tracker.example.
spot IN HTTPS 1 . alpn=h2 ipv4hint=192.0.2.10
";

const TRACKER: &str = "$TTL 300
@ IN SOA ns.example.org. dns.example.org. 1 3600 900 604800 120
@ IN NS ns.example.org.
eu IN A 192.0.2.77
";

/// A server and its folder. It ends with the test.
struct Server {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of loopback that is free for both transports.
fn free() -> SocketAddr {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = udp.local_addr().unwrap();
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

impl Server {
    /// Starts a program with a configuration that may use `{port}` and `{folder}`; it is up when it answers.
    fn start(program: &str, words: &[&str], files: &[(&str, &str)], probe: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = free();
        let fill = |text: &str| {
            text.replace("{port}", &address.port().to_string())
                .replace("{folder}", &folder.path().display().to_string())
        };
        for (name, text) in files {
            std::fs::write(folder.path().join(name), fill(text)).unwrap();
        }
        let mut command = Command::new(program);
        command.args(words.iter().map(|word| fill(word))).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{program} is not installed: {error}"));
        let server = Self { child, address, _folder: folder };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !dig(address, probe).contains("status: NOERROR") {
            assert!(Instant::now() < deadline, "{program} does not answer");
        }
        server
    }
}

fn named() -> Server {
    let mut zone = ZONE.to_owned();
    for number in 0..60 {
        zone += &format!("many IN A 192.0.2.{}\nbig IN TXT \"{number:0>100}\"\n", 100 + number);
    }
    let configuration =
        "options { directory \"{folder}\"; listen-on port {port} { 127.0.0.1; }; listen-on-v6 { none; };
        pid-file none; recursion no; session-keyfile none; };
        controls { };
        zone \"example.org\" { type primary; file \"{folder}/zone\"; };
        zone \"tracker.example\" { type primary; file \"{folder}/tracker\"; };";
    Server::start(
        "/usr/sbin/named",
        &["-f", "-n", "1", "-c", "{folder}/named.conf"],
        &[("zone", &zone), ("tracker", TRACKER), ("named.conf", configuration)],
        "+norecurse www.example.org A",
    )
}

fn unbound(behind: SocketAddr) -> Server {
    let configuration = format!(
        "server:\n directory: \"{{folder}}\"\n chroot: \"\"\n username: \"\"\n pidfile: \"\"\n interface: 127.0.0.1\n port: {{port}}
 do-daemonize: no\n use-syslog: no\n do-not-query-localhost: no\n access-control: 127.0.0.0/8 allow
 module-config: \"iterator\"\n
stub-zone:\n name: \"example.org\"\n stub-addr: 127.0.0.1@{port}
stub-zone:\n name: \"tracker.example\"\n stub-addr: 127.0.0.1@{port}\n",
        port = behind.port()
    );
    Server::start(
        "/usr/sbin/unbound",
        &["-d", "-p", "-c", "{folder}/u.conf"],
        &[("u.conf", &configuration)],
        "www.example.org A",
    )
}

fn answers_through(upstream: SocketAddr) {
    let running = front(&[upstream], school(), Arc::new(Events::default()));
    for server in running.addresses() {
        for _kept in [false, true] {
            for transport in ["+notcp", "+tcp"] {
                let ask = |words: &str| dig(*server, &format!("{transport} {words}"));
                assert!(ask("www.example.org A").contains("192.0.2.10"));
                assert!(ask("www.example.org AAAA").contains("2001:db8::10"));
                let alias = ask("alias.example.org A");
                assert!(alias.contains("CNAME\twww.example.org.") && alias.contains("192.0.2.10"), "{alias}");
                let missing = ask("missing.example.org A");
                assert!(missing.contains("status: NXDOMAIN") && missing.contains("SOA"), "{missing}");
                let nodata = ask("www.example.org MX");
                assert!(nodata.contains("status: NOERROR") && nodata.contains("SOA"), "{nodata}");
                let tracked = ask("tracked.example.org A");
                assert!(tracked.contains("EDE: 15 (Blocked)"), "{tracked}");
                let spot = ask("spot.example.org HTTPS");
                assert!(spot.contains("alpn=\"h2\""), "{spot}");
                let many = ask("many.example.org A");
                assert_eq!(many.matches("\tA\t192.0.2.").count(), 60, "{many}");
                // Larger than any datagram we send or ask for: cut, fetched over TCP, and asked for over TCP.
                let big = ask("big.example.org TXT");
                assert_eq!(big.matches("\tTXT\t").count(), 60, "{big}");
            }
        }
    }
    let counters = running.counters();
    assert_eq!((counters.failed, counters.mismatched, counters.upstream_failures), (0, 0, 0), "{counters:?}");
}

#[test]
fn named_and_unbound_are_forwarded_to_and_their_answers_served() {
    let named = named();
    answers_through(named.address);
    let unbound = unbound(named.address);
    answers_through(unbound.address);
}
