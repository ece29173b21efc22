//! Signing in by a lanyard: what hangs from the neck of a supply teacher has a code for a camera, and a number apart from it that is in their
//! pocket. Either alone opens nothing: a code can be photographed across a room.

mod door;
pub mod views;

pub use super::printed_code::LanyardCode;

use axum::Router;
use engine::PersonNo;
use kit::{Actor, Private, Timestamp};
use store::{StoreError, Tx};

use super::card::Taken;
use super::house::{House, keyed};
use super::model::Account;
use super::safe::{Safe, make_safe};
use super::store as table;
use crate::guest::LanyardId;

pub(super) fn routes() -> Router<House> {
    door::routes()
}

/// What stands on a lanyard, and the number that goes with it: shown once, in print.
#[derive(Debug, Clone)]
pub struct Hung {
    /// Its id.
    pub id: LanyardId,
    /// What the square says, and what is typed where there is no camera.
    pub code: LanyardCode,
    /// The number, six digits.
    pub pin: Private<String>,
}

impl Hung {
    /// What is kept of the code.
    pub(crate) fn code_hash(&self, key: &Private<[u8; 32]>) -> String {
        code_hash(key, &self.code)
    }

    /// What is kept of the number: under the school's key, since a million could be tried on a plain hash.
    pub(crate) fn pin_hash(&self, key: &Private<[u8; 32]>) -> String {
        pin_hash(key, self.id, self.pin.reveal())
    }
}

fn code_hash(key: &Private<[u8; 32]>, code: &LanyardCode) -> String {
    keyed(key, "lanyard", code.reveal())
}

fn pin_hash(key: &Private<[u8; 32]>, lanyard: LanyardId, pin: &str) -> String {
    let digits: String = pin.chars().filter(char::is_ascii_digit).collect();
    keyed(key, "lanyard number", &format!("{lanyard} {digits}"))
}

/// What a new lanyard says. `None` where the machine gives no randomness.
pub(crate) fn make(at: Timestamp) -> Option<Hung> {
    let mut digits = [0_u8; 8];
    getrandom::fill(&mut digits).ok()?;
    // So many bits that each number is as likely as another.
    let number = u64::from_be_bytes(digits) % 1_000_000;
    let pin = Private::new(format!("{number:06}"));
    Some(Hung { id: kit::Ids::default().make(at), code: LanyardCode::made()?, pin })
}

/// Gives somebody an account where they have none: to sign in by a lanyard, nobody needs to know its name. Whoever was in by a lanyard before is
/// out, and what they may have added then to come in by is gone.
pub(crate) async fn account_for(
    tx: &mut Tx,
    actor: &Actor,
    person: PersonNo,
    at: Timestamp,
) -> Result<(), StoreError> {
    if let Some(account) = table::of_person(tx, person).await? {
        make_safe(tx, actor, &account, Safe::Lost, at).await?;
        return Ok(());
    }
    let all = table::all(tx).await?;
    let mut taken = Taken::of(all.iter().map(|account| &account.name));
    let known = crate::store::known_of(tx, person).await?;
    let none = StoreError::Unreadable {
        table: "person",
        column: "name",
        why: "no name to sign in by can be made of it",
    };
    let name = known.as_ref().and_then(|known| taken.propose(known)).ok_or(none)?;
    let account = Account { id: tx.ids().make(at), person, name, password: None };
    table::insert(tx, &account, actor, at).await
}
