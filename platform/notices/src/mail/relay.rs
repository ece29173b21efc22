//! One conversation with the school's relay, with a bound on all of it.

use std::time::Duration;

use jobs::Undelivered;
use kit::{Private, Timestamp};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::letter::Letter;
use super::settings::{Settings, Tls};

/// The longest that all of one mail may take. The crate that speaks to relays waits for ever once it is connected.
pub const LONGEST: Duration = Duration::from_secs(30);

/// The school's relay.
#[derive(Clone)]
pub struct Relay {
    /// What is known of it.
    pub settings: Settings,
    /// The password that goes with its user.
    pub secret: Private<String>,
    /// The certificates that it is believed by, as PEM; those that this machine trusts, without any.
    pub roots: Option<Vec<u8>>,
    /// How long one mail may take.
    pub longest: Duration,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What went wrong with a mail, for people who look after a school's machine. What a relay says may name whom a mail was for: it is for
/// whoever sends one by hand, and reaches no log.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It could not be made.
    #[error("the address {0:?} is none that a mail can go to, or [mail] from is none that it can come from")]
    NoMail(String),
    /// The relay cannot be reached.
    #[error(
        "{relay} could not be reached ({why}); check [mail] relay and port, and what is between it and this machine"
    )]
    NotReached {
        /// The relay.
        relay: String,
        /// What the system said.
        why: String,
    },
    /// It cannot prove to be the relay, or breaks off.
    #[error("no safe connection to {relay}: {why}")]
    NotSafe {
        /// The relay.
        relay: String,
        /// What is wrong.
        why: String,
    },
    /// It offers no TLS after its greeting.
    #[error(
        "{0} does not offer STARTTLS, and nothing is sent that others could read. If it speaks TLS from the first byte, say tls = \
         \"wrapped\" in [mail]"
    )]
    NoStartTls(String),
    /// It does not let us in.
    #[error("{relay} does not take the user and the password of [mail] ({said})")]
    NotLetIn {
        /// The relay.
        relay: String,
        /// What it said.
        said: String,
    },
    /// It does not take the mail for now.
    #[error("{relay} does not take the mail just now ({said}); it may later")]
    NotNow {
        /// The relay.
        relay: String,
        /// What it said.
        said: String,
    },
    /// It does not take the mail at all.
    #[error("{relay} refuses the mail ({said})")]
    Refused {
        /// The relay.
        relay: String,
        /// What it said.
        said: String,
    },
    /// It says nothing.
    #[error(
        "{relay} did not answer within {seconds} seconds; a relay that waits for TLS from the first byte needs tls = \"wrapped\" in \
         [mail], and one that greets first \"starttls\""
    )]
    Silent {
        /// The relay.
        relay: String,
        /// How long.
        seconds: u64,
    },
}

impl Trouble {
    /// What the outbox is told: a word that says nothing about anybody.
    pub const fn undelivered(&self) -> Undelivered {
        match self {
            Self::NoMail(_) => Undelivered::Never("no mail could be made of it"),
            Self::NotReached { .. } => Undelivered::Later("the relay could not be reached"),
            Self::NotSafe { .. } => Undelivered::Later("no safe connection to the relay"),
            Self::NoStartTls(_) => Undelivered::Later("the relay offers no STARTTLS"),
            Self::NotLetIn { .. } => Undelivered::Later("the relay does not let Fivebar in"),
            Self::NotNow { .. } => Undelivered::Later("the relay does not take it now"),
            Self::Refused { .. } => Undelivered::Never("the relay refuses it"),
            Self::Silent { .. } => Undelivered::Later("the relay does not answer"),
        }
    }
}

impl Relay {
    /// Sends a mail under an id.
    pub async fn send(&self, letter: &Letter, id: &str, portal: &str, at: Timestamp) -> Result<(), Trouble> {
        let none = || Trouble::NoMail(letter.to.reveal().clone());
        let message = letter.message(&self.settings, (id, portal), at).ok_or_else(none)?;
        let silent = |_| Trouble::Silent { relay: self.named(), seconds: self.longest.as_secs() };
        timeout(self.longest, self.converse(&message)).await.map_err(silent)?
    }

    fn named(&self) -> String {
        format!("{}:{}", self.settings.relay, self.settings.port())
    }

    async fn converse(&self, message: &lettre::Message) -> Result<(), Trouble> {
        let hello = ClientId::default();
        let wrapped = match self.settings.tls {
            Tls::Wrapped => Some(self.tls()?),
            Tls::Starttls | Tls::None => None,
        };
        let place = (self.settings.relay.as_str(), self.settings.port());
        let mut relay = AsyncSmtpConnection::connect_tokio1(place, Some(self.longest), &hello, wrapped, None)
            .await
            .map_err(|error| self.not_met(&error))?;
        if self.settings.tls == Tls::Starttls {
            if !relay.can_starttls() {
                relay.abort().await;
                return Err(Trouble::NoStartTls(self.named()));
            }
            relay.starttls(self.tls()?, &hello).await.map_err(|error| self.not_safe(&error))?;
        }
        if let Some(user) = &self.settings.user {
            let credentials = Credentials::new(user.clone(), self.secret.reveal().clone());
            relay.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(|error| self.not_let_in(&error))?;
        }
        relay.send(message.envelope(), &message.formatted()).await.map_err(|error| self.not_taken(&error))?;
        // It has it: whether it says good-bye makes no difference.
        let _ = relay.quit().await;
        Ok(())
    }

    fn tls(&self) -> Result<TlsParameters, Trouble> {
        let builder = TlsParametersBuilder::new(self.settings.relay.clone());
        let builder = match &self.roots {
            None => builder,
            Some(pem) => builder
                .certificate_store(CertificateStore::None)
                .add_root_certificate(Certificate::from_pem(pem).map_err(|error| self.not_safe(&error))?),
        };
        builder.build_rustls().map_err(|error| self.not_safe(&error))
    }

    fn not_met(&self, error: &Error) -> Trouble {
        let relay = self.named();
        if error.is_tls() || is_about_tls(error) {
            return self.not_safe(error);
        }
        match error.status() {
            // Whatever it says at the door, it says not of this mail.
            Some(_) => Trouble::NotNow { relay, said: said(error) },
            None => Trouble::NotReached { relay, why: said(error) },
        }
    }

    fn not_safe(&self, error: &Error) -> Trouble {
        Trouble::NotSafe { relay: self.named(), why: said(error) }
    }

    fn not_let_in(&self, error: &Error) -> Trouble {
        let relay = self.named();
        if error.is_transient() {
            return Trouble::NotNow { relay, said: said(error) };
        }
        // Whatever it is, it is not the mail: that can go once the settings are right.
        Trouble::NotLetIn { relay, said: said(error) }
    }

    fn not_taken(&self, error: &Error) -> Trouble {
        let relay = self.named();
        if error.is_permanent() {
            // "Authentication required" is about us, and not about the mail.
            let code = error.status().map(u16::from);
            if matches!(code, Some(530 | 534 | 535 | 538)) {
                return Trouble::NotLetIn { relay, said: said(error) };
            }
            return Trouble::Refused { relay, said: said(error) };
        }
        Trouble::NotNow { relay, said: said(error) }
    }
}

/// Whether what is behind an error is that TLS did not come about.
fn is_about_tls(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(behind) = source {
        let inside = behind.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if behind.is::<rustls::Error>() || inside.is_some_and(|inside| inside.is::<rustls::Error>()) {
            return true;
        }
        source = behind.source();
    }
    false
}

/// An error with what is behind it, on one line.
fn said(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(behind) = source {
        let more = behind.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = behind.source();
    }
    text.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
