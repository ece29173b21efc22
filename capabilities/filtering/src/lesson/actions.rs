//! What is done for a lesson.

use std::collections::BTreeSet;
use std::str::FromStr;

use ::store::{Actor, StoreError, Tx};
use engine::document::Effect;
use engine::{FilterPolicy, Identity, Live, LiveDocument, PersonNo};
use kit::{Permit, Timestamp};
use people::duty;

use super::content::Lessons;
use super::judge::{self, Asking, Judged, MayNot};
use crate::explain::{identity_in, identity_of_person};
use crate::focus::{self, Focus, Plan};
use crate::lasting::{self, Span, WithdrawError};
use crate::overrides::{self, Grant, Override, Whom};
use crate::withheld::{self, Decision, Withheld};

kit::reading!(
    /// Seeing what holds for one's own lessons.
    ReadLessons(()) = "lesson.read"
);
kit::action!(
    /// Opening a site for a class or a pupil.
    OpenForLesson(Whom) = "lesson.open"
);
kit::action!(
    /// Keeping a class to a list of sites; its subject is the group's id.
    ListForLesson(String) = "lesson.list"
);
kit::action!(
    /// Pausing a pupil's access.
    PauseForLesson(PersonNo) = "lesson.pause"
);
kit::action!(
    /// Ending before its time what one has made oneself.
    EndOwn(Which) = "lesson.end"
);
kit::action!(
    /// Seeing, and ending before its time, what anybody has made for a lesson.
    EndAnybodys(Which) = "lesson.end-anybodys"
);

/// What kind of thing holds for a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A site is open.
    Opening,
    /// A class is kept to a list.
    List,
    /// A pupil's access is paused.
    Pause,
}

impl Kind {
    /// The word in addresses.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::List => "list",
            Self::Pause => "pause",
        }
    }
}

/// One of the things that hold for lessons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Which {
    /// What kind of thing.
    pub kind: Kind,
    /// Its number.
    pub number: u32,
}

/// There is no such thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuchKind;

impl FromStr for Kind {
    type Err = NoSuchKind;

    fn from_str(text: &str) -> Result<Self, NoSuchKind> {
        [Self::Opening, Self::List, Self::Pause].into_iter().find(|kind| kind.id() == text).ok_or(NoSuchKind)
    }
}

/// What holds, or will, for a lesson.
#[derive(Debug, Clone)]
pub struct Running {
    /// Which it is.
    pub which: Which,
    /// What it does: the site that is open, or those that stay open.
    pub sites: Vec<String>,
    /// For whom.
    pub whom: Whom,
    /// From when until when.
    pub span: Span,
    /// Who made it, as the trail writes them.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Everything that somebody has made at the portal for a lesson and that is not over, oldest first: theirs, or everybody's.
pub async fn running(tx: &mut Tx, whose: Option<&Actor>, at: Timestamp) -> Result<Vec<Running>, StoreError> {
    let mut all = Vec::new();
    for one in lasting::not_over::<Override>(tx, at).await? {
        // What answers a request was agreed to by two people, and is theirs.
        if one.grant.request.is_none() && one.grant.effect == Effect::Allow {
            all.push(Running {
                which: Which { kind: Kind::Opening, number: one.number },
                sites: vec![one.grant.target],
                whom: one.grant.whom,
                span: one.grant.span,
                by: one.granted_by,
                reason: one.grant.reason,
            });
        }
    }
    for one in lasting::not_over::<Focus>(tx, at).await? {
        all.push(Running {
            which: Which { kind: Kind::List, number: one.number },
            sites: one.plan.sites,
            whom: Whom::Group(one.plan.group),
            span: one.plan.span,
            by: one.made_by,
            reason: one.plan.reason,
        });
    }
    for one in lasting::not_over::<Withheld>(tx, at).await? {
        all.push(Running {
            which: Which { kind: Kind::Pause, number: one.number },
            sites: Vec::new(),
            whom: Whom::Person(one.person),
            span: one.span,
            by: one.made_by,
            reason: one.reason,
        });
    }
    // What is longer was made elsewhere, by whoever may.
    let longest = Lessons::built_in().longest_ms();
    let is_short = |span: &Span| span.ends_at.as_millis() - span.starts_at.as_millis() <= longest;
    all.retain(|one| one.by.starts_with("person:") && is_short(&one.span));
    if let Some(actor) = whose {
        let theirs = actor.to_string();
        all.retain(|one| one.by == theirs);
    }
    all.sort_by_key(|one| (one.span.starts_at, one.which.number));
    Ok(all)
}

/// The policy that decides, what holds beside it, and the teacher as they know them.
pub struct Ground<'a> {
    /// The policy.
    pub policy: &'a FilterPolicy,
    /// What holds for a time.
    pub live: &'a Live,
    /// The teacher.
    pub teacher: Identity,
    /// The ids of the groups that they may act for, where they teach by a lanyard; any class for whoever does not.
    pub only: Option<BTreeSet<String>>,
}

impl<'a> Ground<'a> {
    /// The ground that a person of the roll stands on.
    pub async fn of(
        tx: &mut Tx,
        policy: &'a FilterPolicy,
        live: &'a Live,
        teacher: PersonNo,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let only = people::guest::classes_of(tx, teacher, at).await?;
        let found = people::person(tx, teacher).await?;
        let teacher = found.map_or_else(Identity::default, |one| identity_of_person(policy, live, &one));
        Ok(Self { policy, live, teacher, only })
    }

    /// The classes and rooms that a lesson of theirs can be for.
    pub fn classes(&self) -> Vec<(String, String)> {
        let mut all = judge::classes(self.policy, self.live, &self.teacher);
        all.retain(|(id, _)| self.only.as_ref().is_none_or(|only| only.contains(id)));
        all
    }

    /// Whether somebody is in a class that the teacher may act for.
    fn is_of_theirs(&self, pupil: &Identity) -> bool {
        let groups = self.policy.groups();
        let is_in = |id: &String| groups.number(id).is_some_and(|group| pupil.groups.contains(group));
        self.only.as_ref().is_none_or(|only| only.iter().any(is_in))
    }

    /// Whether somebody's groups let a lesson be for them. Their duties may not ([`Self::pupil`]).
    pub fn may_be_taught(&self, person: &people::Person) -> bool {
        let pupil = identity_of_person(self.policy, self.live, person);
        judge::is_taught(self.policy, &self.teacher, &pupil) && self.is_of_theirs(&pupil)
    }

    /// Whoever a lesson is for, as the gate would know them: a class or room that can be offered, or somebody who is taught.
    pub async fn pupil(&self, tx: &mut Tx, whom: &Whom, at: Timestamp) -> Result<Identity, LessonError> {
        match whom {
            Whom::Group(id) if self.classes().iter().any(|(class, _)| class == id) => {
                identity_in(self.policy, id).ok_or(LessonError::NoClass)
            }
            Whom::Group(_) | Whom::Everyone => Err(LessonError::NoClass),
            Whom::Person(number) => {
                let person = people::person(tx, *number).await?.ok_or(LessonError::NotTaught)?;
                let pupil = identity_of_person(self.policy, self.live, &person);
                // Whatever they have proved: a duty that rests is one all the same.
                let all = duty::Proof { at, several: true };
                let standing = duty::of_person(tx, *number, all, at).await?.standing;
                // A pupil who helps others is a pupil all the same; whoever else has a duty is none.
                let has_duty = standing.duties().any(|duty| !matches!(duty, "digital-leader" | "pupil"));
                if has_duty
                    || !judge::is_taught(self.policy, &self.teacher, &pupil)
                    || !self.is_of_theirs(&pupil)
                {
                    return Err(LessonError::NotTaught);
                }
                Ok(pupil)
            }
        }
    }

    /// What opening a site would come to.
    pub async fn judge(
        &self,
        tx: &mut Tx,
        target: &str,
        whom: &Whom,
        at: Timestamp,
    ) -> Result<Judged, LessonError> {
        let pupil = self.pupil(tx, whom, at).await?;
        let asking = Asking { teacher: &self.teacher, whom, pupil: &pupil, at };
        Ok(judge::judge(self.policy, self.live, target, asking)?)
    }

    /// Whether a list may open a site for a class from one moment until another: by what holds now, and by the policy alone, at both
    /// ends. What two people opened for a time, or another list holds open or closed, is no ground for a list that outlasts it.
    async fn may_list(
        &self,
        tx: &mut Tx,
        target: &str,
        whom: &Whom,
        span: Span,
    ) -> Result<Result<(), MayNot>, LessonError> {
        match self.judge(tx, target, whom, span.starts_at).await?.may {
            Ok(()) | Err(MayNot::OpenAlready | MayNot::Focus(_)) => {}
            Err(why) => return Ok(Err(why)),
        }
        let pupil = self.pupil(tx, whom, span.starts_at).await?;
        let (nothing, _) = Live::compile(&LiveDocument::default(), self.policy);
        for at in [span.starts_at, span.ends_at.plus_millis(-1)] {
            let asking = Asking { teacher: &self.teacher, whom, pupil: &pupil, at };
            match judge::judge(self.policy, &nothing, target, asking)?.may {
                Ok(()) | Err(MayNot::OpenAlready) => {}
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(()))
    }
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    /// The site may not be opened by them.
    #[error(transparent)]
    MayNot(#[from] MayNot),
    /// It is no class of theirs.
    #[error("Choose one of the classes or rooms in the list")]
    NoClass,
    /// It is no pupil.
    #[error("A lesson can be for a pupil alone, and not for yourself or a colleague")]
    NotTaught,
    /// It would last too long.
    #[error("For a lesson, {} minutes are the longest. Ask for the site where it is needed for longer", Lessons::built_in().longest_minutes)]
    TooLong,
    /// The site was open so too much of late.
    #[error(
        "In the last seven days this site has been opened for lessons of theirs as long as it may be, {} hours. Ask for the site, so that two people look at it",
        Lessons::built_in().week_minutes / 60
    )]
    TooOften,
    /// They have too much going.
    #[error("You have {} things open or paused already. End one of them first", Lessons::built_in().most_at_once)]
    TooMany,
    /// The list is too long.
    #[error("A lesson’s list has {} sites at most", Lessons::built_in().most_sites)]
    TooManySites,
    /// A site of the list may not be in it.
    #[error("{site}: {why}")]
    Site {
        /// The site.
        site: String,
        /// Why.
        why: MayNot,
    },
    /// It cannot be made so.
    #[error(transparent)]
    Grant(overrides::Refused),
    /// It cannot be made so.
    #[error(transparent)]
    Plan(focus::Refused),
    /// It cannot be made so.
    #[error(transparent)]
    Decision(withheld::Refused),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is to hold, and why.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Why, in the teacher's words.
    pub reason: String,
    /// Until when.
    pub ends_at: Timestamp,
}

async fn check(tx: &mut Tx, actor: &Actor, asked: &Asked, at: Timestamp) -> Result<(), LessonError> {
    let lessons = Lessons::built_in();
    if asked.ends_at.as_millis() - at.as_millis() > lessons.longest_ms() {
        return Err(LessonError::TooLong);
    }
    if running(tx, Some(actor), at).await?.len() >= lessons.most_at_once {
        return Err(LessonError::TooMany);
    }
    Ok(())
}

/// Seven days.
const WEEK_MS: i64 = 7 * 24 * 3_600_000;

/// The site of a target, without the part of it.
fn host(target: &str) -> &str {
    target.split('/').next().unwrap_or(target)
}

/// Whether a site may be opened for somebody once more: it is not open so already, by what the records say in this very transaction, and was
/// not all week. An exception for a lesson that is made again and again, by a teacher or by a program, would be a rule that one person made.
async fn not_too_often(
    tx: &mut Tx,
    whom: &Whom,
    target: &str,
    ends_at: Timestamp,
    at: Timestamp,
) -> Result<(), LessonError> {
    let mut open_ms = ends_at.as_millis() - at.as_millis();
    for one in overrides::actions::begun_since(tx, whom, at.plus_millis(-WEEK_MS)).await? {
        if one.grant.effect != Effect::Allow || host(&one.grant.target) != host(target) {
            continue;
        }
        let ended = one.withdrawn.as_ref().map_or(one.grant.span.ends_at, |withdrawn| withdrawn.at);
        if ended > at && one.grant.target == target {
            return Err(MayNot::OpenAlready.into());
        }
        open_ms += ended.min(at).as_millis().saturating_sub(one.grant.span.starts_at.as_millis()).max(0);
    }
    let most_ms = i64::from(Lessons::built_in().week_minutes) * 60_000;
    if open_ms > most_ms { Err(LessonError::TooOften) } else { Ok(()) }
}

/// Opens a site for the permit's class or pupil, where the teacher may. Publish afterwards.
pub async fn open(
    tx: &mut Tx,
    permit: &Permit<OpenForLesson>,
    ground: &Ground<'_>,
    target: &str,
    asked: Asked,
    at: Timestamp,
) -> Result<Override, LessonError> {
    check(tx, permit.actor(), &asked, at).await?;
    ground.judge(tx, target, permit.subject(), at).await?.may?;
    not_too_often(tx, permit.subject(), target, asked.ends_at, at).await?;
    let grant = Grant {
        whom: permit.subject().clone(),
        effect: Effect::Allow,
        target: target.to_owned(),
        reason: asked.reason,
        span: Span { starts_at: at, ends_at: asked.ends_at },
        request: None,
    };
    match overrides::actions::grant(tx, permit.actor(), grant, at).await {
        Ok(made) => Ok(made),
        Err(overrides::GrantError::Refused(why)) => Err(LessonError::Grant(why)),
        Err(overrides::GrantError::NobodyThere(_)) => Err(LessonError::NotTaught),
        Err(overrides::GrantError::Store(error)) => Err(error.into()),
    }
}

/// Keeps the permit's class to a list of sites; with none at all, nothing but help and essentials stays open. A list opens what is in
/// it, so each site must be open for the class already, or be one that the teacher may open. Publish afterwards.
pub async fn list(
    tx: &mut Tx,
    permit: &Permit<ListForLesson>,
    ground: &Ground<'_>,
    sites: Vec<String>,
    asked: Asked,
    at: Timestamp,
) -> Result<Focus, LessonError> {
    check(tx, permit.actor(), &asked, at).await?;
    if sites.len() > Lessons::built_in().most_sites {
        return Err(LessonError::TooManySites);
    }
    let whom = Whom::Group(permit.subject().clone());
    ground.pupil(tx, &whom, at).await?;
    for site in &sites {
        let span = Span { starts_at: at, ends_at: asked.ends_at };
        if let Err(why) = ground.may_list(tx, site, &whom, span).await? {
            return Err(LessonError::Site { site: site.clone(), why });
        }
    }
    let plan = Plan {
        name: asked.reason.clone(),
        group: permit.subject().clone(),
        sites,
        reason: asked.reason,
        span: Span { starts_at: at, ends_at: asked.ends_at },
    };
    match focus::actions::start(tx, permit.actor(), plan, at).await {
        Ok(made) => Ok(made),
        Err(focus::StartError::Refused(why)) => Err(LessonError::Plan(why)),
        Err(focus::StartError::Store(error)) => Err(error.into()),
    }
}

/// Pauses the access of the permit's pupil: help, essentials and the policy's sites for learning stay. Publish afterwards.
pub async fn pause(
    tx: &mut Tx,
    permit: &Permit<PauseForLesson>,
    ground: &Ground<'_>,
    asked: Asked,
    at: Timestamp,
) -> Result<Withheld, LessonError> {
    check(tx, permit.actor(), &asked, at).await?;
    ground.pupil(tx, &Whom::Person(*permit.subject()), at).await?;
    let decision = Decision {
        person: *permit.subject(),
        reason: asked.reason,
        starts_at: at,
        ends_at: Some(asked.ends_at),
        review_at: None,
    };
    match withheld::actions::start(tx, permit.actor(), decision, at).await {
        Ok(made) => Ok(made),
        Err(withheld::StartError::Refused(why)) => Err(LessonError::Decision(why)),
        Err(withheld::StartError::NobodyThere(_)) => Err(LessonError::NotTaught),
        Err(withheld::StartError::Store(error)) => Err(error.into()),
    }
}

/// What ends early is said to have been ended for.
const ENDED: &str = "Ended at the portal before its time";

/// Why nothing was ended.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// There is none, it is over, or it is somebody else's.
    #[error("It is over already, or it is not yours to end")]
    NotThere,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ends what the permit's actor has made themselves. Publish afterwards.
pub async fn end_own(tx: &mut Tx, permit: &Permit<EndOwn>, at: Timestamp) -> Result<(), EndError> {
    end(tx, permit.actor(), Some(permit.actor()), *permit.subject(), at).await
}

/// Ends what anybody has made for a lesson. Publish afterwards.
pub async fn end_anybodys(tx: &mut Tx, permit: &Permit<EndAnybodys>, at: Timestamp) -> Result<(), EndError> {
    end(tx, permit.actor(), None, *permit.subject(), at).await
}

async fn end(
    tx: &mut Tx,
    actor: &Actor,
    whose: Option<&Actor>,
    which: Which,
    at: Timestamp,
) -> Result<(), EndError> {
    // Only what a lesson has made can be ended here, whatever its number.
    if !running(tx, whose, at).await?.iter().any(|one| one.which == which) {
        return Err(EndError::NotThere);
    }
    let number = which.number;
    let ended = match which.kind {
        Kind::Opening => lasting::end::<Override>(tx, actor, number, ENDED, at).await,
        Kind::List => lasting::end::<Focus>(tx, actor, number, ENDED, at).await,
        Kind::Pause => lasting::end::<Withheld>(tx, actor, number, ENDED, at).await,
    };
    ended.map_err(|error| match error {
        WithdrawError::Store(error) => EndError::Store(error),
        _ => EndError::NotThere,
    })
}
