//! `[sign-in.directory]`, as `fivebar.toml` has it. Pure.

use std::path::PathBuf;

use ldap3::parse_filter;
use serde::{Deserialize, Serialize};
use url::Url;

use super::super::link::Means;
use super::super::tls::is_this_machine;

/// The school's directory, and how it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Where it is: `ldaps://dc1.school.example`, or `ldap://…`, which is asked to encrypt first.
    pub url: String,
    /// Certificates to believe it by, as PEM, where the machine does not: those alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<PathBuf>,
    /// Below what it is searched, as in `ou=people,dc=school,dc=example`.
    pub base: String,
    /// The attribute that holds the name that somebody types: `sAMAccountName` in Active Directory, `uid` elsewhere.
    pub name: String,
    /// What else must hold of an entry, as a filter: `(objectClass=person)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Whom the program itself signs in as to search: an account that may read, and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The file in `keys/` that holds that account's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// In place of both, what people sign in to it as, `{}` for the name that they typed: `uid={},ou=people,dc=school,dc=example`, or
    /// `{}@school.example` in Active Directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The attribute that says who it is on the roll; left out, the name that they typed is the one of their account here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// What that attribute means: `roll-id` or `account-name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Means>,
    /// Whether it is asked to encrypt, where its address begins with `ldap://`. Only of a directory on this machine it may be `false`, and
    /// is, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_tls: Option<bool>,
}

impl Settings {
    /// What is wrong with them: the key, and what to do.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        let mut say = |key, what: &str| all.push((key, what.to_owned()));
        match Url::parse(&self.url).ok().filter(|url| matches!(url.scheme(), "ldap" | "ldaps")) {
            None => say("url", "the directory’s address begins with ldaps:// or ldap:// and names a server"),
            Some(url) => {
                if url.host_str().is_none_or(str::is_empty)
                    || !url.username().is_empty()
                    || url.password().is_some()
                {
                    say("url", "the directory’s address names a server, and holds no name and no password");
                } else if !matches!(url.path(), "" | "/") || url.query().is_some() {
                    say(
                        "url",
                        "write the directory’s address without what comes after the server; `base` says where to search",
                    );
                }
                if self.start_tls == Some(false) && !is_this_machine(url.host_str().unwrap_or("")) {
                    say(
                        "start-tls",
                        "passwords are sent to a directory elsewhere encrypted or not at all; take this line out",
                    );
                }
            }
        }
        let attribute = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, b'-' | b'.' | b';'))
        };
        if !attribute(&self.name) {
            say("name", "name the attribute that people sign in by, as in \"sAMAccountName\" or \"uid\"");
        }
        if self.person.as_deref().is_some_and(|person| !attribute(person)) {
            say("person", "name an attribute, as in \"employeeNumber\"");
        }
        if self.base.trim().is_empty() {
            say("base", "say below what to search, as in \"dc=school,dc=example\"");
        }
        if self.filter.as_deref().is_some_and(|filter| parse_filter(filter).is_err()) {
            say("filter", "this is no filter of LDAP; write it like \"(objectClass=person)\"");
        }
        match (&self.service, &self.secret, &self.template) {
            (Some(service), Some(_), None) if !service.trim().is_empty() => {}
            (None, None, Some(template)) if template.matches("{}").count() == 1 => {}
            (None, None, Some(_)) => {
                say("template", "write {} once, where the name stands that somebody typed")
            }
            (None, None, None) => say(
                "service",
                "say whom the program searches as (`service` and `secret`), or give a `template`",
            ),
            (_, _, Some(_)) => say("template", "give a `template`, or `service` and `secret`, and not both"),
            _ => {
                say("service", "give both: `service`, and the file with its password under keys/ as `secret`")
            }
        }
        if self.secret.as_deref().is_some_and(|secret| !is_file_name(secret)) {
            say("secret", "name a file in the folder keys/, as in \"directory.secret\"");
        }
        match (&self.person, self.means) {
            (None, Some(Means::RollId)) => say(
                "means",
                "say which attribute holds the id on the roll, as in person = \"employeeNumber\"",
            ),
            (Some(_), None) => say("means", "say what `person` means: \"roll-id\" or \"account-name\""),
            _ => {}
        }
        all
    }

    /// Whether it is asked to encrypt before anything else is sent.
    pub(super) fn starts_tls(&self) -> bool {
        self.start_tls.unwrap_or_else(|| {
            let url = Url::parse(&self.url).ok();
            !url.is_some_and(|url| is_this_machine(url.host_str().unwrap_or("")))
        })
    }
}

/// Whether a text is the plain name of a file, which leads nowhere else.
pub(in super::super) fn is_file_name(text: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "._-".contains(sign);
    !text.is_empty() && !text.starts_with('.') && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(more: &str) -> Settings {
        let whole = format!("base = \"dc=school,dc=example\"\nname = \"uid\"\n{more}");
        toml::from_str(&whole).unwrap()
    }

    const SERVICE: &str = "service = \"cn=fivebar\"\nsecret = \"directory.secret\"\n";

    #[test]
    fn a_directory_is_asked_over_an_encrypted_connection_or_on_this_machine() {
        for (more, wrong, starts) in [
            ("url = \"ldaps://dc1.school.example\"", None, true),
            ("url = \"ldap://dc1.school.example\"", None, true),
            ("url = \"ldap://dc1.school.example\"\nstart-tls = false", Some("start-tls"), false),
            ("url = \"ldap://127.0.0.1:389\"", None, false),
            ("url = \"ldap://localhost\"\nstart-tls = true", None, true),
            ("url = \"ldap://localhost.school.example\"\nstart-tls = false", Some("start-tls"), false),
            ("url = \"ldapi://%2frun%2fslapd\"", Some("url"), true),
            ("url = \"ldap://\"", Some("url"), true),
            ("url = \"ldap://a:b@dc1.school.example\"", Some("url"), true),
            ("url = \"ldaps://dc1.school.example/dc=school\"", Some("url"), true),
        ] {
            let read = settings(&format!("{more}\n{SERVICE}"));
            assert_eq!(read.problems().first().map(|(key, _)| *key), wrong, "{more}");
            assert_eq!(read.starts_tls(), starts, "{more}");
        }
    }

    #[test]
    fn each_line_that_does_not_fit_is_named() {
        let at = "url = \"ldaps://dc1.school.example\"\n";
        for (more, wrong) in [
            (SERVICE, None),
            ("template = \"uid={},dc=school\"", None),
            ("template = \"{}@school.example\"", None),
            ("template = \"uid=ada\"", Some("template")),
            ("template = \"uid={},cn={}\"", Some("template")),
            ("", Some("service")),
            ("service = \"cn=fivebar\"", Some("service")),
            ("service = \"\"\nsecret = \"directory.secret\"", Some("service")),
            ("service = \"cn=fivebar\"\nsecret = \"../ticket.key\"", Some("secret")),
            ("service = \"cn=fivebar\"\nsecret = \"a\"\ntemplate = \"uid={}\"", Some("template")),
            ("template = \"uid={}\"\nfilter = \"objectClass=\"", None),
            ("template = \"uid={}\"\nfilter = \"(objectClass=person\"", Some("filter")),
            ("template = \"uid={}\"\nperson = \"employeeNumber\"", Some("means")),
            ("template = \"uid={}\"\nmeans = \"roll-id\"", Some("means")),
            ("template = \"uid={}\"\nperson = \"employeeNumber\"\nmeans = \"roll-id\"", None),
            ("template = \"uid={}\"\nperson = \"a)(b\"\nmeans = \"roll-id\"", Some("person")),
        ] {
            let found = settings(&format!("{at}{more}")).problems();
            assert_eq!(found.first().map(|(key, _)| *key), wrong, "{more}");
        }
    }
}
