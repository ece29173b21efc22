//! Debian's opensmtpd, started on a free port of loopback over folders of its own. It keeps its queue and its socket at fixed places, so
//! it runs with file systems of its own there, which takes root. The one that Debian 12 has can do no TLS with its OpenSSL
//! (OpenSMTPD, issue 1239), so a server before it does that.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio_rustls::TlsAcceptor;

const PATIENCE: Duration = Duration::from_secs(30);
const PORTS_TRIED: u32 = 5;

/// A relay that runs until this is dropped.
pub struct Smtpd {
    child: Child,
    pub port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Smtpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Smtpd {
    /// `None`, said, where it is not installed or may not be started.
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    pub fn start() -> Option<Self> {
        if !Path::new("/usr/sbin/smtpd").exists() {
            println!("skipped: opensmtpd is not installed");
            return None;
        }
        let may = Command::new("unshare").args(["--mount", "true"]).output();
        if !may.is_ok_and(|may| may.status.success()) {
            println!("skipped: opensmtpd needs root and file systems of its own");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("mail")).unwrap();
        fs::set_permissions(folder.path().join("mail"), fs::Permissions::from_mode(0o777)).unwrap();
        let started = (0..PORTS_TRIED).find_map(|_| {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut child = spawn(folder.path(), port);
            // A port that was free may be taken by another test before smtpd has it: then it ends by itself.
            answers(&mut child, port).then_some((child, port))
        });
        let (child, port) = started.unwrap();
        Some(Self { child, port, folder })
    }

    /// The mails that it has delivered, once there are so many.
    pub fn mails(&self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let there: Vec<PathBuf> = fs::read_dir(self.folder.path().join("mail/new"))
                .map(|all| all.filter_map(|one| Some(one.ok()?.path())).collect())
                .unwrap_or_default();
            if there.len() >= count {
                return there.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
            }
            assert!(Instant::now() < deadline, "{} of {count} mails came", there.len());
            std::thread::yield_now();
        }
    }

    /// Takes TLS and hands what is in it to the relay; the port where it does.
    pub async fn behind_tls(&self, tls: TlsAcceptor) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, relay) = (listener.local_addr().unwrap().port(), self.port);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tls = tls.clone();
                tokio::spawn(async move {
                    let mut stream = tls.accept(stream).await.ok()?;
                    let mut relay = tokio::net::TcpStream::connect(("127.0.0.1", relay)).await.ok()?;
                    tokio::io::copy_bidirectional(&mut stream, &mut relay).await.ok()
                });
            }
        });
        port
    }
}

fn spawn(folder: &Path, port: u16) -> Child {
    let at = folder.to_str().unwrap();
    let config = format!(
        "table whoever {{ \"@\" = \"nobody\" }}\nlisten on 127.0.0.1 port {port}\n\
         action \"keep\" maildir \"{at}/mail\" virtual <whoever>\n\
         match from any for domain \"refused.example\" reject\nmatch from any for any action \"keep\"\n"
    );
    fs::write(folder.join("smtpd.conf"), config).unwrap();
    let script = format!(
        "mount -t tmpfs none /var/spool && mount -t tmpfs none /run && mkdir /var/spool/smtpd && \
         chmod 711 /var/spool/smtpd && exec /usr/sbin/smtpd -d -f {at}/smtpd.conf"
    );
    Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whether it answers in time; false when it ended.
fn answers(child: &mut Child, port: u16) -> bool {
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "smtpd does not answer");
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        std::thread::yield_now();
    }
}
