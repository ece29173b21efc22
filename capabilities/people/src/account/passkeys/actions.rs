//! Making passkeys, and signing in by them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::{Private, Timestamp};
use notices::Where;
use serde::Serialize;
use serde_json::json;
use store::{Actor, StoreError, Subject, Tx, trail};
use url::Url;
use web::speech::say;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey as Credential, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder, WebauthnError,
};
use webauthn_rs_proto::{ResidentKeyRequirement, UserVerificationPolicy};

use super::super::house::House;
use super::super::model::{Account, AccountId, Session};
use super::super::notices::{kinds, tell_owner};
use super::super::{codes, link, store as accounts};
use super::model::{MOST, Passkey, PasskeyId, WAIT_MS};
use super::store as table;

const SIGNING_IN: &str = "signing in by a passkey";

/// Why a passkey was not taken.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum PasskeyError {
    /// The browser, or what holds the passkey, did not prove it; or nobody has it here.
    #[error("{}", say("refused.that-passkey-was-not"))]
    NotRight,
    /// It counts backwards: somebody may have copied it. It has been stopped.
    #[error(
        "That passkey counts backwards, as it does where somebody has a copy of it. It signs in nobody any more: sign in another way, and \
         tell the network manager"
    )]
    Copied,
    /// It is there already, perhaps somebody else's.
    #[error("{}", say("refused.that-passkey-is-kept"))]
    Taken,
    /// They have as many as anybody may.
    #[error("You have {MOST} passkeys, and nobody has more. Take one away first")]
    TooMany,
    /// The page was open for too long, or was sent before.
    #[error("{}", say("refused.this-page-was-open"))]
    TooOld,
    /// It is the only way in that its owner has.
    #[error(
        "This passkey is the only way in that you have. Make another first, or ask for an invitation and choose a password"
    )]
    OnlyWay,
    /// There are none where the portal is called by an address, or without HTTPS.
    #[error("this portal has no passkeys")]
    NoneHere,
    /// The machine gives no randomness.
    #[error("the machine gives no randomness")]
    NoRandomness,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Somebody who proved that they hold a passkey, as it was read, with what its counter says now.
pub(in super::super) struct Held {
    pub account: Account,
    was: Passkey,
    now: String,
}

impl House {
    /// What passkeys are made for: the host by which browsers reach the portal. `None` where browsers would make none: at an address
    /// instead of a name, or without HTTPS elsewhere than on this machine.
    fn relying_party(&self) -> Option<Webauthn> {
        let origin = Url::parse(&self.url).ok()?;
        let host = origin.domain()?.to_owned();
        if origin.scheme() != "https" && host != "localhost" {
            return None;
        }
        let school = self.school();
        WebauthnBuilder::new(&host, &origin).ok()?.rp_name(&school).build().ok()
    }

    /// What a browser is asked to make a passkey by, as JSON, and the state of that, sealed.
    pub(in super::super) fn begin_making(
        &self,
        account: &Account,
        person: &Private<String>,
        kept: &[Passkey],
        at: Timestamp,
    ) -> Result<(String, String), PasskeyError> {
        let party = self.relying_party().ok_or(PasskeyError::NoneHere)?;
        let others = kept.iter().filter_map(|one| URL_SAFE_NO_PAD.decode(&one.credential).ok());
        let (mut asked, state) = party
            .start_passkey_registration(
                account.id.uuid(),
                account.name.reveal(),
                person.reveal(),
                Some(others.collect()),
            )
            .map_err(|_| PasskeyError::NotRight)?;
        // One by which somebody signs in without giving a name.
        if let Some(selection) = &mut asked.public_key.authenticator_selection {
            selection.resident_key = Some(ResidentKeyRequirement::Required);
            selection.require_resident_key = true;
            selection.user_verification = UserVerificationPolicy::Required;
        }
        let state = self.send_along(&making(account.id), &state, WAIT_MS, at);
        Ok((text(&asked.public_key)?, state.ok_or(PasskeyError::NoRandomness)?))
    }

    /// Keeps the passkey that a browser made for whoever has the session. Their session has two proofs from now on: what holds it asked
    /// for a finger, a face or a PIN.
    pub(in super::super) async fn finish_making(
        &self,
        tx: &mut Tx,
        (account, session): (&Account, &Session),
        (state, answer, called): (&str, &str, &str),
        at: Timestamp,
    ) -> Result<(), PasskeyError> {
        let party = self.relying_party().ok_or(PasskeyError::NoneHere)?;
        let begun: PasskeyRegistration =
            self.comes_back(&making(account.id), state, at).ok_or(PasskeyError::TooOld)?;
        let answer: RegisterPublicKeyCredential =
            serde_json::from_str(answer).map_err(|_| PasskeyError::NotRight)?;
        let made = party.finish_passkey_registration(&answer, &begun).map_err(|_| PasskeyError::NotRight)?;
        if !self.takes(state, at) {
            return Err(PasskeyError::TooOld);
        }
        if table::of(tx, account.id).await?.len() >= MOST {
            return Err(PasskeyError::TooMany);
        }
        let new = Passkey {
            id: tx.ids().make(at),
            account: account.id,
            credential: URL_SAFE_NO_PAD.encode(made.cred_id()),
            called: Private::new(called.to_owned()),
            key: text(&made)?,
            made_at: at,
            used_at: None,
            stopped_at: None,
        };
        match table::insert(tx, &new).await {
            Ok(()) => {}
            Err(StoreError::Taken) => return Err(PasskeyError::Taken),
            Err(error) => return Err(error.into()),
        }
        accounts::set_proofs(tx, account.id, Some(&session.hash), 2).await?;
        said(tx, &own(account), account, "passkey.make", new.id, at).await?;
        tell_owner(tx, account.person, kinds::PASSKEY_ADDED, Where::Passkeys, at).await?;
        Ok(())
    }

    /// What a browser is asked to sign in by, as JSON, and the state of that, sealed. The same for everybody.
    pub(in super::super) fn begin_signing_in(&self, at: Timestamp) -> Result<(String, String), PasskeyError> {
        let party = self.relying_party().ok_or(PasskeyError::NoneHere)?;
        let (asked, state) = party.start_discoverable_authentication().map_err(|_| PasskeyError::NotRight)?;
        let state = self.send_along(SIGNING_IN, &state, WAIT_MS, at);
        Ok((text(&asked.public_key)?, state.ok_or(PasskeyError::NoRandomness)?))
    }

    /// Whose passkey a browser proved. Reads alone: so whoever sends many keeps nobody waiting who has something to write.
    pub(in super::super) async fn held(
        &self,
        (state, answer): (&str, &str),
        at: Timestamp,
    ) -> Result<Held, PasskeyError> {
        let party = self.relying_party().ok_or(PasskeyError::NoneHere)?;
        let begun: DiscoverableAuthentication =
            self.comes_back(SIGNING_IN, state, at).ok_or(PasskeyError::TooOld)?;
        let answer: PublicKeyCredential = serde_json::from_str(answer).map_err(|_| PasskeyError::NotRight)?;
        let (whose, id) =
            party.identify_discoverable_authentication(&answer).map_err(|_| PasskeyError::NotRight)?;
        let mut tx = self.db.read().await?;
        let was = table::by_credential(&mut tx, &URL_SAFE_NO_PAD.encode(id)).await?;
        let was = was.filter(|was| was.account.uuid() == whose && was.holds());
        let was = was.ok_or(PasskeyError::NotRight)?;
        let account = accounts::by_id(&mut tx, was.account).await?.ok_or(PasskeyError::NotRight)?;
        if !crate::store::on_the_roll(&mut tx, account.person).await? {
            return Err(PasskeyError::NotRight);
        }
        tx.roll_back().await?;
        let mut key: Credential = serde_json::from_str(&was.key).map_err(|_| StoreError::Unreadable {
            table: "passkey",
            column: "key",
            why: "not a passkey",
        })?;
        let proved = match party.finish_discoverable_authentication_v2(&answer, begun, &key) {
            Ok(proved) if proved.user_verified() => Some(proved),
            // The signature was right, and the counter was not.
            Err(WebauthnError::CredentialPossibleCompromise) => None,
            _ => return Err(PasskeyError::NotRight),
        };
        // What is sent a second time says nothing of the counter.
        if !self.takes(state, at) {
            return Err(PasskeyError::TooOld);
        }
        let Some(proved) = proved else {
            self.stop(&account, was.id, at).await?;
            return Err(PasskeyError::Copied);
        };
        key.update_credential(&proved);
        Ok(Held { account, was, now: text(&key)? })
    }

    /// Lets a passkey sign in nobody any more, of which there may be a copy.
    async fn stop(&self, account: &Account, id: PasskeyId, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        if table::stop(&mut tx, id, at).await? {
            said(&mut tx, &Actor::Job("sign-in"), account, "passkey.stop", id, at).await?;
            tell_owner(&mut tx, account.person, kinds::PASSKEY_STOPPED, Where::Passkeys, at).await?;
        }
        tx.commit().await
    }

    /// Takes one of their passkeys away from whoever has the session. Sessions elsewhere count as proved by one thing from now on; this one
    /// too, where nothing else is left that would prove two.
    pub(in super::super) async fn take_passkey_away(
        &self,
        tx: &mut Tx,
        (account, session): (&Account, &Session),
        id: PasskeyId,
        at: Timestamp,
    ) -> Result<(), PasskeyError> {
        let all = table::of(tx, account.id).await?;
        let Some(gone) = all.iter().find(|one| one.id == id) else { return Ok(()) };
        let left = all.iter().any(|one| one.id != id && one.holds());
        if gone.holds() && !left && !self.has_another_way(tx, account).await? {
            return Err(PasskeyError::OnlyWay);
        }
        table::remove(tx, account.id, Some(id)).await?;
        let several = left || codes::store::app(tx, account.id).await?.is_some();
        accounts::set_proofs(tx, account.id, None, 1).await?;
        if several {
            accounts::set_proofs(tx, account.id, Some(&session.hash), session.proofs).await?;
        }
        said(tx, &own(account), account, "passkey.remove", id, at).await?;
        tell_owner(tx, account.person, kinds::PASSKEY_REMOVED, Where::Passkeys, at).await?;
        Ok(())
    }

    /// Whether somebody could come in without any passkey.
    async fn has_another_way(&self, tx: &mut Tx, account: &Account) -> Result<bool, StoreError> {
        let password = account.password.is_some() || self.ways.directory.is_some();
        Ok(password || !link::store::of(tx, account.id).await?.is_empty())
    }
}

impl Held {
    /// Uses it up, in the transaction of what is done by it. `false` where it is not any more as it was.
    pub async fn use_up(&self, tx: &mut Tx, at: Timestamp) -> Result<bool, StoreError> {
        table::used(tx, &self.was, &self.now, at).await
    }
}

/// Calls one of somebody's passkeys something else. Nothing is in the trail: the words are theirs, and open nothing.
pub(super) async fn rename(
    tx: &mut Tx,
    account: &Account,
    id: PasskeyId,
    called: &str,
) -> Result<bool, StoreError> {
    table::rename(tx, account.id, id, &Private::new(called.to_owned())).await
}

/// Takes all of somebody's away, who has lost what holds them; how many.
pub(in super::super) async fn remove_lost(
    tx: &mut Tx,
    actor: &Actor,
    account: &Account,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let gone = table::remove(tx, account.id, None).await?;
    if gone > 0 {
        accounts::set_proofs(tx, account.id, None, 1).await?;
        let subject = Subject::new("person", account.person.0);
        trail::changed(tx, actor, "passkey.remove", &subject, &json!({ "passkeys": gone }), at).await?;
        tell_owner(tx, account.person, kinds::PASSKEY_REMOVED, Where::Passkeys, at).await?;
    }
    Ok(gone)
}

const fn own(account: &Account) -> Actor {
    Actor::Person(account.person.0)
}

async fn said(
    tx: &mut Tx,
    actor: &Actor,
    account: &Account,
    verb: &str,
    id: PasskeyId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let detail = json!({ "passkey": id.to_string() });
    trail::changed(tx, actor, verb, &Subject::new("person", account.person.0), &detail, at).await?;
    Ok(())
}

fn making(account: AccountId) -> String {
    format!("making a passkey for {account}")
}

fn text(value: &impl Serialize) -> Result<String, PasskeyError> {
    serde_json::to_string(value).map_err(|_| PasskeyError::NotRight)
}
