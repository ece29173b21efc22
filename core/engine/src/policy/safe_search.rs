//! Who is held to safe search, and where each engine then leads.

use super::gather::Case;
use super::groups::{EVERYBODY, GroupTable};
use super::{FilterPolicy, contest::Audience};
use crate::catalogue::{Catalogue, Engine};
use crate::decision::Decision;
use crate::document::safe_search::Level;
use crate::document::{PolicyDocument, Problem};
use crate::groups::{GroupNo, GroupSet};
use crate::identity::{Identity, KnownBy};
use crate::step::Step;

/// Where a host leads whose engine is held to safe search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeTarget {
    /// The engine's name.
    pub engine: Box<str>,
    /// The name whose addresses are the host's for whoever is held to it.
    pub name: Box<str>,
    /// How much it leaves out.
    pub level: Level,
    /// A field that says so in a request for a page, and what it says.
    pub header: Option<(Box<str>, &'static str)>,
    /// What says so in a page's query: its name, and what it says.
    pub parameter: Option<(Box<str>, Box<str>)>,
}

/// The policy's section, compiled.
#[derive(Debug, Clone, Default)]
pub(crate) struct SafeSearch {
    search: Cells,
    youtube: Cells,
    targets: Vec<SafeTarget>,
    /// For each engine of the catalogue, the number of its strict target; the moderate one comes after it.
    first: Vec<u16>,
    /// For each engine, whether it follows what is said of YouTube.
    has_moderate: Vec<bool>,
}

/// What groups have.
#[derive(Debug, Clone, Default)]
struct Cells {
    groups: GroupSet,
    /// In the order of their groups.
    cells: Vec<(GroupNo, Level)>,
}

/// What holds for somebody, and whose cells said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub level: Level,
    pub why: Why,
}

/// Why a level holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Nothing is known of whoever asks.
    Stranger,
    /// No cell is for them.
    NoCell,
    /// That group's cell says so, and another as specific one would be looser.
    Cell { group: GroupNo, beside: Option<GroupNo> },
}

impl SafeSearch {
    /// Reads the section; every mistake is added to `problems`.
    pub(crate) fn read(
        document: &PolicyDocument,
        catalogue: &Catalogue,
        groups: &GroupTable,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let section = &document.safe_search;
        let search = section.search.iter().map(|(id, cell)| (id.as_str(), Level::from(*cell)));
        let youtube = section.youtube.iter().map(|(id, cell)| (id.as_str(), Level::from(*cell)));
        let mut all = Self {
            search: Cells::read("search", search, section.line.0, groups, problems),
            youtube: Cells::read("youtube", youtube, section.line.0, groups, problems),
            ..Self::default()
        };
        for engine in &catalogue.engines {
            all.first.push(u16::try_from(all.targets.len() + 1).unwrap_or(0));
            all.has_moderate.push(engine.moderate.is_some());
            all.targets.push(target(engine, &engine.target, Level::Strict));
            if let Some(name) = &engine.moderate {
                all.targets.push(target(engine, name, Level::Moderate));
            }
        }
        all
    }

    /// What an engine is held to for somebody.
    pub(crate) fn held(&self, engine: u16, asker: &Identity, groups: &GroupTable) -> Held {
        if asker.known_by == KnownBy::Nothing {
            return Held { level: Level::Strict, why: Why::Stranger };
        }
        let is_youtube = self.has_moderate.get(usize::from(engine)).is_some_and(|has| *has);
        let cells = if is_youtube { &self.youtube } else { &self.search };
        cells.held(&asker.groups, groups)
    }

    /// The number of an engine's target at that level; 0 for none.
    fn number(&self, engine: u16, level: Level) -> u16 {
        let first = self.first.get(usize::from(engine)).copied().unwrap_or(0);
        match level {
            Level::Strict => first,
            Level::Moderate => first + 1,
            Level::Off => 0,
        }
    }
}

fn target(engine: &Engine, name: &str, level: Level) -> SafeTarget {
    let says = if level == Level::Moderate { "Moderate" } else { "Strict" };
    let parameter = engine.parameter.as_deref().and_then(|text| text.split_once('='));
    SafeTarget {
        engine: engine.name.as_str().into(),
        name: name.into(),
        level,
        header: engine.header.as_deref().map(|header| (header.into(), says)),
        parameter: parameter.map(|(name, value)| (name.into(), value.into())),
    }
}

impl Cells {
    fn read<'d>(
        row: &str,
        written: impl Iterator<Item = (&'d str, Level)>,
        line: u32,
        groups: &GroupTable,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut all = Self::default();
        for (id, level) in written {
            match groups.number(id) {
                Some(group) => {
                    all.groups.insert(group);
                    all.cells.push((group, level));
                }
                None => problems.push(Problem::error(
                    line,
                    format!("{row} under [safe-search] has a cell for {id:?}, which is no group"),
                    "Correct the id, or add the group.",
                )),
            }
        }
        all.cells.sort_unstable();
        all
    }

    /// The strictest cell among those of the groups that no more specific group with a cell overrules.
    fn held(&self, asker: &GroupSet, groups: &GroupTable) -> Held {
        let mut mine = *asker;
        mine.insert(EVERYBODY);
        let speaking = self.groups.intersection(&mine);
        let heard = || {
            let standing =
                |cell: &&(GroupNo, Level)| speaking.contains(cell.0) && !groups.overrules(&speaking, cell.0);
            self.cells.iter().filter(standing)
        };
        let mut best: Option<(GroupNo, Level)> = None;
        for (group, level) in heard() {
            if best.is_none_or(|(_, other)| *level > other) {
                best = Some((*group, *level));
            }
        }
        let Some((group, level)) = best else { return Held { level: Level::Strict, why: Why::NoCell } };
        let beside = heard().find(|(_, other)| *other < level).map(|(group, _)| *group);
        Held { level, why: Why::Cell { group, beside } }
    }
}

impl Case<'_> {
    /// Notes in a decision where its host must be led. What is open to everyone before any rule is asked stays as it is.
    pub(super) fn lead(&self, mut decision: Decision) -> Decision {
        if let Some(engine) = self.found.engine
            && !matches!(decision.reason.step, Step::Help | Step::Essential)
        {
            let Self { policy, request, .. } = self;
            let held = policy.safe_search.held(engine, request.identity, &policy.groups);
            decision.obligations.safe_search = policy.safe_search.number(engine, held.level);
        }
        decision
    }
}

impl FilterPolicy {
    /// Where a decision leads its host; `None` where it is left as it is.
    pub fn safe_target(&self, decision: &Decision) -> Option<&SafeTarget> {
        let place = usize::from(decision.obligations.safe_search).checked_sub(1)?;
        self.safe_search.targets.get(place)
    }

    /// Where a host of an engine leads for whoever asks, if anywhere: as [`Self::safe_target`] of what is decided about it,
    /// unless that is blocked, or open to everyone before any rule is asked.
    pub fn safe_target_for(&self, host: &str, asker: &Identity) -> Option<&SafeTarget> {
        let engines = &self.catalogue.engines;
        let place = engines.iter().position(|engine| engine.every_host().any(|one| one == host))?;
        let engine = u16::try_from(place).ok()?;
        let level = self.safe_search.held(engine, asker, &self.groups).level;
        let place = usize::from(self.safe_search.number(engine, level)).checked_sub(1)?;
        self.safe_search.targets.get(place)
    }

    /// Why an engine is held to what it is, in one sentence for staff, and to what. `None` for a host that is no engine's.
    pub(crate) fn safe_search_words(&self, host: &str, asker: &Identity) -> Option<(Level, String)> {
        let place =
            self.catalogue.engines.iter().position(|engine| engine.every_host().any(|one| one == host))?;
        let engine = self.catalogue.engines.get(place)?;
        let number = u16::try_from(place).ok()?;
        let Held { level, why } = self.safe_search.held(number, asker, &self.groups);
        let what = if engine.moderate.is_some() {
            match level {
                Level::Strict => "restricted mode is strict",
                Level::Moderate => "restricted mode is moderate",
                Level::Off => "restricted mode is off",
            }
        } else if level == Level::Off {
            "safe search is off"
        } else {
            "safe search is on"
        };
        let because = match why {
            Why::Stranger => "nothing is known of who asks".to_owned(),
            Why::NoCell => "the policy has no cell for them".to_owned(),
            Why::Cell { group, beside } => {
                let name = |group: GroupNo| {
                    Audience::Group(group).group().map_or("everyone", |group| self.groups.name(group))
                };
                let beside = beside.map_or_else(String::new, |other| {
                    format!("; {} as specific and looser, so the stricter holds", name(other))
                });
                format!("the policy says so for {}{beside}", name(group))
            }
        };
        let to = self.safe_search.number(number, level).checked_sub(1);
        let to = to.and_then(|place| self.safe_search.targets.get(usize::from(place)));
        let to = to.map_or_else(String::new, |target| format!(" The host leads to {}.", target.name));
        Some((level, format!("{}: {what}, because {because}.{to}", engine.name)))
    }
}
