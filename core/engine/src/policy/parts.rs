//! Deciding a whole host where no path is seen: it is blocked if and only if every URL on it is.

use smallvec::SmallVec;

use super::Kind;
use super::gather::{Case, Mark, Path};
use super::matches::Wide;
use crate::decision::{Decision, Fact};
use crate::document::Effect;
use crate::live::LiveKind;
use crate::step::Step;

/// What is put after a list's entry, which stands for every path that begins so, to make one that no other rule is
/// about. It is no text a browser would send.
pub(crate) const FRESH: &str = "\u{1}";

impl Case<'_> {
    /// Decides the host where no path is seen: blocked if and only if every URL on it is.
    pub(super) fn whole_host(&mut self, wide: &Wide) -> Decision {
        let bare = self.found.mark();
        self.take_wide(wide);
        let fresh = self.speak();
        // Nothing that knows a path can open what these steps block.
        if !fresh.verdict.is_block() || fresh.reason.step <= Step::Withheld {
            return fresh;
        }
        let (policy, live, host) = (self.policy, self.live, self.host);
        let allows = |entry: &u32| {
            policy.entries.get(*entry as usize).is_some_and(|entry| {
                matches!(entry.kind, Kind::Locked(Effect::Allow) | Kind::School(Effect::Allow))
            })
        };
        let opens = |entry: &u32| {
            live.entry(*entry).is_some_and(|entry| entry.kind != LiveKind::Override(Effect::Block))
        };
        let parts = policy.targets.parts_of(host, None).iter().filter(|part| allows(&part.number));
        let live_parts = self.owners().flat_map(|owner| live.targets().parts_of(host, owner));
        let live_parts = live_parts.filter(|part| opens(&part.number));
        let paths: SmallVec<[&str; 4]> = parts.chain(live_parts).map(|part| part.url.path.as_str()).collect();
        for path in paths {
            if let Some(open) = self.try_path(bare, path) {
                return open;
            }
        }
        // A list's entry for a part of the host can open it only by its category.
        let by_category =
            fresh.reason.step == Step::Unknown || policy.allows_categories || live.allows_categories();
        if by_category && let Some(name) = self.name() {
            for (path, _) in policy.index.paths_on(name) {
                if let Some(open) = self.try_path(bare, &format!("{path}{FRESH}")) {
                    return open;
                }
            }
        }
        for entry in policy.targets.expressions_on(host.text, None) {
            self.found.back_to(bare);
            self.take_wide(wide);
            self.add_rule(entry, Fact::Path);
            if let Some(open) = open_part(self.speak()) {
                return open;
            }
        }
        for entry in self.owners().flat_map(|owner| live.targets().expressions_on(host.text, owner)) {
            self.found.back_to(bare);
            self.take_wide(wide);
            self.add_live(entry, Fact::Path);
            if let Some(open) = open_part(self.speak()) {
                return open;
            }
        }
        fresh
    }

    fn try_path(&mut self, bare: Mark, path: &str) -> Option<Decision> {
        self.found.back_to(bare);
        self.gather_path(path, Path::Beginning);
        open_part(self.speak())
    }
}

/// The decision about the host where a part of it is open.
fn open_part(part: Decision) -> Option<Decision> {
    (!part.verdict.is_block()).then(|| {
        let mut open = part;
        open.reason.fact = Fact::PartOfHost;
        open
    })
}
