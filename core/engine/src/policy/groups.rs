//! The audiences of a policy, and which lies within which.

use std::collections::HashMap;

use crate::document::{EVERYONE, PolicyDocument, Problem, Unknown};
use crate::groups::{GroupNo, GroupSet};

/// The group everybody is in. Every other group lies strictly within it.
pub const EVERYBODY: GroupNo = GroupNo(0);

/// The groups of one policy. Number 0 is everyone; the groups of the document follow in its order.
#[derive(Debug, Clone)]
pub struct GroupTable {
    groups: Vec<GroupEntry>,
    numbers: HashMap<String, GroupNo>,
    with_unknown: GroupSet,
}

#[derive(Debug, Clone)]
struct GroupEntry {
    id: String,
    name: String,
    /// The group itself and every group it lies within.
    up: GroupSet,
    /// Every group that lies strictly within it.
    below: GroupSet,
    unknown: Option<Unknown>,
}

impl GroupTable {
    /// Reads the groups of a document; every mistake is added to `problems`.
    pub(crate) fn read(document: &PolicyDocument, problems: &mut Vec<Problem>) -> Self {
        let mut groups = vec![GroupEntry {
            id: EVERYONE.to_owned(),
            name: "Everyone".to_owned(),
            up: GroupSet::EMPTY,
            below: GroupSet::EMPTY,
            unknown: None,
        }];
        let mut numbers = HashMap::from([(EVERYONE.to_owned(), EVERYBODY)]);
        let mut lines = vec![0];
        let mut parents: Vec<&[String]> = vec![&[]];
        for group in &document.groups {
            if group.id == EVERYONE {
                // The document may give everyone a name and a default of its own.
                if let Some(everyone) = groups.first_mut() {
                    everyone.name.clone_from(&group.name);
                    everyone.unknown = group.unknown;
                }
                if !group.within.is_empty() {
                    problems.push(Problem::error(
                        group.line.0,
                        "everyone lies within no other group",
                        "Remove its within = …",
                    ));
                }
                continue;
            }
            let Ok(number) = u16::try_from(groups.len()) else { break };
            if number >= GroupSet::CAPACITY {
                problems.push(Problem::error(
                    group.line.0,
                    format!("there are more than {} groups", GroupSet::CAPACITY),
                    "Join groups that the policy treats alike.",
                ));
                break;
            }
            if numbers.insert(group.id.clone(), GroupNo(number)).is_some() {
                problems.push(Problem::error(
                    group.line.0,
                    format!("the group {:?} is there twice", group.id),
                    "Give one of them another id.",
                ));
            }
            lines.push(group.line.0);
            parents.push(&group.within);
            groups.push(GroupEntry {
                id: group.id.clone(),
                name: group.name.clone(),
                up: GroupSet::EMPTY,
                below: GroupSet::EMPTY,
                unknown: group.unknown,
            });
        }
        let parents = resolve(&parents, &lines, &numbers, problems);
        let ups = closures(&parents, &groups, &lines, problems);
        for (group, up) in groups.iter_mut().zip(&ups) {
            group.up = *up;
        }
        for (child, up) in (0u16..).zip(&ups) {
            for ancestor in up.iter().filter(|ancestor| ancestor.0 != child) {
                if let Some(entry) = groups.get_mut(usize::from(ancestor.0)) {
                    entry.below.insert(GroupNo(child));
                }
            }
        }
        let with_unknown = (0u16..)
            .zip(&groups)
            .filter(|(_, group)| group.unknown.is_some())
            .map(|(number, _)| GroupNo(number))
            .collect();
        Self { groups, numbers, with_unknown }
    }

    /// How many groups there are, everyone among them.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is only everyone.
    pub fn is_empty(&self) -> bool {
        self.groups.len() <= 1
    }

    /// The number of the group with that id.
    pub fn number(&self, id: &str) -> Option<GroupNo> {
        self.numbers.get(id).copied()
    }

    /// The id of a group.
    pub fn id(&self, group: GroupNo) -> &str {
        self.groups.get(usize::from(group.0)).map_or("", |entry| entry.id.as_str())
    }

    /// What the school calls a group.
    pub fn name(&self, group: GroupNo) -> &str {
        self.groups.get(usize::from(group.0)).map_or("", |entry| entry.name.as_str())
    }

    /// The groups, everyone first.
    pub fn all(&self) -> impl Iterator<Item = (GroupNo, &str, &str)> {
        (0u16..)
            .zip(&self.groups)
            .map(|(number, entry)| (GroupNo(number), entry.id.as_str(), entry.name.as_str()))
    }

    /// The group and every group it lies within, everyone included.
    pub fn up(&self, group: GroupNo) -> GroupSet {
        self.groups.get(usize::from(group.0)).map_or(GroupSet::EMPTY, |entry| entry.up)
    }

    /// Every group strictly within the group.
    pub fn below(&self, group: GroupNo) -> GroupSet {
        self.groups.get(usize::from(group.0)).map_or(GroupSet::EMPTY, |entry| entry.below)
    }

    /// Whether one of `groups` lies strictly within `group`.
    pub(crate) fn overrules(&self, groups: &GroupSet, group: GroupNo) -> bool {
        self.groups.get(usize::from(group.0)).is_some_and(|entry| entry.below.meets(groups))
    }

    /// Whether `inner` lies strictly within `outer`.
    pub(crate) fn is_within(&self, inner: GroupNo, outer: GroupNo) -> bool {
        self.groups.get(usize::from(outer.0)).is_some_and(|entry| entry.below.contains(inner))
    }

    /// The groups that say what happens to unknown sites.
    pub(crate) const fn with_unknown(&self) -> &GroupSet {
        &self.with_unknown
    }

    /// What the group says about unknown sites.
    pub(crate) fn unknown(&self, group: GroupNo) -> Option<Unknown> {
        self.groups.get(usize::from(group.0)).and_then(|entry| entry.unknown)
    }

    /// The set of the named groups with all the groups they lie within, everyone included; ids that are no group go to
    /// `strangers`.
    pub fn closure<'i>(
        &self,
        ids: impl IntoIterator<Item = &'i str>,
        mut strangers: impl FnMut(&'i str),
    ) -> GroupSet {
        let mut set = self.up(EVERYBODY);
        for id in ids {
            match self.number(id) {
                Some(group) => set = set.union(&self.up(group)),
                None => strangers(id),
            }
        }
        set
    }
}

fn resolve(
    parents: &[&[String]],
    lines: &[u32],
    numbers: &HashMap<String, GroupNo>,
    problems: &mut Vec<Problem>,
) -> Vec<Vec<GroupNo>> {
    let mut all = Vec::with_capacity(parents.len());
    for (within, line) in parents.iter().zip(lines) {
        let mut mine = Vec::new();
        for id in *within {
            match numbers.get(id) {
                Some(group) => mine.push(*group),
                None => problems.push(Problem::error(
                    *line,
                    format!("there is no group {id:?} to lie within"),
                    "Correct the id, or add the group.",
                )),
            }
        }
        all.push(mine);
    }
    all
}

/// Every group's ancestors with itself and everyone. Groups in a circle are reported, each once.
fn closures(
    parents: &[Vec<GroupNo>],
    groups: &[GroupEntry],
    lines: &[u32],
    problems: &mut Vec<Problem>,
) -> Vec<GroupSet> {
    let mut all = Vec::with_capacity(parents.len());
    for start in 0..parents.len() {
        let mut up = GroupSet::EMPTY;
        up.insert(EVERYBODY);
        let own = GroupNo(u16::try_from(start).unwrap_or(0));
        let mut waiting: Vec<GroupNo> = vec![own];
        let mut circle = false;
        while let Some(next) = waiting.pop() {
            for parent in parents.get(usize::from(next.0)).into_iter().flatten() {
                circle |= *parent == own;
                if !up.contains(*parent) {
                    up.insert(*parent);
                    waiting.push(*parent);
                }
            }
        }
        up.insert(own);
        if circle {
            problems.push(Problem::error(
                lines.get(start).copied().unwrap_or(0),
                format!("the group {:?} lies within itself", groups.get(start).map_or("", |group| &group.id)),
                "Break the circle: a group lies within wider groups only.",
            ));
        }
        all.push(up);
    }
    all
}
