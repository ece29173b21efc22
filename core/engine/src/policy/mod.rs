//! The compiled filter policy, and what its rules mean.
//!
//! # What the steps mean
//!
//! The first of the twelve steps of [`crate::Step`] that speaks wins. These meanings are frozen; `reference` holds
//! them a second time, written naively, and a test compares the two over random policies.
//!
//! - **Facts.** A request's facts are its host, its path, the names of its chain and its addresses. A block matches any
//!   fact. An allow matches the host or the path only, so that a `CNAME` into an allowed site opens nothing. An IPv6
//!   address that leads to an IPv4 one ([`kit::address::ipv4_inside`]) brings that one as a fact of the answer, and what
//!   lists and expressions know of URLs on it, so that it is blocked and sealed alike.
//! - **Everyone** is a group within which every other group strictly lies.
//! - **Several rules of one step** (override, school): a rule overrules another when its audience lies strictly within
//!   the other's, or when the audience is the same and its target more specific (part of a site, by length; expression;
//!   address; site, by labels; category). Among the rules that none overrules a block wins; the reason then names the
//!   other group beside. An override for a person is more specific than any for a group.
//! - **Allowing a category** opens that category and no other: such a rule matches only where permitted use, with the
//!   categories so allowed set aside, would not block.
//! - **Permitted use.** For each category of any fact, the cells of the groups that no more specific group with a cell
//!   overrules; between those the stricter; between several categories the stricter. A kind of services is heard as
//!   a category that its services fill. A service's own cells speak in place of its kind's and of what lists say of its
//!   sites; what a list says of a part of one, or by an expression, is heard beside them, and the stricter holds. From
//!   the chain, the addresses and list expressions only blocks count.
//! - **Safe search** changes no verdict. A host of an engine, and no name below it, carries the number of where it leads: for
//!   whoever nothing is known of the strictest, else what the cells of the most specific of the asker's groups say, between
//!   equals the stricter, and the strictest where none speaks. What help and essentials open is left as it is.
//! - **Withheld** blocks all but learning sites, for which the later steps then speak as usual.
//! - **Focus** is a walled garden: it allows what is in it and blocks the rest. Where several hold, the most specific
//!   group's; between equals the stricter.
//! - **A host without a path** is blocked if and only if every URL on it is. The URL that nobody has a rule for is
//!   decided, and if it is blocked, each part of the host that an allow rule, an override, a garden or a list knows;
//!   if one is open the host is, and the fact is [`crate::Fact::PartOfHost`]. An allow expression (which must name its
//!   site) counts as matched by some URL there. An expression counts for the host itself where it matches `host/` and
//!   looks at nothing that follows.
//! - **Spellings.** A path is asked in its canonical form ([`kit::path::canonical`]). What blocks or seals is asked with its
//!   other readings too ([`kit::path::other_readings`]), and an expression that blocks also with the path as it was sent, since it may be about the
//!   spelling itself (`//`, `%2e`). What opens is asked with the canonical form alone.
//! - **Letter case** is ignored in paths and by expressions (were only one of them to ignore it, a part of a host could
//!   be open that no known beginning shows), and so is `www.` before the host of a part of a site.

mod compile;
mod contest;
mod decide;
mod gather;
pub mod groups;
mod matches;
mod parts;
mod review;
mod safe_search;
mod services;
mod speak;
pub(crate) mod uses;

use std::sync::Arc;

use kit::{LocalTime, Timestamp};
use lists::ListIndex;
use words::Words;

pub use compile::Covered;
pub(crate) use decide::decide_with_override;
pub(crate) use decide::tells_paths_apart;
pub use decide::{Memo, decide, decide_in};
pub use groups::GroupTable;
pub use review::{Beside, review};
pub(crate) use safe_search::SafeSearch;
pub use safe_search::SafeTarget;

pub(crate) use compile::covers_sealed;
pub(crate) use contest::Audience;

use crate::calendar::{Calendar, Moment};
use crate::catalogue::Catalogue;
use crate::decision::{Reason, RuleRef};
use crate::document::target::Target;
use crate::document::{Cell, Effect, PolicyDocument, Problem};
use crate::groups::GroupNo;
use crate::identity::Identity;
use crate::sealed::Sealed;
use crate::targets::Targets;
use uses::UseTable;

/// A filter policy, compiled from one document against one catalogue, one list index and the sealed entries. Immutable;
/// made beside the running one and swapped in.
#[derive(Debug)]
pub struct FilterPolicy {
    document: PolicyDocument,
    catalogue: Arc<Catalogue>,
    index: Arc<ListIndex>,
    sealed: Arc<Sealed>,
    groups: GroupTable,
    calendar: Calendar,
    unidentified: Identity,
    entries: Vec<Entry>,
    /// The number of the table's first row.
    first_use: u32,
    targets: Targets,
    allows_categories: bool,
    uses: UseTable,
    safe_search: SafeSearch,
    /// For each list of the index, the numbers of its categories.
    list_categories: Vec<Vec<u16>>,
    list_expressions: compile::ListExpressions,
    warnings: Vec<Problem>,
    /// What pages say, in every language.
    words: Arc<Words>,
}

/// One numbered rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub kind: Kind,
    pub audience: GroupNo,
    pub specificity: u32,
    /// Its place in its section of the document or the catalogue.
    pub place: u32,
    /// How long a host must be to match: its site stands for itself alone. 0 where it covers what is below.
    pub exact: u16,
}

/// Which section a numbered rule is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Help,
    Essential,
    /// A line of `essential = […]` in the document.
    OwnEssential,
    Locked(Effect),
    Learning,
    School(Effect),
    Service(u16),
    Use,
    /// A host of that engine.
    Engine(u16),
}

/// The bit that tells numbers of the live snapshot (overrides, focus, withheld) from rules of the policy.
pub const LIVE: u32 = 0x8000_0000;

/// How specific a target is. Only compared between rules of one audience that match the same request.
pub(crate) fn specificity(target: &Target) -> u32 {
    let labels = |name: &str| u32::try_from(name.split('.').count()).unwrap_or(0);
    match target {
        Target::Category(_) => 0,
        Target::Site(name) => 1_000 + labels(name),
        Target::Address(_) => 2_000,
        Target::Expression { .. } => 3_000,
        Target::Url(url) => 10_000 + u32::try_from(url.path.len()).unwrap_or(0),
    }
}

impl FilterPolicy {
    /// The document it was compiled from.
    pub const fn document(&self) -> &PolicyDocument {
        &self.document
    }

    /// The catalogue it was compiled against.
    pub const fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The list index it asks.
    pub const fn index(&self) -> &Arc<ListIndex> {
        &self.index
    }

    /// The sealed entries it holds.
    pub const fn sealed(&self) -> &Arc<Sealed> {
        &self.sealed
    }

    /// Its groups.
    pub const fn groups(&self) -> &GroupTable {
        &self.groups
    }

    /// The school's calendar.
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Who an address is that nothing is known of.
    pub const fn unidentified(&self) -> &Identity {
        &self.unidentified
    }

    /// What pages say, in every language: the program's words with the school's own over them.
    pub const fn words(&self) -> &Arc<Words> {
        &self.words
    }

    /// With other words.
    #[must_use]
    pub fn with_words(self, words: Arc<Words>) -> Self {
        Self { words, ..self }
    }

    /// What the school should look at, though the policy works.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The moment as this policy sees it. Worked out once a minute and kept, not for each request.
    pub fn moment(&self, at: LocalTime) -> Moment {
        self.calendar.moment(at)
    }

    /// The moment as this policy sees it, from an instant.
    pub fn moment_at(&self, at: Timestamp) -> Moment {
        self.calendar.moment_at(at)
    }

    /// The numbers of the categories that a list of the index stands for.
    pub fn categories_of(&self, list: u16) -> &[u16] {
        self.list_categories.get(usize::from(list)).map_or(&[], Vec::as_slice)
    }

    /// Whose permission the cell of the permitted-use table asks for that was a decision's reason, where it asks for somebody's.
    pub fn asks_permission_of(&self, reason: &Reason) -> Option<&str> {
        match self.cell_of(reason)? {
            Cell::Permission(who) => Some(who),
            _ => None,
        }
    }

    /// Whether the cell that was a decision's reason allows it at other times.
    pub fn is_by_time(&self, reason: &Reason) -> bool {
        matches!(self.cell_of(reason), Some(Cell::Times(_)))
    }

    /// The cell of the permitted-use table that was a decision's reason.
    fn cell_of(&self, reason: &Reason) -> Option<&Cell> {
        let entry = self.entry(reason.rule).filter(|entry| entry.kind == Kind::Use)?;
        let row = self.document.uses.get(entry.place as usize)?;
        row.cells.get(self.groups.id(reason.group.unwrap_or(groups::EVERYBODY)))
    }

    pub(crate) fn entry(&self, rule: RuleRef) -> Option<&Entry> {
        self.entries.get(usize::try_from(rule.0.checked_sub(1)?).ok()?)
    }

    /// Whether a rule for a site at or above that name is about it: some sites stand for themselves alone.
    #[inline]
    pub(crate) fn stands_for(&self, entry: u32, name: &str) -> bool {
        let exact = self.entries.get(entry as usize).map_or(0, |entry| usize::from(entry.exact));
        exact == 0 || exact == name.len()
    }

    pub(crate) const fn use_ref(&self, row: u32) -> RuleRef {
        RuleRef(self.first_use + row)
    }
}
