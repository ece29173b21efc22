//! What somebody at the portal has the hub do: it is done as the hub does it by itself, and the trail says who asked.

use filtering::errand::{CarriesOut, Errand};
use filtering::portal::Soon;
use kit::Timestamp;
use store::Actor;

use crate::process::keeping::Keeping;
use crate::process::renewing::Renewing;
use crate::process::testing::Testing;

/// The hub's own jobs, each of which can be done once for somebody.
pub struct Carrying {
    pub testing: Testing,
    pub keeping: Keeping,
    pub renewing: Renewing,
}

impl CarriesOut for Carrying {
    fn carry_out(&self, errand: Errand, actor: Actor, at: Timestamp) -> Soon<'static, Result<(), String>> {
        let (testing, keeping, renewing) =
            (self.testing.clone(), self.keeping.clone(), self.renewing.clone());
        Box::pin(async move {
            let done = match errand {
                Errand::Test => testing.once(actor).await,
                Errand::BackUp => keeping.once(actor).await,
                Errand::Take(list) => renewing.take_waiting(list, actor, at).await,
            };
            done.map_err(|error| format!("{error:#}"))
        })
    }
}
