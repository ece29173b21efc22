//! Approvals: what one proposes and another agrees to.

mod actions;
mod model;
mod store;

pub use actions::{
    AnswerError, agree, history, is_overdue, lapse, overtake, propose, proposed_by, refuse, waiting,
    waiting_for, withdraw,
};
pub use model::{Approval, ApprovalId, NotYourOwn, Proposal, Refused, State};
