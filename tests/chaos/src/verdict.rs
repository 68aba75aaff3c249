//! What has to be true once all is quiet. Pure, so that each check can be shown to fail.

use crate::counter::Effects;
use crate::database::{Cause, Change, Line, RunRow};
use crate::load::Answered;
use crate::schedules::Owed;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

// Promises that planted faults have to break.
pub const TERMINAL: &str = "an accepted run has one row, with a terminal status";
pub const ENDED: &str = "no run is left without an end";
pub const LAST_RESULT: &str = "a run ends with the result of its last attempt";
pub const HEARD: &str = "whoever waited heard the end that the database has";
pub const WHOLE_LOG: &str = "a log has every line of its attempts, in order, once";
/// The cause of an attempt that was made because the workflow wanted it.
const ASKED: &str = "error:ConnectionError";
/// A run that takes its worker down so often is not tried again.
const MAX_LOSSES: i64 = 3;
/// Examples of a violation in the report.
const EXAMPLES: usize = 8;

/// Everything that was observed.
#[derive(Clone, Default)]
pub struct Evidence {
    /// What clients heard.
    pub answered: Vec<Answered>,
    /// What happened outside.
    pub effects: Effects,
    /// What the database says.
    pub runs: Vec<RunRow>,
    /// How it came to that.
    pub changes: Vec<Change>,
    /// Why runs were repeated.
    pub causes: Vec<Cause>,
    /// What runs said.
    pub lines: Vec<Line>,
    /// What schedules had to do.
    pub owed: Vec<Owed>,
    /// Whether workers were harmed; if not, no run may be repeated or fail.
    pub calm: bool,
}

/// One promise, and where it was broken.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Check {
    /// The promise.
    pub promise: &'static str,
    /// How often it was broken.
    pub broken: usize,
    /// Some of the cases.
    pub examples: Vec<String>,
}

fn check(promise: &'static str, broken: impl IntoIterator<Item = String>) -> Check {
    let all: Vec<_> = broken.into_iter().collect();
    Check { promise, broken: all.len(), examples: all.into_iter().take(EXAMPLES).collect() }
}

fn is_terminal(status: &str) -> bool {
    matches!(status, "Success" | "Failed" | "Timeout" | "CompletedWithErrors" | "Cancelled")
}

/// The only end without success that faults explain: too many workers were lost, with the
/// run or while they took it.
fn is_exhausted(run: &RunRow) -> bool {
    let lost = |error: &str| error.starts_with("worker_lost") || error.starts_with("dead_letter");
    let lost = run.error.as_deref().is_some_and(lost);
    run.status == "Failed" && lost && run.losses + 1 >= MAX_LOSSES && run.attempt >= MAX_LOSSES
}

/// All checks; the platform kept its promises when none is broken.
pub fn judge(evidence: &Evidence) -> Vec<Check> {
    let runs: HashMap<Uuid, &RunRow> = evidence.runs.iter().map(|run| (run.id, run)).collect();
    let mut checks = accepted(evidence, &runs);
    checks.extend(answers(evidence, &runs));
    checks.extend(schedules(evidence));
    checks.extend(ends(evidence));
    checks.extend(attempts(evidence, &runs));
    checks.push(check("a retry policy makes the attempts that it asks for and no others", retries(evidence)));
    checks.push(check(WHOLE_LOG, logs(evidence, &runs)));
    checks
}

fn accepted(evidence: &Evidence, runs: &HashMap<Uuid, &RunRow>) -> Vec<Check> {
    let answered = &evidence.answered;
    let missing = answered.iter().flat_map(|one| {
        let absent = |id: &&Uuid| runs.get(*id).is_none_or(|run| !is_terminal(&run.status));
        let tell = |id: &Uuid| format!("{id} ({}): {:?}", one.key, runs.get(id).map(|run| &run.status));
        one.ids.iter().filter(absent).map(tell).collect::<Vec<_>>()
    });
    let never = answered.iter().filter(|one| one.ids.is_empty() || one.refused.is_some());
    let never = never.map(|one| format!("{} after {} requests: {:?}", one.key, one.requests, one.refused));
    let several = answered.iter().filter(|one| one.ids.len() > 1);
    let several = several.map(|one| format!("{}: {:?}", one.key, one.ids));
    let mut keys: BTreeMap<&str, u32> = BTreeMap::new();
    for key in evidence.runs.iter().filter_map(|run| run.key.as_deref()) {
        *keys.entry(key).or_default() += 1;
    }
    let twice = keys.into_iter().filter(|(_, count)| *count > 1).map(|(key, n)| format!("{key}: {n} rows"));
    let heard: HashSet<Uuid> = answered.iter().flat_map(|one| one.ids.iter().copied()).collect();
    let unheard = evidence.runs.iter().filter(|run| !heard.contains(&run.id) && run.scheduled.is_none());
    vec![
        check(TERMINAL, missing),
        check("every run was accepted in the end", never),
        check("one idempotency key, one execution", several.chain(twice)),
        check("no execution that nobody asked for", unheard.map(|run| run.id.to_string())),
    ]
}

fn answers(evidence: &Evidence, runs: &HashMap<Uuid, &RunRow>) -> Vec<Check> {
    let internal = evidence.answered.iter().filter_map(|one| Some((&one.key, one.internal.as_ref()?)));
    let internal = internal.map(|(key, answer)| format!("{key}: {answer}"));
    let heard = evidence.answered.iter().flat_map(|one| &one.heard);
    let wrong = heard.filter(|heard| {
        let end = runs.get(&heard.id).map(|run| (run.status.as_str(), run.result_attempt));
        end != Some((heard.status.as_str(), heard.attempt))
    });
    vec![
        check("no answer of 500", internal),
        check(HEARD, wrong.map(|heard| format!("{heard:?}, not {:?}", runs.get(&heard.id)))),
    ]
}

fn schedules(evidence: &Evidence) -> Vec<Check> {
    let mut ticks: BTreeMap<(Uuid, i64), u32> = BTreeMap::new();
    for (schedule, at) in evidence.runs.iter().filter_map(|run| run.scheduled) {
        *ticks.entry((schedule, at.timestamp_micros())).or_default() += 1;
    }
    let mut missing = vec![];
    for owed in &evidence.owed {
        for minute in owed.from.timestamp() / 60 + 1..=owed.until.timestamp() / 60 {
            if !ticks.contains_key(&(owed.id, minute * 60_000_000)) {
                missing.push(format!("{}: {} s after the epoch", owed.id, minute * 60));
            }
        }
    }
    let doubled = ticks.iter().filter(|(_, count)| **count > 1).map(|(tick, n)| format!("{tick:?}: {n}"));
    vec![
        check("one execution per schedule and instant", doubled),
        check("a schedule that makes up for all ticks misses no minute", missing),
    ]
}

fn ends(evidence: &Evidence) -> Vec<Check> {
    let open = evidence.runs.iter().filter(|run| !is_terminal(&run.status));
    let leased = evidence.runs.iter().filter(|run| run.leased);
    let bad = evidence
        .runs
        .iter()
        .filter(|run| is_terminal(&run.status) && run.status != "Success")
        .filter(|run| evidence.calm || !is_exhausted(run));
    let after = evidence.changes.iter().filter(|change| is_terminal(&change.was));
    let after = after.map(|c| format!("{}: {} became {}", c.execution, c.was, c.became));
    let mut ended: BTreeMap<Uuid, u32> = BTreeMap::new();
    for change in evidence.changes.iter().filter(|c| !is_terminal(&c.was) && is_terminal(&c.became)) {
        *ended.entry(change.execution).or_default() += 1;
    }
    let again = ended.into_iter().filter(|(_, count)| *count > 1).map(|(id, n)| format!("{id}: {n} ends"));
    vec![
        check(ENDED, open.map(|run| format!("{}: {}", run.id, run.status))),
        check("no lease is left", leased.map(|run| format!("{}: {}", run.id, run.status))),
        check("a run ends once, and nothing changes it afterwards", after.chain(again)),
        check(
            "no run fails for what happens to the platform",
            bad.map(|run| {
                let error: String = run.error.as_deref().unwrap_or_default().chars().take(300).collect();
                format!("{}: {} at attempt {}: {error}", run.id, run.status, run.attempt)
            }),
        ),
    ]
}

fn attempts(evidence: &Evidence, runs: &HashMap<Uuid, &RunRow>) -> Vec<Check> {
    let repeated = evidence.effects.iter().filter(|(_, count)| **count > 1);
    let repeated = repeated.map(|((id, attempt), n)| format!("{id} attempt {attempt}: {n} times"));
    let causes: BTreeMap<(Uuid, i64), &str> =
        evidence.causes.iter().map(|(id, attempt, cause)| ((*id, *attempt), cause.as_str())).collect();
    let uncaused = evidence.runs.iter().flat_map(|run| {
        let missing = |attempt: &i64| causes.get(&(run.id, *attempt)).is_none_or(|cause| cause.is_empty());
        (2..=run.attempt).filter(missing).map(|n| format!("{} attempt {n}", run.id)).collect::<Vec<_>>()
    });
    let failures = failures(evidence);
    let wanted = |run: &RunRow| 1 + failures.get(&run.id).unwrap_or(&0);
    let needless = evidence.runs.iter().filter(|run| evidence.calm && run.attempt > wanted(run));
    let needless = needless.map(|run| format!("{}: attempt {} in calm weather", run.id, run.attempt));
    let succeeded: BTreeSet<Uuid> =
        evidence.runs.iter().filter(|run| run.status == "Success").map(|run| run.id).collect();
    let seen: BTreeSet<Uuid> = evidence.effects.keys().map(|(id, _)| *id).collect();
    let idle = succeeded.difference(&seen).map(|id| format!("{id}: Success without an effect"));
    let unexplained = |id: &&Uuid| runs.get(*id).is_none_or(|run| !is_exhausted(run));
    let unfinished = seen.difference(&succeeded).filter(unexplained);
    let unfinished = unfinished.map(|id| format!("{id}: an effect without Success"));
    let unmade = evidence.effects.keys().filter(|(id, n)| runs.get(id).is_some_and(|run| *n > run.attempt));
    let unmade = unmade.map(|(id, n)| format!("{id}: an effect of attempt {n}, which was never made"));
    let stale = evidence.runs.iter().filter(|run| run.status == "Success");
    let stale = stale.filter(|run| {
        run.result_attempt != Some(run.attempt) || !evidence.effects.contains_key(&(run.id, run.attempt))
    });
    let stale = stale.map(|run| {
        format!("{}: at attempt {}, with the result of {:?}", run.id, run.attempt, run.result_attempt)
    });
    let mut claimed: BTreeMap<(Uuid, i64), u32> = BTreeMap::new();
    for change in evidence.changes.iter().filter(|c| c.was == "Pending" && c.became == "Running") {
        *claimed.entry((change.execution, change.attempt)).or_default() += 1;
    }
    let claimed =
        claimed.into_iter().filter(|(_, n)| *n > 1).map(|((id, a), n)| format!("{id} attempt {a}: {n}"));
    vec![
        check("an attempt has its effect at most once", repeated),
        check("an attempt is claimed once", claimed),
        check("every further attempt has a recorded cause", uncaused.chain(needless)),
        check("as many runs succeeded as had their effect", idle.chain(unfinished).chain(unmade)),
        check(LAST_RESULT, stale),
    ]
}

/// How many attempts of each run raise what its workflow's policy has tried again.
fn failures(evidence: &Evidence) -> HashMap<Uuid, i64> {
    evidence.answered.iter().flat_map(|one| one.ids.iter().map(|id| (*id, one.failures))).collect()
}

fn retries(evidence: &Evidence) -> Vec<String> {
    let failures = failures(evidence);
    let raises = |id: &Uuid, attempt: i64| attempt <= *failures.get(id).unwrap_or(&0);
    let early = evidence.runs.iter().filter(|run| run.status == "Success" && raises(&run.id, run.attempt));
    let early = early.map(|run| format!("{}: Success at attempt {}, which raises", run.id, run.attempt));
    // An attempt raises after its effect, so the counter knows each one that was tried again.
    let asked = evidence.causes.iter().filter(|(_, _, cause)| cause.starts_with("error:"));
    let unasked = asked.filter(|(id, attempt, cause)| {
        cause != ASKED || !raises(id, attempt - 1) || !evidence.effects.contains_key(&(*id, attempt - 1))
    });
    early.chain(unasked.map(|(id, attempt, cause)| format!("{id} attempt {attempt}: {cause}"))).collect()
}

fn logs(evidence: &Evidence, runs: &HashMap<Uuid, &RunRow>) -> Vec<String> {
    let asked: HashMap<Uuid, i64> =
        evidence.answered.iter().flat_map(|one| one.ids.iter().map(|id| (*id, one.lines))).collect();
    let mut of: BTreeMap<Uuid, Vec<(i64, &str)>> = BTreeMap::new();
    for (id, sequence, message) in &evidence.lines {
        of.entry(*id).or_default().push((*sequence, message));
    }
    let mut broken = vec![];
    for (id, lines) in &of {
        if let Some(problem) = log(lines, runs.get(id).copied(), asked.get(id).copied()) {
            broken.push(format!("{id}: {problem}"));
        }
    }
    let silent =
        |run: &&RunRow| run.status == "Success" && run.scheduled.is_none() && !of.contains_key(&run.id);
    broken
        .extend(evidence.runs.iter().filter(silent).map(|run| format!("{}: Success without a log", run.id)));
    broken
}

/// What is wrong with one log.
fn log(lines: &[(i64, &str)], run: Option<&RunRow>, asked: Option<i64>) -> Option<String> {
    // The attempt whose lines these are, and the line that comes next.
    let (mut attempt, mut next) = (0, 0);
    for (index, (sequence, message)) in lines.iter().enumerate() {
        let wanted = i64::try_from(index).ok()? + 1;
        if *sequence != wanted {
            return Some(format!("sequence {sequence} where {wanted} is next"));
        }
        let words: Vec<_> = message.split(' ').collect();
        let ["attempt", of, "line", number] = words[..] else {
            return Some(format!("an unknown line: {message}"));
        };
        let (of, number): (i64, i64) = (of.parse().ok()?, number.parse().ok()?);
        if of > attempt {
            (attempt, next) = (of, 0);
        }
        if of != attempt || number != next {
            return Some(format!("`{message}` where line {next} of attempt {attempt} is next"));
        }
        next += 1;
    }
    let run = run?;
    let whole = run.status != "Success" || asked.is_none_or(|asked| (attempt, next) == (run.attempt, asked));
    (!whole).then(|| format!("ends with line {next} of attempt {attempt}; {asked:?} of {}", run.attempt))
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
