//! How people are told: the key, the relay and the carriers of what leaves by mail and by browsers.

use std::fs;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use jobs::Carrier;
use kit::Private;
use notices::mail::{LONGEST, Mail, Relay};
use notices::push::{Push, Roots, Vapid};
use people::account::notices::Telling;
use store::Db;

use crate::config::Config;
use crate::home::{Home, NOTICES_KEY, make_key, read_key};
use crate::process::sign_in::secret;

/// What is needed to tell people, read before the hub shuts itself in.
#[derive(Clone, Default)]
pub struct Notices {
    /// For the pages.
    pub telling: Telling,
    relay: Option<Relay>,
}

impl Notices {
    /// What can be had of it. Where something cannot, people are told at the portal all the same, and why is said.
    pub fn read(home: &Home, config: &Config) -> Self {
        let key = make_key(home, NOTICES_KEY).and_then(|()| read_key(home, NOTICES_KEY));
        let key = match key {
            Ok(key) => Private::new(key),
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "Nobody is told anything by mail or by a browser until this is mended and the school started again"
                );
                return Self::default();
            }
        };
        let relay = relay(home, config).unwrap_or_else(|error| {
            tracing::error!(
                error = format!("{error:#}"),
                "Nobody is told anything by mail until this is mended and the school started again"
            );
            None
        });
        let telling =
            Telling { mail: relay.is_some(), push: Vapid::of(&key), reach: config.notices.reach(), key };
        Self { telling, relay }
    }

    /// What carries notices out.
    pub fn carriers(&self, records: &Db, portal: &str) -> Vec<Arc<dyn Carrier>> {
        let mut carriers: Vec<Arc<dyn Carrier>> =
            vec![Arc::new(notices::School { records: records.clone() })];
        if let Some(relay) = &self.relay {
            carriers.push(Arc::new(Mail {
                records: records.clone(),
                relay: relay.clone(),
                portal: portal.to_owned(),
                key: self.telling.key.clone(),
            }));
        }
        if let Some(key) = &self.telling.push {
            carriers.push(Arc::new(Push {
                records: records.clone(),
                key: key.clone(),
                portal: portal.to_owned(),
                reach: self.telling.reach,
                roots: Roots::System,
            }));
        }
        carriers
    }
}

/// The school's relay, with its password; none where `[mail]` is left out.
pub fn relay(home: &Home, config: &Config) -> Result<Option<Relay>> {
    let Some(settings) = &config.mail else { return Ok(None) };
    let secret = match &settings.secret {
        Some(name) => secret(home, name)?,
        None => Private::default(),
    };
    let roots = match &settings.certificates {
        Some(given) => {
            let path = home.path().join(given);
            let pem = fs::read(&path)
                .with_context(|| format!("cannot read the certificates in {}", path.display()))?;
            Some(pem)
        }
        None => None,
    };
    let name = settings.name.clone().unwrap_or_else(|| config.school.name.clone());
    let settings = notices::mail::Settings { name: Some(name), ..settings.clone() };
    Ok(Some(Relay { settings, secret, roots, longest: LONGEST }))
}
