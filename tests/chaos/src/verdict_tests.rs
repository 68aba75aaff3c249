//! Every check finds what it is there for.

use super::*;
use crate::load::Heard;
use chrono::{DateTime, Utc};

const PROMISES: usize = 19;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn run(n: u128) -> RunRow {
    RunRow {
        id: id(n),
        status: "Success".into(),
        attempt: 1,
        losses: 0,
        leased: false,
        key: Some(format!("user:key-{n}")),
        error: None,
        result_attempt: Some(1),
        scheduled: None,
    }
}

fn change(n: u128, was: &str, became: &str, attempt: i64) -> Change {
    Change { execution: id(n), was: was.into(), became: became.into(), attempt }
}

/// Seconds after an hour.
fn second(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("in range")
}

fn good() -> Evidence {
    let answered = |n| Answered {
        key: format!("key-{n}"),
        lines: 2,
        ids: [id(n)].into(),
        requests: 1,
        accepted_after: None,
        refused: None,
        failures: 0,
        heard: vec![Heard { id: id(n), status: "Success".into(), attempt: Some(1) }],
        internal: None,
    };
    let mut evidence = Evidence { calm: false, ..Evidence::default() };
    for n in 1..=3 {
        evidence.answered.push(answered(n));
        evidence.runs.push(run(n));
        evidence.effects.insert((id(n), 1), 1);
        evidence.changes.push(change(n, "Pending", "Running", 1));
        evidence.changes.push(change(n, "Running", "Success", 1));
        for line in 0..2 {
            evidence.lines.push((id(n), line + 1, format!("attempt 1 line {line}")));
        }
    }
    evidence
}

fn broken(evidence: &Evidence) -> Vec<&'static str> {
    judge(evidence).into_iter().filter(|check| check.broken > 0).map(|check| check.promise).collect()
}

#[test]
fn what_is_good_is_found_good() {
    assert_eq!(judge(&good()).len(), PROMISES);
    assert_eq!(broken(&good()), Vec::<&str>::new());
}

#[test]
fn a_repeated_run_with_a_cause_is_good() {
    let mut evidence = good();
    (evidence.runs[0].attempt, evidence.runs[0].losses, evidence.runs[0].result_attempt) = (2, 1, Some(2));
    evidence.answered[0].heard[0].attempt = Some(2);
    evidence.effects.insert((id(1), 2), 1);
    evidence.causes.push((id(1), 2, "worker_lost".into()));
    evidence.lines.retain(|line| line.0 != id(1));
    for (sequence, text) in [(1, "attempt 1 line 0"), (2, "attempt 2 line 0"), (3, "attempt 2 line 1")] {
        evidence.lines.push((id(1), sequence, text.into()));
    }
    assert_eq!(broken(&evidence), Vec::<&str>::new());
    evidence.causes.clear();
    assert_eq!(broken(&evidence), ["every further attempt has a recorded cause"]);
}

#[test]
fn each_harm_breaks_its_promise() {
    type Harm = (&'static str, fn(&mut Evidence));
    let harms: [Harm; 21] = [
        ("an accepted run has one row", |e| drop(e.runs.remove(0))),
        ("an accepted run has one row", |e| e.runs[0].status = "Pending".into()),
        ("every run was accepted", |e| e.answered[0].ids.clear()),
        ("every run was accepted", |e| e.answered[0].refused = Some("422".into())),
        ("one idempotency key", |e| _ = e.answered[0].ids.insert(id(2))),
        ("one idempotency key", |e| e.runs[0].key = e.runs[1].key.clone()),
        ("no execution that nobody", |e| e.runs.push(run(9))),
        ("one execution per schedule", |e| {
            for n in [0, 1] {
                e.runs[n].scheduled = Some((id(7), second(0)));
            }
        }),
        ("no answer of 500", |e| e.answered[0].internal = Some("the server failed".into())),
        ("whoever waited", |e| e.answered[0].heard[0].status = "Failed".into()),
        ("whoever waited", |e| e.answered[0].heard[0].attempt = None),
        ("no run is left", |e| e.runs[0].status = "Running".into()),
        ("no lease is left", |e| e.runs[0].leased = true),
        ("a run ends once", |e| e.changes.push(change(1, "Success", "Pending", 1))),
        ("a run ends once", |e| e.changes.push(change(1, "Running", "Success", 1))),
        ("no run fails", |e| e.runs[0].status = "Failed".into()),
        ("an attempt has its effect", |e| *e.effects.entry((id(1), 1)).or_default() += 1),
        ("an attempt is claimed once", |e| e.changes.push(change(1, "Pending", "Running", 1))),
        ("as many runs succeeded", |e| _ = e.effects.remove(&(id(1), 1))),
        ("a run ends with the result", |e| e.runs[0].result_attempt = Some(2)),
        ("a log has every line", |e| drop(e.lines.remove(0))),
    ];
    for (promise, harm) in harms {
        let mut evidence = good();
        harm(&mut evidence);
        let found = broken(&evidence);
        assert!(found.iter().any(|name| name.starts_with(promise)), "{promise}: {found:?}");
    }
}

#[test]
fn logs_are_read_closely() {
    let harms: [fn(&mut Evidence); 5] = [
        |e| drop(e.lines.remove(1)),
        |e| e.lines[1].1 = 5,
        |e| e.lines[1].2 = "attempt 1 line 0".into(),
        |e| e.lines[1].2 = "attempt 2 line 0".into(),
        |e| e.lines.retain(|line| line.0 != id(1)),
    ];
    for (number, harm) in harms.into_iter().enumerate() {
        let mut evidence = good();
        harm(&mut evidence);
        assert_eq!(
            broken(&evidence),
            ["a log has every line of its attempts, in order, once"],
            "harm {number}"
        );
    }
}

#[test]
fn only_lost_workers_excuse_a_failure() {
    let mut evidence = good();
    evidence.runs[0].status = "Failed".into();
    evidence.answered[0].heard.clear();
    evidence.runs[0].error = Some("worker_lost: worker lost; tried 3 times".into());
    evidence.runs[0].attempt = 3;
    evidence.runs[0].losses = 2;
    evidence.causes = vec![(id(1), 2, "worker_lost".into()), (id(1), 3, "worker_lost".into())];
    assert_eq!(broken(&evidence), Vec::<&str>::new());
    evidence.runs[0].error = Some("ValueError: 3".into());
    assert!(!broken(&evidence).is_empty());
    evidence.runs[0].error = Some("dead_letter: no worker could take this run; tried 3 times".into());
    assert_eq!(broken(&evidence), Vec::<&str>::new());
    evidence.calm = true;
    assert!(!broken(&evidence).is_empty());
    evidence.calm = false;
    evidence.runs[0].losses = 1;
    evidence.runs[0].attempt = 2;
    assert!(!broken(&evidence).is_empty());
}

#[test]
fn a_retry_policy_has_its_attempts_and_no_others() {
    let promise = "a retry policy makes the attempts that it asks for and no others";
    let mut evidence = good();
    evidence.answered[0].failures = 1;
    evidence.answered[0].heard.clear();
    assert_eq!(broken(&evidence), [promise], "the first attempt should have raised");
    (evidence.runs[0].attempt, evidence.runs[0].result_attempt) = (2, Some(2));
    evidence.changes[1].became = "Pending".into();
    evidence.changes.push(change(1, "Pending", "Running", 2));
    evidence.changes.push(change(1, "Running", "Success", 2));
    evidence.effects.insert((id(1), 2), 1);
    evidence.causes.push((id(1), 2, ASKED.into()));
    evidence.lines.extend((0..2).map(|line| (id(1), line + 3, format!("attempt 2 line {line}"))));
    evidence.lines.sort();
    for calm in [false, true] {
        evidence.calm = calm;
        assert_eq!(broken(&evidence), Vec::<&str>::new());
    }

    let harms: [fn(&mut Evidence); 3] = [
        |e| e.causes[0].2 = "error:OSError".into(),
        |e| e.answered[0].failures = 0,
        |e| _ = e.effects.remove(&(id(1), 1)),
    ];
    for (number, harm) in harms.into_iter().enumerate() {
        let mut evidence = Evidence { calm: false, ..evidence.clone() };
        harm(&mut evidence);
        assert_eq!(broken(&evidence), [promise], "harm {number}");
    }
}

#[test]
fn a_schedule_owes_each_minute_while_it_is_on() {
    let promise = "a schedule that makes up for all ticks misses no minute";
    let mut evidence = good();
    evidence.answered.clear();
    for (run, minute) in evidence.runs.iter_mut().zip(1..) {
        (run.scheduled, run.key) = (Some((id(7), second(minute * 60))), None);
    }
    let owed = |from, until| Owed { id: id(7), from: second(from), until: second(until) };
    for (from, until) in [(5, 239), (0, 180), (59, 180), (60, 179), (200, 210)] {
        evidence.owed = vec![owed(from, until)];
        assert_eq!(broken(&evidence), Vec::<&str>::new(), "{from} to {until}");
    }
    for (from, until) in [(-1, 200), (5, 240)] {
        evidence.owed = vec![owed(from, until)];
        assert_eq!(broken(&evidence), [promise], "{from} to {until}");
    }
    evidence.owed = vec![Owed { id: id(8), ..owed(5, 70) }];
    assert_eq!(broken(&evidence), [promise], "another schedule's run is not its own");
}
