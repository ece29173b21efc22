//! Filling the records for the first time, and publishing from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use engine::live::LeftOut;
use engine::sealed::COVERED;
use engine::{Catalogue, LiveDocument, Sealed, SealedKey};
use filtering::list::{Intake, Kinds, TooMuch};
use filtering::publish::{
    CommitError, Damage, FromRecords, Part, Prepared, PublishError, Published, RecordsError, Scope, damaged,
};
use kit::Timestamp;
use store::{Db, Tx};
use words::Own;

use crate::commands::context::Context;
use crate::commands::findings::Findings;
use crate::commands::init::ExamplePolicy;
use crate::commands::secret::{Tells, no_secret, no_secret_under};
use crate::config::Config;
use crate::home::{Home, read_key};
use crate::output::{Failure, Output};
use crate::own_words;
use crate::process::portal;
use crate::process::snapshot::catalogue;
use crate::process::weighing::weigh;

/// What compiling and publishing need beside the records.
pub struct Content {
    pub catalogue: Arc<Catalogue>,
    pub sealed: Arc<Sealed>,
}

impl Content {
    /// Reads the content that comes with the program, and the sealed entries in force.
    pub async fn of(home: &Home, tx: &mut Tx) -> Result<Self> {
        Self::under(home, tx, SealedKey::new(read_key(home, "sealed.key")?)).await
    }

    /// The same for whoever holds the key already.
    async fn under(home: &Home, tx: &mut Tx, key: SealedKey) -> Result<Self> {
        let sealed = filtering::sealed::in_force(tx, &home.lists(), key).await?;
        Ok(Self { catalogue: catalogue()?, sealed: Arc::new(sealed) })
    }
}

/// Where publishing reads and writes beside the records.
struct Places<'a> {
    gate: PathBuf,
    kept: PathBuf,
    /// The portal's hosts.
    portal: &'a [String],
    /// What the school says in its own words.
    words: Own,
}

impl<'a> Places<'a> {
    fn of(home: &Home, portal: &'a [String]) -> Self {
        Self { gate: home.gate(), kept: home.lists(), portal, words: own_words::in_use(home) }
    }

    /// Publishes with this content; `watch` is told of each list.
    fn records<'b>(&'b self, content: &'b Content, watch: &'b dyn Fn(&str, usize, usize)) -> FromRecords<'b> {
        FromRecords {
            gate: &self.gate,
            kept: &self.kept,
            catalogue: &content.catalogue,
            sealed: &content.sealed,
            portal: self.portal,
            words: &self.words,
            watch,
        }
    }
}

/// Writes the first policy and the starter lists into new records, and publishes them.
pub fn first_records(home: &Home, config: &Config, policy: ExamplePolicy, output: Output) -> Result<()> {
    let context = Context::of(home.clone(), config.clone(), output)?;
    let records = context.records()?;
    let text = match policy {
        ExamplePolicy::School => engine::content::DEMO_POLICY,
        ExamplePolicy::VillagePrimary => engine::content::VILLAGE_PRIMARY_POLICY,
        ExamplePolicy::Secondary => engine::content::SECONDARY_POLICY,
    };
    context.wait(async {
        let mut tx = records.begin().await?;
        let content = Content::of(home, &mut tx).await?;
        if filtering::filter_policy::current(&mut tx).await?.is_none() {
            filtering::filter_policy::apply(
                &mut tx,
                &context.actor,
                text,
                "The example policy that the school started from",
                &content.catalogue,
                &content.sealed,
                context.at,
            )
            .await
            .map_err(|error| say_problems(Path::new("the example policy"), error))?;
        }
        let mut intake = Intake::new(Kinds::built_in()?)?;
        let kept = home.lists();
        let taken =
            filtering::list::import_built_in(&mut tx, &context.actor, &kept, &[], &mut intake, context.at);
        for (_, outcome) in taken.await? {
            outcome?;
        }
        tx.commit().await?;
        anyhow::Ok(())
    })?;
    publish(&context)?;
    Ok(())
}

/// An apply error with its problems as lines of `file`.
pub fn say_problems(file: &Path, error: filtering::filter_policy::ApplyError) -> anyhow::Error {
    match error {
        filtering::filter_policy::ApplyError::Problems(problems) => {
            Findings::of(file, problems).failure().into()
        }
        other => other.into(),
    }
}

/// Publishes everything.
pub fn publish(context: &Context) -> Result<Published> {
    let records = context.records()?;
    context.wait(async {
        let tx = records.begin().await?;
        commit_and_publish(context, tx, Scope::Everything).await
    })
}

/// Commits what the transaction has changed and publishes the live part with something new in it, where gates can carry
/// that out.
pub async fn commit_and_publish_new(context: &Context, tx: Tx, new: &LiveDocument) -> Result<Published> {
    commit_and_publish_checked(context, tx, Scope::Live, new, None).await
}

/// Commits what the transaction has changed and publishes it. The files are written before and named after the commit:
/// what cannot be published is not kept, and what is not kept is not published.
pub async fn commit_and_publish(context: &Context, tx: Tx, scope: Scope) -> Result<Published> {
    commit_and_publish_checked(context, tx, scope, &LiveDocument::default(), None).await
}

/// The same for everything, with what was read of the lists that the transaction takes in.
pub async fn commit_and_publish_lists(context: &Context, tx: Tx, intake: Intake) -> Result<Published> {
    let nothing = LiveDocument::default();
    commit_and_publish_checked(context, tx, Scope::Everything, &nothing, Some(intake)).await
}

/// The same where a list would newly block too much of what was asked for before: nothing is kept then, and nothing
/// published.
pub async fn commit_and_publish_weighed(context: &Context, mut tx: Tx, intake: Intake) -> Result<Weighed> {
    let nothing = LiveDocument::default();
    let key = SealedKey::new(read_key(&context.home, "sealed.key")?);
    let prepared = prepare(context, &mut tx, Scope::Everything, &nothing, Some(intake)).await?;
    commit_weighed(&context.home, &key, prepared, tx, context.at).await
}

/// What came of lists that were weighed.
pub enum Weighed {
    /// They decide.
    Live,
    /// Nothing was changed: these would newly block too much.
    TooMuch(TooMuch),
}

async fn commit_weighed(
    home: &Home,
    key: &SealedKey,
    prepared: Prepared,
    tx: Tx,
    at: Timestamp,
) -> Result<Weighed> {
    let much = match weigh(home, key, &prepared.lists_path(), at) {
        Ok(much) => much,
        Err(error) => {
            // What holds cannot be opened: then there is nothing to compare with, and new lists are the remedy.
            tracing::warn!(
                error = format!("{error:#}"),
                "New lists are not held against yesterday's requests"
            );
            TooMuch::new()
        }
    };
    if much.is_empty() {
        prepared.commit(tx).await?;
        return Ok(Weighed::Live);
    }
    tx.roll_back().await?;
    Ok(Weighed::TooMuch(much))
}

/// Whether the change is in the records although the command failed: only the gate has not been told of it.
pub fn is_kept(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(CommitError::NotLive(_)))
}

async fn commit_and_publish_checked(
    context: &Context,
    mut tx: Tx,
    scope: Scope,
    new: &LiveDocument,
    intake: Option<Intake>,
) -> Result<Published> {
    let prepared = prepare(context, &mut tx, scope, new, intake).await?;
    Ok(prepared.commit(tx).await?)
}

async fn prepare(
    context: &Context,
    tx: &mut Tx,
    scope: Scope,
    new: &LiveDocument,
    intake: Option<Intake>,
) -> Result<Prepared> {
    let content = Content::of(&context.home, tx).await?;
    let bar = context.output.progress(0, "reading lists");
    let watch = |_: &str, done: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let hosts = portal::hosts(&context.config);
    let places = Places::of(&context.home, &hosts);
    let from = places.records(&content, &watch);
    let (carried_out, is_secret) = carried_out(&from, tx, new, || no_secret(context)).await?;
    let prepared = match carried_out {
        Ok(()) => from.prepare_with(tx, scope, intake, context.at).await,
        Err(error) => Err(error),
    };
    bar.finish_and_clear();
    prepared.map_err(|error| match error {
        RecordsError::Problems(problems) => {
            let lines: Vec<String> =
                problems.iter().map(|problem| format!("the policy in force: {problem}")).collect();
            Failure::Problems(lines.join("\n")).into()
        }
        other => Tells::of(other.into(), u32::from(is_secret)),
    })
}

/// Whether gates can carry out something new, and whether the words that say why not would be others without the live sealed
/// entries.
async fn carried_out(
    from: &FromRecords<'_>,
    tx: &mut Tx,
    new: &LiveDocument,
    no_secret: impl FnOnce() -> Result<Arc<Sealed>>,
) -> Result<(Result<(), RecordsError>, bool)> {
    if *new == LiveDocument::default() {
        return Ok((Ok(()), false));
    }
    let carried_out = from.carries_out(tx, new).await;
    if !matches!(&carried_out, Err(RecordsError::LeftOut(why)) if why.contains(COVERED)) {
        return Ok((carried_out, false));
    }
    let no_secret = no_secret()?;
    let open = FromRecords { sealed: &no_secret, ..*from };
    let told = open.carries_out(tx, new).await;
    Ok((carried_out, !matches!(told, Err(RecordsError::LeftOut(also)) if also.contains(COVERED))))
}

/// What holds for a time and no gate carries out under the policy in force, beside this content.
pub async fn left_out(context: &Context, tx: &mut Tx, content: &Content) -> Result<Vec<LeftOut>> {
    let hosts = portal::hosts(&context.config);
    let places = Places::of(&context.home, &hosts);
    let from = places.records(content, &|_, _, _| {});
    Ok(from.left_out(tx, context.at).await?)
}

/// Publishes policy and live part again, and the lists too if nothing was ever published or what was is damaged. Done
/// whenever the hub starts: a command that was killed between committing and publishing, or a back-up that was put in
/// place by hand, leaves gates and records of one mind again, and a portal that has moved is open at its new name.
pub fn publish_at_start(home: &Home, config: &Config) -> Result<()> {
    let context = Context::of(home.clone(), config.clone(), Output::new(true))?;
    let records = context.records()?;
    let damage = damaged(&home.gate());
    for one in &damage {
        tracing::error!(error = %one.error, "What was published is damaged; it is published again");
    }
    context.wait(async {
        let tx = records.begin().await?;
        commit_and_publish(&context, tx, scope_of(&damage).unwrap_or(Scope::Policy)).await?;
        anyhow::Ok(())
    })
}

/// How much must be published again to put right what is damaged; at least the policy, so that gates and records are of
/// one mind.
fn scope_of(damage: &[Damage]) -> Option<Scope> {
    // A manifest that cannot be read may have named other lists.
    let all = damage.iter().any(|one| matches!(one.part, Some(Part::Lists) | None));
    (!damage.is_empty()).then_some(if all { Scope::Everything } else { Scope::Policy })
}

/// Commits what the transaction has taken in of lists and publishes everything, for a hub that runs. Where a list would newly
/// block too much, nothing is kept and nothing published.
pub async fn publish_lists(
    home: &Home,
    mut tx: Tx,
    key: SealedKey,
    portal: &[String],
    (intake, is_weighed): (Intake, bool),
    at: Timestamp,
) -> Result<Weighed> {
    let content = Content::under(home, &mut tx, key.clone()).await?;
    let places = Places::of(home, portal);
    let from = places.records(&content, &|_, _, _| {});
    let prepared = from.prepare_with(&mut tx, Scope::Everything, Some(intake), at).await?;
    if is_weighed {
        return commit_weighed(home, &key, prepared, tx, at).await;
    }
    prepared.commit(tx).await?;
    Ok(Weighed::Live)
}

/// Why what somebody changed at the portal was not published. Unless it says otherwise it is not kept either.
#[derive(Debug, thiserror::Error)]
pub enum NotLive {
    /// No gate can carry it out.
    #[error("{why}")]
    LeftOut {
        /// Why, for whoever changed it.
        why: String,
        /// Whether that tells of a sealed site.
        is_secret: bool,
    },
    /// It is in the records, and gates go by what they had.
    #[error(transparent)]
    Late(PublishError),
    /// Something we did not foresee; it is not in the records.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Commits what the transaction has changed and publishes what holds for a time, with something new in it, for a hub that
/// runs.
pub async fn publish_live(
    home: &Home,
    mut tx: Tx,
    key: SealedKey,
    portal: &[String],
    new: &LiveDocument,
    at: Timestamp,
) -> Result<(), NotLive> {
    let content = Content::under(home, &mut tx, key.clone()).await?;
    let places = Places::of(home, portal);
    let from = places.records(&content, &|_, _, _| {});
    match carried_out(&from, &mut tx, new, || no_secret_under(key)).await? {
        (Ok(()), _) => {}
        (Err(RecordsError::LeftOut(why)), is_secret) => return Err(NotLive::LeftOut { why, is_secret }),
        (Err(error), _) => return Err(NotLive::Failed(error.into())),
    }
    commit_scope(&from, tx, Scope::Live, at).await
}

/// Commits what the transaction has changed and publishes policy and live part with the words as they lie now, for a hub that runs.
pub async fn publish_words(
    home: &Home,
    mut tx: Tx,
    key: SealedKey,
    portal: &[String],
    at: Timestamp,
) -> Result<(), NotLive> {
    let content = Content::under(home, &mut tx, key).await?;
    let places = Places::of(home, portal);
    commit_scope(&places.records(&content, &|_, _, _| {}), tx, Scope::Policy, at).await
}

async fn commit_scope(
    from: &FromRecords<'_>,
    mut tx: Tx,
    scope: Scope,
    at: Timestamp,
) -> Result<(), NotLive> {
    let prepared =
        from.prepare_with(&mut tx, scope, None, at).await.map_err(|error| NotLive::Failed(error.into()))?;
    prepared.commit(tx).await.map(drop).map_err(|error| match error {
        CommitError::NotLive(error) => NotLive::Late(error),
        CommitError::NotKept(_) => NotLive::Failed(error.into()),
    })
}

/// Publishes from the records whatever is damaged of what is published, and what holds for a time in any case, for a hub that
/// runs: it holds the key and knows its portal's hosts, and reaches no other.
pub async fn publish_again(
    home: &Home,
    records: &Db,
    key: SealedKey,
    portal: &[String],
    damage: &[Damage],
    at: Timestamp,
) -> Result<Published> {
    let mut tx = records.begin().await?;
    let content = Content::under(home, &mut tx, key).await?;
    let places = Places::of(home, portal);
    let from = places.records(&content, &|_, _, _| {});
    let prepared = from.prepare(&mut tx, scope_of(damage).unwrap_or(Scope::Live), at).await?;
    Ok(prepared.commit(tx).await?)
}
