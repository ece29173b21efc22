//! What is done now and then: erasures that were interrupted, and deleting what is too old.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kit::Timestamp;

use super::Service;
use crate::entry::{Entry, What};
use crate::sealed::{self, Expired};
use crate::store::StoreError;

/// How long after a failure packing is tried again.
const PACK_AGAIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A clock that moves so much more or less than the time that passed has been set.
const JUMP_MS: i64 = 3_600_000;

/// Deletes sealed records that are too old, the entry before them.
fn expire_sealed(service: &Service, at: Timestamp) -> Result<(), StoreError> {
    let path = || service.config.log.dir.join(sealed::FILE);
    let kept_days = service.config.log.keep_sealed_days;
    let due = service.sealed.due(at, kept_days).map_err(StoreError::io("read", path()))?;
    let Some(Expired { records, newest }) = due else { return Ok(()) };
    service.log.note(Entry { at, what: What::SealedExpired { records, newest, kept_days } })?;
    service.sealed.expire(at, kept_days).map_err(StoreError::io("write", path()))
}

/// Reads what is kept once a start: whoever has a search answered must be told what it may lack.
fn look_for_damage(service: &Service) {
    match service.log.look_for_damage(service.config.clock.now(), || service.stopping()) {
        Ok(_) => {}
        Err(error) => tracing::error!(%error, "The activity log could not be looked through for damage"),
    }
}

/// Closes the day before if nothing has come since, and makes one file of each day that is over.
fn merge(service: &Service, at: Timestamp) -> Result<(), StoreError> {
    service.log.close_day(at)?;
    service.log.pack(|| service.stopping())?;
    service.log.merge_days(at, || service.stopping()).map(drop)
}

/// Keeps house until told to stop.
pub fn keep(service: &Service) {
    let clock = &service.config.clock;
    if let Err(error) = service.log.finish_erasures(clock.now()) {
        tracing::error!(%error, "An erasure could not be finished; it will be tried at the next start");
    }
    look_for_damage(service);
    let (mut began, mut began_at) = (Instant::now(), clock.now());
    let mut due = Instant::now() + service.config.first_upkeep;
    let mut pack_at = Instant::now();
    while !service.stopping() {
        if Instant::now() >= pack_at
            && service.log.has_closed()
            && let Err(error) = service.log.pack(|| service.stopping())
        {
            pack_at = Instant::now() + PACK_AGAIN;
            tracing::error!(%error, "What the activity log has closed stays as it is; packing is tried again");
        }
        if Instant::now() >= due {
            due = Instant::now() + service.config.upkeep_every;
            let passed = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
            let shown = clock.now().as_millis().saturating_sub(began_at.as_millis());
            let jumped = shown.abs_diff(passed) > JUMP_MS.unsigned_abs();
            service.clock_jumped.store(jumped, Ordering::Relaxed);
            if jumped {
                // A wrong clock must not delete a year's log; a clock that stays is believed from the next hour on.
                tracing::warn!("The clock has jumped: nothing is deleted by age in this hour");
                (began, began_at) = (Instant::now(), clock.now());
            } else {
                if let Err(error) = service.log.expire(clock.now()) {
                    tracing::error!(%error, "Old activity could not be deleted; it will be tried again in an hour");
                }
                if let Err(error) = merge(service, clock.now()) {
                    tracing::error!(%error, "A day of the activity log stays in pieces; it will be tried again in an hour");
                }
                if let Err(error) = expire_sealed(service, clock.now()) {
                    tracing::error!(%error, "Old sealed records could not be deleted; it will be tried again in an hour");
                }
            }
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
}
