//! Reading and marking what an adult is to a pupil.

use engine::PersonNo;
use kit::{Permit, Timestamp};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use crate::intake::{self, Parent};
use crate::kind::Kind;

kit::reading!(
    /// Seeing whose parent or carer somebody is, and whether a court restricts contact.
    ReadRelations(PersonNo) = "relation.read"
);
kit::action!(
    /// Saying who has parental responsibility, and that a court restricts contact: pupil and adult.
    MarkRelation((PersonNo, PersonNo)) = "relation.mark"
);

/// The adults of a pupil, or the pupils of an adult. Looking leaves an entry where there is somebody.
pub async fn of_person(
    tx: &mut Tx,
    permit: &Permit<ReadRelations>,
    kind: Option<Kind>,
    at: Timestamp,
) -> Result<Vec<Parent>, StoreError> {
    let person = *permit.subject();
    let related = intake::related(tx, person, kind != Some(Kind::Pupil)).await?;
    if !related.is_empty() {
        let detail = json!({ "relations": related.len() });
        trail::changed(tx, permit.actor(), "relation.read", &Subject::new("person", person.0), &detail, at)
            .await?;
    }
    Ok(related)
}

/// Why nothing was marked.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// Nothing relates the two.
    #[error("nothing on the roll relates these two people")]
    NotRelated,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Says whether the permit's adult has parental responsibility for its pupil, none where that is not known, and whether a court restricts
/// contact. An import adds such a marker and never takes it away.
pub async fn mark(
    tx: &mut Tx,
    permit: &Permit<MarkRelation>,
    responsibility: Option<bool>,
    restricted: bool,
    at: Timestamp,
) -> Result<(), MarkError> {
    let (pupil, adult) = *permit.subject();
    if !intake::mark(tx, (pupil, adult), (responsibility, restricted)).await? {
        return Err(MarkError::NotRelated);
    }
    // What was decided about a child is in the records; that somebody marked it is in the trail.
    let detail = json!({ "adult": adult.0 });
    trail::changed(tx, permit.actor(), "relation.mark", &Subject::new("person", pupil.0), &detail, at)
        .await?;
    Ok(())
}
