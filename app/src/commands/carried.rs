//! Whether gates carry out what was given for a time, so that no list says "holds now" of what a gate leaves out.
//!
//! That an exception is left out because it would open a sealed site tells of that site, so it is told within the budget of
//! such answers and leaves its entries. Beyond it a list says the same neutral words of everything that opens a site,
//! whichever it is: words about the covered ones alone would tell which they are.

use std::collections::BTreeMap;

use anyhow::Result;
use engine::SealedState;
use engine::live::{Kept, LeftOut};

use crate::commands::context::Context;
use crate::commands::records::{Content, left_out};
use crate::commands::secret::{Budget, no_secret};

/// What gates make of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// They carry it out.
    Out,
    /// They leave it out, or a part of it.
    Not {
        /// Why.
        why: String,
        /// Whether only a part is left out.
        in_part: bool,
    },
    /// It cannot be said.
    Untold,
}

/// What gates make of all records of one kind that are not over.
#[derive(Debug, Default)]
pub struct CarriedOut {
    left_out: BTreeMap<u32, (String, bool)>,
    untold: bool,
}

impl CarriedOut {
    /// Looks, and leaves the entries that telling of sealed sites needs.
    pub fn look(context: &Context, what: Kept, command: &'static str) -> Result<Self> {
        let records = context.records()?;
        let looked = context.wait(async {
            let mut tx = records.read().await?;
            let content = Content::of(&context.home, &mut tx).await?;
            let is_live = matches!(content.sealed.state(context.at), SealedState::Live | SealedState::Stale);
            let found = left_out(context, &mut tx, &content).await?;
            let open = Content { sealed: no_secret(context)?, catalogue: content.catalogue };
            let harmless = left_out(context, &mut tx, &open).await?;
            tx.roll_back().await?;
            anyhow::Ok((found, harmless, is_live))
        });
        // Sealed entries that cannot be verified, or a policy that no gate can use: gates go on with what they have.
        let Ok((mut found, harmless, is_live)) = looked else {
            return Ok(Self { untold: true, ..Self::default() });
        };
        found.retain(|one| one.what == what);
        let secrets = found.iter().filter(|one| one.is_covered() && !harmless.contains(one)).count();
        let untold = is_live && {
            let budget = Budget::look(context, command)?;
            !budget.may_tell(u32::try_from(secrets).unwrap_or(u32::MAX))?
        };
        if untold {
            found.retain(|one| !one.is_covered());
        }
        let mut all = Self { left_out: BTreeMap::new(), untold };
        for LeftOut { number, why, .. } in &found {
            let is_covered = found.iter().any(|one| one.number == *number && one.is_covered());
            all.left_out.entry(*number).or_insert_with(|| (why.clone(), what == Kept::Focus && is_covered));
        }
        Ok(all)
    }

    /// What becomes of the record with that number, by whether it opens anything.
    pub fn of(&self, number: u32, opens: bool) -> Carried {
        match self.left_out.get(&number) {
            Some((why, in_part)) => Carried::Not { why: why.clone(), in_part: *in_part },
            None if self.untold && opens => Carried::Untold,
            None => Carried::Out,
        }
    }
}
