//! Asking the school's directory.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kit::{Private, Timestamp};
use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, SearchOptions, dn_escape,
    ldap_escape,
};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::link::Means;
use super::super::model::Name;
use super::super::queue::{Busy, Queue};
use super::super::tls::Trust;
use super::settings::Settings;

/// How many are asked at once. A directory answers in some hundredths of a second; a hundred who sign in together have waited a second.
const AT_ONCE: usize = 4;
/// How long it may take to be reached.
const CONNECT: Duration = Duration::from_secs(3);
/// How long it may take for everything.
const WHOLE: Duration = Duration::from_secs(6);
/// For how long one that did not answer is left alone, in milliseconds: nobody else waits for it meanwhile.
const LEFT_ALONE_MS: i64 = 15_000;

/// The result codes by which a directory says that it cannot answer now: busy, unavailable, other; anything else is a no.
const CANNOT_NOW: [u32; 3] = [51, 52, 80];

/// The school's directory. Cheap to clone.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    settings: Settings,
    secret: Private<String>,
    trust: Trust,
    queue: Queue,
    silent_until: Mutex<Option<Timestamp>>,
}

/// Why nobody can say.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum AskError {
    /// Too many ask.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// It does not answer, or not as a directory should.
    #[error("the directory does not answer")]
    Silent,
}

/// What is wrong with a directory, for the service log. There is nobody in it.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("no connection ({0})")]
    Ldap(String),
    #[error(
        "it does not let the program itself sign in (result {0}); check `service` and the password in its file"
    )]
    Service(u32),
    #[error("a search failed (result {0}); check `base` and what `service` may read")]
    Search(u32),
    #[error("it said that it cannot answer now (result {0})")]
    Now(u32),
    #[error("it took longer than {} seconds", WHOLE.as_secs())]
    TooSlow,
    #[error("what it answered is no answer of a directory; check that `url` leads to one")]
    Garbled,
    #[error(
        "there is no certificate to believe it by; name a file with `certificates`, or install the package ca-certificates"
    )]
    NobodyBelieved,
}

impl From<LdapError> for Wrong {
    fn from(error: LdapError) -> Self {
        // What a directory answered may name somebody; what became of the connection does not.
        Self::Ldap(match error {
            LdapError::Io { source } => source.to_string(),
            LdapError::Rustls { source } => source.to_string(),
            LdapError::Timeout { .. } => "it took too long".to_owned(),
            LdapError::LdapResult { result } => format!("result {}", result.rc),
            _ => "it did not answer as a directory does".to_owned(),
        })
    }
}

impl Directory {
    /// One that is asked so; `secret` is the password of `service`, where there is one.
    pub fn new(settings: Settings, secret: Private<String>, trust: Trust) -> Self {
        let queue = Queue::of(AT_ONCE);
        Self(Arc::new(Inner { settings, secret, trust, queue, silent_until: Mutex::new(None) }))
    }

    /// What it is called in the records.
    pub(in super::super) const fn id(&self) -> &'static str {
        "directory"
    }

    /// What the value means that it tells.
    pub(in super::super) fn means(&self) -> Means {
        self.0.settings.means.unwrap_or(Means::AccountName)
    }

    /// Whether somebody has that name and that password there: then what they are found by here. `None` where they have not.
    pub(in super::super) async fn knows(
        &self,
        place: &str,
        name: &Name,
        password: &Private<String>,
        at: Timestamp,
    ) -> Result<Option<Private<String>>, AskError> {
        // Without a password a directory lets anybody in, as nobody: RFC 4513, 5.1.2.
        if password.reveal().is_empty() {
            return Ok(None);
        }
        if self.is_left_alone(at) {
            return Err(AskError::Silent);
        }
        let _turn = self.0.queue.turn(place).await?;
        // Whoever waited for one that did not answer does not ask it again.
        if self.is_left_alone(at) {
            return Err(AskError::Silent);
        }
        let (directory, name, password) = (self.clone(), name.clone(), password.clone());
        // By itself: the library gives up with a panic over an answer that is no answer of a directory. Where a panic ends its task alone,
        // whoever signs in is told that it does not answer; the released program, which ends over a panic, starts its hub again. It ends by
        // itself, should nobody wait for it any more.
        let asked = tokio::spawn(async move {
            timeout(WHOLE, directory.ask(&name, &password)).await.unwrap_or(Err(Wrong::TooSlow))
        });
        let asked = asked.await.unwrap_or(Err(Wrong::Garbled));
        asked.map_err(|wrong| {
            tracing::warn!(%wrong, "The school's directory could not be asked");
            let mut silent = self.0.silent_until.lock().unwrap_or_else(PoisonError::into_inner);
            *silent = Some(at.plus_millis(LEFT_ALONE_MS));
            AskError::Silent
        })
    }

    fn is_left_alone(&self, at: Timestamp) -> bool {
        let silent = self.0.silent_until.lock().unwrap_or_else(PoisonError::into_inner);
        silent.is_some_and(|until| at < until)
    }

    async fn ask(&self, name: &Name, password: &Private<String>) -> Result<Option<Private<String>>, Wrong> {
        let settings = &self.0.settings;
        let mut talk = self.connect().await?;
        if let Some(template) = &settings.template {
            let whom = template.replace("{}", &dn_escape(name.reveal()));
            if !talk.lets_in(&whom, password).await? {
                return Ok(None);
            }
            let Some((dn, value)) = self.find(&mut talk, name).await? else { return Ok(None) };
            // Whoever signed in there by that name need not be whom the search finds by it, as where one attribute is one person's and another
            // somebody else's: then the password is not that of whom it found.
            let is_whom_it_found = dn.eq_ignore_ascii_case(&whom) || talk.lets_in(&dn, password).await?;
            return Ok(Some(value).filter(|_| is_whom_it_found));
        }
        let service = settings.service.as_deref().unwrap_or_default();
        let said = talk.ldap.simple_bind(service, self.0.secret.reveal()).await?.rc;
        if said != 0 {
            return Err(Wrong::Service(said));
        }
        let found = self.find(&mut talk, name).await?;
        // For a name that nobody has it is asked all the same, so that nobody can tell by the time it takes.
        let nobody = || format!("{}={},{}", settings.name, dn_escape(name.reveal()), settings.base);
        let whom = found.as_ref().map_or_else(nobody, |(dn, _)| dn.clone());
        let right = talk.lets_in(&whom, password).await?;
        Ok(found.filter(|_| right).map(|(_, value)| value))
    }

    async fn connect(&self) -> Result<Talk, Wrong> {
        let settings = &self.0.settings;
        let mut how = LdapConnSettings::new().set_conn_timeout(CONNECT).set_starttls(settings.starts_tls());
        if settings.starts_tls() || settings.url.starts_with("ldaps") {
            how = how.set_config(self.0.trust.config().ok_or(Wrong::NobodyBelieved)?);
        }
        let (connection, ldap) = LdapConnAsync::with_settings(how, &settings.url).await?;
        let held = tokio::spawn(async move {
            // What is wrong with it is said where an answer is waited for.
            let _ = connection.drive().await;
        });
        Ok(Talk { ldap, held })
    }

    /// The one entry of that name: where it is, and what they are found by here.
    async fn find(&self, talk: &mut Talk, name: &Name) -> Result<Option<(String, Private<String>)>, Wrong> {
        let settings = &self.0.settings;
        let named = format!("({}={})", settings.name, ldap_escape(name.reveal()));
        let filter = match &settings.filter {
            Some(more) if more.starts_with('(') => format!("(&{more}{named})"),
            Some(more) => format!("(&({more}){named})"),
            None => named,
        };
        let wanted: Vec<&str> =
            std::iter::once(settings.name.as_str()).chain(settings.person.as_deref()).collect();
        talk.ldap.with_search_options(SearchOptions::new().sizelimit(2).timelimit(5));
        let found = talk.ldap.search(&settings.base, Scope::Subtree, &filter, wanted).await?;
        match found.1.rc {
            // 4: there are more than two. 32: what is searched is not there, or may not be seen.
            0 | 4 => {}
            said => return Err(Wrong::Search(said)),
        }
        let entries = found.0.into_iter().filter(|entry| !entry.is_ref() && !entry.is_intermediate());
        let entries: Vec<SearchEntry> = entries.map(SearchEntry::construct).collect();
        let [entry] = entries.as_slice() else { return Ok(None) };
        // A directory may take one letter for another, as é for e. Who it found is only who was meant where it writes them so too.
        let is_meant =
            one_value(entry, &settings.name).and_then(|there| Name::typed(&there)).as_ref() == Some(name);
        if entry.dn.is_empty() || !is_meant {
            return Ok(None);
        }
        let value = match &settings.person {
            None => Some(name.reveal().to_owned()),
            Some(person) => one_value(entry, person),
        };
        Ok(value.map(|value| (entry.dn.clone(), Private::new(value))))
    }
}

/// The value of an attribute that has one.
fn one_value(entry: &SearchEntry, attribute: &str) -> Option<String> {
    let (_, values) = entry.attrs.iter().find(|(known, _)| known.eq_ignore_ascii_case(attribute))?;
    match values.as_slice() {
        [value] if !value.trim().is_empty() => Some(value.trim().to_owned()),
        _ => None,
    }
}

/// A connection, which ends when nobody wants it any more.
struct Talk {
    ldap: Ldap,
    held: JoinHandle<()>,
}

impl Talk {
    /// Whether somebody may sign in with that password.
    async fn lets_in(&mut self, whom: &str, password: &Private<String>) -> Result<bool, Wrong> {
        match self.ldap.simple_bind(whom, password.reveal()).await?.rc {
            0 => Ok(true),
            said if CANNOT_NOW.contains(&said) => Err(Wrong::Now(said)),
            _ => Ok(false),
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.held.abort();
    }
}
