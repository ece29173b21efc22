//! Whether the sealed tier is as it was loaded, for `verify`.

use activity::sealed::Shelf;
use anyhow::{Context as _, Result};
use engine::{Sealed, SealedKey};
use filtering::publish::Published;
use store::Db;

use crate::commands::context::Context;
use crate::home::read_key;

/// What proving the sealed tier came to.
pub(super) struct Tier {
    pub recipients: usize,
    pub records: usize,
    pub damaged_bytes: u64,
}

/// Whether the sealed entries that are kept and those that are published are those that were loaded, under this school's
/// key; the inner error says what is not.
pub(super) fn prove_sealed(context: &Context, records: &Db) -> Result<Result<Tier, String>> {
    let key = SealedKey::new(read_key(&context.home, "sealed.key")?);
    let kept = context.wait(async {
        let mut tx = records.read().await?;
        let kept = filtering::sealed::in_force(&mut tx, &context.home.lists(), key.clone()).await;
        tx.roll_back().await?;
        anyhow::Ok(kept)
    })?;
    if let Err(error) = kept {
        return Ok(Err(error.to_string()));
    }
    let folder = context.home.gate();
    let shown = Shelf::look(&context.home.log()).context("cannot read the sealed records")?;
    let Ok(Some(published)) = Published::read(&folder) else {
        return Ok(Err("nothing has been published".to_owned()));
    };
    let file = match published.policy(&folder) {
        Ok(file) => file,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let vouched = Sealed::open(key.clone(), &file.sealed).and_then(|_| Ok(file.recipients.open(&key)?.len()));
    Ok(match vouched {
        Ok(recipients) => {
            Ok(Tier { recipients, records: shown.records.len(), damaged_bytes: shown.damaged_bytes })
        }
        Err(error) => Err(format!("{}: {error}", published.policy_path(&folder).display())),
    })
}
