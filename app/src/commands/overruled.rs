//! Whether an override would do what it says: what leadership locked, and what is open to everyone always, no override
//! changes, and nobody should be told that it did.

use anyhow::{Result, bail};
use engine::document::Effect;
use engine::explain::trace;
use engine::live::Subject;
use engine::{Front, HostName, Identity, KnownBy, Live, Request, SealedKey, Step};
use filtering::overrides::Override;
use filtering::site::Site;
use kit::Host;

use crate::commands::context::Context;
use crate::home::read_key;
use crate::process::snapshot::Opened;

/// Refuses an override that a step before it overrules for those whom it is for, under the policy that is published. Steps
/// that end (a focus, withheld access) refuse nothing, and neither does one that must not be told of.
pub fn refuse_overruled(context: &Context, new: &Override) -> Result<()> {
    let Some(site) = Site::typed(&new.grant.target) else { return Ok(()) };
    let host = match site.host.parse() {
        Ok(address) => Host::Address(address),
        Err(_) => match HostName::new(&site.host) {
            Some(name) => Host::Name(name),
            None => return Ok(()),
        },
    };
    let key = SealedKey::new(read_key(&context.home, "sealed.key")?);
    let Opened { policy, live: mut document, .. } = Opened::open(&context.home.gate(), &key)?;
    let published = new.published();
    let subject = published.subject.clone();
    document.overrides.push(published);
    let (live, _) = Live::compile(&document, &policy);
    let in_group = |id: &str| {
        let groups = policy.groups().up(policy.groups().number(id)?);
        Some(Identity { groups, known_by: KnownBy::AddressRange, ..Identity::default() })
    };
    let identity = match &subject {
        Subject::Person(person) => live.person(*person),
        Subject::Group(id) => in_group(id),
        Subject::Everyone => in_group(engine::document::EVERYONE),
    };
    let Some(identity) = identity else { return Ok(()) };
    let request = Request {
        host,
        port: None,
        path: site.path.as_deref(),
        as_sent: None,
        chain: &[],
        addresses: &[],
        identity: &identity,
        front: Front::Explain,
    };
    let told = trace(&policy, &live, &request, policy.calendar().zone().local(new.grant.span.starts_at));
    let (target, whom) = (&new.grant.target, &new.grant.whom);
    match (told.step, told.decision.verdict.is_block(), new.grant.effect == Effect::Block) {
        (Step::LockedBlock, true, false) => bail!(
            "{target} stays closed for {whom} whatever an override says: {}. Whoever set the lock can take it out of the policy",
            told.reason
        ),
        (Step::Help, false, true) => {
            bail!("{target} is a place of help, which is open to everyone, always; no override closes it")
        }
        (Step::Essential, false, true) => {
            bail!("{target} is something that devices need, which is open to everyone; no override closes it")
        }
        (Step::LockedAllow, false, true) => bail!(
            "{target} stays open for {whom} whatever an override says: {}. Whoever set the lock can take it out of the policy",
            told.reason
        ),
        _ => Ok(()),
    }
}
