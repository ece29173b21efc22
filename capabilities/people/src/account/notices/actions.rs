//! Telling people: one person, the owner of an account, or whoever holds a duty.

use engine::PersonNo;
use kit::Timestamp;
use notices::{Kind, Notices, Tell, Where};
use store::{StoreError, Tx};

use crate::duty::{self, Proof};

/// The kinds of notice that are sent from here and from capabilities to the right.
pub mod kinds {
    /// A request waits for an answer.
    pub const REQUEST_WAITING: &str = "request.waiting";
    /// What somebody reported about a site waits for an answer.
    pub const REPORT_WAITING: &str = "report.waiting";
    /// A proposal waits for its second person.
    pub const REQUEST_SECOND: &str = "request.second";
    /// That withheld access is given back waits for its second person.
    pub const WITHHELD_SECOND: &str = "withheld.second";
    /// Somebody signed in with a browser that is new.
    pub const NEW_SIGN_IN: &str = "account.new-sign-in";
    /// A passkey was made.
    pub const PASSKEY_ADDED: &str = "account.passkey-added";
    /// A passkey was taken away.
    pub const PASSKEY_REMOVED: &str = "account.passkey-removed";
    /// A passkey was stopped.
    pub const PASSKEY_STOPPED: &str = "account.passkey-stopped";
    /// Codes were set up.
    pub const CODES_ADDED: &str = "account.codes-added";
    /// Codes were taken away.
    pub const CODES_REMOVED: &str = "account.codes-removed";
    /// A password was changed.
    pub const PASSWORD_CHANGED: &str = "account.password-changed";
    /// An account was made safe again.
    pub const MADE_SAFE: &str = "account.made-safe";
    /// A token was made by which a program acts for somebody.
    pub const TOKEN_MADE: &str = "account.token-made";
    /// It is proposed to let somebody in again.
    pub const RECOVERY_ASKED: &str = "recovery.asked";
    /// It was agreed to let somebody in again.
    pub const RECOVERY_AGREED: &str = "recovery.agreed";
    /// A test of the filter failed.
    pub const FILTER_TEST_FAILED: &str = "filter-test.failed";
    /// A list is held back.
    pub const LIST_HELD: &str = "list.held";
    /// A back-up failed.
    pub const BACK_UP_FAILED: &str = "back-up.failed";
    /// Somebody tries whether notices reach them.
    pub const TRIAL: &str = "trial";

    /// All of them.
    pub const ALL: [&str; 19] = [
        REQUEST_WAITING,
        REPORT_WAITING,
        REQUEST_SECOND,
        WITHHELD_SECOND,
        NEW_SIGN_IN,
        PASSKEY_ADDED,
        PASSKEY_REMOVED,
        PASSKEY_STOPPED,
        CODES_ADDED,
        CODES_REMOVED,
        PASSWORD_CHANGED,
        TOKEN_MADE,
        MADE_SAFE,
        RECOVERY_ASKED,
        RECOVERY_AGREED,
        FILTER_TEST_FAILED,
        LIST_HELD,
        BACK_UP_FAILED,
        TRIAL,
    ];
}

/// Tells one person.
pub async fn tell_person(
    tx: &mut Tx,
    person: PersonNo,
    kind: &str,
    path: Where,
    at: Timestamp,
) -> Result<(), StoreError> {
    // A test holds the kinds that are used to the content.
    let Ok(kind) = Kind::named(kind) else { return Ok(()) };
    notices::tell(tx, &Tell { person: person.0, kind, count: 1, path }, at).await
}

/// Tells the owner of an account what happened to it, where they are more than a pupil. Pupils share computers, and have no ways but the
/// portal: what happens there every day would say nothing to them.
pub(in super::super) async fn tell_owner(
    tx: &mut Tx,
    person: PersonNo,
    kind: &str,
    path: Where,
    at: Timestamp,
) -> Result<(), StoreError> {
    let whatever_they_prove = Proof { at, several: true };
    let standing = duty::of_person(tx, person, whatever_they_prove, at).await?.standing;
    if duty::is_more_than_a_pupil(&standing) { tell_person(tx, person, kind, path, at).await } else { Ok(()) }
}

/// Tells whoever holds the duties that the content names for a kind, but for somebody who knows it already: where that leaves nobody, whoever
/// holds those that are told otherwise.
pub async fn tell_duties(
    tx: &mut Tx,
    kind: &str,
    path: Where,
    knows: Option<PersonNo>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some(text) = Notices::built_in().named(kind) else { return Ok(()) };
    for duties in [&text.to, &text.otherwise] {
        let mut told = duty::holders(tx, duties, at).await?;
        told.retain(|person| Some(*person) != knows);
        for person in &told {
            tell_person(tx, *person, kind, path, at).await?;
        }
        if !told.is_empty() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duty::Duties;

    #[test]
    fn the_content_has_every_kind_that_is_sent_and_tells_duties_that_there_are() {
        for kind in kinds::ALL {
            assert!(Notices::built_in().named(kind).is_some(), "{kind}");
        }
        for kind in Notices::built_in().kinds() {
            for duty in kind.to.iter().chain(&kind.otherwise) {
                assert!(Duties::built_in().named(duty).is_some(), "{}: {duty}", kind.id);
            }
        }
        for kind in [
            kinds::REQUEST_WAITING,
            kinds::REPORT_WAITING,
            kinds::FILTER_TEST_FAILED,
            kinds::LIST_HELD,
            kinds::BACK_UP_FAILED,
        ] {
            assert!(Notices::built_in().named(kind).is_some_and(|kind| !kind.to.is_empty()), "{kind}");
        }
    }
}
