//! People, groups and guests: by ids of this API, and by name only where a token may read names.

use engine::PersonNo;
use people::guest::{self, EndGuest, GiveError, Guest, GuestId, ReadGuests};
use people::intake::{self, ReadRoll};
use serde::Serialize;
use serde_json::json;
use store::Tx;
use utoipa::ToSchema;

use crate::door::{Call, Done, Publish, Told};
use crate::operation::{Gives, Operation, of};
use crate::paging::page_of;
use crate::problem::Problem;
use crate::{Api, handled};

/// How many guests are looked through.
const GUESTS: u64 = 2_000;

/// Somebody on the roll.
#[derive(Serialize, ToSchema)]
#[schema(as = Person)]
pub(crate) struct PersonTold {
    /// Their id in this API.
    id: String,
    /// Their name; null without the scope people.names.
    name: Option<String>,
    /// What they are, where the roll says.
    kind: Option<String>,
    /// Their year, where they are in one.
    year: Option<i64>,
    /// Their groups, by id.
    groups: Vec<String>,
}

/// A group of the policy.
#[derive(Serialize, ToSchema)]
#[schema(as = Group)]
pub(crate) struct GroupTold {
    /// Its id.
    id: String,
    /// What the policy calls it.
    name: String,
    /// How many people of the roll are directly in it.
    people: usize,
}

/// A guest's stay.
#[derive(Serialize, ToSchema)]
#[schema(as = Guest)]
pub(crate) struct GuestTold {
    /// The id of the stay.
    id: String,
    /// Their id in this API.
    person: String,
    /// Their name; null without the scope people.names.
    name: Option<String>,
    /// From when.
    #[schema(format = DateTime)]
    starts_at: String,
    /// Until when.
    #[schema(format = DateTime)]
    ends_at: String,
    /// Whether it is over.
    over: bool,
}

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list-people",
        summary: "People on the roll",
        about: "By an id of this API, which is not the pseudonym of the activity log.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<PersonTold>),
        handler: handled!(list),
    },
    Operation {
        id: "list-groups",
        summary: "Groups of the policy",
        about: "With how many people are directly in each.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<GroupTold>),
        handler: handled!(groups),
    },
    Operation {
        id: "list-guests",
        summary: "Guests, newest first",
        about: "",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<GuestTold>),
        handler: handled!(guests),
    },
    Operation {
        id: "end-guest",
        summary: "End a guest's stay at once",
        about: "With their lanyard, where they have one. Giving a guest their days is done at the portal.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<GuestTold>),
        handler: handled!(end),
    },
];

/// The id of a person in this API.
pub(crate) fn person_id(api: &Api, person: PersonNo) -> String {
    api.opaque.id("person", &person.0.to_string())
}

/// Who on the roll has an id.
pub(crate) async fn person_of(api: &Api, tx: &mut Tx, id: &str) -> Result<Option<PersonNo>, Problem> {
    let all = people::people(tx).await?;
    Ok(api.opaque.which("person", id, all.into_iter().map(|one| (one.number.0.to_string(), one.number))))
}

async fn list(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, permit) = call.read::<ReadRoll>(api, ()).await?;
    let all = intake::on_the_roll(&mut tx, &permit).await?;
    tx.roll_back().await?;
    let names = call.has("people.names");
    let tell = |one: &intake::OnTheRoll| {
        json!(PersonTold {
            id: person_id(api, one.number),
            name: names.then(|| one.name.reveal().clone()),
            kind: one.kind.map(|kind| kind.id().to_owned()),
            year: one.year.map(|year| i64::from(year.number())),
            groups: one.groups.clone(),
        })
    };
    page_of(api, call, all, |one| one.number.0.to_string(), tell)
}

async fn groups(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadRoll>(api, ()).await?;
    let people = people::people(&mut tx).await?;
    tx.roll_back().await?;
    let policy = api.portal.filter.policy();
    let all: Vec<GroupTold> = (policy.document().groups.iter())
        .map(|group| GroupTold {
            id: group.id.clone(),
            name: group.name.clone(),
            people: people.iter().filter(|one| one.groups.contains(&group.id)).count(),
        })
        .collect();
    page_of(api, call, all, |one| one.id.clone(), |one| json!(one))
}

fn told(api: &Api, call: &Call, guest: &Guest, name: Option<&str>) -> GuestTold {
    GuestTold {
        id: guest.id.to_string(),
        person: person_id(api, guest.person),
        name: name.filter(|_| call.has("people.names")).map(str::to_owned),
        starts_at: guest.starts_at.to_string(),
        ends_at: guest.ends_at.to_string(),
        over: guest.is_over(call.at),
    }
}

async fn guests(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, permit) = call.read::<ReadGuests>(api, ()).await?;
    let all = guest::guests(&mut tx, &permit, GUESTS).await?;
    tx.roll_back().await?;
    let tell = |(guest, _, [name, ..]): &(Guest, _, [kit::Private<String>; 3])| {
        json!(told(api, call, guest, Some(name.reveal())))
    };
    page_of(api, call, all, |(guest, ..)| guest.id.to_string(), tell)
}

async fn end(api: &Api, call: &Call) -> Result<Done, Problem> {
    let id: GuestId = call.part("guest").parse().map_err(|_| Problem::not_found())?;
    let (mut tx, permit) = call.begin::<EndGuest>(api, id).await?;
    let before = guest::one(&mut tx, &permit).await?.ok_or_else(Problem::not_found)?;
    match guest::end(&mut tx, &permit).await {
        Ok(()) => {}
        Err(GiveError::Store(error)) => return Err(error.into()),
        Err(error) => return Err(Problem::not_now(error.to_string())),
    }
    let guest = Guest { ended_at: Some(permit.at()), ..before };
    let told = GuestTold { over: true, ..told(api, call, &guest, None) };
    Ok(Done::changed(tx, &permit, Publish::Roll, Told::ok(json!(told))))
}
