//! Days and times as texts, and their order.

use std::cmp::Ordering;

const DAY: i64 = 86_400;

/// A day, `2026-01-31`, as days since 1970-01-01.
pub(crate) fn day(text: &str) -> Option<i64> {
    (text.len() == 10).then(|| bifrost_expressions::days(text)).flatten()
}

/// A day and a time, as in RFC 3339, with or without seconds and offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Seconds and nanoseconds since 1970-01-01 where it was written.
    local: (i64, u32),
    /// Seconds that its place is ahead of UTC.
    offset: Option<i64>,
}

impl Moment {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let rest = rest.strip_prefix('T')?;
        let (time, offset) = match rest.find(['Z', '+', '-']) {
            None => (rest, None),
            Some(at) => {
                let (time, offset) = rest.split_at_checked(at)?;
                (time, Some(self::offset(offset)?))
            }
        };
        let (seconds, nanoseconds) = self::time(time)?;
        Some(Self { local: (day(date)? * DAY + seconds, nanoseconds), offset })
    }

    /// Seconds since 1970-01-01 in UTC, where that is known.
    fn utc(self) -> Option<(i64, u32)> {
        self.offset.map(|offset| (self.local.0 - offset, self.local.1))
    }
}

/// The order of two days or times. A time is on a day when it is written on it; two times are
/// compared as written unless both say their offset. None where one is neither.
pub(crate) fn compared(one: &str, other: &str) -> Option<Ordering> {
    match (Moment::parse(one), Moment::parse(other)) {
        (Some(one), Some(other)) => match (one.utc(), other.utc()) {
            (Some(one), Some(other)) => Some(one.cmp(&other)),
            _ => Some(one.local.cmp(&other.local)),
        },
        (one_moment, other_moment) => {
            let days = |text, moment: Option<Moment>| match moment {
                Some(moment) => Some(moment.local.0.div_euclid(DAY)),
                None => day(text),
            };
            Some(days(one, one_moment)?.cmp(&days(other, other_moment)?))
        }
    }
}

/// Two digits, below a bound.
fn pair(text: &str, bound: i64) -> Option<i64> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|number| *number < bound)
}

fn time(text: &str) -> Option<(i64, u32)> {
    let mut parts = text.split(':');
    let (hours, minutes) = (pair(parts.next()?, 24)?, pair(parts.next()?, 60)?);
    let (seconds, fraction) = match parts.next() {
        None => (0, 0),
        Some(text) => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
            let digits = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit());
            let fraction = digits.then(|| format!("{fraction:0<9}").parse().ok()).flatten()?;
            (pair(whole, 60)?, fraction)
        }
    };
    parts.next().is_none().then_some((hours * 3_600 + minutes * 60 + seconds, fraction))
}

fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    Some(sign * (pair(hours, 24)? * 3_600 + pair(minutes, 60)? * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_compared() {
        for (text, expected) in [
            ("2026-01-31T08:30", true),
            ("2026-01-31T08:30:15", true),
            ("2026-01-31T08:30:15.25Z", true),
            ("2026-01-31T08:30:15+01:00", true),
            ("2026-01-31T08:30-05:30", true),
            ("2026-01-31", false),
            ("2026-01-31T24:00", false),
            ("2026-01-31T08:60", false),
            ("2026-01-31T8:30", false),
            ("2026-02-30T08:30", false),
            ("2026-01-31T08:30:15.", false),
            ("2026-01-31T08:30+1:00", false),
            ("2026-01-31T08:30:15:15", false),
            ("2026-01-31 08:30", false),
            ("2026-01-3éT08:30", false),
            ("", false),
        ] {
            assert_eq!(Moment::parse(text).is_some(), expected, "{text}");
        }
        for (one, other, expected) in [
            ("2026-01-31T08:30+02:00", "2026-01-31T07:00Z", Some(Ordering::Less)),
            ("2026-01-31T08:30+02:00", "2026-01-31T07:00", Some(Ordering::Greater)),
            ("2026-01-31T23:59", "2026-01-31", Some(Ordering::Equal)),
            ("2026-01-31", "2026-02-01", Some(Ordering::Less)),
            ("2026-01-31", "tomorrow", None),
        ] {
            assert_eq!(compared(one, other), expected, "{one} {other}");
        }
    }
}
