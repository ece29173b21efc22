//! Debian's slapd, started on free ports of loopback over a folder of its own.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
const PORTS_TRIED: u32 = 5;

/// What the program itself searches as, and by which password.
pub const SERVICE: &str = "cn=fivebar,dc=school,dc=example";
pub const SERVICE_PASSWORD: &str = "read and nothing else";

/// Whoever is at this place reads the entries of others, as everybody does in many a directory.
pub const READER: &str = "cn=hanna,ou=people,dc=school,dc=example";

/// A directory that runs until this is dropped.
pub struct Slapd {
    child: Child,
    pub port: u16,
    pub tls_port: u16,
    /// The certificate that it shows, as PEM.
    pub certificate: String,
    _folder: tempfile::TempDir,
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An entry of a person: what they are called there, their password, and what else is said of them.
pub fn person(uid: &str, password: &str, more: &str) -> String {
    format!(
        "dn: uid={uid},ou=people,dc=school,dc=example\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: Example\n\
         userPassword: {password}\n{more}\n"
    )
}

impl Slapd {
    /// With these entries; `None`, said, where it is not installed.
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    pub fn start(people: &[String]) -> Option<Self> {
        if !Path::new("/usr/sbin/slapd").exists() {
            println!("skipped: slapd is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().to_str().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        fs::create_dir(folder.path().join("db")).unwrap();
        let config = format!(
            "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\npidfile {at}/slapd.pid\nargsfile {at}/slapd.args\n\
             modulepath /usr/lib/ldap\nmoduleload back_mdb\nTLSCertificateFile {at}/cert.pem\n\
             TLSCertificateKeyFile {at}/key.pem\nTLSVerifyClient never\ndatabase mdb\nmaxsize 10485760\n\
             suffix \"dc=school,dc=example\"\ndirectory {at}/db\n\
             access to attrs=userPassword by anonymous auth by * none\n\
             access to * by dn.exact=\"{SERVICE}\" read by dn.exact=\"{READER}\" read by self read by users search by anonymous auth by * \
             none\n"
        );
        fs::write(folder.path().join("slapd.conf"), config).unwrap();
        let fixed = format!(
            "dn: dc=school,dc=example\nobjectClass: organization\nobjectClass: dcObject\no: School\ndc: school\n\n\
             dn: ou=people,dc=school,dc=example\nobjectClass: organizationalUnit\nou: people\n\n\
             dn: {SERVICE}\nobjectClass: person\ncn: fivebar\nsn: Service\nuserPassword: {SERVICE_PASSWORD}\n\n"
        );
        let entries = people.iter().fold(fixed, |all, one| format!("{all}{one}\n"));
        fs::write(folder.path().join("entries.ldif"), entries).unwrap();
        let added = Command::new("/usr/sbin/slapadd")
            .args(["-f", &format!("{at}/slapd.conf"), "-l", &format!("{at}/entries.ldif")])
            .output()
            .unwrap();
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let certificate = made.cert.pem();
        let started = (0..PORTS_TRIED).find_map(|_| {
            let (port, tls_port) = (free(), free());
            let places = format!("ldap://localhost:{port} ldaps://localhost:{tls_port}");
            let mut child = Command::new("/usr/sbin/slapd")
                .args(["-f", &format!("{at}/slapd.conf"), "-h", &places, "-d", "0"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // A port that was free may be taken by another test before slapd has it: then it ends by itself.
            answers(&mut child, [port, tls_port]).then_some((child, port, tls_port))
        });
        let (child, port, tls_port) = started.unwrap();
        Some(Self { child, port, tls_port, certificate, _folder: folder })
    }
}

/// Whether it answers in time; false when it ended.
fn answers(child: &mut Child, ports: [u16; 2]) -> bool {
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "slapd does not answer");
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if ports.iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok()) {
            return true;
        }
        std::thread::yield_now();
    }
}

fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
