//! Carrying out the checks, one after the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;

use anyhow::{Result, bail};
use engine::explain::{Trace, trace_in};
use engine::{
    Decision, Front, GroupSet, Host, HostName, Identity, KnownBy, Live, Request, SealedKey, Step, Verdict,
};
use filtering::filter_test::sample::{Sampled, of_engine};
use filtering::filter_test::{Answer, Asked, Audience, Categories, Check, CheckResult, Expect, Outcome};
use filtering::observing;
use filtering::publish::Published;
use filtering::sealed::is_test_entry;
use kit::{Clock, Timestamp};

use super::asking::Gate;
use super::proxy::{Proxy, Way};
use crate::home::Home;
use crate::process::snapshot::Opened;

const A: u16 = 1;
/// After so many names in a row that the gate could not look up, its own name servers are not there, and what is open is
/// not asked for any more.
const DEAD_AFTER: u32 = 8;

/// What is published of a school, and how to read it again.
pub struct School {
    pub home: Home,
    pub key: SealedKey,
    pub opened: Opened,
}

/// A test under way.
pub struct Testing {
    school: School,
    live: Live,
    gate: Gate,
    sampled: Sampled,
    groups: Vec<String>,
    /// Whether those are all that the policy has.
    all_groups: bool,
    /// What groups of adults are called.
    adults: Vec<String>,
    /// Chooses what is asked for on a day.
    today: String,
    /// What must be said of the sealed tier.
    notice: Option<String>,
    /// What each group was answered for a category: how many refused, how many not.
    answers: HashMap<(String, String), [u64; 2]>,
    /// Of each group and kind of thing the first name that the gate refused.
    refused: BTreeMap<(String, String), String>,
    /// Where the proxy is, where that is known.
    proxy: Option<Proxy>,
    /// How many names in a row could not be looked up.
    dead: u32,
}

/// What is asked for.
struct Question<'c> {
    name: &'c str,
    kind: u16,
    expect: Expect,
    category: Option<String>,
    /// Whether its category is unlawful.
    unlawful: bool,
    /// For whom the policy must close it, and whether it is enough that the page is to be read.
    demanded: Option<(Audience, bool)>,
}

/// What a test is of, beside the school and its gate.
pub struct Asking {
    pub groups: Vec<String>,
    /// Whether those are all that the policy has.
    pub all_groups: bool,
    /// What groups of adults are called.
    pub adults: Vec<String>,
    /// The day, by which names are chosen.
    pub today: String,
}

impl Testing {
    pub fn new(
        school: School,
        gate: Gate,
        sampled: Sampled,
        asking: Asking,
        notice: Option<String>,
        proxy: Option<Proxy>,
    ) -> Self {
        let (live, _) = Live::compile(&school.opened.live, &school.opened.policy);
        let (answers, refused, dead) = (HashMap::new(), BTreeMap::new(), 0);
        let Asking { groups, all_groups, adults, today } = asking;
        Self {
            school,
            live,
            gate,
            sampled,
            groups,
            all_groups,
            adults,
            today,
            notice,
            answers,
            refused,
            proxy,
            dead,
        }
    }

    pub const fn server(&self) -> SocketAddr {
        self.gate.server()
    }

    pub const fn policy_version(&self) -> u32 {
        self.school.opened.version
    }

    /// Carries out one check.
    pub fn check(&mut self, check: &Check) -> Result<CheckResult> {
        let mut result = CheckResult::of(check);
        if let Some(needs) = &check.needs {
            result.leave_out(format!("{needs}, which this version does not have"));
        } else if check.safe_search {
            self.safe_search(&mut result, check)?;
        } else if check.groups_differ {
            self.compare_groups(&mut result);
        } else if check.proxy {
            self.through_proxy(&mut result);
        } else if check.carried_out {
            self.carried_out(&mut result)?;
        } else if let Some(which) = check.categories {
            let all = self.school.opened.policy.catalogue().categories.iter();
            let meant = all.filter(|one| one.illegal == (which == Categories::Unlawful));
            for id in meant.map(|one| one.id.clone()).collect::<Vec<_>>() {
                self.category(&mut result, check, &id)?;
            }
        } else if let Some(id) = &check.category {
            self.category(&mut result, check, id)?;
        } else {
            let names = if check.help { self.help() } else { check.names.clone() };
            for name in &names {
                self.name(&mut result, check, name, None)?;
            }
            if let Some(notice) =
                self.notice.as_ref().filter(|_| names.iter().any(|name| is_test_entry(name)))
            {
                result.leave_out(format!("a licensed list: {notice}"));
            }
        }
        if let Some(audience) = check.demanded_for
            && !self.groups.iter().any(|group| self.is_of(audience, group))
        {
            result.leave_out("what children must have closed: no group of theirs was asked as".to_owned());
        }
        if self.dead >= DEAD_AFTER {
            result.leave_out("what is open: the gate's own name servers do not answer".to_owned());
        }
        Ok(result)
    }

    /// Asks as every group for something that the policy closes to them, which must be refused. Where the filter observes
    /// only it has failed, whatever comes.
    fn carried_out(&mut self, result: &mut CheckResult) -> Result<()> {
        let names: Vec<String> = self.sampled.values().flatten().cloned().collect();
        for group in self.groups.clone() {
            let closed = names.iter().find(|name| {
                let decision = self.decision(&group, name);
                decision.is_some_and(|one| one.verdict.is_block() && one.reason.step != Step::Sealed)
            });
            let Some(name) = closed else { continue };
            let answer = self.gate.ask(&group, name, A)?;
            let observing = observing::notice(&self.school.opened.policy, &self.live, now());
            result.count(answer, answer == Answer::Refused && observing.is_none(), || Asked {
                group: group.clone(),
                name: name.clone(),
                category: None,
                answer,
                should: match observing {
                    Some(notice) => format!("should be refused, as the policy says; the filter {notice}"),
                    None => "should be refused, as the policy says".to_owned(),
                },
            });
        }
        if result.asked == 0 {
            result.leave_out("no list in use names a site that the policy closes to anybody".to_owned());
        }
        Ok(())
    }

    /// Whether a group is of those for whom something is demanded. One that is, or is within, a group of adults is not of children,
    /// unless devices that nothing is known of count as it too.
    fn is_of(&self, audience: Audience, group: &str) -> bool {
        let policy = &self.school.opened.policy;
        let groups = policy.groups();
        let Some(up) = groups.number(group).map(|number| groups.up(number)) else { return true };
        let is_in = |id: &str| groups.number(id).is_some_and(|number| up.contains(number));
        let is_adults = self.adults.iter().any(|id| is_in(id));
        let is_strangers = policy.document().unidentified.as_deref().is_some_and(is_in);
        audience == Audience::Everyone || !is_adults || is_strangers
    }

    /// Notes where the policy leaves open what must be closed to people of a group. What one site has open by a rule of the
    /// school, what is open to everyone, and what is open for a time, is not the policy's leaving it open.
    fn hold_against(&self, result: &mut CheckResult, question: &Question<'_>, group: &str) {
        let Some((audience, or_read)) = question.demanded else { return };
        if !self.is_of(audience, group) {
            return;
        }
        let Some(trace) = self.trace(group, question.name) else { return };
        let (verdict, reason) = (trace.decision.verdict, trace.decision.reason);
        let is_excepted = match reason.step {
            Step::Help | Step::Essential | Step::Override | Step::Focus => true,
            Step::School | Step::LockedAllow => question.category.is_some() && reason.category.is_none(),
            _ => false,
        };
        if verdict.is_block() || is_excepted {
            return;
        }
        let what = match &question.category {
            Some(id) => format!("the category {id}"),
            None => question.name.to_owned(),
        };
        if verdict == Verdict::Scan && or_read {
            let unread = format!(
                "{what}, which is open to be read: reading of pages, which this version does not have"
            );
            if !result.not_tested.contains(&unread) {
                result.leave_out(unread);
            }
            return;
        }
        result.leave_open(&what, group, &trace.reason);
    }

    /// Asks for each engine as every group, and looks where it is led to.
    fn safe_search(&mut self, result: &mut CheckResult, check: &Check) -> Result<()> {
        let engines = &self.school.opened.policy.catalogue().engines;
        let hosts: Vec<(String, bool)> = (engines.iter())
            .flat_map(|engine| {
                let all: Vec<String> = engine.every_host().collect();
                let is_films = engine.moderate.is_some();
                of_engine(&all, &check.names, &self.today).into_iter().map(move |host| (host, is_films))
            })
            .collect();
        for (host, is_films) in hosts {
            for group in self.groups.clone() {
                self.leads_nowhere(result, check, &group, (&host, is_films));
                if self.dead >= DEAD_AFTER {
                    return Ok(());
                }
                let Some(decision) = self.decision(&group, &host) else { continue };
                let target =
                    self.school.opened.policy.safe_target(&decision).map(|target| target.name.to_string());
                let (answer, leads_to) = self.gate.ask_where(&group, &host, A)?;
                self.dead =
                    if matches!(answer, Answer::Failed | Answer::Nothing) { self.dead + 1 } else { 0 };
                let is_met = match &target {
                    _ if decision.verdict.is_block() => answer == Answer::Refused,
                    Some(target) => leads_to.as_ref() == Some(target),
                    // The policy holds this group to nothing here.
                    None => answer != Answer::Refused,
                };
                result.count(answer, is_met, || Asked {
                    group: group.clone(),
                    name: host.clone(),
                    category: None,
                    answer,
                    should: match &target {
                        _ if decision.verdict.is_block() => {
                            "should be refused, as the policy says".to_owned()
                        }
                        Some(target) => {
                            let came = leads_to.as_deref().unwrap_or("nowhere else");
                            format!("should lead to {target}, and leads {came}")
                        }
                        None => "should be open, as the policy says".to_owned(),
                    },
                });
            }
        }
        Ok(())
    }

    /// Notes where the policy holds an engine to nothing for people of a group for whom it must.
    fn leads_nowhere(
        &self,
        result: &mut CheckResult,
        check: &Check,
        group: &str,
        (host, is_films): (&str, bool),
    ) {
        let is_demanded = check.demanded_for.is_some_and(|audience| self.is_of(audience, group));
        let Some(trace) = self.trace(group, host).filter(|_| is_demanded) else { return };
        if trace.decision.verdict.is_block()
            || self.school.opened.policy.safe_target(&trace.decision).is_some()
        {
            return;
        }
        let what = if is_films {
            "YouTube without restricted mode (youtube under [safe-search])"
        } else {
            "search engines without safe search (search under [safe-search])"
        };
        let why = trace.safe_search.map_or(trace.reason, |said| said.why);
        result.leave_open(what, group, &why);
    }

    /// Asks the proxy for what the name server refused, and for help.
    fn through_proxy(&self, result: &mut CheckResult) {
        let Some(proxy) = &self.proxy else {
            result.leave_out("the web proxy: these settings do not say where it is; --proxy does".to_owned());
            return;
        };
        let asked = |group: &str, name: &str, answer, should: String| Asked {
            group: group.to_owned(),
            name: name.to_owned(),
            category: None,
            answer,
            should,
        };
        for ((group, _), name) in &self.refused {
            for way in [Way::Plain, Way::Tunnel] {
                // Bells ring while a test is under way.
                let closed = || self.said(group, name).is_none_or(|(blocks, _)| blocks);
                if !closed() {
                    continue;
                }
                let (answer, has_page) = proxy.ask(group, name, way);
                let is_met = answer == Answer::Refused && (has_page || way == Way::Tunnel);
                if !is_met && !closed() {
                    continue;
                }
                result.count(answer, is_met, || {
                    let came = match answer {
                        Answer::Refused => "was refused without the page that says why",
                        Answer::Nothing => "got no answer from the proxy",
                        _ => "was not refused by the proxy",
                    };
                    asked(group, name, answer, format!("{came} {}; the name server refused it", way.words()))
                });
            }
        }
        for (group, name) in self.groups.iter().zip(self.help().first().into_iter().cycle()) {
            let (answer, _) = proxy.ask(group, name, Way::Tunnel);
            let is_met = !matches!(answer, Answer::Refused | Answer::Nothing);
            result.count(answer, is_met, || {
                asked(group, name, answer, "was not let through by the proxy; help must be open".to_owned())
            });
        }
        if result.asked == 0 {
            result.leave_out("the web proxy: the name server refused nothing to ask it for".to_owned());
        }
    }

    /// The sites of help that this school has open.
    fn help(&self) -> Vec<String> {
        let policy = &self.school.opened.policy;
        let document = policy.document();
        let open = (policy.catalogue().help.iter())
            .filter(|help| !help.confirm_first || document.help_confirmed.contains(&help.id));
        open.flat_map(engine::catalogue::OpenSite::sites).map(|(site, _)| site.to_owned()).collect()
    }

    fn category(&mut self, result: &mut CheckResult, check: &Check, id: &str) -> Result<()> {
        let catalogue = self.school.opened.policy.catalogue();
        let number = catalogue.category_no(id);
        let Some(category) = number.and_then(|number| catalogue.category(number)) else {
            bail!("the check {} names the category {id:?}, which the content does not have", check.id)
        };
        let (unlawful, called) = (category.illegal, category.name.clone());
        let names = self.sampled.get(id).cloned().unwrap_or_default();
        if names.is_empty() {
            result.leave_out(format!("{called}: no list in use names a site of it"));
        }
        for name in names {
            self.name(result, check, &name, Some((id, unlawful)))?;
        }
        Ok(())
    }

    /// Asks for a name as every group.
    fn name(
        &mut self,
        result: &mut CheckResult,
        check: &Check,
        name: &str,
        category: Option<(&str, bool)>,
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
        let question = Question {
            name,
            kind,
            expect,
            category: category.map(|(id, _)| id.to_owned()),
            unlawful: category.is_some_and(|(_, unlawful)| unlawful),
            demanded: check.demanded(category.map(|(id, _)| id)).map(|audience| (audience, check.or_read)),
        };
        for group in self.groups.clone() {
            self.question(result, &question, &group)?;
        }
        Ok(())
    }

    fn question(&mut self, result: &mut CheckResult, question: &Question<'_>, group: &str) -> Result<()> {
        let Question { name, kind, expect, category, unlawful, .. } = question;
        self.hold_against(result, question, group);
        let mut said = self.said(group, name);
        let closed =
            |said: &Option<(bool, String)>| said.as_ref().is_some_and(|(blocks, _)| *blocks) || *unlawful;
        // What the gate refuses it refuses by itself; for all else it needs name servers.
        let goes_out = match expect {
            Expect::Open => true,
            Expect::AsDecided => !closed(&said),
            Expect::Refused | Expect::Absent => false,
        };
        if goes_out && self.dead >= DEAD_AFTER {
            return Ok(());
        }
        let mut answer = self.gate.ask(group, name, *kind)?;
        if !expect.is_met(answer, closed(&said)) && self.has_changed()? {
            // Somebody changed what holds, or a bell rang, between reading and asking.
            said = self.said(group, name);
            answer = self.gate.ask(group, name, *kind)?;
        }
        if goes_out && matches!(answer, Answer::Failed | Answer::Nothing) {
            self.dead += 1;
            if self.dead >= DEAD_AFTER {
                return Ok(());
            }
        } else if goes_out {
            self.dead = 0;
        }
        if let Some(category) = category {
            let place = usize::from(answer != Answer::Refused);
            let counted = self.answers.entry((group.to_owned(), category.clone())).or_default();
            if let Some(counted) = counted.get_mut(place) {
                *counted += 1;
            }
        }
        if answer == Answer::Refused {
            let of = category.clone().unwrap_or_else(|| result.id.clone());
            self.refused.entry((group.to_owned(), of)).or_insert_with(|| (*name).to_owned());
        }
        result.count(answer, expect.is_met(answer, closed(&said)), || Asked {
            group: group.to_owned(),
            name: (*name).to_owned(),
            category: category.clone(),
            answer,
            should: should(*expect, answer, *unlawful, said.as_ref()),
        });
        Ok(())
    }

    /// Reads what is published again; whether it may say something else by now. The gate goes by a publication within a
    /// moment, which is waited for.
    fn has_changed(&mut self) -> Result<bool> {
        let folder = self.school.home.gate();
        let is_other = Published::read(&folder)?.is_some_and(|now| now != self.school.opened.published);
        if is_other {
            self.school.opened = Opened::open(&folder, &self.school.key)?;
            self.live = Live::compile(&self.school.opened.live, &self.school.opened.policy).0;
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
        let policy = &self.school.opened.policy;
        let at = now();
        let edge = |back: i64| policy.moment_at(at).times != policy.moment_at(at.plus_millis(-back)).times;
        let live = self.school.opened.live.overrides.iter().any(|one| is_near(at, one.ends_at))
            || self.school.opened.live.focus.iter().any(|one| is_near(at, one.ends_at))
            || self.school.opened.live.observing.iter().any(|one| is_near(at, one.ends_at));
        Ok(is_other || edge(61_000) || live)
    }

    /// What policy and live snapshot say now to somebody of the group: whether they block, and why.
    fn said(&self, group: &str, name: &str) -> Option<(bool, String)> {
        let trace = self.trace(group, name)?;
        // What the policy says counts, and not that a filter which observes only lets it through.
        Some((trace.decision.verdict.is_block(), trace.reason))
    }

    fn decision(&self, group: &str, name: &str) -> Option<Decision> {
        Some(self.trace(group, name)?.decision)
    }

    fn trace(&self, group: &str, name: &str) -> Option<Trace> {
        let policy = &self.school.opened.policy;
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
        Some(trace_in(policy, &self.live, &request, &policy.moment_at(now())))
    }

    /// Whether some category is refused to people of one group and open to those of another, as answered.
    fn compare_groups(&self, result: &mut CheckResult) {
        if !self.all_groups {
            result.leave_out("not all groups were asked as".to_owned());
            return;
        }
        let somebodys = self.groups_of_somebody();
        let mut by_category: BTreeMap<&str, [bool; 2]> = BTreeMap::new();
        for ((group, category), [refused, open]) in &self.answers {
            if somebodys.contains(group) {
                let [all_refused, all_open] = by_category.entry(category).or_default();
                *all_refused |= *refused > 0 && *open == 0;
                *all_open |= *open > 0 && *refused == 0;
            }
        }
        if somebodys.len() < 2 || by_category.is_empty() {
            result.leave_out(
                "the roll has people of fewer than two groups, or no list names a site".to_owned(),
            );
            return;
        }
        let differ = by_category.values().any(|[refused, open]| *refused && *open);
        result.asked = by_category.len() as u64;
        result.outcome = if differ { Outcome::Passed } else { Outcome::Failed };
        if !differ {
            result.failed = 1;
            result.not_tested.push("no category is refused to one group and open to another".to_owned());
        }
    }

    /// The groups asked as that are the whole of what somebody on the roll is in, so that it is people who differ and not
    /// parts of what they are.
    fn groups_of_somebody(&self) -> BTreeSet<String> {
        let opened = &self.school.opened;
        let groups = opened.policy.groups();
        let roll = &opened.live.roll;
        let of_people = roll.people.iter().map(|one| &one.groups);
        let of_ranges = roll.ranges.iter().map(|one| &one.groups);
        let sets: Vec<GroupSet> = of_people
            .chain(of_ranges)
            .filter(|ids| !ids.is_empty())
            .map(|ids| groups.closure(ids.iter().map(String::as_str), |_| {}))
            .collect();
        let is_somebodys = |id: &&String| {
            groups.number(id).is_some_and(|number| sets.iter().any(|set| *set == groups.up(number)))
        };
        self.groups.iter().filter(is_somebodys).cloned().collect()
    }
}

/// A test may take minutes, in which bells ring.
fn now() -> Timestamp {
    Clock::System.now()
}

/// Whether something ended about now.
fn is_near(at: Timestamp, end: Timestamp) -> bool {
    at.as_millis().abs_diff(end.as_millis()) < 61_000
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
        (Expect::AsDecided, Some((true, why))) => format!("should be refused, as the policy says: {why}"),
        (Expect::AsDecided, Some((false, why))) => format!("should be open, as the policy says: {why}"),
        (Expect::AsDecided, None) => "should follow the policy".to_owned(),
    };
    format!("{came}; it {want}")
}
