//! Notices by mail, through the school's own relay.

mod letter;
mod relay;
mod settings;

pub use letter::Letter;
pub use relay::{LONGEST, Relay, Trouble};
pub use settings::{Settings, Tls};

use ::store::{Db, StoreError};
use jobs::{Carrier, Carrying, Taken, Undelivered};
use kit::{Private, Timestamp};
use serde::{Deserialize, Serialize};

use crate::address;
use crate::content::Notices;
use crate::model::NoticeId;
use crate::store;

/// A mail that is to go: whom it is for and what it says are looked up when it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum MailMessage {
    /// A notice.
    Notice {
        /// Which.
        #[serde(with = "crate::push::as_text")]
        notice: NoticeId,
    },
    /// The code by which somebody proves that an address is theirs.
    Code {
        /// Whose.
        person: u32,
        /// When they asked, in milliseconds: what was asked for since has a code of its own.
        asked_at: i64,
    },
}

impl jobs::Message for MailMessage {
    const KIND: &'static str = "notice.mail";
}

/// Carries notices out by mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The records.
    pub records: Db,
    /// Where it goes.
    pub relay: Relay,
    /// Where browsers reach the portal.
    pub portal: String,
    /// The school's key for notices.
    pub key: Private<[u8; 32]>,
}

impl Mail {
    /// What a message says and to whom; nothing where it has become needless: its owner has looked at it, or has no address any more.
    async fn letter(&self, message: &Taken) -> Result<Option<Letter>, Undelivered> {
        let unread = |_: StoreError| Undelivered::Later("the records failed");
        let said = message.read::<MailMessage>()?;
        let mut tx = self.records.read().await.map_err(unread)?;
        let letter = match said {
            MailMessage::Notice { notice } => {
                let notice = store::by_id(&mut tx, notice).await.map_err(unread)?;
                let Some(notice) = notice.filter(|notice| notice.is_still_told()) else { return Ok(None) };
                let kept = store::address(&mut tx, notice.person).await.map_err(unread)?;
                let is_change = notice.kind.id() == address::CHANGED;
                let to = if is_change { kept.before.or(kept.address) } else { kept.address };
                let text = Notices::built_in().text(notice.kind);
                to.zip(text).map(|(to, text)| Letter::of_notice(to, text, notice.path, &self.portal))
            }
            MailMessage::Code { person, asked_at } => {
                let kept = store::address(&mut tx, person).await.map_err(unread)?;
                let asked_at = Timestamp::from_millis(asked_at);
                let asked = kept.asked.filter(|(_, at)| *at == asked_at);
                let holds = message.at < asked_at.plus_millis(address::HOLDS_MS);
                asked.filter(|_| holds).and_then(|(to, at)| {
                    let code = address::code(&self.key, person, &to, at)?;
                    Some(Letter::of_code(to, &code, &self.portal))
                })
            }
        };
        tx.roll_back().await.map_err(unread)?;
        Ok(letter)
    }

    /// Nothing goes, so that the next of its kind need not wait as if something had.
    async fn was_not_sent(&self, message: &Taken) -> Result<(), Undelivered> {
        let MailMessage::Notice { notice } = message.read()? else { return Ok(()) };
        let unkept = |_: StoreError| Undelivered::Later("the records failed");
        let mut tx = self.records.begin().await.map_err(unkept)?;
        store::not_sent(&mut tx, notice).await.map_err(unkept)?;
        tx.commit().await.map_err(unkept)
    }
}

impl Carrier for Mail {
    fn kind(&self) -> &'static str {
        <MailMessage as jobs::Message>::KIND
    }

    fn carry(&self, message: Taken) -> Carrying<'_> {
        Box::pin(async move {
            let Some(letter) = self.letter(&message).await? else {
                self.was_not_sent(&message).await?;
                return Ok(());
            };
            let sent = self.relay.send(&letter, &message.id.to_string(), &self.portal, message.at).await;
            let sent = sent.map_err(|trouble| trouble.undelivered());
            let is_last = jobs::again_after_ms(message.tries).is_none();
            if sent.is_err_and(|why| is_last || matches!(why, Undelivered::Never(_))) {
                self.was_not_sent(&message).await?;
            }
            sent
        })
    }
}
