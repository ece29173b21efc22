//! Issuing cards and slips, and saying where each is.

use std::collections::{BTreeMap, BTreeSet};

use engine::PersonNo;
use kit::{Actor, Permit, Private, Timestamp};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use super::super::model::{Account, Name, PasswordBy, Token};
use super::super::printed_code::ClassCode;
use super::super::safe::{Safe, make_safe};
use super::super::store as accounts;
use super::model::{Card, CardId, Secret, State};
use super::naming::Taken;
use super::store as table;
use crate::by_age::{self, Rule, Way};
use crate::duty;
use crate::intake::{Called, ClassOrGroup, classes};
use crate::store::Known;

kit::action!(
    /// Issuing names, passwords, cards and class cards to any class or group, to all of it or to one pupil.
    IssueCards(ClassOrGroup) = "card.issue"
);
kit::action!(
    /// Giving a pupil of a class that one teaches another card or slip, and making its class card.
    IssueToOwn(ClassOrGroup) = "card.issue-own"
);
kit::action!(
    /// Saying where the cards of any class are.
    AnyClass(ClassOrGroup) = "card.any-class"
);
kit::action!(
    /// The same for a class that one teaches.
    OwnClass(ClassOrGroup) = "card.own-class"
);

kit::reading!(
    /// Seeing the cards of any class.
    SeeAnyClass(ClassOrGroup) = "card.any-class"
);
kit::reading!(
    /// Seeing those of a class that one teaches.
    SeeOwnClass(ClassOrGroup) = "card.own-class"
);

/// So many are issued at once: each password takes a tenth of a second to hash, and each card a moment to set.
pub const MOST_AT_ONCE: usize = 60;

/// The right to look at the cards of one class or group: of any, or of one that whoever looks teaches.
#[derive(Debug)]
pub struct Seeing {
    of: ClassOrGroup,
}

impl Seeing {
    /// By the right to see any class's.
    pub fn any(permit: &Permit<SeeAnyClass>) -> Self {
        Self { of: permit.subject().clone() }
    }

    /// By the right to see one's own classes'; `None` where it is none of theirs.
    pub async fn own(tx: &mut Tx, permit: &Permit<SeeOwnClass>) -> Result<Option<Self>, StoreError> {
        let theirs = own_classes(tx, permit.actor()).await?;
        let of = permit.subject().clone();
        Ok(theirs.iter().any(|class| class.of == of).then_some(Self { of }))
    }

    /// Of which class or group.
    pub const fn of(&self) -> &ClassOrGroup {
        &self.of
    }
}

/// The right to say where the cards of one class or group are: of any, or of one that the actor teaches. It issues nothing.
#[derive(Debug)]
pub struct Handling {
    actor: Actor,
    of: ClassOrGroup,
    at: Timestamp,
}

impl Handling {
    /// By the right to handle any class's.
    pub fn any(permit: &Permit<AnyClass>) -> Self {
        Self { actor: permit.actor().clone(), of: permit.subject().clone(), at: permit.at() }
    }

    /// By the right to handle one's own classes'; `None` where it is none of theirs.
    pub async fn own(tx: &mut Tx, permit: &Permit<OwnClass>) -> Result<Option<Self>, StoreError> {
        let theirs = own_classes(tx, permit.actor()).await?;
        let (actor, of) = (permit.actor().clone(), permit.subject().clone());
        Ok(theirs.iter().any(|class| class.of == of).then_some(Self { actor, of, at: permit.at() }))
    }

    /// Who has it.
    pub(crate) const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Of which class or group.
    pub const fn of(&self) -> &ClassOrGroup {
        &self.of
    }

    /// As of when: what is said by it bears this moment.
    pub(crate) const fn at(&self) -> Timestamp {
        self.at
    }

    /// Whoever may handle them may see them.
    pub fn seeing(&self) -> Seeing {
        Seeing { of: self.of.clone() }
    }
}

/// The right to issue to one class or group. Whoever prints what somebody signs in by could be them, so it needs a fresh proof of who they are,
/// which handling does not.
#[derive(Debug)]
pub struct Issuing {
    actor: Actor,
    of: ClassOrGroup,
    at: Timestamp,
}

impl Issuing {
    /// By the right to issue to any.
    pub fn any(permit: &Permit<IssueCards>) -> Self {
        Self { actor: permit.actor().clone(), of: permit.subject().clone(), at: permit.at() }
    }

    /// By the right to issue to one's own classes; `None` where it is none of theirs.
    pub async fn own(tx: &mut Tx, permit: &Permit<IssueToOwn>) -> Result<Option<Self>, StoreError> {
        let theirs = own_classes(tx, permit.actor()).await?;
        let (actor, of) = (permit.actor().clone(), permit.subject().clone());
        Ok(theirs.iter().any(|class| class.of == of).then_some(Self { actor, of, at: permit.at() }))
    }
}

/// The classes that an actor teaches.
pub(super) async fn own_classes(tx: &mut Tx, actor: &Actor) -> Result<Vec<Called>, StoreError> {
    match actor {
        Actor::Person(person) => classes::taught_by(tx, PersonNo(*person)).await,
        _ => Ok(Vec::new()),
    }
}

/// One pupil of a class, with what they have and would get.
#[derive(Debug, Clone)]
pub struct Line {
    /// Who.
    pub person: PersonNo,
    /// Their name.
    pub name: Private<String>,
    /// The rule for their age, as the school has it.
    pub rule: Rule,
    /// Their account, where they have one.
    pub account: Option<Account>,
    /// The name they sign in by, or would; none where they are left out.
    pub sign_in: Option<Name>,
    /// What they hold, or held last.
    pub card: Option<Card>,
    /// Whether they were taught the rules for their age, in the version of now.
    pub taught: bool,
    /// Why they get nothing here.
    pub left_out: Option<LeftOut>,
}

impl Line {
    /// Whether they have something to sign in by.
    pub fn has(&self) -> bool {
        self.card.as_ref().is_some_and(|card| card.state.holds())
    }
}

/// Why somebody gets nothing with their class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// They have a duty: they choose a password by an invitation.
    HasDuty,
    /// They have an app or a passkey of their own, which no card or slip may stand beside.
    HasProof,
    /// No name can be made for them.
    NoName,
}

/// A class or group as it would be issued to.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which.
    pub of: ClassOrGroup,
    /// What people call it.
    pub name: String,
    /// Its pupils, by name.
    pub lines: Vec<Line>,
    /// Since when it has a class card, where it has.
    pub class_card: Option<Timestamp>,
    /// Whether devices that are not known for the class take no card of it any more.
    pub no_strange_devices: bool,
}

/// What a class or group has, and what its pupils would get; `None` where there is no such class.
pub async fn plan(tx: &mut Tx, may: &Seeing, at: Timestamp) -> Result<Option<Plan>, StoreError> {
    let Some(name) = classes::name_of(tx, &may.of).await? else { return Ok(None) };
    let rules = by_age::rules(tx).await?;
    let all = accounts::all(tx).await?;
    let mut taken = Taken::of(all.iter().map(|account| &account.name));
    let mut accounts: BTreeMap<u32, Account> = all.into_iter().map(|one| (one.person.0, one)).collect();
    let mut lines = Vec::new();
    for known in classes::members(tx, &may.of).await? {
        let Some(rule) = rules.of(&known) else { continue };
        let account = accounts.remove(&known.number.0);
        lines.push(line(tx, &known, rule, account, &mut taken, at).await?);
    }
    let class_card = table::class_card_for(tx, &may.of).await?;
    let bounds = by_age::ByAge::built_in().bounds();
    let no_strange_devices = class_card.as_ref().is_some_and(|card| card.strange >= bounds.of_the_class);
    let class_card = class_card.map(|card| card.made_at);
    Ok(Some(Plan { of: may.of.clone(), name, lines, class_card, no_strange_devices }))
}

async fn line(
    tx: &mut Tx,
    known: &Known,
    rule: &Rule,
    account: Option<Account>,
    taken: &mut Taken,
    at: Timestamp,
) -> Result<Line, StoreError> {
    let refused = refused(tx, known.number, account.as_ref(), at).await?;
    let sign_in = match &account {
        _ if refused.is_some() => None,
        Some(account) => Some(account.name.clone()),
        None => taken.propose(known),
    };
    let left_out = refused.or_else(|| sign_in.is_none().then_some(LeftOut::NoName));
    let card = table::newest_of(tx, known.number).await?;
    let taught = crate::teaching::is_taught(tx, known.number, &rule.id).await?;
    let name = Private::new(known.facts.name.clone());
    Ok(Line { person: known.number, name, rule: rule.clone(), account, sign_in, card, taught, left_out })
}

/// Why nothing is printed by which anybody could be somebody: whoever prints it could be them.
async fn refused(
    tx: &mut Tx,
    person: PersonNo,
    account: Option<&Account>,
    at: Timestamp,
) -> Result<Option<LeftOut>, StoreError> {
    let whatever_they_prove = duty::Proof { at, several: true };
    let standing = duty::of_person(tx, person, whatever_they_prove, at).await?.standing;
    // A pupil who helps others is a pupil all the same.
    let has_duty = standing.duties().any(|id| !matches!(id, "pupil" | "digital-leader"));
    if has_duty || duty::anything_weighs(tx, person, at).await? {
        return Ok(Some(LeftOut::HasDuty));
    }
    let Some(account) = account else { return Ok(None) };
    let has_app = super::super::codes::store::app(tx, account.id).await?.is_some();
    let has_passkey = !super::super::passkeys::store::of(tx, account.id).await?.is_empty();
    Ok((has_app || has_passkey).then_some(LeftOut::HasProof))
}

/// What stands on a card or slip.
#[derive(Debug, Clone)]
pub enum OnIt {
    /// Pictures or words.
    Secret(Secret),
    /// A password, and its hash.
    Password(Private<String>, Private<String>),
    /// The token of a link.
    Link(Token),
}

/// A card or slip that is to be issued.
#[derive(Debug, Clone)]
pub struct Made {
    /// For whom, as the plan had it.
    pub line: Line,
    /// The name that they sign in by.
    pub sign_in: Name,
    /// Its id.
    pub id: CardId,
    /// What stands on it.
    pub on_it: OnIt,
}

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// Somebody else was quicker, or the roll has changed.
    #[error("this has changed since it was looked at; look again")]
    Changed,
    /// The records failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for IssueError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken => Self::Changed,
            other => Self::Store(other),
        }
    }
}

/// What is issued in one go.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The cards and slips.
    pub made: &'a [Made],
    /// The class card's code, where another is made.
    pub code: Option<&'a ClassCode>,
    /// The school's key.
    pub key: &'a Private<[u8; 32]>,
}

/// Issues what was made and printed: accounts for whoever has none, cards and slips in place of those before, a class card. Whoever gets
/// another is signed out everywhere.
pub async fn issue(tx: &mut Tx, may: &Issuing, batch: &Batch<'_>) -> Result<(), IssueError> {
    let at = may.at;
    let there: BTreeSet<u32> = classes::members(tx, &may.of).await?.iter().map(|one| one.number.0).collect();
    for made in batch.made {
        if !there.contains(&made.line.person.0) {
            return Err(IssueError::Changed);
        }
        one(tx, may, made, batch.key).await?;
    }
    if let Some(code) = batch.code {
        let id = tx.ids().make(at);
        table::make_class_card(tx, id, &may.of, &code_hash(batch.key, code), &may.actor, at).await?;
        let subject = Subject::new("class", may.of.to_string());
        trail::changed(tx, &may.actor, "card.make-class-card", &subject, &json!({}), at).await?;
    }
    Ok(())
}

async fn one(tx: &mut Tx, may: &Issuing, made: &Made, key: &Private<[u8; 32]>) -> Result<(), IssueError> {
    let at = may.at;
    let person = made.line.person;
    let account = match accounts::of_person(tx, person).await? {
        Some(account) if account.name == made.sign_in => {
            // As it is now: printing takes its time.
            if refused(tx, person, Some(&account), at).await?.is_some() {
                return Err(IssueError::Changed);
            }
            account
        }
        Some(_) => return Err(IssueError::Changed),
        None => {
            let account =
                Account { id: tx.ids().make(at), person, name: made.sign_in.clone(), password: None };
            accounts::insert(tx, &account, &may.actor, at).await?;
            account
        }
    };
    let before = table::replace(tx, person, &may.actor, at).await?;
    // Whoever had what was printed before may have chosen a password by it, or made a token.
    let ended = make_safe(tx, &may.actor, &account, Safe::Lost, at).await?;
    let mut hash = None;
    match &made.on_it {
        OnIt::Secret(secret) => hash = secret.hash(key, made.id),
        OnIt::Password(_, hash) => {
            accounts::set_password(tx, account.id, (hash, PasswordBy::Slip), at).await?
        }
        OnIt::Link(token) => {
            let ends_at = at.plus_millis(made.line.rule.slip_days.saturating_mul(86_400_000));
            accounts::invite(tx, (token, 1), person, &may.actor, at, ends_at).await?;
        }
    }
    let by = (may.actor.to_string(), at);
    let way = made.way();
    let card = Card {
        id: made.id,
        person,
        way,
        length: made.line.rule.length,
        hash,
        of: Some(may.of.clone()),
        issued: by.clone(),
        state: State::Issued,
        said: by,
        strange: 0,
    };
    table::insert(tx, &card).await?;
    let detail = json!({
        "card": made.id.to_string(), "account": account.id.to_string(), "way": way.id(), "replaced": before,
        "ended": ended.sessions,
    });
    trail::changed(tx, &may.actor, "card.issue", &Subject::new("person", person.0), &detail, at).await?;
    Ok(())
}

impl Made {
    /// What is on it.
    pub const fn way(&self) -> Way {
        self.line.rule.way
    }
}

/// What is kept of a class card's code.
pub(super) fn code_hash(key: &Private<[u8; 32]>, code: &ClassCode) -> String {
    super::super::house::keyed(key, "class card", code.reveal())
}

/// Why nothing was noted.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// They hold nothing of that class's, or somebody else said something else meanwhile.
    #[error("this has changed since it was looked at; look again")]
    Changed,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Says where the card of one pupil is: handed out, taken back, or lost. What is lost holds no more from this moment, whoever finds it.
pub async fn note(tx: &mut Tx, may: &Handling, person: PersonNo, to: State) -> Result<(), NoteError> {
    let card = held(tx, may, person).await?;
    if !matches!(to, State::Handed | State::TakenBack | State::Lost) {
        return Err(NoteError::Changed);
    }
    say(tx, may, &card, to).await
}

/// The card that a pupil of the class holds.
async fn held(tx: &mut Tx, may: &Handling, person: PersonNo) -> Result<Card, NoteError> {
    let is_theirs = classes::members(tx, &may.of).await?.iter().any(|one| one.number == person);
    let card = table::newest_of(tx, person).await?.filter(|card| card.state.holds() && is_theirs);
    card.ok_or(NoteError::Changed)
}

async fn say(tx: &mut Tx, may: &Handling, card: &Card, to: State) -> Result<(), NoteError> {
    let at = may.at;
    if card.state == to {
        return Ok(());
    }
    if !table::say(tx, card.id, (card.state, to), &may.actor, at).await? {
        return Err(NoteError::Changed);
    }
    let (was, card_id) = (card.state.id(), card.id.to_string());
    let detail = match to {
        State::Lost => {
            let ended = lose(tx, card, &may.actor, at).await?;
            json!({ "card": card_id, "from": was, "to": to.id(), "ended": ended })
        }
        _ => json!({ "card": card_id, "from": was, "to": to.id() }),
    };
    trail::changed(tx, &may.actor, "card.note", &Subject::new("person", card.person.0), &detail, at).await?;
    Ok(())
}

/// Whoever found a slip has nothing by it, whatever they have done with it before: its password or link ends, one that was chosen by it, and every
/// session.
async fn lose(tx: &mut Tx, card: &Card, actor: &Actor, at: Timestamp) -> Result<u64, StoreError> {
    let Some(account) = accounts::of_person(tx, card.person).await? else { return Ok(0) };
    Ok(make_safe(tx, actor, &account, Safe::Lost, at).await?.sessions)
}

/// Says of all that were printed for a class that they were handed out; how many.
pub async fn hand_out(tx: &mut Tx, may: &Handling) -> Result<usize, NoteError> {
    let mut handed = 0;
    for known in classes::members(tx, &may.of).await? {
        let card = table::newest_of(tx, known.number).await?;
        if let Some(card) = card.filter(|card| card.state == State::Issued) {
            say(tx, may, &card, State::Handed).await?;
            handed += 1;
        }
    }
    Ok(handed)
}

/// Lets a card go on that was tried in vain too often, on every device.
pub async fn let_go_on(
    tx: &mut Tx,
    may: &Handling,
    person: PersonNo,
    key: &Private<[u8; 32]>,
) -> Result<(), NoteError> {
    let card = held(tx, may, person).await?;
    table::forgive(tx, card.id).await?;
    accounts::forget_all_failures(tx, &whom(key, card.id)).await?;
    let detail = json!({ "card": card.id.to_string() });
    trail::changed(tx, &may.actor, "card.let-go-on", &Subject::new("person", person.0), &detail, may.at)
        .await?;
    Ok(())
}

/// Who tries by a card, as the counts of failures know them.
pub(super) fn whom(key: &Private<[u8; 32]>, card: CardId) -> String {
    super::super::house::keyed(key, "card", &card.to_string())
}
