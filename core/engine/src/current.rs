//! What the fronts hold: the policy and the live snapshot behind one atomic pointer.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};
use kit::Timestamp;

use crate::calendar::{Moment, TimeSet};
use crate::decision::{Decision, Refusal};
use crate::document::Problem;
use crate::identity::{HardwareAddress, Identity, KnownBy, NameHash};
use crate::live::{Live, LiveDocument};
use crate::policy::{FilterPolicy, Memo, SafeTarget, decide_in};
use crate::request::Request;
use crate::saying::{Saying, say};
use crate::test_pass::TestGroup;

/// Policy and live snapshot that belong together: group numbers of one hold in the other.
#[derive(Debug)]
struct Snapshot {
    policy: Arc<FilterPolicy>,
    live: Arc<Live>,
    /// Counts from 1; no two snapshots have the same.
    number: u64,
}

/// The minute that was worked out last.
#[derive(Debug, Clone, Copy)]
struct Minute {
    /// Minutes since 1970.
    number: i64,
    times: TimeSet,
    edges: usize,
    /// The number of the snapshot it was worked out under.
    snapshot: u64,
}

/// The running filter, as the fronts hold it: two snapshots behind one atomic pointer, so that nothing here waits for
/// anything.
#[derive(Debug)]
pub struct Current {
    snapshot: ArcSwap<Snapshot>,
    minute: ArcSwap<Minute>,
    numbers: AtomicU64,
    generation: AtomicU64,
}

impl Current {
    /// Starts with a policy and a live snapshot. What of the snapshot makes no sense under the policy is left out and
    /// reported.
    pub fn new(policy: FilterPolicy, live: &LiveDocument) -> (Self, Vec<Problem>) {
        let policy = Arc::new(policy);
        let (live, problems) = Live::compile(live, &policy);
        let snapshot = Snapshot { policy, live: Arc::new(live), number: 1 };
        let nothing = Minute { number: i64::MIN, times: TimeSet::default(), edges: 0, snapshot: 0 };
        let current = Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            minute: ArcSwap::from_pointee(nothing),
            numbers: AtomicU64::new(2),
            generation: AtomicU64::new(1),
        };
        (current, problems)
    }

    /// The policy that decides now.
    pub fn policy(&self) -> Arc<FilterPolicy> {
        Arc::clone(&self.snapshot.load().policy)
    }

    /// The live snapshot that decides now.
    pub fn live(&self) -> Arc<Live> {
        Arc::clone(&self.snapshot.load().live)
    }

    /// Both, as they belong together: group numbers of one hold in the other.
    pub fn both(&self) -> (Arc<FilterPolicy>, Arc<Live>) {
        let snapshot = self.snapshot.load();
        (Arc::clone(&snapshot.policy), Arc::clone(&snapshot.live))
    }

    /// Swaps in another policy; the live snapshot is compiled again under it. For one caller at a time.
    pub fn swap_policy(&self, policy: FilterPolicy) -> Vec<Problem> {
        let policy = Arc::new(policy);
        let (live, problems) = Live::compile(self.snapshot.load().live.document(), &policy);
        self.store(policy, live);
        problems
    }

    /// Swaps in another live snapshot. For one caller at a time.
    pub fn swap_live(&self, document: &LiveDocument) -> Vec<Problem> {
        let policy = self.policy();
        let (live, problems) = Live::compile(document, &policy);
        self.store(policy, live);
        problems
    }

    /// Swaps in both at once.
    pub fn swap_both(&self, policy: FilterPolicy, document: &LiveDocument) -> Vec<Problem> {
        let policy = Arc::new(policy);
        let (live, problems) = Live::compile(document, &policy);
        self.store(policy, live);
        problems
    }

    fn store(&self, policy: Arc<FilterPolicy>, live: Live) {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        self.snapshot.store(Arc::new(Snapshot { policy, live: Arc::new(live), number }));
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// The moment under this snapshot. The named times are worked out once a minute.
    fn moment(&self, snapshot: &Snapshot, at: Timestamp) -> Moment {
        let number = at.as_millis().div_euclid(60_000);
        let known = self.minute.load();
        if known.number == number && known.snapshot == snapshot.number {
            return Moment { at, times: known.times };
        }
        self.enter(snapshot, at, number)
    }

    #[cold]
    fn enter(&self, snapshot: &Snapshot, at: Timestamp, number: i64) -> Moment {
        let moment = snapshot.policy.moment_at(at);
        let edges = snapshot.live.edges_before(at);
        let before = self.minute.swap(Arc::new(Minute {
            number,
            times: moment.times,
            edges,
            snapshot: snapshot.number,
        }));
        if before.snapshot == snapshot.number && (before.times != moment.times || before.edges != edges) {
            self.generation.fetch_add(1, Ordering::SeqCst);
        }
        moment
    }
}

impl Current {
    /// What decides at `at`, held for one question or one batch of them. Give it back before waiting for anything: while
    /// it is held the memory of a snapshot that was swapped out is held too.
    #[inline]
    pub fn hold(&self, at: Timestamp) -> Held {
        let snapshot = self.snapshot.load();
        let moment = self.moment(&snapshot, at);
        let observes = snapshot.live.observing(at).is_some();
        Held { snapshot, moment, observes }
    }

    /// A decision in words, outside of answering: for a page that looks back.
    pub fn say(&self, decision: &Decision) -> Saying {
        let snapshot = self.snapshot.load();
        say(&snapshot.policy, &snapshot.live, decision)
    }

    /// Rises whenever any snapshot is swapped and whenever the school's clock passes a boundary at which some rule or
    /// override begins or ends. A front that sees a new value decides its open connections again.
    pub fn generation(&self, at: Timestamp) -> u64 {
        let snapshot = self.snapshot.load();
        self.moment(&snapshot, at);
        let known = self.minute.load();
        let edges = snapshot.live.edges_before(at);
        if known.edges != edges && known.snapshot == snapshot.number {
            self.minute.store(Arc::new(Minute { edges, ..**known }));
            self.generation.fetch_add(1, Ordering::SeqCst);
        }
        self.generation.load(Ordering::SeqCst)
    }
}

/// One policy, one live snapshot and one moment. Group numbers belong to one policy, so whoever is identified here is
/// decided about here: there is no way to ask one snapshot who somebody is and another what they may.
pub struct Held {
    snapshot: Guard<Arc<Snapshot>>,
    moment: Moment,
    /// Whether the filter observes only.
    observes: bool,
}

impl Held {
    /// Who uses this address, as far as is known. About 30 ns.
    #[inline]
    pub fn identify(&self, client: IpAddr) -> Identity {
        self.snapshot.live.identify(client)
    }

    /// The same where the device asked through a name of its own, if it did.
    #[inline]
    pub fn identify_by_name(&self, client: IpAddr, name: Option<NameHash>) -> Identity {
        match name {
            None => self.identify(client),
            Some(name) => self.snapshot.live.identify_by_name(client, name),
        }
    }

    /// The same where a named router says which device it is by its hardware.
    #[cold]
    pub fn identify_by_hardware(
        &self,
        client: IpAddr,
        hardware: HardwareAddress,
        is_its_own: bool,
    ) -> Identity {
        self.snapshot.live.identify_by_hardware(client, hardware, is_its_own)
    }

    /// Whether the address is one registered device's, and the hardware another's.
    #[cold]
    pub fn are_two_devices(&self, client: IpAddr, hardware: HardwareAddress) -> bool {
        self.snapshot.live.are_two_devices(client, hardware)
    }

    /// Somebody of whom nothing is known.
    #[cold]
    pub fn nobody(&self) -> Identity {
        *self.snapshot.policy.unidentified()
    }

    /// The same where the school's own test asks as a group, if it does.
    #[inline]
    pub fn identify_or_test(
        &self,
        client: IpAddr,
        name: Option<NameHash>,
        test: Option<TestGroup>,
    ) -> Identity {
        match test {
            None => self.identify_by_name(client, name),
            Some(test) => self.identify_test(test),
        }
    }

    /// A group of the policy that decides; nobody, where it has none of that id any more.
    #[cold]
    fn identify_test(&self, test: TestGroup) -> Identity {
        let groups = self.snapshot.policy.groups();
        let group = groups.all().find(|(_, id, _)| test.is(id)).map(|(number, ..)| groups.up(number));
        Identity { groups: group.unwrap_or_default(), known_by: KnownBy::FilterTest, ..Identity::default() }
    }

    /// Decides one request. Pure in its snapshots and moment; allocates nothing; well under a microsecond.
    #[inline]
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        self.carried_out(decide_in(&self.snapshot.policy, &self.snapshot.live, request, &self.moment))
    }

    /// What stands in the log where a front refuses by itself what only the policy could have a reason to refuse.
    pub fn refused(&self, refusal: Refusal) -> Decision {
        self.carried_out(Decision::refused(refusal))
    }

    /// The one place in which it is decided whether a decision is carried out. Every front asks here, so that none can
    /// forget that the filter observes only, and none can let through what is sealed.
    #[inline]
    const fn carried_out(&self, decision: Decision) -> Decision {
        if self.observes { decision.observed() } else { decision }
    }

    /// Decides a request that has no path by what is kept beside its facts, where that still holds; the request's chain
    /// and addresses are not looked at. `None` where [`Held::decide_and_keep`] must be asked with all facts.
    #[inline]
    pub fn recall(&self, request: &Request<'_>, memo: &Memo) -> Option<Decision> {
        let Snapshot { policy, live, number } = &**self.snapshot;
        memo.recall(*number, policy, live, request, &self.moment).map(|decision| self.carried_out(decision))
    }

    /// [`Held::decide`] that keeps what the request's facts match, for the next who asks about the same facts.
    pub fn decide_and_keep(&self, request: &Request<'_>, memo: &mut Memo) -> Decision {
        let Snapshot { policy, live, number } = &**self.snapshot;
        self.carried_out(memo.renew(*number, policy, live, request, &self.moment))
    }

    /// Where a decision that was made here leads its host; `None` where it is left as it is.
    pub fn safe_target(&self, decision: &Decision) -> Option<&SafeTarget> {
        self.snapshot.policy.safe_target(decision)
    }

    /// The decision in words. Only for a page or an answer that is about to be shown; it allocates.
    pub fn say(&self, decision: &Decision) -> Saying {
        say(&self.snapshot.policy, &self.snapshot.live, decision)
    }
}
