//! Whatever order things happen in: only transitions that exist, one end, and nothing
//! from a stale token.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::dead_letters;
use bifrost_store::executions::{self, Lease};
use proptest::prelude::*;
use serde_json::json;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Claims attempt `made + delta`.
    Claim {
        delta: i32,
        lease_secs: u32,
    },
    /// Ends with the token `back` claims ago.
    Finish {
        back: i64,
        status: Status,
    },
    Renew {
        back: i64,
    },
    Log {
        back: i64,
    },
    /// Gives the run back for another attempt.
    Retry {
        back: i64,
    },
    /// The queue gives up on the ticket of attempt `made + delta`.
    DeadLetter {
        delta: i32,
    },
    Cancel,
    Sweep,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let ends = prop::sample::select(Status::ALL.into_iter().filter(|s| s.is_terminal()).collect::<Vec<_>>());
    prop_oneof![
        4 => (0..3, prop::sample::select(vec![0u32, 3600])).prop_map(|(delta, lease_secs)| Step::Claim { delta, lease_secs }),
        3 => (0i64..3, ends).prop_map(|(back, status)| Step::Finish { back, status }),
        2 => (0i64..3).prop_map(|back| Step::Renew { back }),
        1 => (0i64..3).prop_map(|back| Step::Log { back }),
        2 => (0i64..3).prop_map(|back| Step::Retry { back }),
        2 => (0..3).prop_map(|delta| Step::DeadLetter { delta }),
        1 => Just(Step::Cancel),
        2 => Just(Step::Sweep),
        1 => Just(Step::Restart),
    ]
}

async fn play(w: &World, steps: &[Step]) {
    let mut before = w.accept().await;
    let id = before.id;
    let (mut token, mut retries) = (0, 0);
    for step in steps {
        let mut must_stay = before.status.is_terminal();
        match *step {
            Step::Claim { delta, lease_secs } => {
                match w.claim(id, before.attempt + delta, lease_secs).await {
                    Some(claimed) => {
                        assert!(claimed.token > token, "tokens grow");
                        assert_eq!(delta, 1, "an attempt is made once");
                        token = claimed.token;
                    }
                    None => must_stay = true,
                }
            }
            Step::Finish { back, status } => {
                let outcome = Outcome { status, ..success(json!(token - back)) };
                let written = executions::finish(&w.db, id, token - back, outcome.clone()).await.unwrap();
                assert!(!(written && back > 0), "stale");
                must_stay |= !written;
                if written {
                    assert_eq!(w.get(id).await.outcome, Some(outcome));
                }
            }
            Step::Renew { back } => {
                let lease = executions::renew_lease(&w.db, id, token - back, 0).await.unwrap();
                assert!(back == 0 || lease == Lease::Lost);
                assert_eq!(lease == Lease::Cancelling, back == 0 && before.status == Status::Cancelling);
                must_stay = true;
            }
            Step::Log { back } => {
                let lines = vec![line(1, LogLevel::Info, "x")];
                let written = executions::append_logs(&w.db, id, token - back, lines).await.unwrap();
                assert!(
                    !written || back == 0 && matches!(before.status, Status::Running | Status::Cancelling)
                );
                must_stay = true;
            }
            Step::Retry { back } => {
                let cause = "error:OSError".to_owned();
                let time = bifrost_store::now();
                let given = executions::retry(&w.db, id, token - back, cause, time, vec![]).await.unwrap();
                assert!(!given || back == 0 && before.status == Status::Running);
                retries += i32::from(given);
                must_stay |= !given;
            }
            Step::DeadLetter { delta } => {
                let ticket = ports::Ticket { execution: id, attempt: before.attempt + delta };
                match dead_letters::reconcile(&w.db, ticket, "delivery_limit").await.unwrap() {
                    Some(_) => assert_eq!((delta, before.status), (1, Status::Pending)),
                    None => must_stay = true,
                }
            }
            Step::Cancel => {
                let _ = executions::request_cancel(&w.db.org(w.org.id), id).await;
            }
            Step::Sweep => drop(executions::expired_leases(&w.db, bifrost_store::now()).await.unwrap()),
            Step::Restart => drop(executions::release_all_leases_of_embedded(&w.db).await.unwrap()),
        }
        let after = w.get(id).await;
        if must_stay {
            assert_eq!(after, before, "{step:?}");
        }
        assert!(
            before.status == after.status || before.status.can_become(after.status),
            "{step:?}: {:?} to {:?}",
            before.status,
            after.status
        );
        assert!(after.attempt <= executions::MAX_LOSSES + retries);
        let causes = executions::attempts(&w.db.org(w.org.id), id).await.unwrap();
        assert!((2..=after.attempt).all(|n| causes.iter().any(|c| c.attempt == n)), "{causes:?}");
        before = after;
    }
    // Whatever happened, it can be brought to an end.
    for _ in 0..=executions::MAX_LOSSES {
        w.claim(id, before.attempt + 1, 0).await;
        executions::release_all_leases_of_embedded(&w.db).await.unwrap();
        before = w.get(id).await;
    }
    assert!(before.status.is_terminal(), "{:?}", before.status);
}

fn keeps_the_promises<F: Future<Output = TestDb>>(test: F, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let test = runtime.block_on(test);
    let w = runtime.block_on(World::new(test.db.clone()));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        proptest!(config, |(steps in prop::collection::vec(step(), 1..24))| {
            runtime.block_on(play(&w, &steps));
        });
    }));
    runtime.block_on(test.remove());
    if let Err(panic) = played {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn any_order_of_events_keeps_the_promises() {
    keeps_the_promises(TestDb::sqlite(), 96);
}

#[test]
fn any_order_of_events_keeps_the_promises_on_postgres() {
    keeps_the_promises(TestDb::postgres(), 24);
}
