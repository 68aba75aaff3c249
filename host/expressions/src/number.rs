//! Numbers: there is one kind, the double of JSON and of browsers.

use serde_json::{Number, Value};

/// Whole numbers below it are exact (2^53).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The number as JSON: whole ones without a fraction, and no negative zero. Infinities and what is
/// no number, which the evaluator refuses before, are nothing.
pub(crate) fn json(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and below 2^53")]
        return Value::Number(Number::from(number as i64));
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// As people write it: whole numbers without a fraction, and never with an exponent.
pub(crate) fn text(number: f64) -> String {
    if number == 0.0 { "0".to_owned() } else { number.to_string() }
}

/// A number that is written in a text, with a point and no separators; spaces around it do not count.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

/// Rounds to decimal digits, halves away from zero; negative `digits` are those before the point.
pub(crate) fn round(number: f64, digits: i32) -> f64 {
    let power = power_of_ten(digits.unsigned_abs());
    let rounded =
        if digits < 0 { (number / power).round() * power } else { (number * power).round() / power };
    // Beyond what a double holds there is nothing to round.
    if rounded.is_finite() { rounded } else { number }
}

/// Exact up to 10^22.
fn power_of_ten(exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |power, _| power * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_written_whole() {
        for (number, expected) in
            [(1.0, "1"), (-0.0, "0"), (1.5, "1.5"), (9e15, "9000000000000000"), (f64::NAN, "null")]
        {
            assert_eq!(json(number).to_string(), expected);
        }
    }

    #[test]
    fn texts_that_are_numbers() {
        for (text, expected) in [
            (" 12 ", Some(12.0)),
            ("-1.5e3", Some(-1500.0)),
            ("1,5", None),
            ("inf", None),
            ("1e999", None),
            ("", None),
            ("0x1", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (number, digits, expected) in [
            (2.5, 0, 3.0),
            (-2.5, 0, -3.0),
            (1.25, 1, 1.3),
            (1234.0, -2, 1200.0),
            (1e300, 20, 1e300),
            (0.1 + 0.2, 2, 0.3),
        ] {
            assert_eq!(round(number, digits), expected, "{number} {digits}");
        }
    }
}
