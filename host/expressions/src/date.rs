//! Days of the Gregorian calendar, written `2026-01-31` as in date fields. A text with a time counts
//! as the day that is written in it; no time zone changes that.

/// A day, years 1 to 9999.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Date {
    year: i64,
    month: i64,
    day: i64,
}

/// Days in 400 years, after which the calendar repeats itself.
const ERA_DAYS: i64 = 146_097;
/// Days from the first of March of the year 0 to 1970-01-01.
const EPOCH: i64 = 719_468;

impl Date {
    /// The day that a text begins with, when only a time follows it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (day, time) = text.split_at_checked(10)?;
        let mut parts = day
            .split('-')
            .map(|part| part.bytes().all(|byte| byte.is_ascii_digit()).then_some(part)?.parse::<i64>().ok());
        let date = Self { year: parts.next()??, month: parts.next()??, day: parts.next()?? };
        let well_formed = day.as_bytes().get(4) == Some(&b'-') && day.as_bytes().get(7) == Some(&b'-');
        let is_time = time.is_empty()
            || time.strip_prefix(['T', 't', ' ']).is_some_and(|time| {
                time.starts_with(|first: char| first.is_ascii_digit())
                    && time.bytes().all(|byte| byte.is_ascii_digit() || b":.+-Zz".contains(&byte))
            });
        (well_formed && is_time && Self::from_days(date.days()) == Some(date)).then_some(date)
    }

    /// Days since 1970-01-01.
    pub(crate) fn days(self) -> i64 {
        // Years begin in March here, so that the leap day is their last one.
        let (year, month) =
            if self.month > 2 { (self.year, self.month - 3) } else { (self.year - 1, self.month + 9) };
        let day_of_year = (153 * month + 2) / 5 + self.day - 1;
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH
    }

    /// The day that many days after 1970-01-01, if its year has four digits.
    pub(crate) fn from_days(days: i64) -> Option<Self> {
        let days = days.checked_add(EPOCH)?;
        let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        let year = year_of_era + era * 400 + next;
        (1..=9_999).contains(&year).then_some(Self { year, month, day })
    }

    /// Whole years until another day; negative when that was before.
    pub(crate) fn years_until(self, other: Self) -> i64 {
        if other < self {
            return -other.years_until(self);
        }
        other.year - self.year - i64::from((other.month, other.day) < (self.month, self.day))
    }

    /// 1 for Monday to 7 for Sunday, as in ISO 8601.
    pub(crate) fn weekday(self) -> i64 {
        // 1970-01-01 was a Thursday.
        (self.days() + 3).rem_euclid(7) + 1
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_itself_again() {
        let days = |text| Date::parse(text).expect("a day").days();
        // 400 years, after which all comes again.
        let mut weekday = 0;
        for days in days("1800-01-01")..days("2200-01-01") {
            let date = Date::from_days(days).expect("a day");
            assert_eq!(Date::parse(&date.to_string()), Some(date));
            assert_eq!(date.days(), days);
            assert!(weekday == 0 || date.weekday() == weekday % 7 + 1, "{date}");
            weekday = date.weekday();
        }
        assert_eq!(Date::from_days(days("0001-01-01") - 1), None);
        assert_eq!(Date::from_days(days("9999-12-31") + 1), None);
        assert_eq!(days("1970-01-01"), 0);
        assert_eq!(Date::from_days(i64::MAX), None);
    }

    #[test]
    fn what_is_a_day() {
        for (text, expected) in [
            ("2026-01-31", true),
            ("2024-02-29", true),
            ("2026-11-26T08:39:00+01:00", true),
            ("2026-11-26 08:39", true),
            ("2026-02-29", false),
            ("2026-13-01", false),
            ("2026-00-01", false),
            ("0000-01-01", false),
            ("26-1-1", false),
            ("2026-1-001", false),
            ("2026-01-01T", false),
            ("2026-01-01Tmorning", false),
            ("2026-01-012", false),
            ("+026-01-01", false),
            ("2026-01-0é", false),
            ("31.01.2026", false),
        ] {
            assert_eq!(Date::parse(text).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn ages() {
        for (born, today, expected) in [
            ("2008-02-29", "2026-02-28", 17),
            ("2008-02-29", "2026-03-01", 18),
            ("2000-05-05", "2026-05-05", 26),
            ("2026-05-05", "2000-05-05", -26),
            ("2026-05-06", "2025-05-07", 0),
        ] {
            let date = |text| Date::parse(text).expect("a day");
            assert_eq!(date(born).years_until(date(today)), expected, "{born} {today}");
        }
    }
}
