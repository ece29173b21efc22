//! Where somebody's mail goes. The roll has no addresses, so people give their own, and prove by a code that was sent there that it is
//! theirs. No code is kept: it is worked out anew from a key of the school, from whom it is for, and from when it was asked for.

use ::store::{StoreError, Tx};
use hmac::{Hmac, Mac as _};
use kit::{Private, Timestamp};
use lettre::Address;
use serde_json::json;
use sha2::Sha256;

use crate::choosing::said;
use crate::mail::MailMessage;
use crate::model::{Kind, Tell, Where};
use crate::{actions, store};

/// How long a code holds.
pub const HOLDS_MS: i64 = 30 * 60_000;
/// How often a code may be typed.
const MOST_TRIES: u32 = 5;
/// How much time lies between two codes that are sent, so that nobody's mailbox is filled from here.
const EVERY_MS: i64 = 2 * 60_000;
/// The longest address (RFC 5321, 4.5.3.1.3, without its brackets).
const LONGEST: usize = 254;

/// Why an address was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is none.
    #[error("Enter an e-mail address, as in name@school.example")]
    NotOne,
    /// One was sent a moment ago.
    #[error("A code was sent a moment ago. Wait two minutes, then ask for another")]
    TooSoon,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a code was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// It is another one.
    #[error("That code is not right. Enter the six digits of the newest mail")]
    NotRight,
    /// It holds no more.
    #[error("That code has ended. Ask for another")]
    Ended,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where somebody's mail goes, and which address waits for its code.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    /// Where it goes.
    pub confirmed: Option<Private<String>>,
    /// What they gave, and when.
    pub asked: Option<(Private<String>, Timestamp)>,
}

/// An address that a mail can go to: one line, without a name, in plain letters, as every relay takes it.
pub fn check(typed: &str) -> Result<Private<String>, AddressError> {
    let typed = typed.trim();
    let plain =
        typed.is_ascii() && typed.len() <= LONGEST && typed.bytes().all(|sign| sign.is_ascii_graphic());
    let address = typed.parse::<Address>().ok().filter(|address| plain && address.domain().contains('.'));
    address.map(|address| Private::new(address.to_string())).ok_or(AddressError::NotOne)
}

/// What is known of somebody's.
pub async fn of(tx: &mut Tx, person: u32) -> Result<Addresses, StoreError> {
    let kept = store::address(tx, person).await?;
    Ok(Addresses { confirmed: kept.address, asked: kept.asked })
}

pub(crate) async fn confirmed(tx: &mut Tx, person: u32) -> Result<Option<Private<String>>, StoreError> {
    Ok(store::address(tx, person).await?.address)
}

/// Somebody gives an address. A code goes there at once; until it comes back nothing else does.
pub async fn give(tx: &mut Tx, person: u32, typed: &str, at: Timestamp) -> Result<(), AddressError> {
    let address = check(typed)?;
    let kept = store::address(tx, person).await?;
    if kept.asked.is_some_and(|(_, asked)| at < asked.plus_millis(EVERY_MS)) {
        return Err(AddressError::TooSoon);
    }
    store::ask_address(tx, person, &address, at).await?;
    jobs::put(tx, &MailMessage::Code { person, asked_at: at.as_millis() }, at, at).await?;
    said(tx, person, "notice.give-address", &json!({}), at).await?;
    Ok(())
}

/// Somebody types the code that was sent to the address they gave. Commit also where it is not right: the try stays counted.
pub async fn confirm(
    tx: &mut Tx,
    key: &Private<[u8; 32]>,
    person: u32,
    typed: &str,
    at: Timestamp,
) -> Result<(), CodeError> {
    let kept = store::address(tx, person).await?;
    let Some((asked, asked_at)) = kept.asked.filter(|(_, asked)| at < asked.plus_millis(HOLDS_MS)) else {
        return Err(CodeError::Ended);
    };
    if !store::try_code(tx, person, MOST_TRIES).await? {
        return Err(CodeError::Ended);
    }
    let typed: String = typed.chars().filter(|sign| !sign.is_whitespace()).collect();
    if code(key, person, &asked, asked_at).is_none_or(|code| typed != *code.reveal()) {
        return Err(CodeError::NotRight);
    }
    if kept.address.as_ref() != Some(&asked) {
        changes(tx, person, kept.address.is_some(), at).await?;
    }
    store::set_address(tx, person, Some(&asked), kept.address.as_ref(), at).await?;
    said(tx, person, "notice.confirm-address", &json!({}), at).await?;
    Ok(())
}

/// Nothing goes to somebody by mail any more, and what waits for its code waits no more.
pub async fn remove(tx: &mut Tx, person: u32, at: Timestamp) -> Result<(), StoreError> {
    let kept = store::address(tx, person).await?;
    changes(tx, person, kept.address.is_some(), at).await?;
    store::set_address(tx, person, None, kept.address.as_ref(), at).await?;
    said(tx, person, "notice.remove-address", &json!({}), at).await
}

/// Forgets where anything reaches somebody who has left.
pub async fn forget(tx: &mut Tx, person: u32) -> Result<u64, StoreError> {
    store::forget(tx, person).await
}

/// Tells whoever reads mail at the address before that it is theirs no more: asked while it is.
async fn changes(tx: &mut Tx, person: u32, had: bool, at: Timestamp) -> Result<(), StoreError> {
    let Ok(kind) = Kind::named(CHANGED) else { return Ok(()) };
    if !had {
        return Ok(());
    }
    actions::tell(tx, &Tell { person, kind, count: 1, path: Where::Notices }, at).await
}

/// The kind whose mail goes to the address before.
pub(crate) const CHANGED: &str = "account.address-changed";

/// The code for an address: six digits.
pub(crate) fn code(
    key: &Private<[u8; 32]>,
    person: u32,
    address: &Private<String>,
    asked_at: Timestamp,
) -> Option<Private<String>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.reveal()).ok()?;
    mac.update(b"fivebar notices: a code for an address\n");
    mac.update(format!("{person}\n{}\n{}", asked_at.as_millis(), address.reveal()).as_bytes());
    let bytes: [u8; 8] = mac.finalize().into_bytes().get(..8)?.try_into().ok()?;
    Some(Private::new(format!("{:06}", u64::from_be_bytes(bytes) % 1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_line_without_a_name() {
        for good in ["ada@school.example", " a.b+c@mail.school.example "] {
            assert_eq!(check(good).unwrap().reveal(), good.trim());
        }
        for bad in [
            "",
            "ada",
            "ada@",
            "@school.example",
            "Ada <ada@school.example>",
            "ada@school.example, bo@school.example",
            "ada@school.example\r\nBcc: bo@school.example",
            "ada@school.example\nBcc: bo",
            "a\u{0}b@school.example",
            "a b@school.example",
            "ada@school.example\t",
            "ädä@school.example",
            "ada@localhost",
        ] {
            // What stands at the ends is cut off.
            if bad.trim() != bad && check(bad.trim()).is_ok() {
                continue;
            }
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(check(&format!("{}@school.example", "a".repeat(300))).is_err());
    }

    #[test]
    fn a_code_is_of_one_person_address_and_moment() {
        let (key, address) = (Private::new([7; 32]), Private::new("ada@school.example".to_owned()));
        let of = |key: &Private<[u8; 32]>, person, address: &str, at| {
            let address = Private::new(address.to_owned());
            code(key, person, &address, Timestamp::from_millis(at)).unwrap().reveal().clone()
        };
        let one = of(&key, 1, address.reveal(), 1);
        assert!(one.len() == 6 && one.bytes().all(|sign| sign.is_ascii_digit()));
        assert_eq!(one, of(&key, 1, address.reveal(), 1));
        for other in [
            of(&key, 2, address.reveal(), 1),
            of(&key, 1, "bo@school.example", 1),
            of(&key, 1, address.reveal(), 2),
            of(&Private::new([8; 32]), 1, address.reveal(), 1),
        ] {
            assert_ne!(one, other);
        }
    }
}
