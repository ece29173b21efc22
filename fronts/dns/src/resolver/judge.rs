//! Asking the engine.

use std::net::IpAddr;

use engine::{
    Activity, Decision, Front, Held, Host, HostName, Identity, Owed, Recorder, Refusal, Request, Step,
    Transport,
};
use kit::Timestamp;

use crate::cache::Stored;
use crate::wire::answer::MOST_NAMES;
use crate::wire::name;

/// Who asks for what: enough to decide, and to record what was decided.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub host: HostName<'a>,
    pub identity: &'a Identity,
    pub client: IpAddr,
    pub transport: Transport,
    pub at: Timestamp,
}

impl<'a> Case<'a> {
    fn request(&self, chain: &'a [HostName<'a>], addresses: &'a [IpAddr]) -> Request<'a> {
        Request {
            host: Host::Name(self.host),
            port: None,
            path: None,
            as_sent: None,
            chain,
            addresses,
            identity: self.identity,
            front: Front::Dns,
        }
    }

    /// Decides by the name alone.
    pub fn decide(&self, held: &Held) -> Decision {
        held.decide(&self.request(&[], &[]))
    }

    /// Decides with the names and addresses of an answer. Facts only ever add blocks, so what the name alone decides
    /// is in this. What the facts match is kept with the answer, so that the next device's answer costs little.
    pub fn decide_answer(&self, held: &Held, stored: &mut Stored, addresses: &mut Vec<IpAddr>) -> Decision {
        if let Some(decision) = held.recall(&self.request(&[], &[]), &stored.memo) {
            return outside(held, decision, stored);
        }
        let mut memo = std::mem::take(&mut stored.memo);
        let decision = if stored.has_facts() {
            let mut chain = [self.host; MOST_NAMES];
            let names = stored.facts(addresses).filter_map(name::host);
            let count = chain.iter_mut().zip(names).map(|(place, name)| *place = name).count();
            held.decide_and_keep(&self.request(chain.get(..count).unwrap_or(&[]), addresses), &mut memo)
        } else {
            held.decide_and_keep(&self.request(&[], &[]), &mut memo)
        };
        stored.memo = memo;
        outside(held, decision, stored)
    }

    /// Hands the event to the activity log.
    pub fn record(&self, log: &mut dyn Recorder, decision: &Decision, bytes: usize) {
        self.pay(log, None, decision, bytes);
    }

    /// The same where it is owed.
    pub fn pay(&self, log: &mut dyn Recorder, owed: Option<Owed>, decision: &Decision, bytes: usize) {
        let request = self.request(&[], &[]);
        let activity =
            Activity::of(&request, decision, self.at, self.client, None, bytes as u64).over(self.transport);
        match owed {
            Some(owed) => owed.pay_into(log, &activity),
            None => log.record(&activity),
        }
    }
}

/// Refuses an answer of the internet's that leads inside, unless the name was opened on purpose: by the school, by somebody
/// who may, or by content. That a category is allowed says nothing of where its names lead.
fn outside(held: &Held, decision: Decision, stored: &Stored) -> Decision {
    let on_purpose = matches!(
        decision.reason.step,
        Step::Help | Step::Essential | Step::Focus | Step::LockedAllow | Step::Override | Step::School
    );
    if !stored.leads_inside() || decision.verdict.closes() || on_purpose {
        return decision;
    }
    held.refused(Refusal::Inside)
}
