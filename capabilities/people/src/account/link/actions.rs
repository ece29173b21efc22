//! Finding whose an account of another system is.

use engine::PersonNo;
use kit::Timestamp;
use serde_json::json;
use store::{Actor, StoreError, Subject, Tx, trail};

use super::super::actions::free;
use super::super::house::House;
use super::super::model::{Account, Name};
use super::super::{actions, store as accounts};
use super::model::{Means, Told};
use super::store as table;

impl House {
    /// Whose account that is: of somebody on the roll, found by one match and no other, or linked before. `None` for anybody else; why not
    /// stands in the service log, without whom.
    ///
    /// Whoever is on the roll and has no account gets one, where the system says what it is called and the school wants that.
    pub(in super::super) async fn whose(
        &self,
        tx: &mut Tx,
        told: &Told<'_>,
        at: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let none = |why: &'static str| {
            tracing::info!(system = told.system, why, "Nobody here signs in by an account of another system");
            Ok(None)
        };
        let subject = told
            .subject
            .as_ref()
            .map(|subject| self.keyed(&format!("subject at {}", told.system), subject.reveal()));
        if let Some(subject) = &subject
            && let Some(id) = table::account(tx, told.system, subject).await?
        {
            let Some(account) = accounts::by_id(tx, id).await? else {
                return none("it is of a closed account");
            };
            if !crate::store::on_the_roll(tx, account.person).await? {
                return none("whose it was has left the roll");
            }
            table::used(tx, told.system, subject, at).await?;
            return Ok(Some(account));
        }
        let Some(value) = &told.value else { return none("what it is found by was not told") };
        let found = match told.means {
            Means::AccountName => match Name::typed(value.reveal()) {
                Some(name) => accounts::by_name(tx, &name).await?,
                None => None,
            },
            Means::RollId => {
                let mut people = crate::intake::called_outside(tx, value.reveal().trim()).await?.into_iter();
                let Some(person) = people.next() else { return none("nobody on the roll is called so") };
                if people.next().is_some() {
                    return none("several people on the roll are called so");
                }
                match accounts::of_person(tx, person).await? {
                    Some(account) => Some(account),
                    None => self.new_account(tx, person, told, at).await?,
                }
            }
        };
        let Some(account) = found else { return none("nobody has such an account") };
        if !crate::store::on_the_roll(tx, account.person).await? {
            return none("whose it would be has left the roll");
        }
        if let Some(subject) = &subject {
            // What an address stands for may be given to somebody else; what somebody was linked to is not.
            if table::of(tx, account.id).await?.iter().any(|link| link.system == told.system) {
                return none("whose it would be is linked to another account there");
            }
            table::insert(tx, told.system, subject, account.id, at).await?;
            let detail = json!({ "account": account.id.to_string(), "system": told.system });
            let (actor, whom) = (Actor::Person(account.person.0), Subject::new("person", account.person.0));
            trail::changed(tx, &actor, "sign-in.link", &whom, &detail, at).await?;
        }
        Ok(Some(account))
    }

    /// A new account without a password, for somebody on the roll; none where what it would be called is no name, or somebody's.
    async fn new_account(
        &self,
        tx: &mut Tx,
        person: PersonNo,
        told: &Told<'_>,
        at: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let name = told.called.as_ref().and_then(|called| Name::typed(called.reveal()));
        let Some(name) = name else { return Ok(None) };
        let actor = Actor::Person(person.0);
        match free(tx, &name, &actor, at).await {
            Ok(()) => {}
            Err(actions::InviteError::Store(error)) => return Err(error),
            Err(_) => return Ok(None),
        }
        let account = Account { id: tx.ids().make(at), person, name, password: None };
        accounts::insert(tx, &account, &actor, at).await?;
        let detail = json!({ "account": account.id.to_string(), "system": told.system });
        trail::changed(tx, &actor, "account.make", &Subject::new("person", person.0), &detail, at).await?;
        Ok(Some(account))
    }
}

/// Ends the links of somebody's account, all of them or one: they are found anew the next time. `false` where there was none.
pub(in super::super) async fn remove_lost(
    tx: &mut Tx,
    actor: &Actor,
    account: &Account,
    only: Option<&str>,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let gone = table::remove(tx, account.id, only).await?;
    if gone > 0 {
        let detail = json!({ "links": gone });
        trail::changed(tx, actor, "sign-in.unlink", &Subject::new("person", account.person.0), &detail, at)
            .await?;
    }
    Ok(gone > 0)
}
