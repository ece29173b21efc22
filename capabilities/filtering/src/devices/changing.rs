//! Registering a device, changing it, and taking it off the register, at the portal.

use std::collections::BTreeSet;

use ::store::Tx;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use engine::DeviceNo;
use kit::Permit;
use people::account::SignedIn;
use people::device::{self, ChangeDevices, DeviceError};
use web::speech::say;
use web::{Mistakes, PageError, Submitted, filled, sentence};

use super::pages::{line, named, number, there};
use super::{form, views};
use crate::portal::{Portal, not_kept};

/// The groups of the policy: the id of each, and what it is called.
fn groups(portal: &Portal) -> Vec<(String, String)> {
    let policy = portal.filter.policy();
    policy.document().groups.iter().map(|group| (group.id.clone(), group.name.clone())).collect()
}

/// A form about a device: about one that is new, or about that one.
fn page(
    portal: &Portal,
    who: &SignedIn,
    device: Option<DeviceNo>,
    written: &Submitted,
    mistakes: &Mistakes,
) -> Response {
    who.respond(&views::form(device, &groups(portal), written, mistakes))
}

pub(super) async fn new_form(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.could::<ChangeDevices>(())?;
    Ok(page(&portal, &who, None, &Submitted::default(), &Mistakes::default()))
}

pub(super) async fn add(
    State(portal): State<Portal>,
    who: SignedIn,
    written: Submitted,
) -> Result<Response, PageError> {
    carry_out(&portal, &who, None, &written).await
}

pub(super) async fn change_form(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    who.could::<ChangeDevices>(())?;
    let number = number(path)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let device = there(&mut tx, number).await?;
    let line = line(&mut tx, device).await?;
    let owner = stands_for(&mut tx, &line).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(page(&portal, &who, Some(number), &form::of(&line.device, &owner), &Mistakes::default()))
}

/// What stands in the form for whose a device is: their name, or their number where others are called so too.
async fn stands_for(tx: &mut Tx, line: &views::Line) -> Result<String, PageError> {
    let Some((person, name)) = line.device.person.zip(line.owner.as_ref()) else { return Ok(String::new()) };
    let called = people::people_called(tx, name.reveal()).await.map_err(PageError::unexpected)?;
    let alone = called.len() == 1 && name.reveal().parse::<u32>().is_err();
    Ok(if alone { name.reveal().clone() } else { person.0.to_string() })
}

pub(super) async fn change(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    written: Submitted,
) -> Result<Response, PageError> {
    who.could::<ChangeDevices>(())?;
    carry_out(&portal, &who, Some(number(path)?), &written).await
}

/// Does what a form says, of a new device or of that one; the form comes back with what is wrong with it.
async fn carry_out(
    portal: &Portal,
    who: &SignedIn,
    device: Option<DeviceNo>,
    written: &Submitted,
) -> Result<Response, PageError> {
    let known: BTreeSet<String> = groups(portal).into_iter().map(|(id, _)| id).collect();
    let ids: Vec<String> = known.iter().cloned().collect();
    let mut mistakes = Mistakes::default();
    let (mut tx, permit) = who.begin::<ChangeDevices>(()).await?;
    let facts = form::read(&mut tx, written, &ids, &mut mistakes).await.map_err(PageError::unexpected)?;
    if !mistakes.none() {
        drop(tx);
        return Ok(page(portal, who, device, written, &mistakes));
    }
    let done = match device {
        None => device::add(&mut tx, &permit, &facts, &known).await,
        Some(number) => device::change(&mut tx, &permit, number, &facts, &known).await.map(|()| number),
    };
    let number = match done {
        Ok(number) => number,
        Err(DeviceError::NotThere) => return Err(PageError::NotFound),
        Err(error) => {
            drop(tx);
            told(error, &mut mistakes)?;
            return Ok(page(portal, who, device, written, &mistakes));
        }
    };
    match publish(portal, tx, &permit).await {
        Ok(()) => Ok(to(number)),
        Err(why) => {
            mistakes.add_whole(why);
            let page = page(portal, who, device, written, &mistakes);
            Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response())
        }
    }
}

/// Takes a device off the register. Whoever did that by mistake registers it anew from the page that says so.
pub(super) async fn end(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    who.could::<ChangeDevices>(())?;
    let number = number(path)?;
    let (mut tx, permit) = who.begin::<ChangeDevices>(()).await?;
    // Somebody else was quicker, or the page was sent again.
    let Some(device) = people::device_numbered(&mut tx, number).await.map_err(PageError::unexpected)? else {
        return Ok(Redirect::to("/staff/devices").into_response());
    };
    let line = line(&mut tx, device).await?;
    match device::end(&mut tx, &permit, number).await {
        Ok(()) => {}
        Err(DeviceError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(_) => return Err(PageError::NotFound),
    }
    if let Err(why) = publish(&portal, tx, &permit).await {
        let mut mistakes = Mistakes::default();
        mistakes.add_whole(why);
        let page = views::one(&line, &|id: &str| named(&portal, id), true, &portal.zone)
            .problems(mistakes.summary());
        return Ok((StatusCode::SERVICE_UNAVAILABLE, who.respond(&page)).into_response());
    }
    Ok(who.respond(&views::ended(&line, &|id: &str| named(&portal, id), &portal.zone)))
}

/// Commits, and gates know within a second; or what is said where nothing was kept.
async fn publish(portal: &Portal, tx: Tx, permit: &Permit<ChangeDevices>) -> Result<(), String> {
    let published =
        people::intake::Publishes::roll(&*portal.publishes, tx, permit.actor().clone(), permit.at()).await;
    published.map_err(|error| not_kept(&error))
}

/// What is said of an error that is somebody's to mend, beside the field that it is about.
fn told(error: DeviceError, mistakes: &mut Mistakes) -> Result<(), PageError> {
    match error {
        DeviceError::Store(error) => return Err(PageError::unexpected(error)),
        DeviceError::NotThere => return Err(PageError::NotFound),
        DeviceError::Name => mistakes.add("name", say("devices.enter-what-it-is")),
        DeviceError::NameTaken => mistakes.add("name", say("devices.another-is-called-so")),
        DeviceError::AddressTaken { address, other } => {
            mistakes.add("addresses", filled!("devices.another-has-it", address, other = other.reveal()));
        }
        DeviceError::NobodyThere => mistakes.add("person", say("devices.nobody-on-the-roll")),
        DeviceError::Theirs => mistakes.add("person", say("devices.it-is-theirs-who")),
        DeviceError::NoDevices(address) => {
            mistakes.add("addresses", filled!("devices.is-no-device-s", address));
        }
        error @ DeviceError::NoGroup(_) => mistakes.add_whole(sentence(&error.to_string())),
    }
    Ok(())
}

fn to(device: DeviceNo) -> Response {
    Redirect::to(&format!("/staff/devices/{}", device.0)).into_response()
}
