//! Compiling a document.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use kit::HostName;
use kit::address::ipv4_inside;
use lists::ListIndex;
use regex::{RegexSet, RegexSetBuilder};

use super::groups::{EVERYBODY, GroupTable};
use super::safe_search::SafeSearch;
use super::uses::UseTable;
use super::{Entry, FilterPolicy, Kind, specificity};
use crate::calendar::Calendar;
use crate::catalogue::{Catalogue, OpenSite};
use crate::document::target::{Target, TargetText, read_site};
use crate::document::{Effect, Line, PolicyDocument, Problem};
use crate::groups::GroupNo;
use crate::identity::{Identity, KnownBy};
use crate::sealed::{COVERED, Sealed};
use crate::targets::{Targets, looks_ahead};

/// What to do with an exemption that would cover a host with sealed entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// Refuse the policy: for a person who is about to apply it.
    Refuse,
    /// Leave the exemption out with a warning: for new sealed entries under a policy that already runs, which must
    /// never be kept waiting by it.
    Drop,
}

/// The expressions of all lists.
#[derive(Debug, Default)]
pub(crate) struct ListExpressions {
    /// All of them, for a whole URL; with the list each is from.
    pub whole: RegexSet,
    pub whole_lists: Vec<u16>,
    /// Those that say something of every URL on a host they match.
    pub host: RegexSet,
    pub host_lists: Vec<u16>,
}

impl FilterPolicy {
    /// Compiles a document. Costs a few milliseconds for a document of thousands of rules; the index is not read.
    /// On failure every problem is reported, warnings included.
    pub fn compile(
        document: &PolicyDocument,
        catalogue: &Arc<Catalogue>,
        index: Arc<ListIndex>,
        sealed: &Arc<Sealed>,
    ) -> Result<Self, Vec<Problem>> {
        Self::compile_with(document, catalogue, index, sealed, Covered::Refuse)
    }

    /// Compiles a document, saying what to do with exemptions that cover sealed entries.
    pub fn compile_with(
        document: &PolicyDocument,
        catalogue: &Arc<Catalogue>,
        index: Arc<ListIndex>,
        sealed: &Arc<Sealed>,
        covered: Covered,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = catalogue.check();
        let groups = GroupTable::read(document, &mut problems);
        let calendar = Calendar::read(&document.calendar, &mut problems);
        let uses = UseTable::read(document, catalogue, &groups, &calendar, &mut problems);
        let safe_search = SafeSearch::read(document, catalogue, &groups, &mut problems);
        problems.extend(document.check());
        let unidentified = unidentified(document, &groups, &mut problems);
        let list_categories = list_categories(catalogue, &index, &mut problems);
        let list_expressions = list_expressions(&index, &mut problems);

        let mut builder = Builder {
            catalogue,
            sealed,
            groups: &groups,
            covered,
            entries: Vec::new(),
            targets: Targets::new(*index.hasher()),
            allows_categories: false,
            problems,
        };
        builder.open_sites(&catalogue.help, Kind::Help, &document.help_confirmed);
        builder.open_sites(&catalogue.essential, Kind::Essential, &[]);
        builder.sites(&document.essential, Kind::OwnEssential, 0);
        for (place, rule) in (0u32..).zip(&document.locked) {
            builder.rule(
                Kind::Locked(rule.effect),
                place,
                rule.group.as_deref(),
                &TargetText::from(rule),
                rule.line,
            );
        }
        builder.sites(&document.withheld.learning_sites, Kind::Learning, document.withheld.line.0);
        for (place, rule) in (0u32..).zip(&document.rules) {
            builder.rule(
                Kind::School(rule.effect),
                place,
                rule.group.as_deref(),
                &TargetText::from(rule),
                rule.line,
            );
        }
        for (number, service) in (0u16..).zip(&catalogue.services) {
            builder.sites(&service.domains, Kind::Service(number), 0);
        }
        let first_use = u32::try_from(builder.entries.len()).map_or(u32::MAX, |len| len + 1);
        builder.entries.extend((0u32..).zip(&document.uses).map(|(place, _)| Entry {
            kind: Kind::Use,
            audience: EVERYBODY,
            specificity: 0,
            place,
            exact: 0,
        }));
        // Last, since no decision names them: the numbers of the others do not depend on how many there are.
        for (number, engine) in (0u16..).zip(&catalogue.engines) {
            for host in engine.every_host() {
                builder.site(&host, Kind::Engine(number), u32::from(number), 0, true);
            }
        }
        let Builder { entries, targets, allows_categories, mut problems, .. } = builder;
        problems.sort_by_key(|problem| problem.line);
        problems.dedup();
        if Problem::any_error(&problems) {
            return Err(problems);
        }
        Ok(Self {
            document: document.clone(),
            catalogue: Arc::clone(catalogue),
            index,
            sealed: Arc::clone(sealed),
            groups,
            calendar,
            unidentified,
            entries,
            first_use,
            targets,
            allows_categories,
            uses,
            safe_search,
            list_categories,
            list_expressions,
            warnings: problems,
            words: words::Words::built_in(),
        })
    }
}

struct Builder<'a> {
    catalogue: &'a Catalogue,
    sealed: &'a Sealed,
    groups: &'a GroupTable,
    covered: Covered,
    entries: Vec<Entry>,
    targets: Targets,
    allows_categories: bool,
    problems: Vec<Problem>,
}

impl Builder<'_> {
    fn open_sites(&mut self, all: &[OpenSite], kind: Kind, confirmed: &[String]) {
        for (place, open) in (0u32..).zip(all) {
            if open.confirm_first && !confirmed.contains(&open.id) {
                continue;
            }
            for (site, exact) in open.sites() {
                self.site(site, kind, place, 0, exact);
            }
        }
    }

    fn sites(&mut self, all: &[String], kind: Kind, line: u32) {
        for (place, site) in (0u32..).zip(all) {
            self.site(site, kind, place, line, false);
        }
    }

    fn site(&mut self, site: &str, kind: Kind, place: u32, line: u32, exact: bool) {
        match read_site(site) {
            Ok(target) => self.add(&target, kind, EVERYBODY, place, line, exact),
            Err(error) => self.problems.push(Problem::error(line, error.message, error.remedy)),
        }
    }

    fn rule(&mut self, kind: Kind, place: u32, group: Option<&str>, target: &TargetText, line: Line) {
        // What is wrong with the target itself the document's check has said.
        let Ok(target) = target.read() else { return };
        let audience = match group {
            None => EVERYBODY,
            Some(id) => match self.groups.number(id) {
                Some(group) => group,
                None => {
                    self.problems.push(Problem::error(
                        line.0,
                        format!("the rule is for {id:?}, which is no group"),
                        "Correct the id, or add the group.",
                    ));
                    return;
                }
            },
        };
        self.add(&target, kind, audience, place, line.0, false);
    }

    fn add(&mut self, target: &Target, kind: Kind, audience: GroupNo, place: u32, line: u32, exact: bool) {
        let exact = match target {
            Target::Site(name) if exact => u16::try_from(name.len()).unwrap_or(u16::MAX),
            _ => 0,
        };
        let entry = Entry { kind, audience, specificity: specificity(target), place, exact };
        let opens = matches!(
            kind,
            Kind::Help
                | Kind::Essential
                | Kind::OwnEssential
                | Kind::Locked(Effect::Allow)
                | Kind::School(Effect::Allow)
        );
        if opens && covers_sealed(target, self.sealed) {
            let what = match kind {
                Kind::Help => "a help site of the content",
                Kind::Essential | Kind::OwnEssential => "an essential site",
                _ => "this rule",
            };
            let message = format!("{what} {COVERED}");
            self.problems.push(match self.covered {
                Covered::Refuse => {
                    Problem::error(line, message, "Remove it; ask for help if lessons need it.")
                }
                Covered::Drop => Problem::warning(line, message, "It was left out. Remove it."),
            });
            // It keeps its number, so that the numbers of the rules after it stay what they were.
            self.entries.push(entry);
            return;
        }
        let Ok(number) = u32::try_from(self.entries.len()) else { return };
        match self.targets.add(target, None, number, |id| self.catalogue.category_no(id)) {
            Ok(()) => {
                self.allows_categories |= opens && matches!(target, Target::Category(_));
                self.entries.push(entry);
            }
            Err(unknown) => self.problems.push(Problem::error(
                line,
                format!("there is no category {:?}", unknown.0),
                "Correct the id; content/categories.toml holds every category there is.",
            )),
        }
    }
}

/// Whether an exemption for the target would cover a host with sealed entries.
pub(crate) fn covers_sealed(target: &Target, sealed: &Sealed) -> bool {
    let named = |name: &str| HostName::new(name).is_some_and(|name| sealed.is_covered_by(name));
    match target {
        Target::Site(name) => named(name),
        Target::Address(address) => {
            std::iter::once(*address).chain(ipv4_inside(*address).map(IpAddr::V4)).any(|address| {
                sealed.holds_host(&address.to_string()) || sealed.holds_part_of(&address.to_string())
            })
        }
        Target::Url(url) => sealed.holds_host(&url.host) || sealed.holds_part_of(&url.host),
        Target::Expression { on, .. } => on.as_deref().is_some_and(named),
        Target::Category(_) => false,
    }
}

fn unidentified(document: &PolicyDocument, groups: &GroupTable, problems: &mut Vec<Problem>) -> Identity {
    let ids = document.unidentified.as_deref();
    let groups = groups.closure(ids, |id| {
        problems.push(Problem::error(
            0,
            format!("unidentified = {id:?} names no group"),
            "Correct the id, or add the group.",
        ));
    });
    Identity { person: None, device: None, groups, known_by: KnownBy::Nothing }
}

fn list_categories(catalogue: &Catalogue, index: &ListIndex, problems: &mut Vec<Problem>) -> Vec<Vec<u16>> {
    let numbers: HashMap<&str, u16> = (0u16..)
        .zip(&catalogue.categories)
        .map(|(number, category)| (category.id.as_str(), number))
        .collect();
    let mut all = Vec::with_capacity(index.lists().len());
    for list in index.lists() {
        let mut mine = Vec::new();
        for id in &list.categories {
            match numbers.get(id.as_str()) {
                Some(number) => mine.push(*number),
                None => problems.push(Problem::warning(
                    0,
                    format!(
                        "the list {:?} stands for the category {id:?}, which the content does not have",
                        list.id
                    ),
                    "Its entries count for nothing until content/categories.toml maps it.",
                )),
            }
        }
        mine.sort_unstable();
        mine.dedup();
        all.push(mine);
    }
    all
}

/// The most that the expressions of all lists together may take once compiled.
const EXPRESSION_BYTES: usize = 64 << 20;

/// Compiles the expressions of all lists. Where they are too large together, the list with the most text loses its own,
/// and so on until they fit: its names still count, and one list never takes the others with it.
fn list_expressions(index: &ListIndex, problems: &mut Vec<Problem>) -> ListExpressions {
    let mut texts: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    let mut unread: BTreeSet<u16> = BTreeSet::new();
    for (list, pattern) in index.expressions() {
        if regex_syntax::parse(pattern).is_ok() {
            texts.entry(list.0).or_default().push(pattern);
        } else {
            unread.insert(list.0);
        }
    }
    let id_of = |list: u16| index.lists().get(usize::from(list)).map_or("", |head| head.id.as_str());
    for list in unread {
        problems.push(Problem::warning(
            0,
            format!("an expression of the list {:?} cannot be read", id_of(list)),
            "Import the list again with this program.",
        ));
    }
    loop {
        if let Some(all) = compile_expressions(&texts) {
            return all;
        }
        let size = |patterns: &Vec<&str>| patterns.iter().map(|pattern| pattern.len()).sum::<usize>();
        let Some(largest) = texts.iter().max_by_key(|(_, patterns)| size(patterns)).map(|(list, _)| *list)
        else {
            return ListExpressions::default();
        };
        let left_out = texts.remove(&largest).map_or(0, |patterns| patterns.len());
        problems.push(Problem::warning(
            0,
            format!(
                "the {left_out} expressions of the list {:?} were left out: with them the lists' expressions are too large together",
                id_of(largest)
            ),
            "Its names still count. Shorten its expressions, or leave the list out.",
        ));
    }
}

/// The expressions as sets; `None` where they are too large.
fn compile_expressions(texts: &BTreeMap<u16, Vec<&str>>) -> Option<ListExpressions> {
    let mut all = ListExpressions::default();
    let (mut whole, mut host) = (Vec::new(), Vec::new());
    for (list, patterns) in texts {
        for pattern in patterns {
            whole.push(*pattern);
            all.whole_lists.push(*list);
            if !looks_ahead(pattern) {
                host.push(*pattern);
                all.host_lists.push(*list);
            }
        }
    }
    let build = |patterns: &[&str]| {
        RegexSetBuilder::new(patterns).case_insensitive(true).size_limit(EXPRESSION_BYTES).build().ok()
    };
    (all.whole, all.host) = (build(&whole)?, build(&host)?);
    Some(all)
}
