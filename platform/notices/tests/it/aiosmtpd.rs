//! Through aiosmtpd, which others wrote: TLS after a greeting, a name and a password.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use kit::Private;
use notices::mail::{Letter, Relay, Tls, Trouble};
use testing::MONDAY;

use crate::relays::{relay, settings};
use crate::tls;

/// The server that runs until this is dropped.
struct Aiosmtpd {
    child: Child,
    port: u16,
    said: BufReader<std::process::ChildStdout>,
    certificate: String,
    _folder: tempfile::TempDir,
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Aiosmtpd {
    /// `None`, said, where it is not installed.
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    fn start() -> Option<Self> {
        // `scripts/set-up.sh test` makes it.
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let python = here.join("tests/judges/venv/bin/python");
        if !python.is_file() {
            println!("skipped: aiosmtpd is not installed; `scripts/set-up.sh test` installs it");
            return None;
        }
        let (certificate, key, _) = tls::made();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cert.pem"), &certificate).unwrap();
        std::fs::write(folder.path().join("key.pem"), key).unwrap();
        let mut child = Command::new(python)
            .arg(here.join("tests/judges/relay.py"))
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        said.read_line(&mut port).unwrap();
        Some(Self { child, port: port.trim().parse().unwrap(), said, certificate, _folder: folder })
    }

    fn relay(&self, user: &str, secret: &str) -> Relay {
        let mut settings = settings("localhost", self.port, Tls::Starttls);
        settings.user = Some(user.to_owned());
        Relay {
            secret: Private::new(secret.to_owned()),
            roots: Some(self.certificate.clone().into_bytes()),
            ..relay(&settings)
        }
    }
}

#[tokio::test]
async fn a_relay_with_starttls_and_a_password_takes_mail_from_whoever_has_it() {
    let Some(mut there) = Aiosmtpd::start() else { return };
    let letter = Letter::of_trial(Private::new("ada@school.example".into()), "https://portal.example");
    let url = "https://portal.example";
    let wrong = there.relay("fivebar", "another").send(&letter, "message_1", url, MONDAY).await.unwrap_err();
    assert!(matches!(wrong, Trouble::NotLetIn { .. }), "{wrong}");
    assert!(!wrong.to_string().contains("another"), "no password in what is said: {wrong}");
    there.relay("fivebar", "read and nothing else").send(&letter, "message_2", url, MONDAY).await.unwrap();
    let mut line = String::new();
    there.said.read_line(&mut line).unwrap();
    assert_eq!(line.trim(), "fivebar@school.example ada@school.example <message_2@portal.example> tls");
    let unknown = Relay { roots: None, ..there.relay("fivebar", "read and nothing else") };
    let not_safe = unknown.send(&letter, "message_3", url, MONDAY).await.unwrap_err();
    assert!(matches!(not_safe, Trouble::NotSafe { .. }), "{not_safe}");
}
