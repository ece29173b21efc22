//! The compiled policy against the reference, and what must always hold, over random worlds.

use std::net::IpAddr;
use std::sync::Arc;

use kit::{Host, HostName, Timestamp};
use proptest::prelude::*;

use super::world::{self, ADDRESSES, AS_SENT, Dice, GROUPS, NAMES, PATHS};
use super::{PlainSealed, World};
use crate::calendar::Moment;
use crate::current::Current;
use crate::decision::{Decision, Fact, Verdict};
use crate::document::safe_search::Level;
use crate::document::target::url_host;
use crate::document::{Effect, TargetText};
use crate::identity::{Identity, KnownBy, PersonNo};
use crate::live::{Live, Observing, Override, Subject};
use crate::policy::{Covered, FilterPolicy, LIVE, Memo, decide, decide_with_override, tells_paths_apart};
use crate::request::{Front, Request};
use crate::step::Step;

/// A request as plain values.
#[derive(Debug, Clone)]
struct Asked {
    host: Result<&'static str, IpAddr>,
    path: Option<&'static str>,
    as_sent: Option<&'static str>,
    port: Option<u16>,
    chain: Vec<&'static str>,
    addresses: Vec<IpAddr>,
    groups: Vec<String>,
    person: Option<PersonNo>,
    known_by: KnownBy,
    at: Timestamp,
}

fn asked(dice: &mut Dice<'_>) -> Asked {
    let address = |dice: &mut Dice<'_>| dice.pick(&ADDRESSES).parse().unwrap();
    Asked {
        host: if dice.chance(2) { Err(address(dice)) } else { Ok(dice.pick(&NAMES)) },
        path: dice.chance(5).then(|| dice.pick(&PATHS)),
        as_sent: dice.chance(3).then(|| dice.pick(&AS_SENT)),
        port: dice.chance(2).then(|| *dice.pick(&[&80, &8080])),
        chain: if dice.chance(3) { vec![dice.pick(&NAMES), dice.pick(&NAMES)] } else { Vec::new() },
        addresses: if dice.chance(3) { vec![address(dice)] } else { Vec::new() },
        groups: (0..dice.roll(4)).map(|_| dice.pick(&GROUPS).to_owned()).collect(),
        person: dice.chance(6).then(|| PersonNo(1 + dice.roll(2) as u32)),
        at: world::moment(dice),
        known_by: if dice.chance(7) { KnownBy::DeviceRegister } else { KnownBy::Nothing },
    }
}

/// A world compiled.
struct Gate {
    policy: FilterPolicy,
    live: Live,
}

impl Gate {
    fn new(world: &World, seed: u8) -> Self {
        let policy = FilterPolicy::compile_with(
            &world.document,
            &Arc::new(world.catalogue.clone()),
            world.index(seed),
            &world.sealed(),
            Covered::Drop,
        )
        .unwrap();
        let live = Live::compile(&world.live, &policy).0;
        Self { policy, live }
    }

    fn decide(&self, asked: &Asked, front: Front) -> Decision {
        let groups = self.policy.groups().closure(asked.groups.iter().map(String::as_str), |_| {});
        let identity = Identity { person: asked.person, device: None, groups, known_by: asked.known_by };
        with_request(asked, &identity, front, |request| {
            decide(&self.policy, &self.live, request, self.policy.calendar().zone().local(asked.at))
        })
    }

    /// Asks with what is kept of a request's facts.
    fn kept<T>(&self, asked: &Asked, ask: impl FnOnce(&Request<'_>, &Moment) -> T) -> T {
        let groups = self.policy.groups().closure(asked.groups.iter().map(String::as_str), |_| {});
        let identity = Identity { person: asked.person, device: None, groups, known_by: asked.known_by };
        with_request(asked, &identity, Front::Dns, |request| ask(request, &self.policy.moment_at(asked.at)))
    }
}

fn with_request<T>(
    asked: &Asked,
    identity: &Identity,
    front: Front,
    ask: impl FnOnce(&Request<'_>) -> T,
) -> T {
    let chain: Vec<HostName<'_>> = asked.chain.iter().map(|name| HostName::new(name).unwrap()).collect();
    ask(&Request {
        host: match asked.host {
            Ok(name) => Host::Name(HostName::new(name).unwrap()),
            Err(address) => Host::Address(address),
        },
        port: asked.port,
        path: asked.path,
        as_sent: asked.as_sent,
        chain: &chain,
        addresses: &asked.addresses,
        identity,
        front,
    })
}

fn reference(world: &World, asked: &Asked) -> Decision {
    let identity = Identity { person: asked.person, known_by: asked.known_by, ..Identity::default() };
    with_request(asked, &identity, Front::Proxy, |request| {
        super::decide(world, request, &asked.groups, asked.at)
    })
}

/// What a front does: the same with everything that it holds, and with what is kept of the request's facts.
fn at_a_front(current: &Current, asked: &Asked, front: Front) -> Decision {
    let groups = current.policy().groups().closure(asked.groups.iter().map(String::as_str), |_| {});
    let identity = Identity { person: asked.person, device: None, groups, known_by: asked.known_by };
    let held = current.hold(asked.at);
    with_request(asked, &identity, front, |request| {
        let decision = held.decide(request);
        let mut memo = Memo::default();
        assert_eq!(held.decide_and_keep(request, &mut memo), decision);
        if let Some(recalled) = held.recall(request, &memo) {
            assert_eq!(recalled, decision);
        }
        decision
    })
}

/// The world as a front holds it.
fn current(world: &World) -> Current {
    Current::new(Gate::new(world, 1).policy, &world.live).0
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..600)
}

const CASES: u32 = if cfg!(debug_assertions) { 1_500 } else { 20_000 };

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn the_compiled_policy_decides_as_the_reference_with_the_same_reason(bytes in bytes(), more in bytes()) {
        let world = world::world(&mut Dice(bytes.iter()));
        let gate = Gate::new(&world, 1);
        let mut dice = Dice(more.iter());
        for _ in 0..12 {
            let asked = asked(&mut dice);
            prop_assert_eq!(gate.decide(&asked, Front::Proxy), reference(&world, &asked), "{:?}", asked);
        }
    }

    #[test]
    fn must_hold_1_a_sealed_entry_is_never_let_through(bytes in bytes(), more in bytes()) {
        let world = world::world(&mut Dice(bytes.iter()));
        let gate = Gate::new(&world, 1);
        let mut dice = Dice(more.iter());
        for _ in 0..12 {
            let mut asked = asked(&mut dice);
            for entry in &world.sealed {
                let (host, path) = match entry {
                    PlainSealed::Host(host) => (host, None),
                    PlainSealed::Prefix(host, path) | PlainSealed::Exact(host, path) => (host, Some(path)),
                };
                asked.host = Ok(Box::leak(host.clone().into_boxed_str()));
                asked.path = path.map(|path| &*Box::leak(path.clone().into_boxed_str()));
                let decision = gate.decide(&asked, Front::Proxy);
                prop_assert_eq!((decision.verdict, decision.reason.step), (Verdict::Block, Step::Sealed));
                prop_assert_eq!((decision.reason.rule.0, decision.reason.list, decision.reason.category), (0, None, None));
                // As a name in the chain a host that is sealed whole is met too.
                if path.is_none() {
                    asked.chain = vec!["c.test", asked.host.unwrap()];
                    asked.host = Ok("help.test");
                    prop_assert_eq!(gate.decide(&asked, Front::Dns).reason.step, Step::Sealed);
                }
            }
        }
    }

    #[test]
    fn must_hold_1_a_sealed_entry_is_never_let_through_by_a_filter_that_observes_only(bytes in bytes(), more in bytes()) {
        let mut world = world::world(&mut Dice(bytes.iter()));
        world.live.observing = vec![Observing { number: 1, begins_at: None, ends_at: world::at("2030-01-01T00:00:00Z") }];
        let current = current(&world);
        let mut dice = Dice(more.iter());
        for _ in 0..12 {
            let mut asked = asked(&mut dice);
            for entry in &world.sealed {
                let (host, path) = match entry {
                    PlainSealed::Host(host) => (host, None),
                    PlainSealed::Prefix(host, path) | PlainSealed::Exact(host, path) => (host, Some(path)),
                };
                asked.host = Ok(Box::leak(host.clone().into_boxed_str()));
                asked.path = path.map(|path| &*Box::leak(path.clone().into_boxed_str()));
                let decision = at_a_front(&current, &asked, Front::Proxy);
                prop_assert_eq!((decision.verdict, decision.reason.step), (Verdict::Block, Step::Sealed));
                if path.is_none() {
                    asked.chain = vec!["c.test", asked.host.unwrap()];
                    asked.host = Ok("help.test");
                    let decision = at_a_front(&current, &asked, Front::Dns);
                    prop_assert_eq!((decision.verdict, decision.reason.step), (Verdict::Block, Step::Sealed));
                }
            }
        }
    }

    #[test]
    fn a_filter_that_observes_only_does_as_the_reference_and_changes_nothing_but_whether_it_refuses(bytes in bytes(), more in bytes()) {
        let world = world::world(&mut Dice(bytes.iter()));
        let (gate, current) = (Gate::new(&world, 1), current(&world));
        let mut dice = Dice(more.iter());
        for _ in 0..12 {
            let asked = asked(&mut dice);
            let (decided, done) = (gate.decide(&asked, Front::Proxy), at_a_front(&current, &asked, Front::Proxy));
            let identity = Identity { person: asked.person, known_by: asked.known_by, ..Identity::default() };
            let by_reference = with_request(&asked, &identity, Front::Proxy, |request| {
                super::carried_out(&world, request, &asked.groups, asked.at)
            });
            prop_assert_eq!(done, by_reference, "{:?}", asked);
            prop_assert_eq!(done.reason, decided.reason, "why it is decided stays the same");
            prop_assert_eq!(done.obligations.unobserved, decided.obligations.unobserved);
            prop_assert_eq!(done.obligations.scan, decided.obligations.scan);
            let observes = gate.live.observing(asked.at).is_some() && decided.reason.step != Step::Sealed;
            let expected = if observes && decided.verdict == Verdict::Block { Verdict::WouldBlock } else { decided.verdict };
            prop_assert_eq!(done.verdict, expected, "nothing but a would-block stands for a block");
        }
    }

    #[test]
    fn must_hold_2_a_help_site_is_open_to_everyone_and_never_observed(bytes in bytes(), more in bytes()) {
        let world = world::world(&mut Dice(bytes.iter()));
        let gate = Gate::new(&world, 1);
        let mut dice = Dice(more.iter());
        for _ in 0..12 {
            let mut asked = asked(&mut dice);
            asked.host = Ok("help.test");
            let decision = gate.decide(&asked, Front::Dns);
            if decision.reason.step != Step::Sealed {
                prop_assert_eq!((decision.verdict, decision.reason.step), (Verdict::Allow, Step::Help));
                prop_assert!(decision.obligations.unobserved);
            } else {
                prop_assert!(!world.sealed.is_empty());
            }
        }
    }

    #[test]
    fn must_hold_3_dns_and_proxy_agree_about_a_host(bytes in bytes(), more in bytes()) {
        let world = world::world(&mut Dice(bytes.iter()));
        let gate = Gate::new(&world, 1);
        let mut dice = Dice(more.iter());
        for _ in 0..6 {
            // A spelling that is blocked says nothing of the host.
            let mut asked = Asked { as_sent: None, ..asked(&mut dice) };
            asked.path = None;
            let by_name = gate.decide(&asked, Front::Dns);
            for front in [Front::Proxy, Front::Connect, Front::Explain] {
                prop_assert_eq!(gate.decide(&asked, front), by_name);
            }
            // Every URL whose decision could differ: those of the pool, and a fresh one under each.
            let fresh: Vec<String> = PATHS
                .iter()
                .flat_map(|path| [(*path).to_owned(), format!("{path}zz"), format!("{path}/zz"), path.to_lowercase()])
                .collect();
            let mut any_open = false;
            for path in fresh {
                asked.path = Some(Box::leak(path.into_boxed_str()));
                let open = !gate.decide(&asked, Front::Proxy).verdict.is_block();
                any_open |= open;
                prop_assert!(!(open && by_name.verdict.is_block()), "{:?} is open on a blocked host", asked);
            }
            // An allow expression is taken to match some URL without looking for one.
            let by_expression = world.document.rules.iter().any(|rule| rule.on.is_some())
                || world.document.locked.iter().any(|rule| rule.on.is_some())
                || world.live.overrides.iter().any(|one| one.target.on.is_some());
            // A shared sealed host is a counted gap where only the name is seen.
            let gap = world.sealed.iter().any(|entry| match entry {
                PlainSealed::Host(_) => false,
                PlainSealed::Prefix(host, _) | PlainSealed::Exact(host, _) => asked.host.is_ok_and(|name| url_host(name) == url_host(host)),
            });
            // A part of the host counts as open unless a block is sure for every URL below it, and an expression that looks
            // at what follows never is: a garden of `a.example/p` leaves the name open beside a block of `\bp\b`.
            let unsure = by_name.reason.fact == Fact::PartOfHost && world.blocks_looking_ahead();
            if !by_expression && !gap && !unsure && !by_name.verdict.is_block() {
                prop_assert!(any_open, "{:?} is open and no URL on it is: {:?}", asked, by_name);
            }
            if by_name.reason.fact == Fact::PartOfHost {
                prop_assert!(!by_name.verdict.is_block());
            }
        }
    }

    #[test]
    fn safe_search_changes_no_verdict_and_whoever_is_not_known_has_the_strictest(bytes in bytes(), more in bytes()) {
        let world = world::world(&mut Dice(bytes.iter()));
        let mut without = world.clone();
        without.catalogue.engines.clear();
        let (gate, without) = (Gate::new(&world, 1), Gate::new(&without, 1));
        let mut dice = Dice(more.iter());
        for _ in 0..12 {
            let asked = asked(&mut dice);
            let (decision, bare) = (gate.decide(&asked, Front::Proxy), without.decide(&asked, Front::Proxy));
            prop_assert_eq!((decision.verdict, decision.reason), (bare.verdict, bare.reason), "{:?}", asked);
            prop_assert_eq!(bare.obligations.safe_search, 0);
            // The same host leads the same way whatever else is known of it.
            let host = Asked { path: None, as_sent: None, chain: Vec::new(), addresses: Vec::new(), ..asked.clone() };
            let by_name = gate.decide(&host, Front::Dns);
            let is_open = |decision: &Decision| matches!(decision.reason.step, Step::Help | Step::Essential);
            if !is_open(&decision) && !is_open(&by_name) {
                prop_assert_eq!(decision.obligations.safe_search, by_name.obligations.safe_search, "{:?}", asked);
            }
            let stranger = gate.decide(&Asked { known_by: KnownBy::Nothing, ..asked.clone() }, Front::Proxy);
            let target = gate.policy.safe_target(&stranger);
            prop_assert!(target.is_none_or(|target| target.level == Level::Strict));
            prop_assert!(target.is_some() || decision.obligations.safe_search == 0, "{:?}", asked);
        }
    }

    #[test]
    fn must_hold_4_deciding_is_pure(bytes in bytes(), more in bytes()) {
        let world = world::world(&mut Dice(bytes.iter()));
        let (gate, elsewhere) = (Gate::new(&world, 1), Gate::new(&world, 2));
        let mut dice = Dice(more.iter());
        let all: Vec<Asked> = (0..8).map(|_| asked(&mut dice)).collect();
        let first: Vec<Decision> = all.iter().map(|asked| gate.decide(asked, Front::Proxy)).collect();
        let again: Vec<Decision> = all.iter().rev().map(|asked| gate.decide(asked, Front::Proxy)).collect();
        let there: Vec<Decision> = all.iter().map(|asked| elsewhere.decide(asked, Front::Proxy)).collect();
        prop_assert_eq!(&first, &again.into_iter().rev().collect::<Vec<_>>());
        prop_assert_eq!(&first, &there);
    }

    #[test]
    fn what_is_kept_of_a_name_decides_for_anybody_as_if_it_were_asked_anew(bytes in bytes(), more in bytes()) {
        let world = world::world(&mut Dice(bytes.iter()));
        let gate = Gate::new(&world, 1);
        let mut dice = Dice(more.iter());
        for _ in 0..4 {
            let first = Asked { path: None, ..asked(&mut dice) };
            let mut memo = Memo::default();
            prop_assert_eq!(gate.kept(&first, |request, moment| {
                Some(memo.renew(7, &gate.policy, &gate.live, request, moment))
            }), Some(gate.decide(&first, Front::Dns)));
            for _ in 0..4 {
                let other = asked(&mut dice);
                let bare = Asked { chain: Vec::new(), addresses: Vec::new(), groups: other.groups, person: other.person, known_by: other.known_by, at: other.at, ..first.clone() };
                let whole = Asked { chain: first.chain.clone(), addresses: first.addresses.clone(), ..bare.clone() };
                let recalled = gate.kept(&bare, |request, moment| memo.recall(7, &gate.policy, &gate.live, request, moment));
                // Whoever has entries of their own must be asked about with all facts.
                let own = gate.live.targets().owner(bare.person).is_some();
                prop_assert_eq!(recalled, (!own).then(|| gate.decide(&whole, Front::Dns)), "{:?}", whole);
                let stale = gate.kept(&bare, |request, moment| memo.recall(8, &gate.policy, &gate.live, request, moment));
                prop_assert_eq!(stale, None, "another snapshot");
            }
        }
    }

    #[test]
    fn hosts_of_which_nothing_is_known_are_decided_alike(bytes in bytes(), more in bytes()) {
        let world = world::world(&mut Dice(bytes.iter()));
        let gate = Gate::new(&world, 1);
        let mut dice = Dice(more.iter());
        let of_one = asked(&mut dice);
        let mut first = None;
        for _ in 0..8 {
            let host = asked(&mut dice).host;
            let bare = Asked { host, path: None, chain: Vec::new(), addresses: Vec::new(), ..of_one.clone() };
            let mut memo = Memo::default();
            let decision = gate.kept(&bare, |request, moment| memo.renew(1, &gate.policy, &gate.live, request, moment));
            let own = gate.live.targets().owner(bare.person).is_some();
            let apart = gate.kept(&bare, |request, _| tells_paths_apart(&gate.policy, &gate.live, request.host));
            if memo.is_nothing() && !own && !apart {
                prop_assert_eq!(*first.get_or_insert(decision), decision, "{:?}", bare);
            }
        }
    }

    #[test]
    fn one_decision_stands_for_all_paths_where_none_is_told_apart(bytes in bytes(), more in bytes()) {
        let world = world::world(&mut Dice(bytes.iter()));
        let mut dice = Dice(more.iter());
        let world = if dice.chance(8) { world.without_expressions() } else { world };
        let gate = Gate::new(&world, 1);
        for _ in 0..8 {
            let whole = Asked { chain: Vec::new(), addresses: Vec::new(), ..asked(&mut dice) };
            let bare = Asked { path: None, ..whole.clone() };
            let apart = gate.kept(&whole, |request, _| tells_paths_apart(&gate.policy, &gate.live, request.host));
            if !apart {
                prop_assert_eq!(gate.decide(&whole, Front::Proxy), gate.decide(&bare, Front::Proxy), "{:?}", whole);
            }
        }
    }

    #[test]
    fn an_override_on_trial_decides_as_one_that_was_given(bytes in bytes(), more in bytes()) {
        let world = world::world(&mut Dice(bytes.iter()));
        let gate = Gate::new(&world, 1);
        let mut dice = Dice(more.iter());
        for _ in 0..6 {
            let asked = Asked { chain: Vec::new(), addresses: Vec::new(), ..asked(&mut dice) };
            let effect = if dice.chance(5) { Effect::Allow } else { Effect::Block };
            let group = dice.pick(&GROUPS);
            let Some(number) = gate.policy.groups().number(group) else { continue };
            let target = asked.host.map_or_else(|address| address.to_string(), str::to_owned);
            let target = TargetText::site(&target);
            let mut given = world.clone();
            given.live.overrides.push(Override {
                number: LIVE - 1,
                id: String::new(),
                subject: asked.person.map_or(Subject::Group(group.to_owned()), Subject::Person),
                effect,
                target,
                begins_at: None,
                ends_at: Timestamp::from_millis(i64::MAX),
                reason: String::new(),
            });
            let tried = gate.kept(&asked, |request, moment| {
                decide_with_override(&gate.policy, &gate.live, request, moment, effect, number)
            });
            // One that may not be given is left out of the live snapshot, and then nothing changes.
            let expected = Gate::new(&given, 1).decide(&asked, Front::Dns);
            prop_assert_eq!(tried.unwrap_or_else(|| gate.decide(&asked, Front::Dns)), expected, "{:?}", asked);
        }
    }

    #[test]
    fn must_hold_5_an_allow_never_blocks_more_and_a_block_never_allows_more(bytes in bytes(), more in bytes()) {
        let world = world::world(&mut Dice(bytes.iter()));
        let gate = Gate::new(&world, 1);
        let mut dice = Dice(more.iter());
        let effect = if dice.chance(5) { Effect::Allow } else { Effect::Block };
        let mut changed = world.clone();
        match dice.roll(3) {
            0 => changed.document.rules.push(world::rule_of(&mut dice, effect)),
            1 => changed.document.locked.push(world::locked_of(&mut dice, effect)),
            _ => changed.live.overrides.push(world::override_of(&mut dice, 40, effect)),
        }
        let after = Gate::new(&changed, 1);
        for _ in 0..12 {
            let asked = asked(&mut dice);
            let (was, is) = (gate.decide(&asked, Front::Proxy), after.decide(&asked, Front::Proxy));
            match effect {
                Effect::Allow => prop_assert!(was.verdict.is_block() || !is.verdict.is_block(), "{:?}: {:?} {:?}", asked, was, is),
                Effect::Block => prop_assert!(!was.verdict.is_block() || is.verdict.is_block(), "{:?}: {:?} {:?}", asked, was, is),
            }
        }
    }
}

/// A comparison over worlds in which nothing happens would prove nothing.
#[test]
fn random_worlds_reach_every_step_and_every_kind_of_fact() {
    let mut met = std::collections::BTreeMap::new();
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut bytes = || {
        (0..400)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect::<Vec<u8>>()
    };
    for _ in 0..3_000 {
        let (world, more) = (bytes(), bytes());
        let gate = Gate::new(&world::world(&mut Dice(world.iter())), 1);
        let mut dice = Dice(more.iter());
        for _ in 0..8 {
            let asked = asked(&mut dice);
            let Decision { verdict, reason, obligations } = gate.decide(&asked, Front::Proxy);
            if gate.live.observing(asked.at).is_some() {
                *met.entry(format!("observing {}", verdict.id())).or_insert(0) += 1;
            }
            *met.entry(format!("leads to {}", obligations.safe_search)).or_insert(0) += 1;
            *met.entry(format!("{} {}", reason.step, verdict.id())).or_insert(0) += 1;
            let fact = format!("{:?}", reason.fact);
            *met.entry(fact.split('(').next().unwrap().to_owned()).or_insert(0) += 1;
            if reason.beside.is_some() {
                *met.entry(format!("{} beside", reason.step)).or_insert(0) += 1;
            }
        }
    }
    for wanted in [
        "sealed block",
        "help allow",
        "essential allow",
        "locked-block block",
        "withheld block",
        "focus allow",
        "focus block",
        "locked-allow allow",
        "override allow",
        "override block",
        "school allow",
        "school block",
        "permitted-use allow",
        "permitted-use block",
        "permitted-use scan",
        "unknown allow",
        "unknown block",
        "unknown scan",
        "Host",
        "Path",
        "Chain",
        "Address",
        "PartOfHost",
        "None",
        "school beside",
        "permitted-use beside",
        "unknown beside",
        "leads to 0",
        "leads to 1",
        "leads to 2",
        "leads to 3",
        "observing allow",
        "observing block",
    ] {
        assert!(met.get(wanted).is_some_and(|times| *times >= 3), "{wanted}: {met:#?}");
    }
}
