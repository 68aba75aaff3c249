//! Daylight saving in several zones, and what holds for every expression.

use super::*;
use proptest::prelude::*;

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe", // half an hour
    "Asia/Kolkata",
    "America/Santiago",  // the gap is at midnight
    "Pacific/Apia",      // left out a whole day in 2011
    "Africa/Casablanca", // several changes a year
];

fn table(expression: &str, zone: &str) -> Timetable {
    Timetable::parse(expression, zone).expect("valid")
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// The instants after `from` and before `to`, as the zone's wall clock shows them.
fn local(expression: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
    let table = table(expression, zone);
    let all = table.after(utc(from)).take_while(|at| *at < utc(to));
    all.map(|at| at.with_timezone(&table.zone()).format("%d %H:%M%:z").to_string()).collect()
}

#[test]
fn a_time_in_the_gap_runs_once_just_after() {
    let days =
        |expression| local(expression, "Europe/Berlin", "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z");
    assert_eq!(days("30 2 * * *"), ["28 02:30+01:00", "29 03:00+02:00", "30 02:30+02:00"]);
    assert_eq!(days("0 2,3 29 * *"), ["29 03:00+02:00"], "the gap's run and the plain one are the same");
    assert_eq!(
        local("15 2 4 10 *", "Australia/Lord_Howe", "2026-10-01T00:00:00Z", "2026-10-05T00:00:00Z"),
        ["04 02:30+11:00"]
    );
    assert_eq!(
        local("0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", "2026-09-07T12:00:00Z"),
        ["06 01:00-03:00", "07 00:00-03:00"]
    );
}

#[test]
fn a_time_in_the_fold_runs_once_the_first_time() {
    let days =
        |expression| local(expression, "Europe/Berlin", "2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z");
    assert_eq!(days("30 2 * * *"), ["24 02:30+02:00", "25 02:30+02:00", "26 02:30+01:00"]);
    // Looked at from between the two, the second is not a new day's run.
    let table = table("30 2 * * *", "Europe/Berlin");
    assert_eq!(table.next_after(utc("2026-10-25T00:45:00Z")), Some(utc("2026-10-26T01:30:00Z")));
    assert_eq!(table.latest(utc("2026-10-25T01:45:00Z")), Some(utc("2026-10-25T00:30:00Z")));
}

#[test]
fn hourly_follows_elapsed_time() {
    let night = |from, to| local("0 * * * *", "Europe/Berlin", from, to);
    assert_eq!(
        night("2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z"),
        ["25 02:00+02:00", "25 02:00+01:00", "25 03:00+01:00"]
    );
    assert_eq!(
        night("2026-03-28T23:30:00Z", "2026-03-29T02:30:00Z"),
        ["29 01:00+01:00", "29 03:00+02:00", "29 04:00+02:00"]
    );
}

#[test]
fn expressions_and_zones_are_explained() {
    let error = |expression, zone| match Timetable::parse(expression, zone) {
        Err(Error::Invalid { field, message }) => format!("{field}: {message}"),
        other => panic!("{other:?}"),
    };
    for expression in
        ["", "* * * *", "0 0 * * * *", "61 * * * *", "0 9 * * MOON", "*/0 * * * *", "0 0 30 2 *", "@often"]
    {
        assert!(error(expression, "UTC").starts_with("cron_expression: "), "{expression}");
    }
    assert_eq!(
        error("0 0 * * * *", "UTC"),
        "cron_expression: `0 0 * * * *` has 6 fields; expected minute, hour, day, month and weekday"
    );
    assert_eq!(error("0 0 30 2 *", "UTC"), "cron_expression: `0 0 30 2 *` never comes");
    assert!(error("0 9 * * *", "Berlin").starts_with("timezone: "));
    assert!(error(&"1,".repeat(200), "UTC").contains("longer than"));
    for expression in
        ["@hourly", " 0 9 * * MON-FRI ", "0 0 L * *", "0 9 * * 1#1", "0 0 29 2 *", "*/5 8-18 * * 1-5"]
    {
        table(expression, "UTC");
    }
}

#[test]
fn what_was_missed_is_made_up_for() {
    let hourly = table("0 * * * *", "UTC");
    let (due, next) = (utc("2026-05-01T10:00:00Z"), utc("2026-05-04T13:00:00Z"));
    let plan = |now: &str, catch_up| hourly.plan(due, utc(now), catch_up);
    let on_time = plan("2026-05-01T10:00:00.005Z", CatchUp::None);
    assert_eq!(on_time, Plan { run: vec![due], missed: false, next: Some(utc("2026-05-01T11:00:00Z")) });
    assert_eq!(plan("2026-05-01T10:00:00.005Z", CatchUp::All), on_time);

    let late = "2026-05-04T12:30:00Z";
    assert_eq!(plan(late, CatchUp::None), Plan { run: vec![], missed: true, next: Some(next) });
    let last = utc("2026-05-04T12:00:00Z");
    assert_eq!(plan(late, CatchUp::Last), Plan { run: vec![last], missed: true, next: Some(next) });
    let all = plan(late, CatchUp::All);
    assert_eq!((all.run.len(), all.run.last(), all.missed), (24, Some(&last), true));
    assert_eq!(plan("2026-05-01T12:30:00Z", CatchUp::All).run.len(), 3);
    assert!(!plan("2026-05-01T12:30:00Z", CatchUp::All).missed);

    let often = table("* * * * *", "UTC").plan(due, utc(late), CatchUp::All);
    assert_eq!((often.run.len(), often.run.last()), (CATCH_UP_RUNS, Some(&utc(late))));
    let monthly = table("0 10 1 * *", "UTC").plan(due, utc(late), CatchUp::All);
    assert_eq!((monthly.run, monthly.missed), (vec![due], false), "the latest counts however old");
}

#[test]
fn decorators_that_cannot_be_are_warned_of() {
    let info = |name: &str, schedule: serde_json::Value, required: bool| {
        let text = serde_json::json!({
            "id": format!("a.py::{name}"), "path": "a.py", "function": name, "line": 7, "name": name, "kind": "workflow",
            "parameters": [{ "name": "customer", "type": "string", "label": "Customer", "required": required }],
            "defaults": { "schedule": schedule, "timezone": "Europe/Berlin" },
        });
        serde_json::from_value::<WorkflowInfo>(text).expect("an info")
    };
    let workflows = vec![
        info("good", "0 9 * * *".into(), false),
        info("bad", "0 25 * * *".into(), false),
        info("needy", "0 9 * * *".into(), true),
        info("odd", 5.into(), false),
        info("none", "".into(), true),
    ];
    assert_eq!(decorated(&workflows[0]).expect("asked").expect("valid").zone(), Tz::Europe__Berlin);
    assert!(decorated(&workflows[4]).is_none());
    let mut report = WorkspaceReport { workflows, ..Default::default() };
    check(&mut report);
    let found: Vec<_> =
        report.warnings.iter().map(|w| (w.path.as_str(), w.line, w.message.as_str())).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|(path, line, _)| (*path, *line) == ("a.py", Some(7))));
    assert_eq!(
        found[0].2,
        "`bad` is deployed without its schedule: hour 25 is out of range: 0 to 23 (in \"0 25 * * *\")"
    );
    assert!(found[1].2.ends_with("`customer` is required"));
}

fn expression() -> impl Strategy<Value = String> {
    let minute = prop_oneof![
        Just("*".into()),
        Just("*/7".into()),
        (0u32..60).prop_map(|n| n.to_string()),
        Just("0,20,59".to_owned())
    ];
    let hour = prop_oneof![
        Just("*".into()),
        Just("*/3".into()),
        (0u32..24).prop_map(|n| n.to_string()),
        Just("1-3".to_owned())
    ];
    let day = prop_oneof![Just("*".into()), Just("L".into()), (1u32..29).prop_map(|n| n.to_string())];
    let weekday = prop_oneof![3 => Just("*".into()), 1 => (0u32..7).prop_map(|n| n.to_string())];
    (minute, hour, day, weekday)
        .prop_map(|(m, h, d, w): (String, String, String, String)| format!("{m} {h} {d} * {w}"))
}

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    // 2010 to 2040, in seconds.
    (1_262_304_000i64..2_208_988_800)
        .prop_map(|s| DateTime::from_timestamp(s, 123_000_000).expect("in range"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn instants_strictly_increase_and_leave_nothing_out(
        expression in expression(), zone in prop::sample::select(&ZONES), from in moment(),
    ) {
        let table = table(&expression, zone);
        let mut last = from;
        for at in table.after(from).take(20) {
            prop_assert!(at > last, "{expression} in {zone}: {at} after {last}");
            // Whoever looks from anywhere in between sees the same next instant.
            let between = last + (at - last) / 2;
            prop_assert_eq!(table.next_after(between), Some(at), "from {}", between);
            prop_assert_eq!(table.latest(at), Some(at));
            let before = at - TimeDelta::seconds(1);
            if before > from {
                prop_assert!(table.latest(before).is_none_or(|earlier| earlier < at));
            }
            last = at;
        }
    }

    #[test]
    fn hourly_skips_no_hour(minute in 0u32..60, zone in prop::sample::select(&ZONES), from in moment()) {
        let table = table(&format!("{minute} * * * *"), zone);
        let mut last = None;
        for at in table.after(from).take(60) {
            if let Some(last) = last {
                let step = at - last;
                // Zones whose change is not a whole hour shift the minute within it.
                let whole = if zone == "Australia/Lord_Howe" { TimeDelta::minutes(90) } else { TimeDelta::hours(1) };
                prop_assert!(step > TimeDelta::zero() && step <= whole, "{last} to {at}");
            }
            last = Some(at);
        }
    }

    #[test]
    fn a_daily_time_comes_once_a_day(
        minute in 0u32..60, hour in 0u32..24, zone in prop::sample::select(&ZONES), from in moment(),
    ) {
        let table = table(&format!("{minute} {hour} * * *"), zone);
        let days: Vec<_> = table.after(from).take(40).map(|at| at.with_timezone(&table.zone()).date_naive()).collect();
        for pair in days.windows(2) {
            let step = (pair[1] - pair[0]).num_days();
            let left_out = zone == "Pacific/Apia" && pair[1].to_string() == "2011-12-31";
            prop_assert!(step == 1 || left_out, "{:?}", pair);
        }
    }

    #[test]
    fn a_plan_is_in_order_and_within_its_bounds(
        expression in expression(), zone in prop::sample::select(&ZONES), from in moment(),
        late in 0i64..400_000, catch_up in prop::sample::select(vec![CatchUp::None, CatchUp::Last, CatchUp::All]),
    ) {
        let table = table(&expression, zone);
        let due = table.next_after(from).expect("comes again");
        let now = due + TimeDelta::seconds(late);
        let plan = table.plan(due, now, catch_up);
        prop_assert!(plan.run.len() <= CATCH_UP_RUNS);
        prop_assert!(plan.run.is_sorted_by(|a, b| a < b));
        prop_assert!(plan.run.iter().all(|at| *at >= due && *at <= now));
        prop_assert!(plan.next.is_some_and(|next| next > now));
        if catch_up != CatchUp::None || late <= 60 {
            prop_assert!(plan.run.last().is_some_and(|last| table.next_after(*last) == plan.next));
        }
        // Nothing is lost unnoticed.
        let passed = 1 + table.after(due).take_while(|at| *at <= now).take(200).count();
        prop_assert_eq!(plan.missed, plan.run.len() < passed);
    }
}
