//! Brings the roll to what other systems tell over SCIM.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use engine::Current;
use kit::{Clock, Zone};
use store::Db;

use crate::process::publishing::Publishing;

/// How often the hub looks whether a system has told something: what comes at once becomes one difference.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Looks for it for as long as the hub runs.
pub async fn settle(db: Db, publishes: Publishing, current: Arc<Current>, zone: Zone) {
    loop {
        let groups: BTreeSet<String> =
            current.policy().document().groups.iter().map(|group| group.id.clone()).collect();
        let at = Clock::System.now();
        if let Err(error) = people::scim::settle(&db, &publishes, Some(&groups), &zone, at).await {
            let error = anyhow::Error::from(error);
            tracing::error!(
                error = format!("{error:#}"),
                "What another system told of people is not on the roll yet"
            )
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
