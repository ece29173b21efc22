//! Whether an override would do what it says, under the policy that is published.

use anyhow::Result;
use engine::SealedKey;
use filtering::overrides::{Override, overruled};

use crate::commands::context::Context;
use crate::home::read_key;
use crate::process::snapshot::Opened;

/// Refuses an override that a step before it overrules for those whom it is for.
pub fn refuse_overruled(context: &Context, new: &Override) -> Result<()> {
    let key = SealedKey::new(read_key(&context.home, "sealed.key")?);
    let Opened { policy, live, .. } = Opened::open(&context.home.gate(), &key)?;
    let at = policy.calendar().zone().local(new.grant.span.starts_at);
    Ok(overruled(&policy, &live, new, at)?)
}
