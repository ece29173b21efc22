//! Whether a teacher may open a site for a lesson by themselves, and what would come of it. Pure.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use engine::document::{EVERYONE, Effect};
use engine::explain::{Trace, trace};
use engine::live::Override as Published;
use engine::live::Subject;
use engine::{FilterPolicy, GroupNo, GroupSet, Host, Identity, Live, LiveDocument, Step, Verdict};
use kit::Timestamp;
use web::speech::say;

use super::content::Lessons;
use crate::explain::{Target, identity_in};
use crate::filter_test::Content;
use crate::overrides::Whom;
use crate::sealed::telling::Secret;
use crate::site;

/// Why a teacher does not open a site.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MayNot {
    /// There is nothing to do.
    #[error("{}", say("refused.it-is-open-for"))]
    OpenAlready,
    /// The law, leadership or the trust closes it. One answer for all, so that it tells nobody which sites are sealed.
    #[error("{}", say("refused.this-site-is-closed"))]
    Never,
    /// Access is withheld from the pupil.
    #[error("{}", say("refused.this-pupils-access-is"))]
    Withheld,
    /// Something else holds for them just now.
    #[error("{0} holds for them now. End it first, or put the site into it")]
    Focus(String),
    /// Somebody closed it for a time.
    #[error("{}", say("refused.somebody-has-closed-this"))]
    ClosedForATime,
    /// It is of a kind that no teacher opens alone.
    #[error("Opening {0} takes two people. Ask for the site, and say which lesson needs it")]
    TwoPeople(String),
    /// The policy does not open it to the teacher either.
    #[error(
        "The school’s policy does not open this site to you either. Ask for it, and say which lesson needs it"
    )]
    NotYours,
    /// Other people's sites lie below it.
    #[error("{0} holds the sites of many people. Enter the one that you need, like name.{0}")]
    Many(String),
    /// It is no site.
    #[error("{}", say("refused.enter-the-sites-address"))]
    NoSite,
}

/// What opening a site would come to.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What holds for them now.
    pub before: Trace,
    /// What would hold; the same as now where it may not be opened.
    pub after: Trace,
    /// Parts of the site that lists know by themselves, by category: they would be open too.
    pub parts: BTreeMap<String, usize>,
    /// Whether a teacher may.
    pub may: Result<(), MayNot>,
    /// Whether the answer tells that something is sealed.
    pub tells: bool,
}

impl Judged {
    /// Whether whoever asked may be told why it is closed now: nothing is said where that would tell what is sealed.
    pub fn may_say_why(&self) -> bool {
        self.may != Err(MayNot::Never)
    }
}

/// Who asks, for whom, and when.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The teacher, as the policy knows them.
    pub teacher: &'a Identity,
    /// For whom.
    pub whom: &'a Whom,
    /// The pupil, or somebody of the class.
    pub pupil: &'a Identity,
    /// When.
    pub at: Timestamp,
}

/// Judges it under the policy that decides and beside what holds for a time.
pub fn judge(policy: &FilterPolicy, live: &Live, target: &str, asking: Asking<'_>) -> Result<Judged, MayNot> {
    let asked = Target::read(target).ok_or(MayNot::NoSite)?;
    let request = asked.request(asking.pupil).ok_or(MayNot::NoSite)?;
    let at = policy.calendar().zone().local(asking.at);
    let before = trace(policy, live, &request, at);
    let parts = parts(policy, &asked);
    let decided = |may, after: Option<Trace>, tells| Judged {
        after: after.unwrap_or_else(|| before.clone()),
        before: before.clone(),
        parts: parts.clone(),
        may,
        tells,
    };
    let secret = Secret::of(policy.sealed().state(asking.at));
    let tells = secret.is_told_by(before.step, &asked.host);
    if let Err(why) = may(policy, live, &asked, &before, &parts, asking) {
        return Ok(decided(Err(why), None, tells));
    }
    // What it would really come to, rather than what it should.
    let trial = trial(target, asking);
    let alone = LiveDocument { overrides: vec![trial.clone()], ..LiveDocument::default() };
    if let Some(left_out) = Live::left_out(&alone, policy).first() {
        return Ok(decided(Err(MayNot::Never), None, secret.live && left_out.is_covered()));
    }
    // Who is where does not matter: it is known who asks.
    let now = live.document();
    let then = LiveDocument {
        overrides: now.overrides.iter().cloned().chain([trial]).collect(),
        focus: now.focus.clone(),
        withheld: now.withheld.clone(),
        ..LiveDocument::default()
    };
    let (then, _) = Live::compile(&then, policy);
    let after = trace(policy, &then, &request, at);
    let may = if after.decision.verdict.is_block() { Err(MayNot::Never) } else { Ok(()) };
    Ok(decided(may, Some(after), false))
}

/// The override that would be made.
fn trial(target: &str, asking: Asking<'_>) -> Published {
    Published {
        // Of no record: larger than any that will be given, and smaller than what the policy cannot take.
        number: engine::policy::LIVE - 2,
        id: String::new(),
        subject: match asking.whom {
            Whom::Person(person) => Subject::Person(*person),
            Whom::Group(id) => Subject::Group(id.clone()),
            Whom::Everyone => Subject::Everyone,
        },
        effect: Effect::Allow,
        target: site::target(target),
        begins_at: Some(asking.at),
        ends_at: asking.at.plus_millis(Lessons::built_in().longest_ms()),
        reason: String::new(),
    }
}

fn may(
    policy: &FilterPolicy,
    live: &Live,
    asked: &Target,
    before: &Trace,
    parts: &BTreeMap<String, usize>,
    asking: Asking<'_>,
) -> Result<(), MayNot> {
    if !before.decision.verdict.is_block() {
        return Err(MayNot::OpenAlready);
    }
    match before.step {
        Step::Withheld => return Err(MayNot::Withheld),
        Step::Focus => {
            let number = before.decision.reason.rule.0 & !engine::policy::LIVE;
            let name = live.focus_no(number).map_or("A lesson’s list", |focus| focus.name.as_str());
            return Err(MayNot::Focus(name.to_owned()));
        }
        Step::Override => return Err(MayNot::ClosedForATime),
        Step::School | Step::PermittedUse | Step::Unknown | Step::Content => {}
        // What comes before them nobody below leadership can change; what is none of them decides nothing here.
        _ => return Err(MayNot::Never),
    }
    if let Some(Host::Name(name)) = asked.named()
        && lists::url::site(name).is_none()
    {
        return Err(MayNot::Many(asked.host.clone()));
    }
    let lessons = Lessons::built_in();
    let catalogue = policy.catalogue();
    let named = before.categories.iter().chain(parts.keys());
    for category in named.filter_map(|id| catalogue.category(catalogue.category_no(id)?)) {
        if lessons.takes_two(category) {
            return Err(MayNot::TwoPeople(category.name.clone()));
        }
    }
    let services = before.services.iter().filter_map(|id| catalogue.service(catalogue.service_no(id)?));
    for kind in services.map(|service| service.kind.as_str()) {
        if lessons.takes_two_kind(kind) {
            return Err(MayNot::TwoPeople("this kind of service".to_owned()));
        }
    }
    let permission = policy.asks_permission_of(&before.decision.reason);
    if permission.is_some_and(|who| lessons.is_a_teachers(who)) || is_open_to(policy, asked, asking) {
        Ok(())
    } else {
        Err(MayNot::NotYours)
    }
}

/// Whether the policy by itself opens it to the teacher: what was opened for them alone, for a time, is no ground.
fn is_open_to(policy: &FilterPolicy, asked: &Target, asking: Asking<'_>) -> bool {
    let Some(request) = asked.request(asking.teacher) else { return false };
    let at = policy.calendar().zone().local(asking.at);
    let decision = engine::decide(policy, &Live::empty(policy), &request, at);
    matches!(decision.verdict, Verdict::Allow | Verdict::Scan)
}

/// Parts of a host that lists know by themselves, by category.
pub(crate) fn parts(policy: &FilterPolicy, asked: &Target) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    let Some(Host::Name(name)) = asked.named() else { return all };
    let index = policy.index();
    for (_, set) in index.paths_on(name) {
        let excepted = index.exceptions(set);
        let lists = index.set(set).iter().filter(|list| !excepted.contains(list));
        let mut numbers: Vec<u16> = lists.flat_map(|list| policy.categories_of(list.0)).copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        for category in numbers.into_iter().filter_map(|number| policy.catalogue().category(number)) {
            *all.entry(category.id.clone()).or_default() += 1;
        }
    }
    all
}

/// Whether somebody in these groups is an adult, as far as the policy's names of groups tell.
fn is_adult(policy: &FilterPolicy, groups: &GroupSet) -> bool {
    static ADULTS: LazyLock<Vec<String>> =
        LazyLock::new(|| Content::built_in().map(|content| content.adults).unwrap_or_default());
    ADULTS.iter().filter_map(|id| policy.groups().number(id)).any(|group| groups.contains(group))
}

/// The groups that a lesson can be for, ids and names: those that people of the roll or a room are directly in, with no group below
/// them; not the teacher's own or another of adults, and not the one that whoever nobody knows is in.
pub fn classes(policy: &FilterPolicy, live: &Live, teacher: &Identity) -> Vec<(String, String)> {
    let groups = policy.groups();
    let roll = &live.document().roll;
    let people = roll.people.iter().flat_map(|person| &person.groups);
    let rooms = roll.ranges.iter().flat_map(|range| &range.groups);
    let mut direct = GroupSet::EMPTY;
    for number in people.chain(rooms).filter_map(|id| groups.number(id)) {
        direct.insert(number);
    }
    let unknown = policy.unidentified().groups;
    let is_one = |number: GroupNo, id: &str| {
        id != EVERYONE
            && direct.contains(number)
            && groups.below(number) == GroupSet::EMPTY
            && !teacher.groups.contains(number)
            && !unknown.contains(number)
            && !is_adult(policy, &groups.up(number))
    };
    let all = groups.all().filter(|(number, id, _)| is_one(*number, id));
    all.map(|(_, id, name)| (id.to_owned(), name.to_owned())).collect()
}

/// Whether a lesson can be for somebody: no adult, and nobody who shares a group with the teacher but those that everybody is in.
pub fn is_taught(policy: &FilterPolicy, teacher: &Identity, pupil: &Identity) -> bool {
    let everybody = identity_in(policy, EVERYONE).map(|one| one.groups).unwrap_or_default();
    let shared = |group: &GroupNo| pupil.groups.contains(*group) && !everybody.contains(*group);
    pupil.person != teacher.person
        && !is_adult(policy, &pupil.groups)
        && !teacher.groups.iter().any(|group| shared(&group))
}
