//! People, groups and whoever did something, as pages name them.

use ::store::Tx;
use engine::FilterPolicy;
use kit::{Actor, Private};
use web::speech::say;
use web::{PageError, filled};

use crate::overrides::Whom;
use crate::site_request::staff_pages::number;

/// Whom something is for, as people say it.
pub(crate) async fn whom(
    tx: &mut Tx,
    policy: &FilterPolicy,
    whom: &Whom,
) -> Result<Private<String>, PageError> {
    Ok(match whom {
        Whom::Everyone => Private::new(say("common.everyone")),
        Whom::Group(id) => {
            let name = policy.groups().number(id).map_or(id.as_str(), |group| policy.groups().name(group));
            Private::new(name.to_owned())
        }
        Whom::Person(person) => {
            let name = people::name_of(tx, *person).await.map_err(PageError::unexpected)?;
            name.unwrap_or_else(|| Private::new(filled!("request.person", person = person.0)))
        }
    })
}

/// Whoever did something, from what the trail writes of them; `own` is whoever looks at it.
pub(crate) async fn by(tx: &mut Tx, actor: &str, own: Option<&Actor>) -> Result<Private<String>, PageError> {
    if own.is_some_and(|own| own.to_string() == actor) {
        return Ok(Private::new(say("lesson.you")));
    }
    let name = match number(actor) {
        Some(person) => people::name_of(tx, person).await.map_err(PageError::unexpected)?,
        None => None,
    };
    Ok(name.unwrap_or_else(|| {
        Private::new(if actor.starts_with("command-line") {
            say("policy.the-machines-administrator")
        } else if actor.starts_with("job:") {
            say("overrides.the-program-itself")
        } else {
            say("common.somebody-who-has-left")
        })
    }))
}
