//! Where an event came from that our own gate did not decide.

use serde::{Deserialize, Serialize};

use crate::decision::{Decision, Fact, Obligations, Reason, RuleRef, Verdict};
use crate::step::Step;

/// What kind of log an event was brought in from. The number stands in the place of the rule, where the step is
/// [`Step::Elsewhere`], so it never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u32)]
pub enum Origin {
    /// Zeek's `dns.log`.
    ZeekDns = 1,
    /// Zeek's `http.log`.
    ZeekHttp = 2,
    /// Squid's `access.log`.
    Squid = 3,
    /// e2guardian's `access.log`.
    E2guardian = 4,
    /// AdGuard Home's `querylog.json`.
    AdguardHome = 5,
    /// Pi-hole's database, or the log of its dnsmasq.
    PiHole = 6,
}

impl Origin {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::ZeekDns, Self::ZeekHttp, Self::Squid, Self::E2guardian, Self::AdguardHome, Self::PiHole];

    /// The word used in logs and on the command line. An id is an API: it never changes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::ZeekDns => "zeek-dns",
            Self::ZeekHttp => "zeek-http",
            Self::Squid => "squid",
            Self::E2guardian => "e2guardian",
            Self::AdguardHome => "adguard-home",
            Self::PiHole => "pi-hole",
        }
    }

    /// The origin with that word.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.id() == id)
    }

    /// The origin that a step and a rule say.
    pub fn of(step: Step, rule: RuleRef) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| step == Step::Elsewhere && *origin as u32 == rule.0)
    }

    /// What a log of this kind says was decided. It is no decision of ours, and no rule of ours spoke.
    pub const fn decision(self, verdict: Verdict) -> Decision {
        let reason = Reason {
            step: Step::Elsewhere,
            rule: RuleRef(self as u32),
            fact: Fact::Host,
            category: None,
            list: None,
            group: None,
            beside: None,
        };
        Decision { verdict, reason, obligations: Obligations::NONE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_found_by_its_word_and_by_what_stands_in_the_log() {
        for origin in Origin::ALL {
            let reason = origin.decision(Verdict::Block).reason;
            assert_eq!(Origin::of(reason.step, reason.rule), Some(origin));
            assert_eq!(Origin::of(Step::Front, reason.rule), None);
            assert_eq!(Origin::from_id(origin.id()), Some(origin));
            assert_eq!(serde_json::to_string(&origin).unwrap(), format!("\"{}\"", origin.id()));
        }
        assert_eq!(Origin::of(Step::Elsewhere, RuleRef(0)), None);
    }
}
