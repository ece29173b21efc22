//! Carrying out what is due.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ::store::{Db, StoreError};
use kit::{Clock, Timestamp};
use tokio::task::JoinSet;

use crate::message::{Message, MessageId, again_after_ms};
use crate::store::{self, Due};

/// How often it is looked whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait where the records could not be read.
const WAIT: Duration = Duration::from_secs(10);
/// How many messages of one kind are taken at once.
const AT_ONCE: u64 = 8;
/// No try takes longer: a carrier that never comes back is told from one that failed.
const LONGEST: Duration = Duration::from_secs(60);
/// For how long what was taken is nobody else's. It outlasts every try, so that nothing is carried twice at once.
const HELD_MS: i64 = 120_000;

/// The answer of a carrier, when it comes.
pub type Carrying<'a> = Pin<Box<dyn Future<Output = Result<(), Undelivered>> + Send + 'a>>;

/// Carries messages of one kind out. It is called where no transaction is open, for some messages at once.
pub trait Carrier: Send + Sync {
    /// The kind of message: [`Message::KIND`].
    fn kind(&self) -> &'static str;

    /// Carries one out. What it does may have been done before, under the same id.
    fn carry(&self, message: Taken) -> Carrying<'_>;
}

/// A message on its way.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Its id, the same at each try.
    pub id: MessageId,
    /// Which try this is; the first is 1.
    pub tries: u32,
    /// What it says.
    pub body: serde_json::Value,
    /// When it was taken.
    pub at: Timestamp,
}

impl Taken {
    /// What it says, as its type.
    pub fn read<M: Message>(&self) -> Result<M, Undelivered> {
        serde_json::from_value(self.body.clone()).map_err(|_| Undelivered::Never("it cannot be read"))
    }
}

/// Why a message was not carried, in words that say nothing about anybody: they stand in the records and on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// It is tried again.
    #[error("{0}; it is tried again")]
    Later(&'static str),
    /// It was not tried, and is looked at again after so many milliseconds: the tries that it has are for where it could have gone.
    #[error("{0}; it waits")]
    NotYet(&'static str, i64),
    /// It would never go.
    #[error("{0}")]
    Never(&'static str),
}

/// Takes what is due and carries it.
#[derive(Clone)]
pub struct Outbox {
    /// The records.
    pub records: Db,
    /// The time.
    pub clock: Clock,
    /// One for each kind of message.
    pub carriers: Vec<Arc<dyn Carrier>>,
}

/// What one look at the outbox came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Round {
    /// Messages carried.
    pub carried: u32,
    /// Messages that are tried again.
    pub again: u32,
    /// Messages given up.
    pub given_up: u32,
}

impl Outbox {
    /// Carries what is due just now, at most eight messages of a kind.
    pub async fn round(&self) -> Result<Round, StoreError> {
        let mut all = Round::default();
        for carrier in &self.carriers {
            let one = self.carry(carrier).await?;
            all.carried += one.carried;
            all.again += one.again;
            all.given_up += one.given_up;
        }
        Ok(all)
    }

    /// Goes on for as long as the hub runs, each kind of message for itself: a mail relay that hangs holds up no webhook.
    pub async fn run(self) {
        let mut kinds = JoinSet::new();
        for carrier in self.carriers.clone() {
            let outbox = self.clone();
            kinds.spawn(async move {
                loop {
                    let wait = match outbox.carry(&carrier).await {
                        Ok(round) if round == Round::default() => LOOK_EVERY,
                        Ok(_) => Duration::ZERO,
                        Err(error) => {
                            tracing::error!(
                                kind = carrier.kind(),
                                %error,
                                "The outbox cannot be read; it is tried again"
                            );
                            WAIT
                        }
                    };
                    tokio::time::sleep(wait).await;
                }
            });
        }
        while kinds.join_next().await.is_some() {}
    }

    async fn carry(&self, carrier: &Arc<dyn Carrier>) -> Result<Round, StoreError> {
        let at = self.clock.now();
        // Looking takes no lock that a page would wait for.
        let mut tx = self.records.read().await?;
        let any = store::any_due(&mut tx, carrier.kind(), at).await?;
        tx.roll_back().await?;
        if !any {
            return Ok(Round::default());
        }
        let mut tx = self.records.begin().await?;
        let due = store::take(&mut tx, carrier.kind(), AT_ONCE, at.plus_millis(HELD_MS), at).await?;
        tx.commit().await?;
        let mut tries = JoinSet::new();
        for one in due {
            let carrier = Arc::clone(carrier);
            tries.spawn(async move {
                let answer = tokio::time::timeout(LONGEST, attempt(&*carrier, &one, at)).await;
                let answer = answer.unwrap_or(Err(Undelivered::Later("no answer within a minute")));
                (one, answer)
            });
        }
        let mut round = Round::default();
        // A carrier that failed whole leaves its message held: it is taken again once that is over.
        while let Some(ended) = tries.join_next().await {
            let Ok((one, answer)) = ended else { continue };
            self.write_down(carrier.kind(), &one, answer, &mut round).await?;
        }
        Ok(round)
    }

    async fn write_down(
        &self,
        kind: &str,
        one: &Due,
        answer: Result<(), Undelivered>,
        round: &mut Round,
    ) -> Result<(), StoreError> {
        let at = self.clock.now();
        let mut tx = self.records.begin().await?;
        match answer {
            Ok(()) => {
                store::done(&mut tx, one.id, at).await?;
                round.carried += 1;
            }
            Err(Undelivered::NotYet(problem, wait)) => {
                store::not_yet(&mut tx, one.id, problem, at.plus_millis(wait.max(1))).await?;
                round.again += 1;
            }
            Err(Undelivered::Later(problem)) if again_after_ms(one.tries).is_some() => {
                let wait = again_after_ms(one.tries).unwrap_or_default();
                store::again(&mut tx, one.id, problem, at.plus_millis(wait)).await?;
                round.again += 1;
                tracing::warn!(kind, id = %one.id, problem, tries = one.tries, "A message is tried again later");
            }
            Err(Undelivered::Later(problem) | Undelivered::Never(problem)) => {
                store::given_up(&mut tx, one.id, problem, at).await?;
                round.given_up += 1;
                tracing::error!(kind, id = %one.id, problem, tries = one.tries, "A message is given up");
            }
        }
        tx.commit().await
    }
}

async fn attempt(carrier: &dyn Carrier, one: &Due, at: Timestamp) -> Result<(), Undelivered> {
    let body = serde_json::from_str(&one.body).map_err(|_| Undelivered::Never("it cannot be read"))?;
    carrier.carry(Taken { id: one.id, tries: one.tries, body, at }).await
}
