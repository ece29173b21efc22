//! `lists`.

mod holding;
mod showing;
mod taking;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Subcommand;
use filtering::list::{self, HoldError, List};
use kit::nearby::did_you_mean;
use serde_json::json;
use store::Tx;

use crate::commands::context::Context;
use crate::commands::fetching::FromWeb;
use crate::commands::origins;

#[derive(Debug, Subcommand)]
pub enum Lists {
    /// Read lists from files or folders and put them to use.
    Import {
        /// Files, folders, or web addresses (http:// or https://), also packed with gzip; an archive of lists (.tar.gz) can be
        /// fetched from the web as it is. Forms: squidGuard or UT1, hosts, plain names and wildcards, AdGuard's rules for names,
        /// dnsmasq, unbound, RPZ zones, e2guardian's lists, Pi-hole's expressions (name the file *.regex), URLs, DNS stamps.
        #[arg(required_unless_present = "built_in", value_name = "PATH or URL")]
        paths: Vec<PathBuf>,
        /// The lists that come with the program instead: those named, as in `games`, or all. It brings back what was taken
        /// out of use.
        #[arg(long, num_args = 0.., value_name = "NAME", conflicts_with_all = ["paths", "category", "name", "sha256", "sha256_from"])]
        built_in: Option<Vec<String>>,
        /// The category of what is read, instead of the one its name says.
        #[arg(long)]
        category: Option<String>,
        /// The licence that what is read is held under, where its own text does not say it or says it wrongly.
        #[arg(long, conflicts_with = "built_in")]
        licence: Option<String>,
        #[command(flatten)]
        web: FromWeb,
    },
    /// Read lists again from where they came from.
    Update {
        /// Only these lists.
        lists: Vec<String>,
    },
    /// Show every list: where from, how many names, how old, and whether it is active, held or has an update waiting.
    Status {
        /// Show the lists that were taken out of use instead: when, by whom and why.
        #[arg(long)]
        removed: bool,
    },
    /// Say which lists name a site, or named it: with which entry, since when, and under which licence each is held.
    Why {
        /// A host, an address or a URL.
        site: String,
    },
    /// Say what has changed in a list between the version in use and the one before: how many entries came and went, and
    /// which, as examples.
    Changes {
        /// The list.
        list: String,
        /// How many examples of each.
        #[arg(long, default_value_t = 10, value_name = "COUNT")]
        examples: usize,
    },
    /// Keep a list as it is: updates wait.
    Hold {
        /// The list.
        list: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Let a held list be updated again.
    Release {
        /// The list.
        list: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Take a list out of use. Its history stays.
    Remove {
        /// The list.
        list: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// Runs the command.
pub fn run(context: &Context, asked: Lists) -> Result<()> {
    match asked {
        Lists::Import { built_in: Some(names), .. } => taking::import_built_in(context, &names),
        Lists::Import { paths, category, licence, web, built_in: None } => {
            taking::import(context, &paths, category, licence.as_deref(), &web)
        }
        Lists::Update { lists } => taking::update(context, &lists),
        Lists::Status { removed: false } => showing::status(context),
        Lists::Status { removed: true } => showing::removed(context),
        Lists::Why { site } => origins::why(context, &site),
        Lists::Changes { list, examples } => showing::changes(context, &list, examples),
        Lists::Hold { list, reason } => holding::turn(context, &list, &reason, true),
        Lists::Release { list, reason } => holding::turn(context, &list, &reason, false),
        Lists::Remove { list, reason } => holding::remove(context, &list, &reason),
    }
}

/// That no list in use has the id, with what is near.
async fn no_list(tx: &mut Tx, id: &str) -> Result<String> {
    let known: Vec<String> = list::status(tx).await?.into_iter().map(|status| status.list.id).collect();
    let near = did_you_mean(id, known.iter().map(String::as_str), "");
    Ok(match (known.as_slice(), &*near) {
        ([], _) => format!("there is no list {id:?} in use, nor any other"),
        (_, "") => HoldError::NotFound(id.to_owned()).to_string(),
        _ => format!("there is no list {id:?} in use{near}"),
    })
}

/// A list that nobody has is refused with what is near; every other error is as it was.
async fn or_near<T>(tx: &mut Tx, outcome: Result<T, HoldError>) -> Result<T> {
    match outcome {
        Err(HoldError::NotFound(id)) => bail!("{}", no_list(tx, &id).await?),
        other => Ok(other?),
    }
}

fn object(list: &List) -> serde_json::Value {
    json!({
        "id": list.id,
        "version": list.version,
        "categories": list.categories,
        "source": list.source,
        "state": list.state.id(),
        "format": list.report.format,
        "lines": list.report.lines,
        "accepted": list.report.accepted,
        "refused": list.report.refused,
        "sha256": list.sha256,
        "imported_at": list.imported_at.to_string(),
    })
}
