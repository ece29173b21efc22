//! Asking a provider who somebody is.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::{Private, Timestamp};
use openidconnect::core::{
    CoreAuthPrompt, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenVerifier, CoreProviderMetadata,
    CoreResponseType,
};
use openidconnect::http::header::{ACCEPT, AUTHORIZATION};
use openidconnect::{
    AsyncHttpClient as _, AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;

use super::super::queue::{Busy, Queue};
use super::super::tls::Trust;
use super::http::{Http, HttpError};
use super::settings::Settings;

/// How many are asked about at once.
const AT_ONCE: usize = 4;
/// For how long what a provider says of itself, its keys among it, is believed, in milliseconds.
const KNOWN_MS: i64 = 3_600_000;
/// For how long one that did not answer is left alone, in milliseconds: nobody else waits for it meanwhile.
const LEFT_ALONE_MS: i64 = 15_000;
/// Keys may be asked for anew that are so old, where one is missing that somebody's answer is signed with.
const KEYS_AT_LEAST_MS: i64 = 60_000;
/// How far a provider's clock may be ahead, in seconds.
const AHEAD_S: i64 = 300;

/// A provider of single sign-on. Cheap to clone.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    settings: Settings,
    secret: Private<String>,
    http: Http,
    queue: Queue,
    known: Mutex<Option<Known>>,
}

/// What a provider said of itself, or that it did not answer.
struct Known {
    at: Timestamp,
    said: Option<Arc<CoreProviderMetadata>>,
}

/// Why a provider's word is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderError {
    /// Too many ask.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// It does not answer, or not as a provider should.
    #[error("the provider does not answer")]
    Silent,
    /// What it said cannot be believed; why, in words of ours.
    #[error("{0}")]
    NotTaken(&'static str),
}

/// Somebody who is away at a provider, as the browser keeps it, sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Away {
    /// The provider.
    pub provider: String,
    /// What comes back with the answer.
    pub state: String,
    nonce: String,
    verifier: String,
    /// Where they go on afterwards.
    pub back: String,
    /// The hash of the session in which they prove again who they are, where they do.
    pub again: Option<String>,
    /// When they went, in milliseconds.
    pub left_at: i64,
}

/// Whom a provider says that somebody is.
pub(super) struct Said {
    /// What it calls them for ever, with its own name: another provider under the same id says something else.
    pub subject: Private<String>,
    /// What they are found by the first time.
    pub value: Option<Private<String>>,
    /// What a new account would be called.
    pub called: Option<Private<String>>,
    /// Whether it counts as two proofs.
    pub several: bool,
    /// When they proved it there, in seconds, where that was said.
    pub proved_at: Option<i64>,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Provider {
    /// One that is asked so; `secret` is what the portal proves to it who it is.
    pub fn new(settings: Settings, secret: Private<String>, trust: Trust) -> Self {
        let (http, queue) = (Http { trust }, Queue::of(AT_ONCE));
        Self(Arc::new(Inner { settings, secret, http, queue, known: Mutex::new(None) }))
    }

    pub(in super::super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Where a browser is sent, and what it keeps meanwhile. `ours` is where it comes back to.
    pub(super) async fn send_away(
        &self,
        ours: &str,
        (back, again): (String, Option<String>),
        place: &str,
        at: Timestamp,
    ) -> Result<(String, Away), ProviderError> {
        let _turn = self.0.queue.turn(place).await?;
        let known = self.known(at).await?;
        let client = self.client(&known, ours)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut asked = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(self.0.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        if let Some(domain) = &self.0.settings.hosted_domain {
            asked = asked.add_extra_param("hd", domain.clone());
        }
        if again.is_some() {
            asked = asked.set_max_age(Duration::ZERO).add_prompt(CoreAuthPrompt::Login);
        }
        let (address, state, nonce) = asked.url();
        let safe = address.scheme() == "https"
            || super::super::tls::is_this_machine(address.host_str().unwrap_or(""));
        if !safe {
            return Err(ProviderError::NotTaken("it sends people to an address that is not safe"));
        }
        let away = Away {
            provider: self.0.settings.id.clone(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            back,
            again,
            left_at: at.as_millis(),
        };
        Ok((address.into(), away))
    }

    /// Whom the provider says that whoever comes back with that code is.
    pub(super) async fn who(
        &self,
        ours: &str,
        (away, code): (Away, String),
        place: &str,
        at: Timestamp,
    ) -> Result<Said, ProviderError> {
        let _turn = self.0.queue.turn(place).await?;
        let known = self.known(at).await?;
        let client = self.client(&known, ours)?;
        let asked = client.exchange_code(AuthorizationCode::new(code));
        let asked =
            asked.map_err(|_| ProviderError::NotTaken("it has no place where codes are exchanged"))?;
        let asked = asked.set_pkce_verifier(PkceCodeVerifier::new(away.verifier));
        let tokens = asked.request_async(&self.0.http).await.map_err(|error| match error {
            RequestTokenError::Request(error) => self.silent(&error),
            RequestTokenError::ServerResponse(_) => ProviderError::NotTaken("it did not take the code"),
            _ => ProviderError::NotTaken("what it sent for the code is nothing that it should send"),
        })?;
        let token = tokens.id_token().ok_or(ProviderError::NotTaken("it did not say who they are"))?;
        let nonce = Nonce::new(away.nonce);
        let mut claims = match self.read(&client.id_token_verifier(), token, &nonce, at) {
            // It may have new keys since.
            Err(Unread::Key) if self.forget_old_keys(at).await => {
                let known = self.known(at).await?;
                let client = self.client(&known, ours)?;
                self.read(&client.id_token_verifier(), token, &nonce, at).map_err(Unread::into_error)?
            }
            read => read.map_err(Unread::into_error)?,
        };
        let Settings { person, called, hosted_domain, tenant, .. } = &self.0.settings;
        let mut wanted = std::iter::once(person.as_str())
            .chain(called.as_deref())
            .chain(hosted_domain.is_some().then_some("hd"))
            .chain(tenant.is_some().then_some("tid"));
        if wanted.any(|name| claims.get(name).is_none())
            && let Some(place) = known.userinfo_endpoint()
        {
            let more = self.more(place.url().as_str(), tokens.access_token().secret()).await?;
            add(&mut claims, more)?;
        }
        self.is_ours(&claims)?;
        self.said(&claims)
    }

    /// What the provider says of itself, as it was asked for lately.
    async fn known(&self, at: Timestamp) -> Result<Arc<CoreProviderMetadata>, ProviderError> {
        // Whoever comes meanwhile waits for the same answer.
        let mut known = self.0.known.lock().await;
        let since = |known: &Known| at.as_millis() - known.at.as_millis();
        match &*known {
            Some(one @ Known { said: Some(said), .. }) if since(one) < KNOWN_MS => {
                return Ok(Arc::clone(said));
            }
            Some(one @ Known { said: None, .. }) if since(one) < LEFT_ALONE_MS => {
                return Err(ProviderError::Silent);
            }
            _ => {}
        }
        let issuer = IssuerUrl::new(self.0.settings.issuer.clone())
            .map_err(|_| ProviderError::NotTaken("its issuer is no address"))?;
        match CoreProviderMetadata::discover_async(issuer, &self.0.http).await {
            Ok(said) => {
                let said = Arc::new(said);
                *known = Some(Known { at, said: Some(Arc::clone(&said)) });
                Ok(said)
            }
            Err(error) => {
                *known = Some(Known { at, said: None });
                Err(match error {
                    DiscoveryError::Request(error) => self.silent(&error),
                    DiscoveryError::Response(..) => ProviderError::Silent,
                    DiscoveryError::Validation(_) => {
                        ProviderError::NotTaken("it says that it is another issuer")
                    }
                    _ => ProviderError::NotTaken("what it says of itself cannot be read"),
                })
            }
        }
    }

    /// Whether what is known of its keys is old enough to be asked for anew; then it is forgotten.
    async fn forget_old_keys(&self, at: Timestamp) -> bool {
        let mut known = self.0.known.lock().await;
        let old =
            known.as_ref().is_none_or(|known| at.as_millis() - known.at.as_millis() >= KEYS_AT_LEAST_MS);
        if old {
            *known = None;
        }
        old
    }

    fn client(&self, known: &CoreProviderMetadata, ours: &str) -> Result<Client, ProviderError> {
        let Settings { client_id, .. } = &self.0.settings;
        let secret = ClientSecret::new(self.0.secret.reveal().clone());
        let takes_basic = known
            .token_endpoint_auth_methods_supported()
            .is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let ours = RedirectUrl::new(ours.to_owned())
            .map_err(|_| ProviderError::NotTaken("the portal’s own address is none to come back to"))?;
        Ok(CoreClient::from_provider_metadata(known.clone(), ClientId::new(client_id.clone()), Some(secret))
            .set_auth_type(if takes_basic { AuthType::BasicAuth } else { AuthType::RequestBody })
            .set_redirect_uri(ours))
    }

    /// What a token says, once it is certain who says it, to whom, about which asking, and when.
    fn read(
        &self,
        verifier: &CoreIdTokenVerifier<'_>,
        token: &CoreIdToken,
        nonce: &Nonce,
        at: Timestamp,
    ) -> Result<Value, Unread> {
        let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(at.as_millis()).unwrap_or(0));
        let verifier = verifier.clone().set_time_fn(move || now.into());
        let claims = token.claims(&verifier, nonce)?;
        if claims.issue_time().timestamp() > at.as_millis() / 1_000 + AHEAD_S {
            return Err(Unread::Why("what it says was said in the future: look at this machine’s clock"));
        }
        // What it says beyond what the library knows. The signature is over all of it.
        let text = token.to_string();
        let payload = text.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let payload: Option<Value> = payload.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let payload = payload.ok_or(Unread::Why("what it says cannot be read"))?;
        // The library knows of its end alone.
        let latest = at.as_millis() / 1_000 + AHEAD_S;
        if payload.get("nbf").is_some_and(|from| from.as_i64().is_none_or(|from| from > latest)) {
            return Err(Unread::Why("what it says does not hold yet: look at this machine’s clock"));
        }
        Ok(payload)
    }

    /// Whether it speaks of an account of the school's own, where the school says which those are.
    fn is_ours(&self, claims: &Value) -> Result<(), ProviderError> {
        let says = |name: &str| claims.get(name).and_then(Value::as_str);
        let Settings { hosted_domain, tenant, .. } = &self.0.settings;
        let other = |named: &Option<String>, said: Option<&str>| {
            named.as_ref().is_some_and(|named| !said.is_some_and(|said| said.eq_ignore_ascii_case(named)))
        };
        if other(hosted_domain, says("hd")) || other(tenant, says("tid")) {
            return Err(ProviderError::NotTaken("it is an account of another school, or of nobody’s"));
        }
        Ok(())
    }

    /// What the provider says of them where it is asked for more.
    async fn more(&self, place: &str, access: &str) -> Result<Value, ProviderError> {
        let request = openidconnect::http::Request::get(place)
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, format!("Bearer {access}"))
            .body(Vec::new())
            .map_err(|_| ProviderError::NotTaken("it has no place where more is said"))?;
        let answer = self.0.http.call(request).await.map_err(|error| self.silent(&error))?;
        let read = answer.status().is_success().then(|| serde_json::from_slice(answer.body()).ok()).flatten();
        read.ok_or(ProviderError::NotTaken("what it says where it is asked for more cannot be read"))
    }

    fn said(&self, claims: &Value) -> Result<Said, ProviderError> {
        let Settings { issuer, person, called, two_proofs, .. } = &self.0.settings;
        let text = |name: &str| match claims.get(name)? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            // An id of the school's own system may be a number there.
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        // An address counts as somebody's where the provider has seen that they read what is sent there, and not before.
        let proved = |name: &str| {
            name != "email"
                || matches!(claims.get("email_verified"), Some(Value::Bool(true)))
                || claims.get("email_verified").and_then(Value::as_str) == Some("true")
        };
        let told = |name: &str| text(name).filter(|_| proved(name)).map(Private::new);
        let subject = text("sub").ok_or(ProviderError::NotTaken("it did not say who they are"))?;
        let counts =
            |said: &Value| said.as_str().is_some_and(|said| two_proofs.iter().any(|one| one == said));
        let methods = claims.get("amr").and_then(Value::as_array);
        Ok(Said {
            subject: Private::new(format!("{issuer}\n{subject}")),
            value: told(person),
            called: called.as_deref().and_then(told),
            several: methods.is_some_and(|methods| methods.iter().any(counts))
                || claims.get("acr").is_some_and(counts),
            proved_at: claims.get("auth_time").and_then(Value::as_i64),
        })
    }

    fn silent(&self, error: &HttpError) -> ProviderError {
        tracing::warn!(provider = self.0.settings.id, %error, "A provider of single sign-on could not be asked");
        ProviderError::Silent
    }
}

/// Adds what was said where more was asked for. What the token says stands, and both are about the same person.
fn add(claims: &mut Value, more: Value) -> Result<(), ProviderError> {
    let (Value::Object(claims), Value::Object(more)) = (claims, more) else {
        return Err(ProviderError::NotTaken("what it says where it is asked for more cannot be read"));
    };
    if claims.get("sub") != more.get("sub") {
        return Err(ProviderError::NotTaken(
            "what it says where it is asked for more is about somebody else",
        ));
    }
    for (name, value) in more {
        claims.entry(name).or_insert(value);
    }
    Ok(())
}

/// Why a token was not read.
enum Unread {
    /// There is no key that it is signed with.
    Key,
    Why(&'static str),
}

impl Unread {
    const fn into_error(self) -> ProviderError {
        match self {
            Self::Key => ProviderError::NotTaken("what it says is not signed with a key of its own"),
            Self::Why(why) => ProviderError::NotTaken(why),
        }
    }
}

impl From<ClaimsVerificationError> for Unread {
    fn from(error: ClaimsVerificationError) -> Self {
        Self::Why(match error {
            ClaimsVerificationError::SignatureVerification(_) => return Self::Key,
            ClaimsVerificationError::Expired(_) => "what it says holds no more: look at this machine’s clock",
            ClaimsVerificationError::InvalidAudience(_) => "what it says is meant for somebody else",
            ClaimsVerificationError::InvalidIssuer(_) => "what it says is said by another",
            ClaimsVerificationError::InvalidNonce(_) => "what it says is an answer to another asking",
            _ => "what it says cannot be believed",
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn provider(more: &str) -> Provider {
        let text = "id = \"sso\"\nname = \"School\"\nissuer = \"https://sso.school.example\"\nclient-id = \"fivebar\"\n\
                    secret = \"sso.secret\"\nperson = \"email\"\nmeans = \"account-name\"\n";
        let settings = toml::from_str(&format!("{text}{more}")).unwrap();
        Provider::new(settings, Private::default(), Trust::of_pem(b""))
    }

    #[test]
    fn an_address_is_somebody_s_where_the_provider_has_proved_it_and_not_before() {
        for (claims, value) in [
            (
                json!({ "sub": "1", "email": "a@school.example", "email_verified": true }),
                Some("a@school.example"),
            ),
            (
                json!({ "sub": "1", "email": "a@school.example", "email_verified": "true" }),
                Some("a@school.example"),
            ),
            (json!({ "sub": "1", "email": "a@school.example", "email_verified": false }), None),
            (json!({ "sub": "1", "email": "a@school.example" }), None),
            (json!({ "sub": "1", "email": ["a@school.example"], "email_verified": true }), None),
            (json!({ "sub": "1", "email": " ", "email_verified": true }), None),
            (json!({ "sub": "1" }), None),
        ] {
            let said = provider("").said(&claims).unwrap();
            assert_eq!(said.value.as_ref().map(|value| value.reveal().as_str()), value, "{claims}");
        }
        assert!(
            provider("").said(&json!({ "email": "a@school.example" })).is_err(),
            "who they are for ever is told"
        );
    }

    #[test]
    fn what_counts_as_two_proofs_is_what_the_school_says_and_nothing_by_itself() {
        let two = "two-proofs = [\"mfa\", \"gold\"]";
        for (claims, settings, several) in [
            (json!({ "sub": "1", "amr": ["pwd", "mfa"] }), "", false),
            (json!({ "sub": "1", "amr": ["pwd", "mfa"] }), two, true),
            (json!({ "sub": "1", "amr": ["pwd"] }), two, false),
            (json!({ "sub": "1", "amr": "mfa" }), two, false),
            (json!({ "sub": "1", "acr": "gold" }), two, true),
            (json!({ "sub": "1", "acr": "goldfish" }), two, false),
        ] {
            assert_eq!(provider(settings).said(&claims).unwrap().several, several, "{claims} {settings}");
        }
    }

    #[test]
    fn an_account_of_another_school_is_nobody_s() {
        let (domain, tenant) = ("hosted-domain = \"school.example\"", "tenant = \"aaaa-bbbb\"");
        for (claims, settings, ours) in [
            (json!({}), "", true),
            (json!({ "hd": "School.example" }), domain, true),
            (json!({ "hd": "other.example" }), domain, false),
            (json!({}), domain, false),
            (json!({ "tid": "aaaa-bbbb" }), tenant, true),
            (json!({ "tid": "cccc" }), tenant, false),
            (json!({ "hd": "school.example" }), tenant, false),
        ] {
            assert_eq!(provider(settings).is_ours(&claims).is_ok(), ours, "{claims} {settings}");
        }
    }

    #[test]
    fn what_is_said_where_more_is_asked_for_is_about_the_same_person_and_changes_nothing() {
        let mut claims = json!({ "sub": "1", "email": "a@school.example" });
        add(&mut claims, json!({ "sub": "1", "email": "b@school.example", "hd": "school.example" })).unwrap();
        assert_eq!(claims, json!({ "sub": "1", "email": "a@school.example", "hd": "school.example" }));
        for other in [json!({ "sub": "2" }), json!({}), json!([])] {
            assert!(add(&mut claims, other).is_err());
        }
    }
}
