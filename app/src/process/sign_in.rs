//! The ways to sign in that `fivebar.toml` names, with their secrets, which lie in `keys/`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use kit::{Private, Timestamp};
use people::account::directory::Directory;
use people::account::provider::Provider;
use people::account::{Trust, Ways};

use crate::config::Config;
use crate::home::Home;

/// The longest secret. A token of a provider is some hundred characters.
const LONGEST: usize = 4096;

/// All of them that can be had. One whose secret or certificates cannot be read is left out, and why is said: whoever has a password here
/// comes in all the same.
pub fn ways(home: &Home, config: &Config, at: Timestamp) -> Ways {
    let mut providers = Vec::new();
    for settings in &config.sign_in.provider {
        match secret(home, &settings.secret).and_then(|secret| {
            Ok(Provider::new(settings.clone(), secret, trust(home, settings.certificates.as_deref())?))
        }) {
            Ok(provider) => providers.push(provider),
            Err(error) => tracing::error!(
                provider = settings.id,
                error = format!("{error:#}"),
                "Nobody can sign in by a provider until this is mended and the school started again"
            ),
        }
    }
    let ways = Ways::since(at).with_providers(providers);
    let Some(settings) = &config.sign_in.directory else { return ways };
    let secret = settings.secret.as_ref().map_or_else(|| Ok(Private::default()), |name| secret(home, name));
    match secret.and_then(|secret| {
        Ok(Directory::new(settings.clone(), secret, trust(home, settings.certificates.as_deref())?))
    }) {
        Ok(directory) => ways.with_directory(directory),
        Err(error) => {
            tracing::error!(
                error = format!("{error:#}"),
                "Nobody can sign in by the directory until this is mended and the school started again"
            );
            ways
        }
    }
}

/// A secret of one line in a file of `keys/`, whose name was checked with the settings.
pub fn secret(home: &Home, name: &str) -> Result<Private<String>> {
    let path = home.keys().join(name);
    let text = fs::read_to_string(&path).with_context(|| {
        format!(
            "cannot read {}; write the secret there, on one line, for root and the hub alone to read",
            path.display()
        )
    })?;
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST || text.contains('\n') {
        bail!("{} holds no secret of one line", path.display());
    }
    Ok(Private::new(text.to_owned()))
}

fn trust(home: &Home, certificates: Option<&Path>) -> Result<Trust> {
    let Some(given) = certificates else { return Ok(Trust::of_this_machine()) };
    let path = home.path().join(given);
    let pem =
        fs::read(&path).with_context(|| format!("cannot read the certificates in {}", path.display()))?;
    let trust = Trust::of_pem(&pem);
    if trust.is_nobody() {
        bail!("{} holds no certificate, as PEM", path.display());
    }
    Ok(trust)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line_and_its_own_file() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(Some(folder.path().to_owned()));
        home.make_folders().unwrap();
        assert!(secret(&home, "sso.secret").unwrap_err().to_string().contains("write the secret there"));
        for (text, read) in [("", false), ("\n", false), ("two\nlines", false), (" one-line\n", true)] {
            fs::write(home.keys().join("sso.secret"), text).unwrap();
            assert_eq!(secret(&home, "sso.secret").is_ok(), read, "{text:?}");
        }
        assert_eq!(secret(&home, "sso.secret").unwrap().reveal(), "one-line");
        fs::write(folder.path().join("ca.pem"), "no certificate").unwrap();
        assert!(trust(&home, Some(Path::new("ca.pem"))).is_err());
    }
}
