//! DNS over TLS (RFC 7858) and over HTTPS (RFC 8484): asked by kdig, dig and curl, and by TLS clients that misbehave.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use engine::live::NameEntry;
use engine::{Current, NameHash, PersonNo};
use front_dns::{Certificate, Encrypted, Limits, Running};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::ground::{
    Events, HERE, Upstream, policy, question, question_end, read, record, respond, school, with_edns,
};

const NAME: &str = "dns.school.example";

struct Made {
    chain: String,
    key: String,
}

fn made() -> Made {
    let names = [NAME.to_owned(), format!("*.{NAME}"), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    Made { chain: made.cert.pem(), key: made.signing_key.serialize_pem() }
}

/// A front with both, and the certificate in a file for clients.
struct Ground {
    running: Running,
    certificate: Certificate,
    file: tempfile::NamedTempFile,
    upstream: Upstream,
    events: Arc<Events>,
}

fn ground(filter: Arc<Current>, change: impl FnOnce(&mut Encrypted)) -> Ground {
    // Long answers for one name, none for another, an address for the rest.
    let upstream = Upstream::answering(|question| {
        let end = question_end(question);
        let asked = question[..end].to_ascii_lowercase();
        let count = if asked.windows(4).any(|four| four == b"many") { 60 } else { 1 };
        if asked.windows(6).any(|six| six == b"silent") {
            return Vec::new();
        }
        let records: Vec<_> = match question[end - 3] {
            1 => (0..count).map(|last| record(HERE, 1, 45, &[192, 0, 2, last + 1])).collect(),
            _ => Vec::new(),
        };
        vec![respond(question, 0, &records)]
    });
    let made = made();
    let certificate = Certificate::read(made.chain.as_bytes(), made.key.as_bytes()).unwrap();
    let mut encrypted = Encrypted {
        tls: Some("127.0.0.1:0".parse().unwrap()),
        https: Some("127.0.0.1:0".parse().unwrap()),
        ..Encrypted::new(certificate.clone())
    };
    change(&mut encrypted);
    let config = front_dns::Config {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        upstreams: vec![upstream.address],
        threads: 2,
        encrypted: Some(encrypted),
        name: Some(NAME.to_owned()),
        ..front_dns::Config::default()
    };
    let events = Arc::new(Events::default());
    let running = front_dns::start(config, filter, events.clone(), kit::Clock::System).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(made.chain.as_bytes()).unwrap();
    Ground { running, certificate, file, upstream, events }
}

impl Ground {
    fn plain(&self) -> SocketAddr {
        self.running.addresses()[0]
    }
    fn tls(&self) -> SocketAddr {
        self.running.tls().unwrap()
    }
    fn https(&self) -> SocketAddr {
        self.running.https().unwrap()
    }

    fn kdig(&self, to: SocketAddr, words: &str) -> String {
        let port = to.port().to_string();
        let mut kdig = Command::new("kdig");
        kdig.args(["@127.0.0.1", "-p", &port, "+timeout=5", "+retry=0"]).args(words.split_whitespace());
        if to != self.plain() {
            kdig.arg(format!("+tls-ca={}", self.file.path().display()));
        }
        let output = kdig.output().expect("kdig is installed (package knot-dnsutils)");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    fn curl(&self, words: &[&str], path: &str) -> String {
        let output = Command::new("curl")
            .args(["-s", "-i", "--max-time", "20", "--http2", "--cacert"])
            .arg(self.file.path())
            .args(words)
            .arg(format!("https://{}{path}", self.https()))
            .output()
            .expect("curl is installed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn connect(
        &self,
        to: SocketAddr,
        server_name: &str,
        protocol: &str,
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.first().into()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let name = ServerName::try_from(server_name.to_owned()).unwrap();
        let stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
    }
}

fn send(stream: &mut impl Write, message: &[u8]) {
    let mut framed = (message.len() as u16).to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    stream.write_all(&framed).unwrap();
}

fn receive(stream: &mut impl Read) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).unwrap();
    message
}

/// Waits until the other side closes; how long that took.
fn until_closed(stream: &mut impl Read) -> Duration {
    let begun = Instant::now();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    begun.elapsed()
}

/// What of a client's print is the answer: its state, its records and its reason.
fn said(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text
        .lines()
        .filter(|line| {
            line.contains("opcode:")
                || line.contains("\tA\t")
                || line.contains("\tSOA\t")
                || line.contains("EDE")
        })
        .map(|line| line.split("id:").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    lines.sort();
    lines
}

#[test]
fn kdig_dig_and_curl_are_answered_as_over_udp_with_one_event_each() {
    let ground = ground(school(), |_| {});
    let mut asked = 0;
    for name in ["www.example.org", "www.games.example", "many.example.org", "help.example"] {
        // The first asks the upstream; what is kept is what all are compared by, in whole seconds of life.
        let plain = said(&ground.kdig(ground.plain(), &format!("+edns {name} A +tcp")));
        assert!(plain.iter().any(|line| line.contains("status: ")), "{plain:?}");
        let life = |lines: &[String]| {
            lines.iter().map(|line| line.replace(" 44 ", " 45 ").replace(" 43 ", " 45 ")).collect::<Vec<_>>()
        };
        for words in [format!("+tls +edns {name} A"), format!("+tls +padding +edns {name} A")] {
            assert_eq!(life(&said(&ground.kdig(ground.tls(), &words))), life(&plain), "{words}");
        }
        for words in [format!("+https +edns {name} A"), format!("+https-get +padding +edns {name} A")] {
            assert_eq!(life(&said(&ground.kdig(ground.https(), &words))), life(&plain), "{words}");
        }
        for words in ["+https", "+https-get"] {
            let text = crate::clients::dig(ground.https(), &format!("{words} {name} A"));
            let state = plain.iter().find_map(|line| line.split_once("status: ")).unwrap().1;
            let state = state.split(';').next().unwrap().trim_end_matches(',');
            assert!(text.contains(&format!("status: {state}")) && text.contains("(HTTPS"), "{text}");
        }
        asked += 7;
    }
    let events = ground.events.all();
    assert_eq!(events.len(), asked);
    let (help, others): (Vec<_>, Vec<_>) = events.iter().partition(|told| told.client.is_none());
    assert_eq!(help.len(), 7, "visits to help say nothing of anybody");
    assert!(others.iter().all(|told| told.client == Some("127.0.0.1".parse().unwrap())));
    let sent = ground.upstream.questions().concat().to_ascii_lowercase();
    assert!(!sent.windows(5).any(|five| five == b"games"), "a blocked name went upstream");
    let page = Command::new("curl")
        .args([
            "-s",
            "--max-time",
            "10",
            "-o",
            "/dev/null",
            "-w",
            "%{remote_ip}",
            "--doh-insecure",
            "--connect-timeout",
            "1",
        ])
        .args(["--doh-url", &format!("https://{}/dns-query", ground.https()), "http://www.games.example/"])
        .output()
        .unwrap();
    assert!(page.stdout.is_empty() && page.status.code() == Some(6), "curl could not resolve a blocked name");
}

#[test]
fn rfc7830_a_padded_question_has_a_padded_answer_and_no_other_has() {
    let ground = ground(school(), |_| {});
    let padded = |name: &str| {
        let mut message = with_edns(question(name, 1), 1232, false);
        let at = message.len() - 2;
        message[at..].copy_from_slice(&8u16.to_be_bytes());
        message.extend_from_slice(&[0, 12, 0, 4, 0, 0, 0, 0]);
        message
    };
    let mut tls = ground.connect(ground.tls(), NAME, "dot");
    for name in ["www.example.org", "www.games.example", "many.example.org", "www.example.org"] {
        send(&mut tls, &padded(name));
        let answer = receive(&mut tls);
        assert_eq!(answer.len() % 468, 0, "{name}");
        assert_eq!(
            read(&answer).answers.len(),
            if name.contains("many") { 60 } else { usize::from(!name.contains("games")) }
        );
        send(&mut tls, &with_edns(question(name, 1), 1232, false));
        let bare = receive(&mut tls);
        assert!(bare.len() < answer.len() && bare.len() % 468 != 0, "{name}");
        let mut tcp = TcpStream::connect(ground.plain()).unwrap();
        send(&mut tcp, &padded(name));
        assert_eq!(receive(&mut tcp).len(), bare.len(), "padding hides nothing where it can be read");
    }
}

#[test]
fn rfc7858_3_3_questions_are_sent_together_and_answered_as_they_come() {
    let ground = ground(school(), |_| {});
    let mut tls = ground.connect(ground.tls(), NAME, "dot");
    let with_id = |id: u16, name: &str| {
        let mut message = question(name, 1);
        message[..2].copy_from_slice(&id.to_be_bytes());
        message
    };
    // The first is never answered upstream; the others do not wait for it.
    let mut together = Vec::new();
    send(&mut together, &with_id(1, "silent.example.org"));
    for id in 2..=20 {
        send(&mut together, &with_id(id, if id % 2 == 0 { "www.example.org" } else { "www.games.example" }));
    }
    tls.write_all(&together).unwrap();
    let mut ids: Vec<u16> =
        (0..19).map(|_| receive(&mut tls)).map(|answer| u16::from_be_bytes([answer[0], answer[1]])).collect();
    ids.sort_unstable();
    assert_eq!(ids, (2..=20).collect::<Vec<_>>());
    let last = receive(&mut tls);
    assert_eq!((last[1], last[3] & 15), (1, 2), "SERVFAIL in the end");
}

#[test]
fn rfc8484_what_is_no_question_is_told_so_and_what_is_says_how_long_it_may_be_kept() {
    let ground = ground(school(), |_| {});
    let encode = |message: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(message);
    let good = question("www.example.org", 1);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &good).unwrap();
    let body = format!("@{}", file.path().display());
    let long = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(long.path(), vec![0; 70_000]).unwrap();
    let long = format!("@{}", long.path().display());
    let message = "content-type: application/dns-message";
    let get = |text: &str| format!("/dns-query?{text}");

    for (words, path) in [
        (vec![], get(&format!("dns={}", encode(&good)))),
        (vec![], get(&format!("a=b&dns={}", encode(&good)))),
        (vec!["-H", message, "--data-binary", &body], "/dns-query".to_owned()),
        (
            vec!["-H", "Content-Type: Application/DNS-Message; x=y", "--data-binary", &body],
            "/dns-query".to_owned(),
        ),
    ] {
        let text = ground.curl(&words, &path);
        assert!(
            text.starts_with("HTTP/2 200") && text.contains("content-type: application/dns-message"),
            "{text}"
        );
        let life: u32 =
            text.split("max-age=").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
        assert!((20..=45).contains(&life), "{text}");
    }
    let blocked = ground.curl(&[], &get(&format!("dns={}", encode(&question("www.games.example", 1)))));
    assert!(blocked.contains("cache-control: private, max-age=30"), "{blocked}");
    assert!(blocked.contains("x-content-type-options: nosniff"), "{blocked}");
    let empty = ground.curl(&[], &get(&format!("dns={}", encode(&question("www.example.org", 15)))));
    assert!(empty.contains("max-age=0"), "a negative answer without a SOA is not kept: {empty}");

    let mut response = good.clone();
    response[2] |= 0x80;
    let post = |words: &[&str]| ground.curl(words, "/dns-query");
    for (code, text) in [
        (400, ground.curl(&[], "/dns-query")),
        (400, ground.curl(&[], "/dns-query?dns=")),
        (400, ground.curl(&[], "/dns-query?dns=a*b")),
        (400, ground.curl(&[], "/dns-query?dns=AAAA")),
        (400, ground.curl(&[], &get(&format!("dns={0}&dns={0}", encode(&good))))),
        (400, ground.curl(&[], &get(&format!("dns={}", encode(&response))))),
        (404, ground.curl(&[], "/")),
        (404, ground.curl(&[], "/dns-queryx")),
        (404, ground.curl(&[], "/dns-query/someone")),
        (405, post(&["-X", "PUT", "-H", message, "--data-binary", &body])),
        (405, post(&["-X", "DELETE"])),
        (413, post(&["-H", message, "--data-binary", &long])),
        (415, post(&["--data-binary", &body])),
        (400, post(&["-H", message, "--data-binary", ""])),
    ] {
        assert!(text.starts_with(&format!("HTTP/2 {code}")), "{code}: {text}");
        assert!(code != 405 || text.contains("allow: GET, POST"), "{text}");
        assert!(text.contains("cache-control: no-store"), "{text}");
        assert!(text.contains("x-content-type-options: nosniff"), "{text}");
    }
    // An answer to HEAD has no body (RFC 9110 §9.3.2), or the stream ends in an error, which curl tells with its code.
    for (path, code) in
        [("/dns-query", "405"), (get(&format!("dns={}", encode(&good))).as_str(), "405"), ("/", "404")]
    {
        let said = ground.curl(&["--head", "-o", "/dev/null", "-w", "%{http_code} %{exitcode}"], path);
        assert_eq!(said, format!("{code} 0"), "{path}");
    }
    // A message that is a question and cannot be read gets DNS's own complaint.
    let text =
        ground.curl(&["-o", "/dev/null", "-w", "%{http_code}"], &get(&format!("dns={}", encode(&[0; 20]))));
    assert_eq!(text, "200");
}

#[test]
fn whoever_is_silent_or_slow_is_let_go() {
    let short = Duration::from_millis(300);
    let limits = Limits { handshake: short, idle: short, message: short, slow: short };
    let ground = ground(school(), |encrypted| encrypted.limits = limits);
    let at_most = Duration::from_secs(10);
    for address in [ground.tls(), ground.https()] {
        // No handshake at all; and one byte of it.
        for bytes in [&b""[..], &[22]] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            stream.write_all(bytes).unwrap();
            assert!(until_closed(&mut stream) < at_most);
        }
    }
    // A handshake and then nothing; half a length; half a message.
    for bytes in [&b""[..], &[0], &[0, 40, 1, 2, 3]] {
        let mut tls = ground.connect(ground.tls(), NAME, "dot");
        tls.write_all(bytes).unwrap();
        tls.flush().unwrap();
        assert!(until_closed(&mut tls) < at_most);
    }
    // HTTP/2: nothing; a preface alone; a request whose fields never end; one whose body never comes.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    let headers = |flags: u8| [&preface[..], &[0, 0, 1, 1, flags, 0, 0, 0, 1, 0x82]].concat();
    // :method POST, :scheme https, :path literal, content-type literal.
    let mut fields = vec![0x83, 0x87, 0x04, 10];
    fields.extend_from_slice(b"/dns-query");
    fields.extend_from_slice(&[0x0f, 0x10, 23]);
    fields.extend_from_slice(b"application/dns-message");
    let mut post = preface.clone();
    post.extend_from_slice(&[0, 0, fields.len() as u8, 1, 4, 0, 0, 0, 1]);
    post.extend_from_slice(&fields);
    for bytes in [Vec::new(), preface.clone(), headers(0), post] {
        let mut http = ground.connect(ground.https(), NAME, "h2");
        http.write_all(&bytes).unwrap();
        http.flush().unwrap();
        assert!(until_closed(&mut http) < at_most, "{bytes:?}");
    }
    // And it still answers.
    let mut tls = ground.connect(ground.tls(), NAME, "dot");
    send(&mut tls, &question("www.example.org", 1));
    assert_eq!(read(&receive(&mut tls)).answers.len(), 1);
}

#[test]
fn one_address_cannot_take_every_place() {
    let ground = ground(school(), |encrypted| encrypted.connections = 8);
    // Two places are an address's share of eight; whoever comes third is let go at once.
    let mut kept: Vec<_> = (0..2).map(|_| ground.connect(ground.tls(), NAME, "dot")).collect();
    for tls in &mut kept {
        send(tls, &question("www.example.org", 1));
        receive(tls);
    }
    let mut third = TcpStream::connect(ground.tls()).unwrap();
    third.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert!(until_closed(&mut third) < Duration::from_secs(4));
    // The two go on.
    for tls in &mut kept {
        send(tls, &question("www.games.example", 1));
        assert_eq!(receive(tls)[3] & 15, 3);
    }
    // Another address has places.
    let other = crate::clients::dig(ground.plain(), "-b 127.0.0.20 www.example.org A");
    assert!(other.contains("NOERROR"));
}

#[test]
fn another_certificate_is_shown_from_the_next_connection_on_and_no_connection_ends() {
    let ground = ground(school(), |_| {});
    let mut before = ground.connect(ground.tls(), NAME, "dot");
    send(&mut before, &question("www.example.org", 1));
    receive(&mut before);
    let first = ground.certificate.first();
    let other = made();
    assert!(ground.certificate.replace(other.chain.as_bytes(), b"no key").is_err());
    assert!(ground.certificate.replace(b"", other.key.as_bytes()).is_err());
    assert!(
        ground.certificate.replace(other.chain.as_bytes(), made().key.as_bytes()).is_err(),
        "another's key"
    );
    assert_eq!(ground.certificate.first(), first);
    ground.certificate.replace(other.chain.as_bytes(), other.key.as_bytes()).unwrap();
    let mut after = ground.connect(ground.tls(), NAME, "dot");
    send(&mut after, &question("www.example.org", 1));
    receive(&mut after);
    assert_eq!(after.conn.peer_certificates().unwrap()[0].as_ref(), ground.certificate.first());
    assert_ne!(ground.certificate.first(), first);
    send(&mut before, &question("www.example.org", 1));
    assert_eq!(read(&receive(&mut before)).answers.len(), 1);
}

#[test]
fn a_name_of_its_own_says_who_asks_until_it_is_taken_back() {
    let token = "abcdefghijklmnopqrstuvwx23";
    let entry =
        NameEntry { name: NameHash::of_token(token).unwrap(), person: Some(PersonNo(7)), device: None };
    let mut live = school().live().document().clone();
    // The room is nobody's network: what is asked from it without a name is a stranger's.
    live.roll.ranges.clear();
    live.roll
        .people
        .push(engine::live::PersonEntry { person: PersonNo(7), groups: vec!["pupils".to_owned()] });
    // What an import of the roll, or taking the name back, publishes.
    let without = live.clone();
    live.roll.names.push(entry);
    let (current, problems) = Current::new(policy(""), &live);
    assert!(problems.is_empty(), "{problems:?}");
    let current = Arc::new(current);
    let ground = ground(current.clone(), |_| {});
    let games = question("www.games.example", 1);
    let code = |stream: &mut StreamOwned<ClientConnection, TcpStream>| {
        send(stream, &games);
        receive(stream)[3] & 15
    };
    let mut own = ground.connect(ground.tls(), &format!("{}.{NAME}", token.to_uppercase()), "dot");
    let mut common = ground.connect(ground.tls(), NAME, "dot");
    let mut stranger = ground.connect(ground.tls(), &format!("{}.{NAME}", token.replace('a', "b")), "dot");
    // The name is a pupil's, and pupils may not play; nothing else is known of this address.
    assert_eq!((code(&mut own), code(&mut common), code(&mut stranger)), (3, 0, 0));
    let path = |token: &str| {
        let message = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&games);
        ground.curl(
            &["-o", "/dev/null", "-w", "%{http_code} %{size_download}"],
            &format!("/dns-query/{token}?dns={message}"),
        )
    };
    let (theirs, nobodys) = (path(token), path(&token.replace('a', "b")));
    assert!(
        theirs.starts_with("200") && nobodys.starts_with("200") && theirs != nobodys,
        "{theirs} {nobodys}"
    );
    // Taken back: the connection that is open is a stranger's from its next question on.
    current.swap_live(&without);
    assert_eq!((code(&mut own), code(&mut common)), (0, 0));
    assert_eq!(path(token), nobodys);
}
