//! What a run was worth: the time that it saved, and a value.

use serde_json::{Map, Value, json};

/// Most seconds that one run saves: a year.
const MAX_SECONDS: f64 = 31_536_000.0;
/// Highest value of one run, in thousandths.
const MAX_VALUE: f64 = 1e15;
/// In a minute.
const SECONDS: f64 = 60.0;
/// In one of whatever a value is counted in.
const THOUSANDTHS: f64 = 1_000.0;

/// What runs were worth, in whole numbers that can be summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roi {
    /// Time saved, in seconds.
    pub seconds: i64,
    /// In thousandths.
    pub value: i64,
}

impl Roi {
    /// From `{time_saved, value}`: minutes, and whatever the organization counts in. `None` when that
    /// is nothing, or no number.
    pub fn read(roi: &Value) -> Option<Self> {
        let whole = |name: &str, factor: f64, most: f64| {
            let number = number(roi.get(name)?)? * factor;
            Some(number.round().clamp(0.0, most) as i64)
        };
        let read = Self {
            seconds: whole("time_saved", SECONDS, MAX_SECONDS).unwrap_or(0),
            value: whole("value", THOUSANDTHS, MAX_VALUE).unwrap_or(0),
        };
        (read != Self::default()).then_some(read)
    }

    /// In minutes.
    pub fn minutes(self) -> f64 {
        self.seconds as f64 / SECONDS
    }

    /// As it was counted.
    pub fn value(self) -> f64 {
        self.value as f64 / THOUSANDTHS
    }
}

/// What a decorator says that a run is worth which says nothing itself: its `time_saved` and `value`.
pub fn declared(defaults: &Map<String, Value>) -> Option<Value> {
    let part = |name: &str| defaults.get(name).filter(|value| number(value).is_some()).cloned();
    let (saved, value) = (part("time_saved"), part("value"));
    let roi = json!({ "time_saved": saved.unwrap_or_else(|| 0.into()), "value": value.unwrap_or_else(|| 0.into()) });
    Roi::read(&roi).map(|_| roi)
}

/// Decimals come as text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_worth_nothing() {
        let read = |value: Value| Roi::read(&value);
        assert_eq!(read(json!({"time_saved": 5, "value": 1.5})), Some(Roi { seconds: 300, value: 1_500 }));
        assert_eq!(read(json!({"time_saved": 0.25})), Some(Roi { seconds: 15, value: 0 }));
        assert_eq!(read(json!({"value": "12.34"})), Some(Roi { seconds: 0, value: 12_340 }));
        assert_eq!(read(json!({"time_saved": -5, "value": 0})), None);
        assert_eq!(read(json!({"time_saved": 1e300})), Some(Roi { seconds: MAX_SECONDS as i64, value: 0 }));
        for nothing in
            [json!({}), json!(null), json!([5]), json!({"time_saved": "inf"}), json!({"value": []})]
        {
            assert_eq!(read(nothing.clone()), None, "{nothing}");
        }
        assert_eq!(Roi { seconds: 90, value: 1_500 }.minutes(), 1.5);
        assert_eq!(Roi { seconds: 90, value: 1_500 }.value(), 1.5);
    }

    #[test]
    fn a_decorator_says_what_a_run_is_worth() {
        let declared = |value: Value| declared(value.as_object().expect("an object"));
        assert_eq!(
            declared(json!({"time_saved": 5, "schedule": "x"})),
            Some(json!({"time_saved": 5, "value": 0}))
        );
        assert_eq!(
            declared(json!({"time_saved": "soon", "value": 2})),
            Some(json!({"time_saved": 0, "value": 2}))
        );
        assert_eq!(declared(json!({"time_saved": 0})), None);
        assert_eq!(declared(json!({})), None);
    }
}
