//! The steps of a decision as staff read them.

use engine::Step;

/// What a step asks, in a few words.
pub const fn of_step(step: Step) -> &'static str {
    match step {
        Step::Sealed => "Is it illegal?",
        Step::Help => "Does it give help?",
        Step::Essential => "Do devices need it?",
        Step::LockedBlock => "Has leadership or the trust closed it?",
        Step::Withheld => "Is this person’s access paused?",
        Step::Focus => "Does a lesson or an exam keep them to a list?",
        Step::LockedAllow => "Has leadership or the trust opened it?",
        Step::Override => "Was it opened or closed for them for a time?",
        Step::School => "Does a rule of the school’s name it?",
        Step::PermittedUse => "What does the permitted-use table say?",
        Step::Unknown => "What happens to sites that nobody knows?",
        Step::Content => "What is on the page?",
        Step::Front => "Did the gate itself refuse it?",
        Step::Elsewhere => "Did another filter decide?",
    }
}
