//! What holds for lessons: seeing it, opening a site for a class, ending that.

use engine::LiveDocument;
#[cfg(test)]
use filtering::lesson::Lessons;
use filtering::lesson::actions::{
    self, Asked, EndAnybodys, EndError, EndOwn, Ground, Kind, LessonError, OpenForLesson, ReadLessons,
    Running, Which,
};
use filtering::overrides::Whom;
use filtering::site::check_one_site;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use web::sentence;

use crate::door::{Call, Done, Publish, Told};
use crate::operation::{Gives, Operation, of};
use crate::paging::page_of;
use crate::problem::Problem;
use crate::requests::whom;
use crate::{Api, handled, input};

/// Something that holds for a lesson.
#[derive(Serialize, ToSchema)]
pub(crate) struct Lesson {
    /// Its id.
    id: String,
    /// What kind of thing.
    #[schema(value_type = LessonKind)]
    kind: &'static str,
    /// The site that is open, or those that stay open.
    sites: Vec<String>,
    /// For whom: group: and a group's id, or person.
    whom: String,
    /// From when.
    #[schema(format = DateTime)]
    starts_at: String,
    /// Until when.
    #[schema(format = DateTime)]
    ends_at: String,
    /// Whether the token's maker made it.
    own: bool,
}

/// What kind of thing holds for a lesson.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is described, and written as the portal writes it")]
pub(crate) enum LessonKind {
    Opening,
    List,
    Pause,
}

/// A class or room that a lesson can be for.
#[derive(Serialize, ToSchema)]
pub(crate) struct LessonClass {
    /// The group's id.
    id: String,
    /// What the policy calls it.
    name: String,
}

/// A site that is to be open for a lesson.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Opening {
    /// The site.
    #[schema(inline)]
    site: input::Site,
    /// The class, by its group's id.
    #[schema(inline)]
    group: input::Group,
    /// For how many minutes from now.
    #[schema(inline)]
    minutes: input::Minutes,
    /// What for.
    #[schema(inline)]
    reason: input::Line<200>,
}

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list-lessons",
        summary: "What holds for lessons",
        about: "What the token's maker has made.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<Lesson>),
        handler: handled!(list),
    },
    Operation {
        id: "list-lesson-classes",
        summary: "Classes and rooms that a lesson can be for",
        about: "As the policy and the roll have them for the token's maker.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<LessonClass>),
        handler: handled!(classes),
    },
    Operation {
        id: "open-for-lesson",
        summary: "Open a site for a class for a lesson",
        about: "By the same rules as at the portal: what leadership closed, what takes two people, and what is open already is not opened.",
        query: &[],
        takes: Some(of::<Opening>),
        status: 201,
        gives: Gives::One(of::<Lesson>),
        handler: handled!(open),
    },
    Operation {
        id: "end-lesson",
        summary: "End something for a lesson before its time",
        about: "One's own, or anybody's for whoever may.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<Lesson>),
        handler: handled!(end),
    },
];

fn id(api: &Api, which: Which) -> String {
    api.opaque.id("lesson", &format!("{}/{}", which.kind.id(), which.number))
}

fn told(api: &Api, call: &Call, one: &Running) -> Lesson {
    Lesson {
        id: id(api, one.which),
        kind: one.which.kind.id(),
        sites: one.sites.clone(),
        whom: whom(&one.whom),
        starts_at: one.span.starts_at.to_string(),
        ends_at: one.span.ends_at.to_string(),
        own: one.by == format!("person:{}", call.person().0),
    }
}

async fn list(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, permit) = call.read::<ReadLessons>(api, ()).await?;
    let running = actions::running(&mut tx, Some(permit.actor()), call.at).await?;
    tx.roll_back().await?;
    page_of(api, call, running, |one| id(api, one.which), |one| json!(told(api, call, one)))
}

async fn classes(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadLessons>(api, ()).await?;
    let (policy, live) = api.portal.filter.both();
    let ground = Ground::of(&mut tx, &policy, &live, call.person(), call.at).await?;
    tx.roll_back().await?;
    let tell = |(id, name): &(String, String)| json!(LessonClass { id: id.clone(), name: name.clone() });
    page_of(api, call, ground.classes(), |(id, _)| id.clone(), tell)
}

fn unopened(error: LessonError) -> Problem {
    match error {
        LessonError::Store(error) => error.into(),
        other => Problem::not_now(other.to_string()),
    }
}

const NOT_NOW: &str =
    "Nothing can be opened just now. Try again in an hour; the access trail says that you asked";

async fn open(api: &Api, call: &Call) -> Result<Done, Problem> {
    let opening = call.message::<Opening>()?;
    let target = opening.site.0;
    check_one_site(&target).map_err(|why| Problem::not_now(sentence(&why.to_string())))?;
    let whom = Whom::Group(opening.group.0);
    let (policy, live) = api.portal.filter.both();
    let (mut tx, permit) = call.begin::<OpenForLesson>(api, whom.clone()).await?;
    let ground = Ground::of(&mut tx, &policy, &live, call.person(), permit.at()).await?;
    let judged = ground.judge(&mut tx, &target, &whom, permit.at()).await.map_err(unopened)?;
    // As at the portal: nobody finds out here, one after the other, what is sealed. The question is counted in a transaction of its own.
    let told_of = u32::from(judged.tells);
    tx.roll_back().await?;
    let may =
        api.portal.may_answer(&policy, permit.actor(), "portal lesson.open", told_of, permit.at()).await;
    if !may.map_err(Problem::unexpected)? {
        return Err(Problem::not_now(NOT_NOW));
    }
    let (mut tx, permit) = call.begin::<OpenForLesson>(api, whom).await?;
    let at = permit.at();
    let ends_at = at.plus_millis(i64::from(opening.minutes.0) * 60_000);
    let asked = Asked { reason: opening.reason.0, ends_at };
    let made = actions::open(&mut tx, &permit, &ground, &target, asked, at).await.map_err(unopened)?;
    let running = Running {
        which: Which { kind: Kind::Opening, number: made.number },
        sites: vec![made.grant.target.clone()],
        whom: made.grant.whom.clone(),
        span: made.grant.span,
        by: made.granted_by.clone(),
        reason: made.grant.reason.clone(),
    };
    let new = LiveDocument { overrides: vec![made.published()], ..LiveDocument::default() };
    let told = Told::made(json!(told(api, call, &running)));
    Ok(Done::changed(tx, &permit, Publish::Live(Box::new(new)), told))
}

async fn end(api: &Api, call: &Call) -> Result<Done, Problem> {
    // Which it is, among those that the maker could end.
    let mut tx = api.portal.db.read().await?;
    let anybodys = call.offers::<EndAnybodys>(&mut tx).await?;
    let running = actions::running(&mut tx, None, call.at).await?;
    tx.roll_back().await?;
    let all = running.iter().map(|one| (format!("{}/{}", one.which.kind.id(), one.which.number), one));
    let one = api.opaque.which("lesson", call.part("lesson"), all).ok_or_else(Problem::not_found)?;
    let told = Told::ok(json!(told(api, call, one)));
    let ended = |error| match error {
        EndError::NotThere => Problem::not_found(),
        EndError::Store(error) => error.into(),
    };
    let publish = Publish::Live(Box::default());
    if anybodys {
        let (mut tx, permit) = call.begin::<EndAnybodys>(api, one.which).await?;
        actions::end_anybodys(&mut tx, &permit, permit.at()).await.map_err(ended)?;
        return Ok(Done::changed(tx, &permit, publish, told));
    }
    let (mut tx, permit) = call.begin::<EndOwn>(api, one.which).await?;
    actions::end_own(&mut tx, &permit, permit.at()).await.map_err(ended)?;
    Ok(Done::changed(tx, &permit, publish, told))
}

/// The longest that a lesson's opening lasts, in minutes, for the test that holds the description to it.
#[cfg(test)]
fn longest() -> u16 {
    u16::try_from(Lessons::built_in().longest_ms() / 60_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_description_says_the_longest_lesson_of_the_content() {
        assert_eq!(super::longest(), super::input::Minutes::MOST);
    }
}
