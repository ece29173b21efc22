//! Giving a guest their stay, and ending it.

use std::collections::BTreeSet;

use engine::PersonNo;
use kit::{Actor, Permit, Private, Timestamp, Zone};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};
use web::speech::say;

use super::model::{Giving, Guest, GuestId, Lanyard, Mistake};
use super::store as table;
use crate::account::lanyard::{self, Hung};
use crate::by_age::ByAge;
use crate::intake::{self, Facts};
use crate::kind::Kind;
use crate::rules::Fits;
use crate::{duty, leaving, store as roll};

kit::reading!(
    /// Seeing who is a guest.
    ReadGuests(()) = "guest.read"
);
kit::action!(
    /// Giving a guest their stay.
    GiveGuest(()) = "guest.give"
);
kit::action!(
    /// Ending a stay before its time, with the lanyard.
    EndGuest(GuestId) = "guest.end"
);

/// Guests are people of a source of their own, so that no import of another takes them for leavers.
pub(crate) const SOURCE: &str = "guests";
/// The duty that a lanyard gives.
const DUTY: &str = "supply-teacher";

/// Why a stay was not given or ended.
#[derive(Debug, thiserror::Error)]
pub enum GiveError {
    /// It cannot be given so.
    #[error(transparent)]
    Mistake(#[from] Mistake),
    /// Who answers for them is no adult of the school.
    #[error("{}", say("refused.enter-a-member-of"))]
    Sponsor,
    /// Who looks after them is none.
    #[error("{}", say("refused.enter-a-member-of-staff"))]
    Supervisor,
    /// It is over.
    #[error("{}", say("refused.they-are-no-guest"))]
    Over,
    /// Somebody called so is given those very days already.
    #[error("{}", say("refused.they-have-those-days"))]
    Twice,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts a guest on the roll for their days; with an account, a duty and the lanyard that was printed, where they teach classes. `policy` are the
/// groups that the policy has. Whoever began the transaction commits it, and publishes the roll anew.
pub async fn give(
    tx: &mut Tx,
    permit: &Permit<GiveGuest>,
    giving: &Giving,
    (policy, zone): (&BTreeSet<String>, &Zone),
    hung: Option<(&Hung, &Private<[u8; 32]>)>,
) -> Result<Guest, GiveError> {
    let at = permit.at();
    let (kind, starts_at, ends_at) = giving.check(zone, at)?;
    check_people(tx, giving).await?;
    if is_there(tx, &giving.name, (starts_at, ends_at), at).await? {
        return Err(GiveError::Twice);
    }
    let id: GuestId = tx.ids().make(at);
    let person = put_on_the_roll(tx, giving, (id, kind), policy, ends_at, at).await?;
    let guest = Guest {
        id,
        person,
        sponsor: giving.sponsor,
        supervisor: giving.supervisor,
        aim: giving.aim.clone(),
        starts_at,
        ends_at,
        ended_at: None,
    };
    table::insert(tx, &guest, permit.actor(), at).await?;
    let detail = json!({
        "guest": id.to_string(), "kind": kind.id(), "sponsor": guest.sponsor.0, "supervisor": guest.supervisor.0,
        "starts_at": starts_at.as_millis(), "ends_at": ends_at.as_millis(), "classes": giving.classes,
    });
    trail::changed(tx, permit.actor(), "guest.give", &Subject::new("person", person.0), &detail, at).await?;
    if let Some((hung, key)) = hung.filter(|_| !giving.classes.is_empty()) {
        let span = duty::Span { starts_at, ends_at: Some(ends_at) };
        duty::give_with_lanyard(tx, permit.actor(), (person, DUTY), span, at).await?;
        hang(tx, permit.actor(), (&guest, &giving.classes), (hung, key), at).await?;
    }
    Ok(guest)
}

/// Whether somebody called so has those very days: a form that was sent twice.
async fn is_there(
    tx: &mut Tx,
    name: &Private<String>,
    days: (Timestamp, Timestamp),
    at: Timestamp,
) -> Result<bool, StoreError> {
    /// Of so many guests the newest are looked through.
    const NEWEST: u64 = 200;
    for guest in table::newest(tx, NEWEST).await? {
        if !guest.is_over(at) && (guest.starts_at, guest.ends_at) == days {
            let known = roll::name_of(tx, guest.person).await?;
            if known.is_some_and(|known| known.reveal().to_lowercase() == name.reveal().to_lowercase()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether those who are to answer for a guest and look after them are of the school.
pub(super) async fn check_people(tx: &mut Tx, giving: &Giving) -> Result<(), GiveError> {
    if !is_an_adult_here(tx, giving.sponsor).await? {
        return Err(GiveError::Sponsor);
    }
    if !is_an_adult_here(tx, giving.supervisor).await? {
        return Err(GiveError::Supervisor);
    }
    Ok(())
}

/// A guest whose days are not over, and the classes of the lanyard that they have.
pub(super) async fn with_lanyard(
    tx: &mut Tx,
    _: &Permit<ReadGuests>,
    id: GuestId,
    at: Timestamp,
) -> Result<(Guest, BTreeSet<String>), GiveError> {
    let guest = table::by_id(tx, id).await?.filter(|guest| !guest.is_over(at)).ok_or(GiveError::Over)?;
    let lanyard = table::lanyard_of(tx, id).await?.ok_or(GiveError::Over)?;
    Ok((guest, lanyard.classes))
}

/// Keeps another lanyard of a guest's, which was printed, and ends the one before: for one that was lost, or seen by others.
pub(super) async fn another(
    tx: &mut Tx,
    permit: &Permit<GiveGuest>,
    id: GuestId,
    hung: (&Hung, &Private<[u8; 32]>),
) -> Result<(), GiveError> {
    let at = permit.at();
    let guest = table::by_id(tx, id).await?.filter(|guest| !guest.is_over(at)).ok_or(GiveError::Over)?;
    let before = table::lanyard_of(tx, id).await?.ok_or(GiveError::Over)?;
    hang(tx, permit.actor(), (&guest, &before.classes), hung, at).await
}

async fn hang(
    tx: &mut Tx,
    actor: &Actor,
    (guest, classes): (&Guest, &BTreeSet<String>),
    (hung, key): (&Hung, &Private<[u8; 32]>),
    at: Timestamp,
) -> Result<(), GiveError> {
    lanyard::account_for(tx, actor, guest.person, at).await?;
    let (hash, pin) = (hung.code_hash(key), hung.pin_hash(key));
    let new = table::NewLanyard { id: hung.id, hash: &hash, pin: &pin, classes };
    table::hang(tx, guest.id, &new, actor, at).await?;
    let detail = json!({ "lanyard": hung.id.to_string() });
    trail::changed(tx, actor, "guest.hang-lanyard", &Subject::new("person", guest.person.0), &detail, at)
        .await?;
    Ok(())
}

async fn put_on_the_roll(
    tx: &mut Tx,
    giving: &Giving,
    (id, kind): (GuestId, Kind),
    policy: &BTreeSet<String>,
    ends_at: Timestamp,
    at: Timestamp,
) -> Result<PersonNo, GiveError> {
    let number = u32::try_from(roll::highest_person(tx).await? + 1);
    let unreadable =
        StoreError::Unreadable { table: "person", column: "number", why: "a number out of range" };
    let person = PersonNo(number.map_err(|_| unreadable)?);
    let key = id.to_string();
    let fits =
        Fits { outside_id: &key, kind: Some(kind), teaches: !giving.classes.is_empty(), ..Fits::default() };
    let groups = intake::rules(tx).await?.groups(&fits, Some(policy), &mut BTreeSet::new());
    let (first, last) = giving.days;
    let facts = Facts {
        name: giving.name.reveal().clone(),
        kind: Some(kind),
        first_on: Some(first.to_string()),
        last_on: Some(last.to_string()),
        groups,
        here: true,
        linked: true,
        ..Facts::default()
    };
    roll::insert_known(tx, &[(person, key.clone(), facts, Some(ends_at))], at).await?;
    intake::link(tx, SOURCE, &[(key, person)]).await?;
    Ok(person)
}

/// Whether somebody is on the roll, and neither a pupil nor a parent nor a guest themselves.
async fn is_an_adult_here(tx: &mut Tx, person: PersonNo) -> Result<bool, StoreError> {
    let known = roll::known_of(tx, person).await?.filter(|known| known.facts.here);
    let Some(known) = known else { return Ok(false) };
    let is_of_the_school = known.facts.kind.is_none_or(|kind| matches!(kind, Kind::Staff | Kind::Governor));
    let rule = ByAge::built_in().rule_of(&known);
    let is_adult = ByAge::built_in().rules().iter().any(|one| one.id == rule && one.stages.is_empty());
    let is_guest = !table::of_person(tx, person).await?.is_empty();
    // Of a roll of an older form nothing is known but groups: whoever has a duty is no pupil.
    let has_duty = duty::every(tx).await?.iter().any(|one| one.given.person == person);
    Ok(is_of_the_school && (is_adult || has_duty) && !is_guest)
}

/// The stays that are not over for which somebody answers, or whose guest they look after, with what the guests are called.
pub(crate) async fn in_the_care_of(
    tx: &mut Tx,
    person: PersonNo,
    at: Timestamp,
) -> Result<Vec<(Guest, Private<String>)>, StoreError> {
    let mut all = Vec::new();
    for guest in table::in_the_care_of(tx, person, at).await? {
        let name = roll::name_of(tx, guest.person).await?.unwrap_or_default();
        all.push((guest, name));
    }
    Ok(all)
}

/// Puts another in the place of somebody who answers for a guest, or looks after them: a guest is nobody's at no time.
pub(crate) async fn hand(
    tx: &mut Tx,
    permit: &Permit<GiveGuest>,
    id: GuestId,
    (from, to): (PersonNo, PersonNo),
) -> Result<(), GiveError> {
    let at = permit.at();
    let theirs = table::in_the_care_of(tx, from, at).await?;
    let guest = theirs.into_iter().find(|guest| guest.id == id).ok_or(GiveError::Over)?;
    if !is_an_adult_here(tx, to).await? {
        return Err(if guest.sponsor == from { GiveError::Sponsor } else { GiveError::Supervisor });
    }
    table::hand(tx, id, from, to).await?;
    let detail = json!({
        "guest": id.to_string(), "from": from.0, "to": to.0, "sponsor": guest.sponsor == from, "supervisor": guest.supervisor == from,
    });
    let subject = Subject::new("person", guest.person.0);
    trail::changed(tx, permit.actor(), "guest.hand", &subject, &detail, at).await?;
    Ok(())
}

/// Ends a stay now: they are off the roll and signed out in this moment, and their lanyard opens nothing. Whoever began the transaction commits
/// it, and publishes the roll anew.
pub async fn end(tx: &mut Tx, permit: &Permit<EndGuest>) -> Result<(), GiveError> {
    let at = permit.at();
    let guest = table::by_id(tx, *permit.subject()).await?.filter(|guest| !guest.is_over(at));
    let guest = guest.ok_or(GiveError::Over)?;
    if !table::end(tx, guest.id, permit.actor(), at).await? {
        return Err(GiveError::Over);
    }
    roll::left(tx, guest.person, at).await?;
    leaving::leave(tx, permit.actor(), guest.person, at).await?;
    let detail = json!({ "guest": guest.id.to_string() });
    let subject = Subject::new("person", guest.person.0);
    trail::changed(tx, permit.actor(), "guest.end", &subject, &detail, at).await?;
    Ok(())
}

/// The permit's guest, as their stay is now.
pub async fn one(tx: &mut Tx, permit: &Permit<EndGuest>) -> Result<Option<Guest>, StoreError> {
    table::by_id(tx, *permit.subject()).await
}

/// Guests of now, of late and to come, with their lanyards and names; the last given first.
pub async fn guests(
    tx: &mut Tx,
    _: &Permit<ReadGuests>,
    most: u64,
) -> Result<Vec<(Guest, Option<Lanyard>, [Private<String>; 3])>, StoreError> {
    let mut all = Vec::new();
    for guest in table::newest(tx, most).await? {
        let lanyard = table::lanyard_of(tx, guest.id).await?;
        let mut names = [Private::default(), Private::default(), Private::default()];
        for (name, person) in names.iter_mut().zip([guest.person, guest.sponsor, guest.supervisor]) {
            *name = roll::name_of(tx, person).await?.unwrap_or_default();
        }
        all.push((guest, lanyard, names));
    }
    Ok(all)
}

/// The groups for which somebody may act at `at` where they teach by a lanyard; `None` for whoever does not.
pub async fn classes_of(
    tx: &mut Tx,
    person: PersonNo,
    at: Timestamp,
) -> Result<Option<BTreeSet<String>>, StoreError> {
    let mut classes: Option<BTreeSet<String>> = None;
    for guest in table::of_person(tx, person).await? {
        // Whose days are over, or have not come, acts for nobody.
        let theirs = classes.get_or_insert_default();
        if guest.holds(at)
            && let Some(lanyard) = table::lanyard_of(tx, guest.id).await?
        {
            theirs.extend(lanyard.classes);
        }
    }
    Ok(classes)
}
