//! Whether the activity log is whole, for `verify`.

use activity::log::{Acknowledged, Loss};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::commands::context::Context;

/// What proving the activity log came to.
pub(super) struct Log {
    pub files: usize,
    pub damaged: Vec<Harmed>,
    /// Events that are gone, whatever became of the bytes, and what was said of that.
    pub lost: Vec<(Loss, Option<Acknowledged>)>,
    /// How many damaged bytes of the sealed records were acknowledged.
    pub sealed_acknowledged: u64,
}

pub(super) fn lost_words(loss: &Loss) -> String {
    let Loss { found, file, events, brought_in, .. } = loss;
    let brought_in = match brought_in {
        0 => String::new(),
        many => format!(" ({many} of them brought in, so that bringing the file in again has them back)"),
    };
    let events = if *events == 1 { "1 event".to_owned() } else { format!("{events} events") };
    format!("{events} that had been written to log/{file} were found missing at {found}{brought_in}")
}

pub(super) fn lost_object((loss, said): &(Loss, Option<Acknowledged>)) -> Value {
    json!({
        "file": format!("log/{}", loss.file), "found": loss.found.to_string(), "events": loss.events,
        "brought_in": loss.brought_in, "acknowledged": said.is_some(),
        "said": said.as_ref().map(|said| json!({ "at": said.at.to_string(), "reason": said.reason })),
    })
}

/// A file that is damaged.
pub(super) struct Harmed {
    /// Its path in the home folder.
    pub file: String,
    /// What is wrong with it that nobody has acknowledged.
    pub news: Option<String>,
    /// What was said of the rest, and when.
    pub acknowledged: Vec<(String, String)>,
}

impl Harmed {
    pub fn says(&self) -> Option<String> {
        self.news.as_ref().map(|what| format!("{} ({what})", self.file))
    }

    pub fn object(&self) -> Value {
        let said = self.acknowledged.iter().map(|(at, reason)| json!({ "at": at, "reason": reason }));
        json!({
            "file": self.file, "what": self.news.as_deref().unwrap_or("acknowledged"),
            "acknowledged": self.news.is_none(), "said": said.collect::<Vec<_>>(),
        })
    }
}

/// Whether every file of the activity log is whole, and every page that gates count on is one.
pub(super) fn prove_log(context: &Context) -> Result<Log> {
    let look = activity::log::look(&context.home.log(), &context.home.run())
        .context("cannot read the activity log")?;
    let mut log = Log { files: look.files, damaged: Vec::new(), lost: look.lost, sealed_acknowledged: 0 };
    // Of each, how many bytes nobody has acknowledged.
    let mut news: Vec<u64> = Vec::new();
    for (damage, acknowledged) in look.damaged {
        if damage.file == activity::sealed::FILE {
            log.sealed_acknowledged += acknowledged.map_or(0, |_| damage.bytes());
            continue;
        }
        let folder = if damage.file.ends_with(".page") { "run/pages" } else { "log" };
        let file = format!("{folder}/{}", damage.file);
        if log.damaged.last().is_none_or(|harmed| harmed.file != file) {
            log.damaged.push(Harmed { file, news: None, acknowledged: Vec::new() });
            news.push(0);
        }
        let (Some(harmed), Some(bytes)) = (log.damaged.last_mut(), news.last_mut()) else { continue };
        match acknowledged {
            Some(said) => {
                let said = (said.at.to_string(), said.reason);
                if !harmed.acknowledged.contains(&said) {
                    harmed.acknowledged.push(said);
                }
            }
            None => {
                *bytes += damage.bytes();
                harmed.news = Some(if folder == "log" {
                    format!("{bytes} bytes are no records")
                } else {
                    "not a page that can be read".to_owned()
                });
            }
        }
    }
    Ok(log)
}
