//! The digest of what leaves the recycle bin: how often, when, and how far it looks ahead.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Digests are due from this hour on, UTC: the morning of the day in Europe.
const HOUR: i64 = 6;

/// How often admins are told what leaves the recycle bin soon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Digest {
    Off,
    Daily,
    /// On Mondays.
    #[default]
    Weekly,
}

/// The time between a digest and the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The day that it begins on: names it.
    pub day: NaiveDate,
    /// When its digest is due.
    pub start: DateTime<Utc>,
    /// The digest tells of what leaves until then: a day after the next one, so that nobody has less than a day.
    pub until: DateTime<Utc>,
}

impl Digest {
    /// The period that `now` falls into; none when there are no digests.
    pub fn period(self, now: DateTime<Utc>) -> Option<Period> {
        let today = (now - TimeDelta::hours(HOUR)).date_naive();
        match self {
            Self::Off => None,
            Self::Daily => Period::of_days(today, 1),
            Self::Weekly => {
                let since_monday = Days::new(today.weekday().num_days_from_monday().into());
                Period::of_days(today.checked_sub_days(since_monday)?, 7)
            }
        }
    }

    /// The period that began on `day`.
    pub fn period_from(self, day: NaiveDate) -> Option<Period> {
        match self {
            Self::Off => None,
            Self::Daily => Period::of_days(day, 1),
            Self::Weekly => Period::of_days(day, 7),
        }
    }
}

impl Period {
    fn of_days(day: NaiveDate, days: i64) -> Option<Self> {
        let start = day.and_time(NaiveTime::MIN).and_utc().checked_add_signed(TimeDelta::hours(HOUR))?;
        Some(Self { day, start, until: start.checked_add_signed(TimeDelta::days(days + 1))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(digest: Digest, now: &str) -> Option<[String; 3]> {
        let period = digest.period(now.parse().unwrap())?;
        Some([period.day.to_string(), period.start.to_rfc3339(), period.until.to_rfc3339()])
    }

    #[test]
    fn a_week_begins_on_monday_morning_and_looks_a_day_past_the_next() {
        let week = ["2026-11-23", "2026-11-23T06:00:00+00:00", "2026-12-01T06:00:00+00:00"].map(str::to_owned);
        for now in ["2026-11-23T06:00:00Z", "2026-11-24T09:14:07Z", "2026-11-30T05:59:59Z"] {
            assert_eq!(period(Digest::Weekly, now), Some(week.clone()), "{now}");
        }
        assert_eq!(period(Digest::Weekly, "2026-11-23T05:59:59Z").unwrap()[0], "2026-11-16");
        assert_eq!(Digest::Weekly.period_from("2026-11-23".parse().unwrap()).unwrap().until.to_rfc3339(), week[2]);
    }

    #[test]
    fn a_day_begins_in_the_morning_and_off_has_no_periods() {
        let day = ["2026-11-24", "2026-11-24T06:00:00+00:00", "2026-11-26T06:00:00+00:00"].map(str::to_owned);
        for now in ["2026-11-24T06:00:00Z", "2026-11-25T05:59:59Z"] {
            assert_eq!(period(Digest::Daily, now), Some(day.clone()), "{now}");
        }
        assert_eq!(period(Digest::Off, "2026-11-24T09:14:07Z"), None);
    }
}
