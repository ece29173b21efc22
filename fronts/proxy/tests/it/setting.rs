//! A school with its policy, an internet on loopback, and a proxy between.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use engine::catalogue::{Engine, OpenSite};
use engine::live::{DeviceEntry, PersonEntry, Roll};
use engine::{
    Activity, ActivitySink, Catalogue, Current, DeviceNo, FilterPolicy, LiveDocument, PersonNo,
    PolicyDocument, Refusal, Sealed,
};
use front_proxy::{Config, HelpLine, Opening, Running};
use kit::{Clock, Private, Timestamp};
use lists::{IndexBuilder, ListIndex, Seed};
use tempfile::TempDir;
use testing::servers::NameServer;

pub const PUPIL: &str = "127.0.9.1";
pub const STAFF: &str = "127.0.9.2";
pub const KEY: [u8; 32] = [5; 32];

/// What the activity log was told, a line each: front, verdict, step (and which refusal of the front's own), host, path, client, bytes, and what was sent in
/// a last word.
#[derive(Default)]
pub struct Log {
    lines: Mutex<Vec<String>>,
    owed: AtomicI64,
    written_off: AtomicI64,
}

impl Log {
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// How many events are owed now, and how many will never come.
    pub fn owed(&self) -> (i64, i64) {
        (self.owed.load(Ordering::SeqCst), self.written_off.load(Ordering::SeqCst))
    }
}

impl ActivitySink for Log {
    fn record(&self, activity: &Activity<'_>) {
        let mut line = format!("{} {}", activity.front().id(), activity.verdict().id());
        let reason = activity.decision().reason;
        let _ = write!(line, " {}", reason.step);
        if let Some(refusal) = Refusal::of(reason.step, reason.rule) {
            let _ = write!(line, "/{}", refusal.id());
        }
        let _ = write!(line, " {}", activity.host().map_or("-".to_owned(), |host| host.to_string()));
        let _ = write!(line, " {}", activity.path().unwrap_or("-"));
        let _ = write!(line, " {}", activity.client().map_or("-".to_owned(), |ip| ip.to_string()));
        let _ = write!(line, " {}", activity.bytes());
        if let Some(sent) = activity.sent() {
            let _ = write!(line, " ended after {sent}");
        }
        self.lines.lock().unwrap().push(line);
    }

    fn owe(&self, _: Timestamp) {
        self.owed.fetch_add(1, Ordering::SeqCst);
    }

    fn record_owed(&self, activity: &Activity<'_>) {
        self.record(activity);
        self.owed.fetch_sub(1, Ordering::SeqCst);
    }

    fn write_off(&self) {
        self.owed.fetch_sub(1, Ordering::SeqCst);
        self.written_off.fetch_add(1, Ordering::SeqCst);
    }
}

/// A policy document with two groups and the rules given.
pub fn policy(rules: &str) -> FilterPolicy {
    let text = format!(
        "form = 1\ntitle = \"Test\"\nversion = 1\n\n[[group]]\nid = \"pupils\"\nname = \"Pupils\"\n\n\
         [[group]]\nid = \"staff\"\nname = \"Staff\"\n\n{rules}\n"
    );
    let document = PolicyDocument::parse(&text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let help = OpenSite {
        id: "helpline".into(),
        name: "A helpline".into(),
        about: String::new(),
        domains: vec!["help.example".into()],
        exact: Vec::new(),
        confirm_first: false,
        needs: Vec::new(),
        unobserved: false,
        ports: Vec::new(),
    };
    // An engine that answers safely at another address, and one with two levels.
    let engine = |id: &str, moderate: Option<&str>| Engine {
        id: id.into(),
        name: id.into(),
        domains: vec![format!("{id}.example")],
        target: format!("strict.{id}safe.example"),
        moderate: moderate.map(str::to_owned),
        header: moderate.map(|_| "YouTube-Restrict".to_owned()),
        parameter: moderate.is_none().then(|| "safe=active".to_owned()),
        ..Engine::default()
    };
    let engines = vec![engine("seek", None), engine("films", Some("moderate.filmssafe.example"))];
    let catalogue = Arc::new(Catalogue { help: vec![help], engines, ..Catalogue::default() });
    let image = IndexBuilder::new(Seed([1; 16])).build().unwrap();
    let index = Arc::new(ListIndex::open(Arc::new(image)).unwrap());
    FilterPolicy::compile(&document, &catalogue, index, &Arc::new(Sealed::never_configured()))
        .unwrap_or_else(|problems| panic!("{problems:?}"))
}

pub fn block(site: &str) -> String {
    format!("[[rule]]\ndo = \"block\"\nsite = \"{site}\"\nreason = \"Not during lessons.\"\n\n")
}

/// A pupil's and a member of staff's device.
pub fn roll() -> LiveDocument {
    let person = |number, group: &str| PersonEntry { person: PersonNo(number), groups: vec![group.into()] };
    let device = |number, address: &str| DeviceEntry {
        device: DeviceNo(number),
        person: Some(PersonNo(number)),
        groups: Vec::new(),
        addresses: vec![address.parse().unwrap()],
    };
    let roll = Roll {
        people: vec![person(1, "pupils"), person(2, "staff")],
        devices: vec![device(1, PUPIL), device(2, STAFF)],
        ..Roll::default()
    };
    LiveDocument { version: 1, roll, ..LiveDocument::default() }
}

/// Everything a test needs. What it started is stopped when it is dropped.
pub struct Setting {
    pub proxy: Running,
    pub current: Arc<Current>,
    pub log: Arc<Log>,
    pub internet: Internet,
}

impl Setting {
    pub fn new(rules: &str) -> Self {
        Self::with(rules, |_| {})
    }

    pub fn with(rules: &str, change: impl FnOnce(&mut Config)) -> Self {
        let internet = Internet::start();
        let (current, problems) = Current::new(policy(rules), &roll());
        assert!(problems.is_empty(), "{problems:?}");
        let (current, log) = (Arc::new(current), Arc::new(Log::default()));
        let mut config = config(&internet);
        change(&mut config);
        let proxy = front_proxy::start(config, current.clone(), log.clone(), Clock::System).unwrap();
        Self { proxy, current, log, internet }
    }

    pub fn address(&self) -> SocketAddr {
        self.proxy.addresses()[0]
    }

    /// Runs curl through the proxy; the answer with its head.
    pub fn curl(&self, args: &[&str]) -> String {
        let output = self.curl_output(args);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub fn curl_output(&self, args: &[&str]) -> Output {
        let proxy = format!("http://{}", self.address());
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-i", "--max-time", "20", "--noproxy", "", "-x", &proxy]).args(args);
        curl.output().expect("curl is installed")
    }

    /// A raw connection to the proxy.
    pub fn raw(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends bytes and reads until the proxy closes.
    pub fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.raw();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        // A reset after the answer is an end as well.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.internet.http)
    }
}

pub fn config(internet: &Internet) -> Config {
    Config {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        threads: 2,
        upstreams: vec![SocketAddr::new(IpAddr::from([127, 0, 0, 1]), internet.dns)],
        connect_ports: [443, internet.https, internet.http].into_iter().collect(),
        allow_private: vec![Opening {
            network: "127.0.0.0/8".parse().unwrap(),
            ports: vec![internet.http, internet.https],
        }],
        portal: "http://portal.school.example".into(),
        help: vec![HelpLine {
            name: "A helpline".into(),
            how: "free, day and night".into(),
            url: "http://help.example/".into(),
        }],
        ticket_key: Private::new(KEY),
        passes: Some(Arc::new(engine::test_pass::Passes::new(Private::new(KEY)))),
        ..Config::default()
    }
}

/// An origin (nginx) and a DNS server (dnsmasq) on loopback.
pub struct Internet {
    pub http: u16,
    pub https: u16,
    pub dns: u16,
    pub folder: TempDir,
    child: Child,
    _names: NameServer,
}

impl Internet {
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let at = folder.path().to_owned();
        let [http, https] = free_ports();
        let root = at.join("www");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("small"), "hello\n").unwrap();
        std::fs::write(root.join("big"), big()).unwrap();
        let subject = ["-subj", "/CN=secure.example", "-addext", "subjectAltName=DNS:secure.example"];
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        openssl.args(["-days", "2"]).args(subject).arg("-keyout").arg(at.join("key.pem"));
        assert!(
            openssl
                .arg("-out")
                .arg(at.join("cert.pem"))
                .output()
                .expect("openssl is installed")
                .status
                .success()
        );
        std::fs::write(at.join("nginx.conf"), nginx(&at, http, https)).unwrap();
        let mut server = Command::new("nginx");
        server.arg("-c").arg(at.join("nginx.conf")).arg("-p").arg(&at).arg("-e").arg(at.join("error.log"));
        let child = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.expect("nginx is installed");
        let names = NameServer::dnsmasq(&[
            "--address=/example/127.0.0.1",
            "--address=/rebound.example/10.11.12.13",
            "--address=/meta.example/169.254.169.254",
            "--host-record=target.example,127.0.0.1",
            "--cname=alias.example,target.example",
            "--address=/seeksafe.example/127.0.9.9",
            "--address=/filmssafe.example/127.0.9.9",
            "--address=/two.example/127.0.0.1",
            "--address=/two.example/127.0.9.9",
        ])
        .expect("dnsmasq is installed");
        let dns = names.address.port();
        let internet = Self { http, https, dns, folder, child, _names: names };
        for port in [http, https] {
            eventually(|| TcpStream::connect(("127.0.0.1", port)).ok());
        }
        internet
    }

    /// nginx's log, once it holds `word`.
    pub fn log_with(&self, word: &str) -> String {
        eventually(|| Some(self.log()).filter(|log| log.contains(word)))
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default()
    }
}

impl Drop for Internet {
    fn drop(&mut self) {
        // nginx ends its worker on SIGTERM alone.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// Five megabytes that compress badly.
pub fn big() -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    (0..5_000_000).map(|_| next()).collect()
}

fn nginx(at: &Path, http: u16, https: u16) -> String {
    let at = at.display();
    format!(
        "daemon off; worker_processes 1; pid {at}/nginx.pid; user root;\n\
         events {{ worker_connections 16384; }}\n\
         http {{\n\
         log_format seen '$request_method $request_uri $status $http_host $request_length $connection';\n\
         access_log {at}/access.log seen; sendfile on; root {at}/www; default_type text/plain;\n\
         client_body_temp_path {at}/bodies; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f;\n\
         uwsgi_temp_path {at}/u; scgi_temp_path {at}/s; client_max_body_size 100m; keepalive_requests 100000;\n\
         server {{ listen 127.0.0.1:{http} backlog=4096; listen 127.0.9.9:{http}; listen 127.0.0.1:{https} ssl backlog=4096;\n\
         ssl_certificate {at}/cert.pem; ssl_certificate_key {at}/key.pem;\n\
         location = /held {{ return 200 'at=$server_addr host=$http_host restrict=$http_youtube_restrict query=$args\n'; }}\n\
         location = /heads {{ return 200 'host=$http_host via=$http_via secret=$http_proxy_authorization \
         one=$http_x_one te=$http_te test=$http_fivebar_test client=$http_fivebar_client conn=$http_connection pconn=$http_proxy_connection\\n'; }}\n\
         location = /nothing {{ return 204; }}\n\
         location = /sink {{ access_log off; return 200 'taken\\n'; }}\n\
         location = /upload {{ client_body_in_file_only on; proxy_pass http://127.0.0.1:{http}/sink; }}\n\
         location = /chunks {{ ssi on; ssi_types *; alias {at}/www/small; }}\n\
         }} }}\n"
    )
}

/// Ports that were free a moment ago.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let held: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

/// Asks until there is an answer, for ten seconds at most.
pub fn eventually<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "waited ten seconds in vain");
        std::thread::yield_now();
    }
}

/// Reads until a head has come whole; what came with it stays at its end.
pub fn read_head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut some = [0; 4096];
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut some).unwrap() {
            0 => break,
            read => bytes.extend_from_slice(&some[..read]),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}

pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

pub fn path_in(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}
