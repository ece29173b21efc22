//! What the forms of a lesson ask: for whom, until when, why, and which sites.

use ::store::Tx;
use engine::FilterPolicy;
use kit::Timestamp;
use kit::nearby::nearby;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, filled, sentence};

use super::actions::{Asked, Ground, LessonError};
use super::content::Lessons;
use crate::overrides::Whom;
use crate::site::{check_one_site, typed_target};

/// The longest reason, in characters: it stands on a line of a table.
const LONGEST_REASON: usize = 200;
/// What every form of a lesson asks alike.
pub(super) struct Filled {
    pub whom: Whom,
    pub asked: Asked,
}

/// For whom a form can be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ForWhom {
    ClassOrPupil,
    Class,
    Pupil,
}

/// Reads whom it is for, until when and why. `None` where something is missing, which is among the mistakes then.
pub(super) async fn fill(
    (tx, ground): (&mut Tx, &Ground<'_>),
    (form, for_whom): (&Submitted, ForWhom),
    at: Timestamp,
    mistakes: &mut Mistakes,
) -> Result<Option<Filled>, PageError> {
    let whom = match for_whom {
        ForWhom::Pupil if form.line("pupil").is_empty() => {
            mistakes.add("pupil", say("lesson.enter-the-pupils-name"));
            None
        }
        ForWhom::Pupil => pupil_called((tx, ground), &form.line("pupil"), at, mistakes).await?,
        ForWhom::Class => class(form, mistakes),
        ForWhom::ClassOrPupil => whom((tx, ground), form, at, mistakes).await?,
    };
    let ends_at = ends_at(form.text("until"), ground.policy, at);
    if ends_at.is_none() {
        mistakes.add("until", say("lesson.select-until-when"));
    }
    let reason = form.line("reason");
    if reason.is_empty() {
        mistakes.add("reason", say("lesson.enter-why-in-a"));
    } else if reason.chars().count() > LONGEST_REASON {
        mistakes.add("reason", filled!("common.shorten-this", n = LONGEST_REASON));
    }
    let asked = ends_at.filter(|_| mistakes.none()).map(|ends_at| Asked { reason, ends_at });
    Ok(whom.zip(asked).map(|(whom, asked)| Filled { whom, asked }))
}

/// A class that was chosen, or a pupil who was named.
async fn whom(
    (tx, ground): (&mut Tx, &Ground<'_>),
    form: &Submitted,
    at: Timestamp,
    mistakes: &mut Mistakes,
) -> Result<Option<Whom>, PageError> {
    let (chosen, pupil) = (form.text("whom"), form.line("pupil"));
    match (chosen, pupil.as_str()) {
        ("", "") => mistakes.add("whom", say("lesson.choose-a-class-or")),
        (_, "") => return Ok(class(form, mistakes)),
        ("", name) => return pupil_called((tx, ground), name, at, mistakes).await,
        _ => mistakes.add("whom", say("lesson.choose-a-class-or-enter")),
    }
    Ok(None)
}

/// A class that was chosen; a pupil where the form says one by number, as one that was looked at before.
fn class(form: &Submitted, mistakes: &mut Mistakes) -> Option<Whom> {
    let whom = form.text("whom").parse().ok();
    if whom.is_none() {
        mistakes.add("whom", say("lesson.choose-one-of-the"));
    }
    whom
}

/// The pupil who is called so. Suggested is only whom a lesson of theirs can be for: nobody learns here what colleagues and parents
/// are called.
async fn pupil_called(
    (tx, ground): (&mut Tx, &Ground<'_>),
    name: &str,
    at: Timestamp,
    mistakes: &mut Mistakes,
) -> Result<Option<Whom>, PageError> {
    let called = people::people_called(tx, name).await.map_err(PageError::unexpected)?;
    match called.as_slice() {
        [one] => return Ok(Some(Whom::Person(one.number))),
        [] => {
            let all = people::people(tx).await.map_err(PageError::unexpected)?;
            let mut taught = Vec::new();
            for one in nearby(
                name,
                all.iter().filter(|one| ground.may_be_taught(one)).map(|one| one.name.reveal().as_str()),
            ) {
                for person in all.iter().filter(|person| person.name.reveal() == one) {
                    match ground.pupil(tx, &Whom::Person(person.number), at).await {
                        Ok(_) => taught.push(one),
                        Err(LessonError::Store(error)) => return Err(PageError::unexpected(error)),
                        Err(_) => {}
                    }
                }
            }
            taught.dedup();
            let say = match taught.as_slice() {
                [] => say("lesson.nobody-on-the-roll"),
                close => filled!(
                    "lesson.nobody-on-the-roll-is",
                    close = close.join(&format!(" {} ", say("lesson.or")))
                ),
            };
            mistakes.add("pupil", say);
        }
        _ => mistakes.add("pupil", say("lesson.several-people-are-called")),
    }
    Ok(None)
}

/// When it ends: with the lesson that is going on, or in so many minutes.
fn ends_at(until: &str, policy: &FilterPolicy, at: Timestamp) -> Option<Timestamp> {
    if until == "lesson" {
        let calendar = policy.calendar();
        return calendar.lesson_ends(calendar.zone().local(at));
    }
    let minutes: u16 = until.parse().ok()?;
    Lessons::built_in().minutes.contains(&minutes).then(|| at.plus_millis(i64::from(minutes) * 60_000))
}

/// The one site that was typed, or what is wrong with it.
pub(super) fn one_site(typed: &str, field: &'static str, mistakes: &mut Mistakes) -> Option<String> {
    if typed.is_empty() {
        mistakes.add(field, say("lesson.enter-the-site-that"));
        return None;
    }
    match typed_target(typed).and_then(|target| check_one_site(&target).map(|()| target)) {
        Ok(target) => Some(target),
        Err(why) => {
            mistakes.add(field, sentence(&why.to_string()));
            None
        }
    }
}

/// The sites of a list, one a line; none where nothing but help is to stay open.
pub(super) fn sites(form: &Submitted, mistakes: &mut Mistakes) -> Vec<String> {
    let mut sites = Vec::new();
    match form.text("open") {
        "sites" => {
            let typed = form.text("sites").lines().map(str::trim).filter(|line| !line.is_empty());
            for line in typed {
                // Each is judged, which takes its time.
                if sites.len() >= Lessons::built_in().most_sites {
                    mistakes.add("sites", sentence(&LessonError::TooManySites.to_string()));
                    break;
                }
                if let Some(site) = one_site(line, "sites", mistakes)
                    && !sites.contains(&site)
                {
                    sites.push(site);
                }
            }
            if sites.is_empty() && mistakes.beside("sites").is_none() {
                mistakes.add("sites", say("lesson.enter-the-sites-that"));
            }
        }
        "none" => {}
        _ => mistakes.add("open", say("lesson.select-what-stays-open")),
    }
    sites
}
