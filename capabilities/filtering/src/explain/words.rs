//! The steps of a decision as staff read them.

use engine::Step;

/// The label of what a step asks, in a few words.
pub const fn of_step(step: Step) -> &'static str {
    match step {
        Step::Sealed => "step.sealed",
        Step::Help => "step.help",
        Step::Essential => "step.essential",
        Step::LockedBlock => "step.locked-block",
        Step::Withheld => "step.withheld",
        Step::Focus => "step.focus",
        Step::LockedAllow => "step.locked-allow",
        Step::Override => "step.override",
        Step::School => "step.school",
        Step::PermittedUse => "step.permitted-use",
        Step::Unknown => "step.unknown",
        Step::Content => "step.content",
        Step::Front => "step.front",
        Step::Elsewhere => "step.elsewhere",
    }
}
