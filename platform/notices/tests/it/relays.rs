//! Relays on loopback that say exactly what a test wants, well or badly.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit::Private;
use notices::mail::{self, Settings, Tls};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// What a relay does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Does {
    /// Takes every mail.
    #[default]
    Takes,
    /// Takes connections and says nothing.
    Nothing,
    /// Says nothing any more once a mail begins.
    NothingAtData,
    /// Offers STARTTLS and refuses it.
    RefusesTls,
    /// Answers recipients so.
    Recipient(&'static str),
    /// Answers the whole mail so.
    Whole(&'static str),
    /// Greets so.
    Greets(&'static str),
}

pub struct Relay {
    pub address: SocketAddr,
}

pub type Heard = Arc<Mutex<Vec<String>>>;

impl Relay {
    pub async fn takes_everything() -> (Self, Heard) {
        Self::that(Does::Takes).await
    }

    /// One that does this, and every mail that it was given.
    pub async fn that(does: Does) -> (Self, Heard) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, heard) = (listener.local_addr().unwrap(), Heard::default());
        let hears = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, does, Arc::clone(&hears)));
            }
        });
        (Self { address }, heard)
    }

    pub fn settings(&self) -> Settings {
        settings("127.0.0.1", self.address.port(), Tls::None)
    }
}

pub fn settings(relay: &str, port: u16, tls: Tls) -> Settings {
    Settings {
        relay: relay.to_owned(),
        port: Some(port),
        tls,
        user: None,
        secret: None,
        from: "fivebar@school.example".into(),
        name: Some("Hillside – Fivebar".into()),
        certificates: None,
    }
}

pub fn relay(settings: &Settings) -> mail::Relay {
    let secret = Private::default();
    mail::Relay { settings: settings.clone(), secret, roots: None, longest: Duration::from_secs(20) }
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin, does: Does, heard: Heard) -> Option<()> {
    let mut stream = BufReader::new(stream);
    if does == Does::Nothing {
        // Until the other side goes.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.ok()?;
        return None;
    }
    let greeting = if let Does::Greets(says) = does { says } else { "220 relay ready" };
    say(&mut stream, greeting).await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let command = line.split_whitespace().next().unwrap_or_default().to_uppercase();
        match (command.as_str(), does) {
            ("EHLO", Does::RefusesTls) => say(&mut stream, "250-relay\r\n250 STARTTLS").await?,
            ("EHLO", _) => say(&mut stream, "250-relay\r\n250 8BITMIME").await?,
            ("STARTTLS", _) => say(&mut stream, "454 TLS is not available").await?,
            ("RCPT", Does::Recipient(says)) => say(&mut stream, says).await?,
            ("DATA", Does::NothingAtData) => {
                while stream.read_line(&mut line).await.ok()? > 0 {}
                return None;
            }
            ("DATA", _) => {
                say(&mut stream, "354 go on").await?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut mail).await.ok()? == 0 {
                        return None;
                    }
                }
                if let Does::Whole(says) = does {
                    say(&mut stream, says).await?;
                } else {
                    heard.lock().unwrap().push(mail);
                    say(&mut stream, "250 taken").await?;
                }
            }
            ("QUIT", _) => {
                say(&mut stream, "221 good-bye").await?;
                return None;
            }
            _ => say(&mut stream, "250 ok").await?,
        }
    }
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), line: &str) -> Option<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}
