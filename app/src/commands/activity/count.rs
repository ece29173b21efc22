//! `activity count`.

use std::collections::BTreeMap;

use activity::ask::Counts;
use activity::{Client, Search};
use anyhow::{Result, bail};
use clap::ValueEnum;

use super::not_running;
use super::shown::{ActivityFilter, Shown};
use crate::commands::context::Context;

/// What events are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// What was decided.
    Verdict,
    /// The step that spoke.
    Step,
    /// The front that asked: the name server, the proxy, a tunnel through it.
    Front,
    /// How a question to the name server came: in a datagram, by TCP, by TLS or by HTTPS.
    Transport,
}

impl By {
    const fn of(self, counts: &Counts) -> &BTreeMap<String, u64> {
        match self {
            Self::Verdict => &counts.by_verdict,
            Self::Step => &counts.by_step,
            Self::Front => &counts.by_front,
            Self::Transport => &counts.by_transport,
        }
    }
}

/// Runs the command.
pub fn run(context: &Context, client: &Client, filter: &ActivityFilter, by: By) -> Result<()> {
    if filter.limit.is_some() {
        bail!("a count has all that is found; leave --limit out, or ask for a shorter time with --since");
    }
    let shown = Shown::new(context, filter)?;
    let search = Search { limit: None, ..shown.search(context, filter)? };
    shown.open(context, client, "activity.count", &search)?;
    let counts = client.counts(&search).map_err(not_running)?;
    context.output.object(&counts);
    for line in lines(&counts, by) {
        context.output.say(line);
    }
    Ok(())
}

/// Counts as people read them, most first, and how many they leave out.
fn lines(counts: &Counts, by: By) -> Vec<String> {
    if counts.events == 0 {
        return vec!["Nothing was found. Leave a filter out, or widen the time.".to_owned()];
    }
    let mut words: Vec<(&String, u64)> = by.of(counts).iter().map(|(word, count)| (word, *count)).collect();
    words.sort_by_key(|(word, count)| (std::cmp::Reverse(*count), *word));
    let told: u64 = words.iter().map(|(_, count)| count).sum();
    let mut lines = vec![format!("{:<16} {:>12}", "all", counts.events)];
    lines.extend(words.iter().map(|(word, count)| format!("{word:<16} {count:>12}")));
    let rest = counts.events.saturating_sub(told);
    if rest > 0 {
        lines.push(format!(
            "{:<16} {rest:>12}  no question to the name server, or from before this was kept",
            "-"
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_come_first_and_nothing_is_passed_over() {
        let counts: Counts = serde_json::from_str(
            r#"{"events":9,"by_verdict":{"allow":9},"by_step":{},"by_front":{},"by_transport":{"tls":2,"udp":4}}"#,
        )
        .unwrap();
        let words = |by| -> Vec<(String, String)> {
            let pair = |line: &String| {
                let mut words = line.split_whitespace().map(str::to_owned);
                (words.next().unwrap(), words.next().unwrap())
            };
            lines(&counts, by).iter().map(pair).collect()
        };
        let pair = |word: &str, count: &str| (word.to_owned(), count.to_owned());
        assert_eq!(words(By::Verdict), [pair("all", "9"), pair("allow", "9")]);
        let by_transport = [pair("all", "9"), pair("udp", "4"), pair("tls", "2"), pair("-", "3")];
        assert_eq!(words(By::Transport), by_transport);
        assert_eq!(lines(&Counts::default(), By::Step).len(), 1);
    }
}
