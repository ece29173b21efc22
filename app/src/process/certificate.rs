//! The certificates of encrypted DNS and of the portal: the school's own files, or ones that are made here and kept in the home.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use front_dns::Certificate;
use kit::{Timestamp, Zone};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::home::{Home, write_secret};
use crate::process::portal::{self, own_address};
use crate::process::supervisor::Bind;

/// How long a made certificate holds: what devices accept at most of one that was put on them by hand.
const LASTS_DAYS: i64 = 820;
/// How long before its end it is spoken of.
const SPOKEN_OF_DAYS: i64 = 60;
const A_DAY_MS: i64 = 86_400_000;
/// What the line begins with that says when a made certificate ends.
const ENDS: &str = "Ends on: ";

/// Who shows a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// The gate, to devices that ask it for names.
    Dns,
    /// The hub, to browsers.
    Portal,
}

impl Shows {
    /// Said wherever a made certificate is used.
    pub const fn must_trust(self) -> &'static str {
        match self {
            Self::Dns => {
                "Encrypted DNS shows a certificate that was made here, which no device trusts by itself: put \
                 it on each (`fivebar certificate show`), or name one from an authority in [dns] \
                 certificate and key."
            }
            Self::Portal => {
                "The portal shows a certificate that was made here, at which browsers warn: put it on each device \
                 (`fivebar certificate show --portal`), or name one from an authority in [portal] certificate and key."
            }
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Dns => "encrypted DNS",
            Self::Portal => "the portal",
        }
    }

    const fn section(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Portal => "portal",
        }
    }
}

/// A certificate with its key, both as PEM. Not printable: nobody may come to log it.
#[derive(Serialize, Deserialize)]
pub struct Pair {
    certificate: String,
    key: String,
}

/// Where they are.
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Whether they were made here.
    pub made: bool,
}

impl Files {
    pub fn of(home: &Home, config: &Config, shows: Shows) -> Self {
        let (named, folder, name) = match shows {
            Shows::Dns => ((&config.dns.certificate, &config.dns.key), home.certificate(), "dns"),
            // Where the hub may write: it alone reads this one.
            Shows::Portal => ((&config.portal.certificate, &config.portal.key), home.hub(), "portal"),
        };
        match named {
            (Some(certificate), Some(key)) => {
                // As every path of the file, from the home.
                let from_home = |path: &PathBuf| home.path().join(path);
                Self { certificate: from_home(certificate), key: from_home(key), made: false }
            }
            _ => Self {
                certificate: folder.join(format!("{name}.pem")),
                key: folder.join(format!("{name}.key")),
                made: true,
            },
        }
    }
}

impl Pair {
    /// Reads both files.
    pub fn read(home: &Home, config: &Config, shows: Shows) -> Result<Self> {
        let files = Files::of(home, config, shows);
        let read = |path: &PathBuf| {
            fs::read_to_string(path).with_context(|| {
                format!(
                    "cannot read {}; see certificate and key in [{}] of fivebar.toml",
                    path.display(),
                    shows.section()
                )
            })
        };
        Ok(Self { certificate: read(&files.certificate)?, key: read(&files.key)? })
    }

    /// As one line for the gate.
    pub fn line(&self) -> String {
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }

    /// As it is shown to devices.
    pub fn usable(&self) -> Result<Certificate, front_dns::CertificateError> {
        Certificate::read(self.certificate.as_bytes(), self.key.as_bytes())
    }

    /// The certificate with what signed it.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The last day of a made one, and how many days that is from `at`.
    pub fn ends(&self, at: Timestamp) -> Option<(&str, i64)> {
        let day = self.certificate.lines().find_map(|line| line.strip_prefix(ENDS))?.trim();
        let end = Timestamp::parse(&format!("{day}T00:00:00Z"))?;
        Some((day, (end.as_millis() - at.as_millis()).div_euclid(A_DAY_MS)))
    }
}

/// What is shown, and the file it is in; `None` where the school has no encrypted DNS, or no portal over HTTPS. A missing
/// certificate is made, unless the file was named.
pub fn to_show(
    home: &Home,
    config: &Config,
    bind: &Bind,
    shows: Shows,
    at: Timestamp,
) -> Result<Option<(PathBuf, Certificate)>> {
    let is_shown = match shows {
        Shows::Dns => config.dns.is_encrypted(),
        Shows::Portal => config.portal.https.is_some(),
    };
    if !is_shown {
        return Ok(None);
    }
    let files = Files::of(home, config, shows);
    if files.made && !files.certificate.exists() {
        make(home, config, bind, shows, at)?;
    }
    let pair = Pair::read(home, config, shows)?;
    let certificate = pair.usable().with_context(|| {
        format!("{} with {} cannot be used", files.certificate.display(), files.key.display())
    })?;
    if files.made {
        tracing::info!("{}", shows.must_trust());
    }
    if let Some((day, days)) = pair.ends(at).filter(|(_, days)| *days < SPOKEN_OF_DAYS) {
        tracing::warn!(
            days,
            "The made certificate of {} ends on {day}; `fivebar certificate renew` makes another, which devices must then trust",
            shows.words()
        );
    }
    Ok(Some((files.certificate, certificate)))
}

/// Shows what came through the life line from now on.
pub fn show_again(certificate: &Certificate, line: &str) {
    // What is wrong with the line is not said: it may hold a key.
    let Ok(pair) = serde_json::from_str::<Pair>(line) else { return };
    match certificate.replace(pair.certificate.as_bytes(), pair.key.as_bytes()) {
        Ok(()) => tracing::info!("Encrypted DNS shows the certificate as it was read again"),
        Err(error) => {
            tracing::error!(%error, "The certificate of encrypted DNS cannot be used; the one before is still shown")
        }
    }
}

/// Makes a certificate in place of any that was made before.
pub fn make(home: &Home, config: &Config, bind: &Bind, shows: Shows, at: Timestamp) -> Result<()> {
    let files = Files::of(home, config, shows);
    let names = match shows {
        Shows::Dns => names(config, bind),
        Shows::Portal => portal::certified(config, bind),
    };
    let first = at.plus_millis(-A_DAY_MS);
    let last = at.plus_millis(LASTS_DAYS * A_DAY_MS);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("cannot make a key")?;
    let mut wanted =
        CertificateParams::new(names.clone()).context("cannot make a certificate for its names")?;
    let called = match shows {
        Shows::Dns => config.dns.name.clone().unwrap_or_else(|| "Fivebar encrypted DNS".to_owned()),
        Shows::Portal => "Fivebar portal".to_owned(),
    };
    wanted.distinguished_name.push(DnType::CommonName, called);
    wanted.distinguished_name.push(DnType::OrganizationName, config.school.name.clone());
    wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let midnight = |at: Timestamp| {
        let date = Zone::utc().local(at).date();
        rcgen::date_time_ymd(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    (wanted.not_before, wanted.not_after) = (midnight(first), midnight(last));
    let made = wanted.self_signed(&key).context("cannot sign the certificate")?;
    let date = |at: Timestamp| Zone::utc().local(at).date();
    let text = format!(
        "The certificate of {}, made by Fivebar on {}.\nFor: {}\n{ENDS}{}\n{}",
        shows.words(),
        date(at),
        names.join(", "),
        date(last),
        made.pem()
    );
    // The key first: a certificate that is there has one.
    for (path, bytes) in [(&files.key, key.serialize_pem()), (&files.certificate, text)] {
        let unfinished = path.with_extension("tmp");
        let _ = fs::remove_file(&unfinished);
        write_secret(&unfinished, bytes.as_bytes())?;
        fs::rename(&unfinished, path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// What a made certificate is for: the gate's name and whatever stands before it, and the addresses it is reached at.
fn names(config: &Config, bind: &Bind) -> Vec<String> {
    let listening = [bind.tls.or(config.dns.tls), bind.https.or(config.dns.https)];
    let mut addresses: Vec<IpAddr> =
        listening.into_iter().flatten().filter_map(|one| reached(one, config)).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let name = config.dns.name.iter().flat_map(|name| [name.clone(), format!("*.{name}")]);
    let names: Vec<String> = name.chain(addresses.iter().map(ToString::to_string)).collect();
    if names.is_empty() { vec!["localhost".to_owned()] } else { names }
}

/// The address that devices reach a listener at.
fn reached(listening: SocketAddr, config: &Config) -> Option<IpAddr> {
    if !listening.ip().is_unspecified() {
        return Some(listening.ip().to_canonical());
    }
    config.dns.upstreams.iter().find_map(|upstream| own_address(*upstream)).filter(|own| !own.is_loopback())
}
