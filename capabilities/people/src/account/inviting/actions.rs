//! How the adults of the roll stand with signing in, and inviting several of them at once.

use std::collections::{BTreeMap, BTreeSet};

use engine::PersonNo;
use kit::{Permit, Private, Timestamp};
use store::{StoreError, Tx};

use super::super::actions::{self as accounts, Invite, InviteError};
use super::super::card::Taken;
use super::super::model::{Account, Name, Token};
use super::super::{link, passkeys, store as table};
use crate::by_age::ByAge;
use crate::duty;
use crate::guest::store as guests;
use crate::kind::Kind;
use crate::store::{Among, Known, known, known_among, known_of};

/// For how long after it ended an invitation is told of.
const TOLD_MS: i64 = 90 * 86_400_000;

/// How an adult stands with signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayIn {
    /// They have nothing, and nobody invited them of late.
    None,
    /// They were invited, and the invitation ended before they used it.
    Ended {
        /// When it was given.
        given_at: Timestamp,
    },
    /// They have an invitation.
    Invited {
        /// When it was given.
        given_at: Timestamp,
        /// When it ends.
        ends_at: Timestamp,
    },
    /// They have something to sign in by.
    Has,
}

impl WayIn {
    /// Whether they can come in neither now nor by an invitation.
    pub const fn is_missing(self) -> bool {
        matches!(self, Self::None | Self::Ended { .. })
    }
}

/// An adult of the roll.
#[derive(Debug, Clone)]
pub struct Adult {
    /// Who.
    pub person: PersonNo,
    /// Their name.
    pub name: Private<String>,
    /// What the roll says that they are.
    pub kind: Option<Kind>,
    /// The name that they sign in by, where they have one.
    pub sign_in: Option<Name>,
    /// The name that is proposed where they have none.
    pub proposed: Option<Name>,
    /// How they stand.
    pub way_in: WayIn,
    /// Whether two people let them in, and never one alone.
    pub needs_two: bool,
}

impl Adult {
    /// The name that an invitation is made with, where they have none yet; none where it cannot be made without being told one.
    fn new_name(&self) -> Option<&str> {
        if self.sign_in.is_some() { None } else { self.proposed.as_ref().map(Name::reveal) }
    }
}

/// What is known of everybody's accounts.
struct Accounts {
    of: BTreeMap<PersonNo, Account>,
    taken: Taken,
    keys: BTreeSet<String>,
    links: BTreeSet<String>,
    came: BTreeSet<String>,
    invited: BTreeMap<PersonNo, (Timestamp, Timestamp, bool)>,
    weighing: BTreeSet<PersonNo>,
    /// Whether the school's directory checks names and passwords.
    directory: bool,
    at: Timestamp,
}

impl Accounts {
    async fn read(tx: &mut Tx, directory: bool, at: Timestamp) -> Result<Self, StoreError> {
        let all = table::all(tx).await?;
        Ok(Self {
            taken: Taken::of(all.iter().map(|account| &account.name)),
            of: all.into_iter().map(|account| (account.person, account)).collect(),
            keys: passkeys::store::owners(tx).await?,
            links: link::store::owners(tx).await?,
            came: table::ever_signed_in(tx).await?,
            invited: table::invited_since(tx, at.plus_millis(-TOLD_MS)).await?,
            weighing: duty::weighing(tx, at).await?,
            directory,
            at,
        })
    }

    fn adult(&mut self, known: &Known) -> Adult {
        let account = self.of.get(&known.number);
        let id = account.map(|account| account.id.to_string()).unwrap_or_default();
        let has = account.is_some_and(|account| account.password.is_some() || self.directory)
            || self.keys.contains(&id)
            || self.links.contains(&id);
        let open = |ends_at: Timestamp, used: bool| !used && self.at < ends_at;
        let way_in = match self.invited.get(&known.number) {
            _ if has => WayIn::Has,
            None => WayIn::None,
            Some(&(given_at, ends_at, used)) if open(ends_at, used) => WayIn::Invited { given_at, ends_at },
            Some(&(given_at, ..)) => WayIn::Ended { given_at },
        };
        let needs_two = self.came.contains(&id) && self.weighing.contains(&known.number);
        let sign_in = account.map(|account| account.name.clone());
        let proposed = if sign_in.is_none() { self.taken.propose(known) } else { None };
        let name = Private::new(known.facts.name.clone());
        Adult { person: known.number, name, kind: known.facts.kind, sign_in, proposed, way_in, needs_two }
    }
}

/// Whether somebody comes in as adults do: who is no pupil by the rules for their age.
fn is_an_adult(known: &Known) -> bool {
    let rule = ByAge::built_in().rule_of(known);
    known.facts.kind != Some(Kind::Pupil)
        && ByAge::built_in().rules().iter().any(|one| one.id == rule && one.stages.is_empty())
}

/// The adults of the school, by name: everybody on the roll but pupils, guests, and parents without a duty.
pub(super) async fn adults(tx: &mut Tx, directory: bool, at: Timestamp) -> Result<Vec<Adult>, StoreError> {
    let everybody = known(tx).await?;
    adults_of(tx, everybody, directory, at).await
}

async fn adults_of(
    tx: &mut Tx,
    mut here: Vec<Known>,
    directory: bool,
    at: Timestamp,
) -> Result<Vec<Adult>, StoreError> {
    let mut accounts = Accounts::read(tx, directory, at).await?;
    let guests = guests::people(tx).await?;
    let given = duty::given(tx, at).await?;
    here.retain(|one| {
        let is_of_the_school = one.facts.kind != Some(Kind::Parent) || given.contains(&one.number);
        one.facts.here && is_an_adult(one) && is_of_the_school && !guests.contains(&one.number)
    });
    here.sort_by_key(|one| (one.facts.family.clone(), one.facts.name.clone(), one.number));
    Ok(here.iter().map(|one| accounts.adult(one)).collect())
}

/// One person, where they are on the roll and come in as adults do.
pub(super) async fn adult(
    tx: &mut Tx,
    person: PersonNo,
    directory: bool,
    at: Timestamp,
) -> Result<Option<Adult>, StoreError> {
    let known = known_of(tx, person).await?.filter(|known| known.facts.here && is_an_adult(known));
    let Some(known) = known else { return Ok(None) };
    Ok(Some(Accounts::read(tx, directory, at).await?.adult(&known)))
}

/// Those of some people who can come in neither now nor by an invitation.
pub async fn without_a_way_in(
    tx: &mut Tx,
    people: impl IntoIterator<Item = PersonNo>,
    directory: bool,
    at: Timestamp,
) -> Result<BTreeSet<PersonNo>, StoreError> {
    let mut accounts = Accounts::read(tx, directory, at).await?;
    let mut without = BTreeSet::new();
    for person in people {
        let known = known_of(tx, person).await?.filter(|known| known.facts.here);
        if known.is_some_and(|known| accounts.adult(&known).way_in.is_missing()) {
            without.insert(person);
        }
    }
    Ok(without)
}

/// How many who work at the school have no way in, and no invitation.
pub async fn of_the_staff_without(tx: &mut Tx, directory: bool, at: Timestamp) -> Result<usize, StoreError> {
    let work = known_among(tx, Among::Kinds(&[Kind::Staff, Kind::Supply, Kind::Trainee])).await?;
    let adults = adults_of(tx, work, directory, at).await?;
    Ok(adults.iter().filter(|one| one.way_in.is_missing()).count())
}

/// A name to sign in by for somebody who has none, which nobody has and which looks like nobody's.
pub async fn propose(tx: &mut Tx, person: PersonNo) -> Result<Option<Name>, StoreError> {
    let all = table::all(tx).await?;
    let known = known_of(tx, person).await?;
    Ok(known.and_then(|known| Taken::of(all.iter().map(|account| &account.name)).propose(&known)))
}

/// An invitation that is printed, and kept after.
#[derive(Debug, Clone)]
pub(super) struct Slip {
    /// For whom, as they stood.
    pub adult: Adult,
    /// The token of the link.
    pub token: Token,
}

/// Keeps the invitation of one slip.
pub(super) async fn invite(
    tx: &mut Tx,
    permit: &Permit<Invite>,
    slip: &Slip,
    at: Timestamp,
) -> Result<Account, InviteError> {
    accounts::invite(tx, permit, slip.adult.new_name(), &slip.token, at).await
}
