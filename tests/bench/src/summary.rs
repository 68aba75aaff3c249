//! What was measured: the figures, how they came about, and what could not be measured.

use crate::targets::{TARGETS, look_up};
use serde_json::{Map, Value, json};

/// The figures of one run of the benchmark.
#[derive(Default)]
pub struct Summary {
    figures: Value,
    details: Value,
    missing: Map<String, Value>,
    settings: Value,
}

impl Summary {
    /// Sets a key of the design's table.
    pub fn set(&mut self, key: &str, value: f64) {
        debug_assert!(TARGETS.iter().any(|target| target.key == key), "{key} is no documented key");
        put(&mut self.figures, key, json!(rounded(value)));
    }

    /// Notes something beside the table: numbers of samples, other baselines.
    pub fn note(&mut self, key: &str, value: impl Into<Value>) {
        let value = match value.into() {
            Value::Number(number) if number.is_f64() => json!(rounded(number.as_f64().unwrap_or(0.0))),
            other => other,
        };
        put(&mut self.details, key, value);
    }

    /// Says why something was not measured.
    pub fn missing(&mut self, key: &str, why: impl Into<String>) {
        self.missing.insert(key.to_owned(), Value::String(why.into()));
    }

    /// What was measured, with what.
    pub fn settings(&mut self, settings: Value) {
        self.settings = settings;
    }

    /// A figure that was set.
    pub fn get(&self, key: &str) -> Option<f64> {
        look_up(&self.figures, key)?.as_f64()
    }

    /// Why some figures are not there.
    pub fn all_missing(&self) -> &Map<String, Value> {
        &self.missing
    }

    /// All of it, as it is written to the file.
    pub fn document(&self) -> Value {
        let mut all = match &self.figures {
            Value::Object(figures) => figures.clone(),
            _ => Map::new(),
        };
        all.insert("settings".into(), self.settings.clone());
        all.insert("details".into(), self.details.clone());
        all.insert("missing".into(), Value::Object(self.missing.clone()));
        Value::Object(all)
    }

    /// A table for people.
    pub fn table(&self) -> String {
        let mut text = format!("{:<38} {:>10}  {:<22} {:<10}\n", "key", "figure", "must", "aim");
        for row in self.rows() {
            text.push_str(&format!("{:<38} {:>10}  {:<22} {:<10}\n", row[0], row[1], row[2], row[3]));
        }
        for (key, why) in &self.missing {
            text.push_str(&format!("{key}: {}\n", why.as_str().unwrap_or_default()));
        }
        text
    }

    /// Key, figure, must and aim of every key that was measured.
    pub fn rows(&self) -> Vec<[String; 4]> {
        let verdict = |bound: Option<crate::targets::Bound>, figure: f64| match bound {
            None => String::new(),
            Some(bound) => {
                let mark = match bound.holds(figure, &self.figures) {
                    Some(true) => "✓",
                    Some(false) => "✗",
                    None => "?",
                };
                format!("{mark} {bound}")
            }
        };
        TARGETS
            .iter()
            .filter_map(|target| {
                let figure = self.get(target.key)?;
                let (must, aim) = (verdict(target.must, figure), verdict(target.aim, figure));
                Some([target.key.to_owned(), format!("{figure}"), must, aim])
            })
            .collect()
    }
}

/// Four significant digits say all that these measurements know.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    let scale = 10f64.powi(digits.clamp(0, 9));
    (value * scale).round() / scale
}

fn put(tree: &mut Value, key: &str, value: Value) {
    let mut place = tree;
    for part in key.split('.') {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[part];
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_keys_as_a_tree() {
        let mut summary = Summary::default();
        summary.set("latency_ms.embedded.p50", 2.71234);
        summary.note("latency.samples", 400);
        summary.missing("scaling", "one core");
        let all = summary.document();
        assert_eq!(all["latency_ms"]["embedded"]["p50"], 2.712);
        assert_eq!(all["details"]["latency"]["samples"], 400);
        assert!(summary.table().contains("✓ ≤ 10"), "{}", summary.table());
    }

    #[test]
    fn rounding_keeps_large_figures_whole() {
        assert_eq!(rounded(1234.56), 1235.0);
        assert_eq!(rounded(0.012345), 0.01235);
        assert_eq!(rounded(0.0), 0.0);
    }
}
