//! Cards, what is on them, and where each is. Pure.

use engine::PersonNo;
use hmac::{Hmac, Mac as _};
use kit::{Private, Timestamp};
use sha2::Sha256;

use crate::by_age::{ByAge, Way};
use crate::intake::ClassOrGroup;

kit::id_kind!(
    /// The id of a card or slip.
    CardId, CardKind, "card"
);
kit::id_kind!(
    /// The id of a class card.
    ClassCardId, ClassCardKind, "class-card"
);

/// Where a card or slip is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was printed.
    Issued,
    /// Whoever it is for has it.
    Handed,
    /// It is back with the school, and holds still.
    TakenBack,
    /// Nobody knows where it is: it holds no more.
    Lost,
    /// Another took its place.
    Replaced,
    /// It ended, as with its holder's leaving.
    Ended,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Issued, Self::Handed, Self::TakenBack, Self::Lost, Self::Replaced, Self::Ended];

    /// Its id in records and forms.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Handed => "handed",
            Self::TakenBack => "taken-back",
            Self::Lost => "lost",
            Self::Replaced => "replaced",
            Self::Ended => "ended",
        }
    }

    /// The state of that id.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.id() == id)
    }

    /// As people say it.
    pub fn in_words(self) -> String {
        web::speech::say(match self {
            Self::Issued => "card.state-issued",
            Self::Handed => "card.state-handed",
            Self::TakenBack => "card.state-taken-back",
            Self::Lost => "card.state-lost",
            Self::Replaced => "card.state-replaced",
            Self::Ended => "card.state-ended",
        })
    }

    /// Whether whoever has it signs in by it.
    pub const fn holds(self) -> bool {
        matches!(self, Self::Issued | Self::Handed | Self::TakenBack)
    }
}

/// A card or slip, as it is kept: nothing of what is on it.
#[derive(Debug, Clone)]
pub struct Card {
    /// Its id.
    pub id: CardId,
    /// Whose it is.
    pub person: PersonNo,
    /// What is on it.
    pub way: Way,
    /// How many parts that has.
    pub length: usize,
    /// The keyed hash of what is on it, where it is a card.
    pub hash: Option<Private<String>>,
    /// The class or group for which it was made.
    pub of: Option<ClassOrGroup>,
    /// Who made it, as the trail writes them, and when.
    pub issued: (String, Timestamp),
    /// Where it is.
    pub state: State,
    /// Who last said so, and when.
    pub said: (String, Timestamp),
    /// How often in a row it was tried in vain on devices that are not known for the class.
    pub strange: u32,
}

/// What is on a card, in its one form: the names of pictures in their order, or words, with a blank between. Shown once, in print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret(Private<Vec<String>>);

impl Secret {
    /// How many random bytes the longest takes.
    pub const RANDOM: usize = 8;

    /// What the bytes make: each picture is four bits, each word eight. `None` where there is nothing to choose from.
    pub fn made(way: Way, length: usize, random: [u8; Self::RANDOM]) -> Option<Self> {
        let content = ByAge::built_in();
        let (from, signs) = match way {
            Way::Pictures => (content.pictures(), 16),
            Way::Words => (content.words(), 256),
            Way::Password | Way::Own => return None,
        };
        if from.len() != signs {
            return None;
        }
        let parts = random.iter().take(length).map(|byte| from.get(usize::from(*byte) % signs).cloned());
        let parts: Vec<String> = parts.collect::<Option<_>>()?;
        // One and the same again and again is what is tried first.
        let is_plain = parts.iter().all(|part| parts.first() == Some(part));
        (parts.len() == length && !is_plain).then_some(Self(Private::new(parts)))
    }

    /// What somebody chose or typed. Case, and what stands between words, do not matter.
    pub fn given(text: &str) -> Self {
        let words = text.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
        Self(Private::new(words.map(str::to_lowercase).take(8).collect()))
    }

    /// Its parts, for print.
    pub fn parts(&self) -> &[String] {
        self.0.reveal()
    }

    /// What is kept of it. Under the school's key, which is not in the records: so few possibilities could all be tried on a plain hash.
    pub fn hash(&self, key: &Private<[u8; 32]>, card: CardId) -> Option<Private<String>> {
        let bytes = self.mac(key, card)?.finalize().into_bytes();
        Some(Private::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Whether it is the one of which that is kept. Takes the same time wherever the first difference is.
    pub fn is(&self, kept: &Private<String>, key: &Private<[u8; 32]>, card: CardId) -> bool {
        let bytes: Option<Vec<u8>> = (0..kept.reveal().len() / 2)
            .map(|place| kept.reveal().get(place * 2..place * 2 + 2))
            .map(|pair| pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect();
        let mac = self.mac(key, card);
        bytes.zip(mac).is_some_and(|(bytes, mac)| mac.verify_slice(&bytes).is_ok())
    }

    fn mac(&self, key: &Private<[u8; 32]>, card: CardId) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.reveal()).ok()?;
        mac.update(b"fivebar card\n");
        mac.update(card.to_string().as_bytes());
        mac.update(b"\n");
        mac.update(self.0.reveal().join(" ").as_bytes());
        Some(mac)
    }
}

/// A password of words and two digits, made of random bytes: each word is eight bits, each digit three.
pub fn made_password(words: usize, random: [u8; Secret::RANDOM]) -> Option<Private<String>> {
    let all = ByAge::built_in().words();
    let (digits, rest) = random.split_at(2);
    let parts = rest.iter().take(words).map(|byte| all.get(usize::from(*byte)).map(String::as_str));
    let parts: Vec<&str> = parts.collect::<Option<_>>()?;
    // Without 0 and 1, which look like letters.
    let digits: String =
        digits.iter().filter_map(|byte| char::from_digit(u32::from(byte % 8) + 2, 10)).collect();
    (parts.len() == words && words > 0).then(|| Private::new(format!("{}-{digits}", parts.join("-"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> CardId {
        kit::Ids::default().make(Timestamp::from_millis(1))
    }

    #[test]
    fn a_card_is_made_of_pictures_or_words_and_never_of_one_alone() {
        let random = [0, 17, 2, 3, 4, 5, 6, 7];
        let pictures = Secret::made(Way::Pictures, 3, random).unwrap();
        assert_eq!(pictures.parts(), ["cat", "fish", "duck"]);
        let words = Secret::made(Way::Words, 2, random).unwrap();
        assert_eq!(words.parts().len(), 2);
        assert_eq!(Secret::made(Way::Pictures, 3, [16, 0, 32, 0, 0, 0, 0, 0]), None, "three cats");
        assert_eq!(Secret::made(Way::Own, 3, random), None);
    }

    #[test]
    fn a_card_is_known_by_its_own_secret_under_the_schools_key_alone() {
        let (key, other) = (Private::new([7; 32]), Private::new([8; 32]));
        let (card, another) = (id(), id());
        let secret = Secret::given("Sun,  BOAT");
        let kept = secret.hash(&key, card).unwrap();
        assert_eq!(kept.reveal().len(), 64);
        assert!(Secret::given("sun boat").is(&kept, &key, card));
        for (text, key, card) in [
            ("boat sun", &key, card),
            ("sun", &key, card),
            ("", &key, card),
            ("sunboat", &key, card),
            ("sun boat", &other, card),
            ("sun boat", &key, another),
        ] {
            assert!(!Secret::given(text).is(&kept, key, card), "{text}");
        }
        assert!(!Secret::given("sun boat").is(&Private::default(), &key, card), "nothing kept is nobody's");
        assert!(!format!("{secret:?}").contains("sun"));
    }

    #[test]
    fn a_made_password_is_words_and_digits_that_are_no_letters() {
        let password = made_password(2, [0, 7, 0, 255, 9, 9, 9, 9]).unwrap();
        assert_eq!(password.reveal(), "acorn-zip-29");
        assert!(made_password(0, [1; 8]).is_none());
    }

    #[test]
    fn a_state_reads_back_and_what_is_lost_or_replaced_holds_no_more() {
        for state in State::ALL {
            assert_eq!(State::of_id(state.id()), Some(state));
        }
        let holding: Vec<&str> =
            State::ALL.iter().filter(|state| state.holds()).map(|state| state.id()).collect();
        assert_eq!(holding, ["issued", "handed", "taken-back"]);
    }
}
