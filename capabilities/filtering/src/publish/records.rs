//! From the records to the published files.

use std::path::Path;
use std::sync::Arc;

use ::store::{StoreError, Tx};
use engine::catalogue::Catalogue;
use engine::live::LeftOut;
use engine::{Live, LiveDocument, Problem, Sealed};
use kit::Timestamp;
use lists::{IndexBuilder, ListHead};
use words::Own;

use super::files::{Parts, PolicyFile, PublishError, Turn};
use super::manifest::Part;
use super::origins::Plan;
use super::prepared::Prepared;
use crate::filter_policy;
use crate::focus::Focus;
use crate::list::files::FileError;
use crate::list::model::List;
use crate::list::text::{ReadIntoError, Text};
use crate::list::{Intake, Kinds, NoRandomness};
use crate::observing::Observing;
use crate::overrides::Override;
use crate::withheld::Withheld;
use crate::{lasting, list, sealed};

/// How much is to be published. What has not changed costs nothing to leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Overrides, focus, withheld access, observing only and roll: one small file, live in a second.
    Live,
    /// The policy as well.
    Policy,
    /// The lists as well: the index is built anew, about a second for five million names.
    Everything,
}

/// Why the records could not be published. The gate goes on with what it has.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// No policy was ever applied.
    #[error("no filter policy has been applied; `fivebar policy apply FILE --note WHY` applies one")]
    NoPolicy,
    /// The policy in force cannot be used any more.
    #[error("the policy in force has problems, so the gate goes on with what it has")]
    Problems(Vec<Problem>),
    /// The policy in force is not the one that was applied.
    #[error(
        "{0}, so it is not published and the gate goes on with what it has. `fivebar verify` says what else was altered; \
         `fivebar policy apply` puts the school's own policy in force again. Tell the data protection officer"
    )]
    Altered(filter_policy::Altered),
    /// A gate would leave something new out.
    #[error("nothing was changed, because no gate could carry it out: {0}")]
    LeftOut(String),
    /// A list's text could not be read back.
    #[error("the list {id} cannot be read back from the home folder: {source}; import it again")]
    List {
        /// Which.
        id: String,
        /// Why.
        source: FileError,
    },
    /// A list that was taken in cannot be put in the index.
    #[error(transparent)]
    Index(#[from] lists::BuildError),
    /// The machine has no random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The files could not be written.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Publishes from the records.
pub struct FromRecords<'a> {
    /// `home/gate`.
    pub gate: &'a Path,
    /// `home/lists`.
    pub kept: &'a Path,
    /// The content that comes with the program.
    pub catalogue: &'a Arc<Catalogue>,
    /// The sealed entries.
    pub sealed: &'a Arc<Sealed>,
    /// The hosts of the school's own portal, which everybody reaches whatever else is decided.
    pub portal: &'a [String],
    /// What the school says in its own words.
    pub words: &'a Own,
    /// Told the id of each list before it is read, with how many are done and how many there are.
    pub watch: &'a dyn Fn(&str, usize, usize),
}

impl FromRecords<'_> {
    /// Prepares what `scope` covers, checked first; [`Prepared::commit`] commits the transaction and lets the gate go by
    /// it. The first publication takes everything, whatever is asked.
    pub async fn prepare(&self, tx: &mut Tx, scope: Scope, at: Timestamp) -> Result<Prepared, RecordsError> {
        self.prepare_with(tx, scope, None, at).await
    }

    /// The same with what was read of lists that were just taken in; the others are read back from where they are kept.
    pub async fn prepare_with(
        &self,
        tx: &mut Tx,
        scope: Scope,
        intake: Option<Intake>,
        at: Timestamp,
    ) -> Result<Prepared, RecordsError> {
        // The turn comes before the reading, so that nothing older is ever published over something newer.
        let turn = Turn::take(self.gate)?;
        // What was damaged since is written anew, and never carried along.
        let scope = if turn.is_first() || turn.needs(Part::Lists) {
            Scope::Everything
        } else if scope == Scope::Live && turn.needs(Part::Policy) {
            Scope::Policy
        } else {
            scope
        };
        let policy = match scope {
            Scope::Live => None,
            Scope::Policy | Scope::Everything => Some(self.policy(tx).await?),
        };
        let in_use = if scope == Scope::Live { Vec::new() } else { list::in_use(tx).await? };
        let lists = match scope {
            Scope::Live | Scope::Policy => None,
            Scope::Everything => Some(self.lists(&in_use, intake)?),
        };
        let live = Some(live(tx, at).await?);
        let mut prepared = turn.prepare(Parts { policy: policy.as_ref(), lists, live })?;
        if scope != Scope::Live {
            let licences = list::licences(tx, &in_use).await?;
            prepared.origins = Some(Plan { kept: self.kept.to_owned(), lists: in_use, licences, at });
        }
        Ok(prepared)
    }

    /// Whether a gate takes the whole of `new` under the policy in force: groups that it has, sites that may be opened.
    /// A gate leaves out what makes no sense to it and goes on, so whoever makes something new asks before publishing.
    pub async fn carries_out(&self, tx: &mut Tx, new: &LiveDocument) -> Result<(), RecordsError> {
        let version = filter_policy::current(tx).await?.ok_or(RecordsError::NoPolicy)?;
        let policy = filter_policy::in_force(&version.text, self.catalogue, self.sealed)
            .map_err(RecordsError::Problems)?;
        let (_, problems) = Live::compile(new, &policy);
        match problems.first() {
            None => Ok(()),
            Some(problem) => {
                // Which record it is goes without saying: nobody has seen its number yet.
                let why = problem.message.split_once(": ").map_or(&*problem.message, |(_, why)| why);
                let groups: Vec<&str> = policy.document().groups.iter().map(|group| &*group.id).collect();
                Err(RecordsError::LeftOut(if why.contains("no group") {
                    format!("{why}; its groups are {} and everyone", groups.join(", "))
                } else {
                    why.to_owned()
                }))
            }
        }
    }

    /// What holds now or will, and no gate carries out under the policy in force: a policy that lost a group takes the
    /// group's exam with it, and somebody must hear of that.
    pub async fn left_out(&self, tx: &mut Tx, at: Timestamp) -> Result<Vec<LeftOut>, RecordsError> {
        let live = live(tx, at).await?;
        let version = filter_policy::current(tx).await?.ok_or(RecordsError::NoPolicy)?;
        let policy = filter_policy::in_force(&version.text, self.catalogue, self.sealed)
            .map_err(RecordsError::Problems)?;
        Ok(Live::left_out(&live, &policy))
    }

    async fn policy(&self, tx: &mut Tx) -> Result<PolicyFile, RecordsError> {
        let version = filter_policy::current(tx).await?.ok_or(RecordsError::NoPolicy)?;
        filter_policy::prove_newest(tx, &version).await?.map_err(RecordsError::Altered)?;
        let (document, problems) = filter_policy::check_in_force(&version.text, self.catalogue, self.sealed);
        if document.is_none() || Problem::any_error(&problems) {
            return Err(RecordsError::Problems(problems));
        }
        let recipients = sealed::recipients(tx).await?.into_iter().map(|recipient| recipient.key).collect();
        Ok(PolicyFile {
            version: version.number,
            document: version.text,
            sealed: self.sealed.publish(),
            recipients: self.sealed.vouch_for(recipients),
            portal: self.portal.to_vec(),
            words: self.words.clone(),
        })
    }

    fn lists(&self, in_use: &[List], intake: Option<Intake>) -> Result<IndexBuilder, RecordsError> {
        let mut intake = match intake {
            Some(intake) => intake,
            None => Intake::new(Kinds::default())?,
        };
        let mut builder = IndexBuilder::new(intake.seed());
        for (done, list) in in_use.iter().enumerate() {
            (self.watch)(&list.id, done, in_use.len());
            let head = ListHead {
                id: list.id.clone(),
                name: list.id.clone(),
                categories: list.categories.clone(),
                ..ListHead::default()
            };
            if let Some(gathered) = intake.take(&list.id, list.version) {
                builder.add(head, gathered)?;
                continue;
            }
            let text = Text::kept(self.kept, &list.id, list.version)
                .map_err(|source| RecordsError::List { id: list.id.clone(), source })?;
            let mut writer = builder.list(head)?;
            for file in text.files() {
                let source = match file.read_into(&mut writer) {
                    Ok(Ok(_)) => continue,
                    Err(ReadIntoError::File(error)) => error,
                    // The text was read before it was taken in, so a file that is no list now was damaged since.
                    Ok(Err(_)) | Err(ReadIntoError::Full(_)) => FileError::Nothing(self.kept.to_owned()),
                };
                return Err(RecordsError::List { id: list.id.clone(), source });
            }
        }
        Ok(builder)
    }
}

/// What holds now or will: overrides, focus, withheld access, observing only and the roll.
pub async fn live(tx: &mut Tx, at: Timestamp) -> Result<LiveDocument, StoreError> {
    let overrides: Vec<Override> = lasting::not_over(tx, at).await?;
    let focus: Vec<Focus> = lasting::not_over(tx, at).await?;
    let withheld: Vec<Withheld> = lasting::not_over(tx, at).await?;
    let observing: Vec<Observing> = lasting::not_over(tx, at).await?;
    Ok(LiveDocument {
        version: 0,
        overrides: overrides.iter().map(Override::published).collect(),
        focus: focus.iter().map(Focus::published).collect(),
        withheld: withheld.iter().map(Withheld::published).collect(),
        observing: observing.iter().map(Observing::published).collect(),
        roll: people::gate_roll(tx).await?,
    })
}
