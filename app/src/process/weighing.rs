//! Weighing lists before they decide: what yesterday's requests would meet under them. An update that nobody looks at and that
//! would newly block a good part of a school's day is more likely a mistake of whoever makes the list than a discovery.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use activity::past::Asked;
use activity::{Client, TimeRange};
use anyhow::{Context as _, Result};
use engine::replay::Replay;
use engine::{FilterPolicy, Sealed, SealedKey};
use filtering::list::{Blocks, TooMuch};
use front_sys::map::MappedFile;
use kit::Timestamp;
use lists::ListIndex;

use crate::home::Home;
use crate::process::snapshot::Opened;

/// What a list may newly block of a day's visits, in percent. A visit is an asker and a site, so that nobody holds a list back
/// by asking for something again and again.
const MOST_PERCENT: u64 = 1;
/// Fewer visits, or visits of fewer people, are no sign of anything.
const FEWEST_VISITS: u64 = 5;
const FEWEST_PEOPLE: usize = 3;
const DAY_MS: i64 = 86_400_000;
/// After a day with fewer visits than this, such as a Sunday, the week is looked at.
const A_DAY_HAS: u64 = 500;
/// No more requests are looked at: a second or two's worth, for whoever writes to the records waits meanwhile. They come by
/// person where they are packed, so that a school with more of them has some of its people looked at, and not all of its day.
const MOST: u64 = 4_000_000;
/// How long the log may say nothing. It is asked while the records are held.
const PATIENCE: Duration = Duration::from_secs(5);

/// What of the lists in an index that is not published yet would newly block too much. Where the activity log does not
/// answer, nothing is known, and that is said in the service log.
pub fn weigh(home: &Home, key: &SealedKey, index: &Path, at: Timestamp) -> Result<TooMuch> {
    let opened = Opened::open(&home.gate(), key)?;
    let mapped = MappedFile::open(index).with_context(|| format!("cannot map {}", index.display()))?;
    let index = Arc::new(ListIndex::open(Arc::new(mapped))?);
    let (document, catalogue) = (opened.policy.document(), opened.policy.catalogue());
    // As for every replay: neither side has sealed entries, so that nothing of them can be learnt from it.
    let sealed = Arc::new(Sealed::never_configured());
    let compile = |index: &Arc<ListIndex>| {
        FilterPolicy::compile(document, catalogue, Arc::clone(index), &sealed)
            .map_err(|_| anyhow::anyhow!("the policy in force cannot be compiled under them"))
    };
    let (before, after) = (compile(opened.policy.index())?, compile(&index)?);
    let client = Client::new(&home.run());
    for days in [1, 7] {
        let mut replay = Replay::new(&before, &after, &opened.live.roll);
        let time = TimeRange { from: Some(at.plus_millis(-days * DAY_MS)), to: None };
        // What another filter's log tells is no request of yesterday's.
        let asked = Asked { time, brought_in: false };
        let asked = client.past_within(&asked, PATIENCE, |batch| {
            replay.take_all(batch);
            if replay.taken() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        if let Err(error) = asked {
            tracing::warn!(%error, "New lists are not held against yesterday's requests");
            return Ok(TooMuch::new());
        }
        let found = replay.end(0);
        let of = found.visits;
        if of < A_DAY_HAS && days == 1 {
            continue;
        }
        let is_much = |blocks: &Blocks| {
            blocks.visits >= FEWEST_VISITS
                && blocks.people >= FEWEST_PEOPLE
                && blocks.visits * 100 >= of * MOST_PERCENT
        };
        let lists = found.newly_blocked.lists.into_iter();
        let weighed = lists.map(|list| (list.id, Blocks { visits: list.visits, of, people: list.people }));
        return Ok(weighed.filter(|(_, blocks)| is_much(blocks)).collect());
    }
    Ok(TooMuch::new())
}
