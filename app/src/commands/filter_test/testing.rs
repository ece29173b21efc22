//! Carrying out the checks, one after the other.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::{Result, bail};
use engine::explain::trace_in;
use engine::{FilterPolicy, Front, Host, HostName, Identity, KnownBy, Live, Request};
use filtering::filter_test::sample::Sampled;
use filtering::filter_test::{Answer, Asked, Categories, Check, CheckResult, Expect, Outcome};
use kit::Timestamp;

use super::asking::Gate;

const A: u16 = 1;

/// A test under way.
pub struct Testing<'p> {
    policy: &'p FilterPolicy,
    live: Live,
    gate: Gate,
    sampled: Sampled,
    groups: Vec<String>,
    at: Timestamp,
    /// What each group was answered for a category: how many refused, how many not.
    answers: HashMap<(String, String), [u64; 2]>,
}

impl<'p> Testing<'p> {
    pub fn new(
        policy: &'p FilterPolicy,
        live: Live,
        gate: Gate,
        sampled: Sampled,
        groups: Vec<String>,
        at: Timestamp,
    ) -> Self {
        Self { policy, live, gate, sampled, groups, at, answers: HashMap::new() }
    }

    pub const fn server(&self) -> SocketAddr {
        self.gate.server()
    }

    /// Carries out one check.
    pub fn check(&mut self, check: &Check) -> Result<CheckResult> {
        let mut result = CheckResult::of(check);
        if let Some(needs) = &check.needs {
            result.leave_out(format!("{needs}, which this version does not have"));
        } else if check.groups_differ {
            self.compare_groups(&mut result);
        } else if let Some(which) = check.categories {
            let all = self.policy.catalogue().categories.iter().enumerate();
            let meant = all.filter(|(_, one)| one.illegal == (which == Categories::Unlawful));
            for place in meant.map(|(place, _)| place).collect::<Vec<_>>() {
                self.category(&mut result, check, place)?;
            }
        } else if let Some(id) = &check.category {
            let categories = &self.policy.catalogue().categories;
            let Some(place) = categories.iter().position(|category| category.id == *id) else {
                bail!("the check {} names the category {id:?}, which the content does not have", check.id)
            };
            self.category(&mut result, check, place)?;
        } else {
            let names = if check.help { self.help() } else { check.names.clone() };
            for name in names {
                self.name(&mut result, check, &name, None)?;
            }
        }
        Ok(result)
    }

    /// The sites of help that this school has open.
    fn help(&self) -> Vec<String> {
        let document = self.policy.document();
        let open = (self.policy.catalogue().help.iter())
            .filter(|help| !help.confirm_first || document.help_confirmed.contains(&help.id));
        open.flat_map(engine::catalogue::OpenSite::sites).map(|(site, _)| site.to_owned()).collect()
    }

    fn category(&mut self, result: &mut CheckResult, check: &Check, place: usize) -> Result<()> {
        let Some(category) = self.policy.catalogue().categories.get(place) else { return Ok(()) };
        let names = self.sampled.get(&category.id).cloned().unwrap_or_default();
        if names.is_empty() {
            result.leave_out(format!("{}: no list in use names a site of it", category.name));
            return Ok(());
        }
        for name in names {
            self.name(result, check, &name, Some(place))?;
        }
        Ok(())
    }

    /// Asks for a name as every group.
    fn name(
        &mut self,
        result: &mut CheckResult,
        check: &Check,
        name: &str,
        category: Option<usize>,
    ) -> Result<()> {
        let kind = match check.kind.as_deref() {
            None | Some("A") => A,
            Some("AAAA") => 28,
            Some("SVCB") => 64,
            Some("HTTPS") => 65,
            Some(other) => bail!(
                "the check {} asks for the type {other:?}, which is none of A, AAAA, SVCB and HTTPS",
                check.id
            ),
        };
        let Some(expect) = check.expect else { bail!("the check {} does not say what it expects", check.id) };
        let category = category.and_then(|place| self.policy.catalogue().categories.get(place));
        for group in &self.groups {
            let said = said(self.policy, &self.live, self.at, group, name);
            let blocks = said.as_ref().is_some_and(|(blocks, _)| *blocks);
            let answer = self.gate.ask(group, name, kind)?;
            // What the law forbids is refused whatever a policy says.
            let unlawful = category.is_some_and(|category| category.illegal);
            let is_met = expect.is_met(answer, blocks || unlawful);
            if let Some(category) = category {
                let place = usize::from(answer != Answer::Refused);
                let counted = self.answers.entry((group.clone(), category.id.clone())).or_default();
                if let Some(counted) = counted.get_mut(place) {
                    *counted += 1;
                }
            }
            result.count(answer, is_met, || Asked {
                group: group.clone(),
                name: name.to_owned(),
                category: category.map(|category| category.id.clone()),
                answer,
                should: should(expect, answer, unlawful, said.as_ref()),
            });
        }
        Ok(())
    }

    /// Whether some category is refused to one group and open to another, as answered.
    fn compare_groups(&self, result: &mut CheckResult) {
        if self.groups.len() < 2 {
            result.leave_out("only one group was asked as".to_owned());
            return;
        }
        let mut by_category: HashMap<&str, [bool; 2]> = HashMap::new();
        for ((_, category), [refused, open]) in &self.answers {
            let seen = by_category.entry(category).or_default();
            seen[0] |= *refused > 0 && *open == 0;
            seen[1] |= *open > 0 && *refused == 0;
        }
        if by_category.is_empty() {
            result.leave_out("no list in use names a site".to_owned());
            return;
        }
        let differ = by_category.values().any(|[refused, open]| *refused && *open);
        result.asked = by_category.len() as u64;
        result.outcome = if differ { Outcome::Passed } else { Outcome::Failed };
        if !differ {
            result.failed = 1;
            result.leave_out("no category is refused to one group and open to another".to_owned());
        }
    }
}

/// What policy and live snapshot say to somebody of the group: whether they block, and why.
fn said(
    policy: &FilterPolicy,
    live: &Live,
    at: Timestamp,
    group: &str,
    name: &str,
) -> Option<(bool, String)> {
    let groups = policy.groups();
    let number = groups.number(group)?;
    let identity =
        Identity { groups: groups.up(number), known_by: KnownBy::FilterTest, ..Identity::default() };
    let request = Request {
        host: Host::Name(HostName::new(name)?),
        port: None,
        path: None,
        as_sent: None,
        chain: &[],
        addresses: &[],
        identity: &identity,
        front: Front::Dns,
    };
    let trace = trace_in(policy, live, &request, &policy.moment_at(at));
    Some((trace.verdict.is_block(), trace.reason))
}

/// What should have come instead, for the reader of a failure.
fn should(expect: Expect, answer: Answer, unlawful: bool, said: Option<&(bool, String)>) -> String {
    let came = match answer {
        Answer::Refused => "was refused",
        Answer::Records => "was answered",
        Answer::Absent => "was said not to exist",
        Answer::Failed => "could not be looked up",
        Answer::Nothing => "got no answer at all",
    };
    let want = match (expect, said) {
        _ if unlawful => "must be refused: it is listed as unlawful".to_owned(),
        (Expect::Refused, _) => "must be refused".to_owned(),
        (Expect::Open, _) => "must be open".to_owned(),
        (Expect::Absent, _) => "must not exist for devices".to_owned(),
        (Expect::AsDecided, Some((_, why))) => format!("should follow the policy ({why})"),
        (Expect::AsDecided, None) => "should follow the policy".to_owned(),
    };
    format!("{came}; it {want}")
}
