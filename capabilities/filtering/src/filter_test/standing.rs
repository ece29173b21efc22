//! Which failures stand: a test as a few groups says nothing of the others.

use super::store::Kept;

/// The failed tests of which no later test has asked as all of their groups, newest first. `tests` are newest first; the newest
/// itself is among them where it failed.
pub fn still_failed(tests: &[Kept]) -> Vec<&Kept> {
    let asked_as = |test: &Kept, group: &String| test.report.all_groups || test.report.groups.contains(group);
    let stands = |(place, test): &(usize, &Kept)| {
        let later = tests.get(..*place).unwrap_or_default();
        let again = |group: &String| later.iter().any(|one| asked_as(one, group));
        !test.report.passed
            && if test.report.all_groups {
                // Groups come and go with the policy, and all means those of then.
                !later.iter().any(|one| one.report.all_groups)
            } else {
                !test.report.groups.iter().all(again)
            }
    };
    tests.iter().enumerate().filter(stands).map(|(_, test)| test).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter_test::Report;
    use kit::Timestamp;

    fn test(number: u32, passed: bool, groups: &[&str]) -> Kept {
        let report = Report {
            passed,
            content: String::new(),
            policy: 1,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            all_groups: groups.is_empty(),
            server: String::new(),
            notice: None,
            checks: Vec::new(),
            rows: Vec::new(),
        };
        Kept { number, at: Timestamp::from_millis(0), run_by: String::new(), report }
    }

    #[test]
    fn a_failure_stands_until_all_who_were_asked_as_are_asked_as_again() {
        for (tests, standing) in [
            (vec![], vec![]),
            (vec![test(1, true, &[])], vec![]),
            (vec![test(1, false, &[])], vec![1]),
            // A later narrow test hides nothing of another group, nor of all.
            (vec![test(3, true, &["year-8"]), test(2, false, &["year-7"]), test(1, true, &[])], vec![2]),
            (vec![test(2, true, &["year-7"]), test(1, false, &[])], vec![1]),
            (vec![test(3, true, &["year-7", "x"]), test(2, false, &["year-7"]), test(1, true, &[])], vec![]),
            (vec![test(3, false, &["year-7"]), test(2, false, &["year-7"])], vec![3]),
            (vec![test(3, true, &[]), test(2, false, &["year-7"]), test(1, false, &[])], vec![]),
            (vec![test(3, true, &["a"]), test(2, true, &["b"]), test(1, false, &["a", "b"])], vec![]),
        ] {
            let found: Vec<u32> = still_failed(&tests).iter().map(|test| test.number).collect();
            assert_eq!(found, standing, "{tests:?}");
        }
    }
}
