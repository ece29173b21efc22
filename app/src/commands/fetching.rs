//! What `lists` does about lists from the web: what was asked, fetching it with a bar, and saying how it goes.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use filtering::list::web::{
    self, Answer, Asked, Checksum, Downloads, Every, Fetched, Fetcher, WebAddress, WebState, fetch_all,
};
use filtering::list::{ImportError, Imported, Intake};
use serde_json::{Value, json};
use store::{Db, Tx};

use crate::commands::context::Context;

/// What is said of a list from the web beside its address.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct FromWeb {
    /// Of a list from the web: its name, in place of what the address says.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Of a list from the web: the SHA-256 that it must have as it is sent, for one that never changes.
    #[arg(long, value_name = "HEX", conflicts_with = "sha256_from")]
    pub sha256: Option<String>,
    /// Of a list from the web: the address of a file that says its SHA-256 for each version.
    #[arg(long, value_name = "URL")]
    pub sha256_from: Option<String>,
}

impl FromWeb {
    /// The paths among what was named, and what is asked of the web.
    pub fn sort_out<'p>(&self, named: &'p [std::path::PathBuf]) -> Result<(Vec<&'p Path>, Vec<Asked>)> {
        let checksum = match (&self.sha256, &self.sha256_from) {
            (Some(sum), _) => Some(Checksum::Is(sum.parse()?)),
            (None, Some(place)) => Some(Checksum::SaidAt(WebAddress::parse(place)?)),
            (None, None) => None,
        };
        let (mut paths, mut asked) = (Vec::new(), Vec::new());
        for path in named {
            match path.to_str().filter(|text| WebAddress::is_meant(text)) {
                Some(text) => asked.push(Asked {
                    address: WebAddress::parse(text)?,
                    name: self.name.clone(),
                    checksum: checksum.clone(),
                }),
                None => paths.push(path.as_path()),
            }
        }
        if (self.name.is_some() || checksum.is_some()) && (asked.len(), paths.len()) != (1, 0) {
            bail!(
                "--name, --sha256 and --sha256-from are about one list from the web; name its address alone"
            );
        }
        let is_a_name = |part: &str| part.chars().any(char::is_alphanumeric);
        if let Some(name) = &self.name
            && (name.split('/').count() > 2 || !name.split('/').all(is_a_name))
        {
            bail!("--name {name:?} is no name of a list; use letters and digits, and one \"/\" at most");
        }
        Ok((paths, asked))
    }
}

/// How often a bar that shows a download is drawn anew while nothing comes.
const TICK: Duration = Duration::from_millis(200);

async fn with_bar<T>(context: &Context, what: String, work: impl AsyncFnOnce(web::Watch<'_>) -> T) -> T {
    let bar = context.output.download(what.clone());
    bar.enable_steady_tick(TICK);
    let watch = |done: u64, of: Option<u64>| {
        if let Some(of) = of.filter(|of| bar.length() != Some(*of)) {
            bar.set_length(of);
            bar.set_message(format!("{what}, {} in all", indicatif::HumanBytes(of)));
        }
        bar.set_position(done);
    };
    let outcome = work(&watch).await;
    bar.finish_and_clear();
    outcome
}

/// Fetches what was asked, if it would be taken at all.
pub async fn fetch(
    context: &Context,
    records: &Db,
    asked: &Asked,
    categories: Option<&[String]>,
    intake: &Intake,
) -> Result<Result<Fetched, String>> {
    let mut tx = records.read().await?;
    let ready = web::ready(&mut tx, asked, categories, intake).await;
    tx.roll_back().await?;
    match ready {
        Ok(()) => {}
        Err(ImportError::Store(error)) => return Err(error.into()),
        Err(error) => return Ok(Err(error.to_string())),
    }
    let fetcher = Fetcher::new(intake.limits().unpacked);
    let kept = context.home.lists();
    let (address, checksum) = (&asked.address, asked.checksum.as_ref());
    let answer = with_bar(context, address.host().to_owned(), async |watch| {
        fetcher.fetch(address, None, checksum, &kept, watch).await
    });
    Ok(match answer.await {
        Ok(Answer::Sent(fetched)) => Ok(fetched),
        // Nothing was said of a version before, so that nothing can be as it was.
        Ok(Answer::Unchanged) => Err(format!("{} sent nothing", address.host())),
        Err(error) => Err(error.to_string()),
    })
}

/// What became of each list that was fetched, by its id.
pub type Taken = Vec<(String, Result<Imported, ImportError>)>;

/// Takes what was fetched into use.
pub async fn take(
    context: &Context,
    tx: &mut Tx,
    asked: &Asked,
    fetched: Fetched,
    categories: Option<&[String]>,
    intake: &mut Intake,
) -> Result<Taken, ImportError> {
    let kept = context.home.lists();
    web::import(tx, &context.actor, &kept, asked, fetched, categories, intake, context.at).await
}

/// Fetches the lists from the web that are to be updated: those named, or all.
pub async fn downloads(
    context: &Context,
    records: &Db,
    only: &[String],
    intake: &Intake,
) -> Result<Downloads> {
    let kept = context.home.lists();
    let mut tx = records.read().await?;
    let wanted = web::wanted(&mut tx, &kept, only).await?;
    tx.roll_back().await?;
    let fetcher = Fetcher::new(intake.limits().unpacked);
    let mut all = Downloads::new();
    for one in &wanted {
        let what = one.address.host().to_owned();
        let fetched = with_bar(context, what, async |watch| {
            fetch_all(&fetcher, std::slice::from_ref(one), &kept, watch).await
        });
        all.extend(fetched.await);
    }
    Ok(all)
}

/// How fetching goes, for scripts.
pub fn object(state: &WebState, every: Every) -> Value {
    json!({
        "tried_at": state.tried_at.to_string(),
        "changed_at": state.changed_at.map(|at| at.to_string()),
        "failures": state.failures,
        "problem": state.problem,
        "next_try": state.next_try(every).map(|at| at.to_string()),
    })
}

/// The same in words; what `waits` has said already is not said twice.
pub fn words(state: &WebState, waits: Option<&str>, every: Every) -> String {
    let changed = state.changed_at.map(|at| format!(", changed {at}")).unwrap_or_default();
    let next = match state.next_try(every) {
        Some(next) => format!("next try {next}"),
        None => "no next try by itself".to_owned(),
    };
    let tried = state.tried_at;
    let failed = match &state.problem {
        None => String::new(),
        Some(why) if Some(why.as_str()) == waits => {
            format!(" without success (failure {})", state.failures)
        }
        Some(why) => format!(" without success (failure {}: {why})", state.failures),
    };
    format!("tried {tried}{failed}{changed}, {next}")
}
