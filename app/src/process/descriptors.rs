//! How many sockets and files a process may hold open.

use rlimit::Resource;

/// Enough for a proxy with all the connections it takes, each with one to its origin and a pipe between them.
const ENOUGH: u64 = 1 << 17;
/// Below this a busy classroom can come to the end of them.
const FEW: u64 = 8_192;

/// Lets this process, and those it starts, hold as many descriptors as they need: services and shells usually begin
/// with 1,024, which a class with a few dozen tabs each goes through. Says how many it may hold now; where that is
/// few, so does the service log.
pub fn raise() -> u64 {
    let (soft, hard) = Resource::NOFILE.get().unwrap_or((0, 0));
    // Beyond the hard limit only root may go.
    let raised = [ENOUGH.max(hard), hard].into_iter().find(|most| Resource::NOFILE.set(*most, *most).is_ok());
    let most = raised.unwrap_or(soft);
    if most < FEW {
        tracing::warn!(
            most,
            "Few connections can be open at once here; raise the limit of open files (LimitNOFILE) to {ENOUGH}"
        );
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_hold_all_that_its_hard_limit_allows() {
        let (_, hard) = Resource::NOFILE.get().unwrap();
        assert!(raise() >= hard);
        assert!(Resource::NOFILE.get().unwrap().0 >= hard);
    }
}
