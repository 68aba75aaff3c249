//! Reading cron expressions, and saying in one sentence what is wrong with one.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// A field of an expression: what it is called, and what it may be.
struct Field {
    name: &'static str,
    least: u16,
    most: u16,
    /// The first one stands for `least`.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[] },
    Field { name: "hour", least: 0, most: 23, names: &[] },
    Field { name: "day", least: 1, most: 31, names: &[] },
    Field {
        name: "month",
        least: 1,
        most: 12,
        names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    },
    Field { name: "weekday", least: 0, most: 7, names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] },
];

/// Reads five fields, or a nickname such as `@daily`.
///
/// # Errors
/// What is wrong, for whoever wrote it.
pub(crate) fn parse(expression: &str) -> Result<Cron, String> {
    parser().parse(expression.trim()).map_err(|_| explain(expression.trim()))
}

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build()
}

/// What is wrong with an expression. The parser decides that, but does not tell the field.
fn explain(expression: &str) -> String {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    if fields.is_empty() {
        return "expected minute, hour, day, month and weekday, such as `0 9 * * 1-5`".into();
    }
    if expression.starts_with('@') {
        return format!("`{expression}` is none of @hourly, @daily, @weekly, @monthly and @yearly");
    }
    if fields.len() != FIELDS.len() {
        let (count, plural) = (fields.len(), if fields.len() == 1 { "" } else { "s" });
        return format!(
            "`{expression}` has {count} field{plural}; expected minute, hour, day, month and weekday"
        );
    }
    let wrong = fields.iter().enumerate().find_map(|(index, field)| {
        let mut parts = field.split(',').filter(|part| !part.is_empty());
        let part = parts.find(|part| !is_valid(index, part))?;
        Some(FIELDS[index].wrong(part))
    });
    format!("{} (in \"{expression}\")", wrong.unwrap_or_else(|| "it is not understood".into()))
}

/// Whether a part of a field is one, on its own.
fn is_valid(index: usize, part: &str) -> bool {
    let mut fields = ["*"; FIELDS.len()];
    fields[index] = part;
    parser().parse(&fields.join(" ")).is_ok()
}

impl Field {
    /// Why a part of the field cannot be.
    fn wrong(&self, part: &str) -> String {
        let Self { name, least, most, .. } = self;
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let ends: Vec<&str> = range.split('-').map(|end| end.split('#').next().unwrap_or(end)).collect();
        for end in &ends {
            let number = end.trim_end_matches(['L', 'l', 'W', 'w']);
            if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
                if !number.parse().is_ok_and(|number: u16| (*least..=*most).contains(&number)) {
                    return format!("{name} {number} is out of range: {least} to {most}");
                }
            } else if !number.is_empty() && end.chars().all(char::is_alphabetic) && self.value(end).is_none()
            {
                return format!("{name} `{end}` is unknown: expected {}", self.values());
            }
        }
        if let [from, to] = ends[..]
            && self.value(from) > self.value(to)
            && self.value(to).is_some()
        {
            return format!("{name} range `{range}` goes backwards");
        }
        match step {
            Some(step) if !step.parse().is_ok_and(|step: u16| step > 0) => {
                format!("{name} `{part}`: a step is a number, at least 1")
            }
            Some(step) if range.is_empty() || ends.len() == 1 && range != "*" => {
                format!(
                    "{name} `{part}`: a step needs a range, such as `*/{step}` or `{least}-{most}/{step}`"
                )
            }
            _ => format!("{name} `{part}` is not understood: expected {}", self.values()),
        }
    }

    /// The number that a number or a name stands for.
    fn value(&self, text: &str) -> Option<u16> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        named
            .and_then(|index| u16::try_from(index).ok())
            .map(|index| self.least + index)
            .or(text.parse().ok())
    }

    /// What it may be, in words.
    fn values(&self) -> String {
        let Self { least, most, .. } = self;
        match self.names {
            [first, .., last] => format!("{least} to {most}, or {first} to {last}"),
            _ => format!("{least} to {most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn why(expression: &str) -> String {
        parse(expression).expect_err(expression)
    }

    #[test]
    fn a_number_out_of_range_is_named_with_its_field_and_range() {
        for (expression, why) in [
            ("75 * * * *", "minute 75 is out of range: 0 to 59"),
            ("0 24 * * *", "hour 24 is out of range: 0 to 23"),
            ("0 9 0 * *", "day 0 is out of range: 1 to 31"),
            ("0 9 * 13 *", "month 13 is out of range: 1 to 12"),
            ("0 9 * * 8", "weekday 8 is out of range: 0 to 7"),
            ("0,30,60 * * * *", "minute 60 is out of range: 0 to 59"),
            ("0 8-25 * * *", "hour 25 is out of range: 0 to 23"),
            ("10-70/5 * * * *", "minute 70 is out of range: 0 to 59"),
            ("0 9 32W * *", "day 32 is out of range: 1 to 31"),
            ("0 9 * * 9#1", "weekday 9 is out of range: 0 to 7"),
            ("99999999999999999999999 * * * *", "minute 99999999999999999999999 is out of range: 0 to 59"),
        ] {
            assert_eq!(self::why(expression), format!("{why} (in \"{expression}\")"));
        }
        // The first of several.
        assert_eq!(why("0 24 32 13 8"), "hour 24 is out of range: 0 to 23 (in \"0 24 32 13 8\")");
    }

    #[test]
    fn fields_are_counted() {
        let expected = "expected minute, hour, day, month and weekday";
        assert_eq!(why("0"), format!("`0` has 1 field; {expected}"));
        assert_eq!(why("0 9 * *"), format!("`0 9 * *` has 4 fields; {expected}"));
        assert_eq!(why(" 0 0 9 * * * "), format!("`0 0 9 * * *` has 6 fields; {expected}"));
        for empty in ["", "  ", "\t\n"] {
            assert_eq!(why(empty), format!("{expected}, such as `0 9 * * 1-5`"));
        }
    }

    #[test]
    fn names_are_those_of_months_and_weekdays() {
        assert_eq!(
            why("0 9 * * FOO"),
            "weekday `FOO` is unknown: expected 0 to 7, or SUN to SAT (in \"0 9 * * FOO\")"
        );
        assert_eq!(
            why("0 9 * Foo-DEC *"),
            "month `Foo` is unknown: expected 1 to 12, or JAN to DEC (in \"0 9 * Foo-DEC *\")"
        );
        assert_eq!(why("FOO * * * *"), "minute `FOO` is unknown: expected 0 to 59 (in \"FOO * * * *\")");
        assert_eq!(why("@often"), "`@often` is none of @hourly, @daily, @weekly, @monthly and @yearly");
    }

    #[test]
    fn steps_need_a_number_and_a_range() {
        for step in ["0", "x", "-1", ""] {
            let expression = format!("*/{step} * * * *");
            let why = format!("minute `*/{step}`: a step is a number, at least 1");
            assert_eq!(self::why(&expression), format!("{why} (in \"{expression}\")"));
        }
        for part in ["5/10", "/10"] {
            let why = format!("minute `{part}`: a step needs a range, such as `*/10` or `0-59/10`");
            assert_eq!(self::why(&format!("{part} * * * *")), format!("{why} (in \"{part} * * * *\")"));
        }
    }

    #[test]
    fn what_else_can_be_wrong_is_said() {
        for (expression, why) in [
            ("0 18-8 * * *", "hour range `18-8` goes backwards"),
            ("0 9 * * FRI-MON", "weekday range `FRI-MON` goes backwards"),
            ("-5 * * * *", "minute `-5` is not understood: expected 0 to 59"),
            ("5L * * * *", "minute `5L` is not understood: expected 0 to 59"),
            ("0 9 L-3 * *", "day `L-3` is not understood: expected 1 to 31"),
            ("0 9 * * 1#6", "weekday `1#6` is not understood: expected 0 to 7, or SUN to SAT"),
            ("0 9 * * 1,+2", "it is not understood"),
        ] {
            assert_eq!(self::why(expression), format!("{why} (in \"{expression}\")"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_refused_is_shown(expression in "[0-9*/,#LW?+-]{1,4}( [0-9*/,#LWAJN?+-]{1,4}){4}") {
            if let Err(why) = parse(&expression) {
                prop_assert!(why.ends_with(&format!("(in \"{expression}\")")), "{}", why);
            }
        }
    }
}
