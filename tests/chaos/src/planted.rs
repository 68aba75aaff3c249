//! The faults that can be compiled in, and what each of them has to break.

use crate::verdict::{Check, ENDED, HEARD, LAST_RESULT, TERMINAL, WHOLE_LOG};

/// What only a worker shows that goes on with a run that another has by then.
pub const NO_FENCING: &str = "no-fencing";

/// Name of a fault, and the promises one of which it breaks; that others are broken proves nothing.
const FAULTS: [(&str, &[&str]); 3] = [
    ("ack-before-lease", &[TERMINAL, ENDED]),
    (NO_FENCING, &[LAST_RESULT, HEARD, WHOLE_LOG]),
    ("no-outbox", &[TERMINAL, ENDED]),
];

/// All names.
pub fn names() -> [&'static str; 3] {
    FAULTS.map(|(name, _)| name)
}

/// The promises of this fault that were broken; it was found when there is one.
pub fn broken(fault: &str, checks: &[Check]) -> Vec<&'static str> {
    let own = FAULTS.iter().filter(|(name, _)| *name == fault).flat_map(|(_, promises)| promises.iter());
    own.copied()
        .filter(|promise| checks.iter().any(|check| check.promise == *promise && check.broken > 0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Evidence, judge};

    #[test]
    fn each_promise_of_a_fault_is_one_that_is_judged() {
        let judged = judge(&Evidence::default());
        for promise in FAULTS.iter().flat_map(|(_, promises)| promises.iter()) {
            assert!(judged.iter().any(|check| check.promise == *promise), "{promise}");
        }
    }

    #[test]
    fn a_fault_is_found_by_its_own_promise_alone() {
        let mut checks = judge(&Evidence::default());
        for name in names() {
            assert_eq!(broken(name, &checks), Vec::<&str>::new());
        }
        for check in &mut checks {
            check.broken = usize::from(![TERMINAL, ENDED].contains(&check.promise));
        }
        assert_eq!(broken("no-outbox", &checks), Vec::<&str>::new());
        assert_eq!(broken("ack-before-lease", &checks), Vec::<&str>::new());
        assert_eq!(broken("no-fencing", &checks), [LAST_RESULT, HEARD, WHOLE_LOG]);
        for check in &mut checks {
            check.broken = usize::from(check.promise == ENDED);
        }
        assert_eq!(broken("no-outbox", &checks), [ENDED]);
        assert_eq!(broken("no-fencing", &checks), Vec::<&str>::new());
    }
}
