//! `[[sign-in.provider]]`, as `fivebar.toml` has it. Pure.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use super::super::directory::is_file_name;
use super::super::link::Means;
use super::super::tls::is_this_machine;

/// A provider of single sign-on, and whom it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Its id: in addresses and in the records, so never changed later.
    pub id: String,
    /// What people call it: “Sign in with …”.
    pub name: String,
    /// Its issuer, to the letter: `https://accounts.google.com`.
    pub issuer: String,
    /// Who this portal is to it.
    pub client_id: String,
    /// The file in `keys/` that holds what the portal proves that by.
    pub secret: String,
    /// Certificates to believe it by, as PEM, where the machine does not: those alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<PathBuf>,
    /// What it is asked for besides who somebody is.
    #[serde(default = "usual_scopes")]
    pub scopes: Vec<String>,
    /// What it tells by which somebody is found here the first time: `email`, `preferred_username`, `employee_id`, …
    pub person: String,
    /// What that means: `account-name` or `roll-id`.
    pub means: Means,
    /// What it tells that a new account is called by; left out, only those sign in so who have an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// Google: the school's own domain. Accounts of others are nobody's here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted_domain: Option<String>,
    /// Microsoft: the school's own tenant, by its id. Accounts of others are nobody's here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// What it says of how somebody signed in (`amr`, `acr`) that counts as two proofs here; nothing, if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub two_proofs: Vec<String>,
}

fn usual_scopes() -> Vec<String> {
    ["email", "profile"].map(str::to_owned).to_vec()
}

/// Issuers that speak for anybody in the world: for them the school says which of those are its own.
const GOOGLE: &str = "accounts.google.com";
const MICROSOFT: [&str; 3] = ["login.microsoftonline.com", "login.microsoft.com", "sts.windows.net"];

impl Settings {
    /// What is wrong with them: the key, and what to do.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        let mut say = |key, what: &str| all.push((key, what.to_owned()));
        let plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
        if self.id.is_empty() || self.id.len() > 32 || !self.id.chars().all(plain) {
            say("id", "use small letters, digits and dashes, as in id = \"google\"");
        }
        // What sessions and links are called by in the records.
        if ["password", "directory", "passkey", "invitation"].contains(&self.id.as_str()) {
            say("id", "this word means another way to sign in; choose another");
        }
        if self.name.trim().is_empty() {
            say("name", "say what people call it; it stands on the button");
        }
        match Url::parse(&self.issuer) {
            Ok(issuer) => {
                let host = issuer.host_str().unwrap_or("");
                let safe = issuer.scheme() == "https" || (issuer.scheme() == "http" && is_this_machine(host));
                if !safe || host.is_empty() || issuer.query().is_some() || issuer.fragment().is_some() {
                    say(
                        "issuer",
                        "the issuer is an address that begins with https://, as the provider writes it",
                    );
                }
                if host == GOOGLE && self.hosted_domain.is_none() {
                    say(
                        "hosted-domain",
                        "Google signs in anybody in the world: name the school’s own domain",
                    );
                }
                if MICROSOFT.contains(&host) {
                    let first = issuer.path().split('/').find(|part| !part.is_empty()).unwrap_or("");
                    if ["common", "organizations", "consumers", ""].contains(&first) {
                        say(
                            "issuer",
                            "this one signs in anybody in the world: use that of the school’s own tenant",
                        );
                    }
                    if self.tenant.is_none() {
                        say(
                            "tenant",
                            "name the school’s own tenant by its id: who is of another is nobody here",
                        );
                    }
                    if self.person == "email" {
                        say(
                            "person",
                            "Microsoft does not prove who has an address: use \"preferred_username\", or an attribute that the school sets",
                        );
                    }
                }
            }
            Err(_) => {
                say("issuer", "the issuer is an address that begins with https://, as the provider writes it")
            }
        }
        if self.client_id.trim().is_empty() {
            say("client-id", "write what the provider calls this portal");
        }
        if !is_file_name(&self.secret) {
            say("secret", "name a file in the folder keys/, as in \"google.secret\"");
        }
        if self.person.trim().is_empty() {
            say("person", "say what somebody is found by, as in \"email\"");
        }
        if self.called.is_some() && self.means == Means::AccountName {
            say("called", "whoever is found by the name of their account has one: take this line out");
        }
        if self.two_proofs.iter().any(|one| one.trim().is_empty() || one == "pwd") {
            say("two-proofs", "a password is one proof; name what says that there was more, as in \"mfa\"");
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_that_does_not_fit_is_named() {
        let usual = "id = \"sso\"\nname = \"School\"\nissuer = \"https://sso.school.example\"\nclient-id = \"fivebar\"\n\
                     secret = \"sso.secret\"\nperson = \"email\"\nmeans = \"account-name\"\n";
        let tenant = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0";
        for (from, to, wrong) in [
            ("", "", None),
            ("id = \"sso\"", "id = \"Our SSO\"", Some("id")),
            ("id = \"sso\"", "id = \"password\"", Some("id")),
            ("https://sso", "http://sso", Some("issuer")),
            ("https://sso.school.example", "http://127.0.0.1:4000", None),
            ("https://sso.school.example", "https://accounts.google.com", Some("hosted-domain")),
            ("https://sso.school.example", "https://login.microsoftonline.com/common/v2.0", Some("issuer")),
            ("https://sso.school.example", tenant, Some("tenant")),
            ("sso.secret", "../ticket.key", Some("secret")),
            ("sso.secret", "/etc/passwd", Some("secret")),
            ("person = \"email\"", "person = \"\"", Some("person")),
            ("means = \"account-name\"", "means = \"account-name\"\ncalled = \"email\"", Some("called")),
            ("means = \"account-name\"", "means = \"roll-id\"\ncalled = \"email\"", None),
            (
                "means = \"account-name\"",
                "means = \"account-name\"\ntwo-proofs = [\"pwd\"]",
                Some("two-proofs"),
            ),
            ("means = \"account-name\"", "means = \"account-name\"\ntwo-proofs = [\"mfa\"]", None),
        ] {
            let read: Settings = toml::from_str(&usual.replace(from, to)).unwrap();
            assert_eq!(read.problems().first().map(|(key, _)| *key), wrong, "{to}");
        }
    }
}
