//! Calendar dates as registers and documents write them.

use serde::{Deserialize, Deserializer};

/// A whole date of the Gregorian calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Reads `YYYY-MM-DD`, years 1900 to 2199.
    pub fn parse(text: &str) -> Option<Self> {
        let [year, month, day] = parts(text)?;
        let date = Self {
            year,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day).ok()?,
        };
        ((1900..2200).contains(&year)
            && (1..=12).contains(&date.month)
            && (1..=date.month_length()).contains(&date.day))
        .then_some(date)
    }

    /// The date in UTC at a time in seconds since 1970.
    pub fn at(unix: u64) -> Self {
        // Days to civil date, in years that start on 1 March, so that the leap day is a year's last.
        let days = unix / 86_400 + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        Self {
            year: year.min(9999) as u16,
            month: month as u8,
            day: day as u8,
        }
    }

    /// `YYMMDD`, as in the machine readable zone (Doc 9303-3 4.8).
    pub fn yymmdd(self) -> String {
        format!("{:02}{:02}{:02}", self.year % 100, self.month, self.day)
    }

    fn is_leap_year(self) -> bool {
        self.year.is_multiple_of(if self.year.is_multiple_of(100) {
            400
        } else {
            4
        })
    }

    fn month_length(self) -> u8 {
        match self.month {
            4 | 6 | 9 | 11 => 30,
            2 if self.is_leap_year() => 29,
            2 => 28,
            _ => 31,
        }
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Dates are personal data here: Debug shows none.
impl std::fmt::Debug for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Date(..)")
    }
}

/// A time as `2026-11-22T14:05:00Z` for machines and as `2026-11-22 14:05 UTC` for people.
pub fn timestamps(unix: u64) -> (String, String) {
    let date = Date::at(unix);
    let (hour, minute, second) = (unix / 3600 % 24, unix / 60 % 60, unix % 60);
    (
        format!("{date}T{hour:02}:{minute:02}:{second:02}Z"),
        format!("{date} {hour:02}:{minute:02} UTC"),
    )
}

/// A date of birth, of which the day, the month and even the year may be unknown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate {
    year: Option<u16>,
    month: Option<u8>,
    day: Option<u8>,
}

impl BirthDate {
    /// Reads `YYYY-MM-DD` where `0000` or `00` stands for an unknown part.
    pub fn parse(text: &str) -> Option<Self> {
        let [year, month, day] = parts(text)?;
        // The known parts must fit together; an unknown year may have been a leap year.
        let known = |value: u16, unknown: u16| if value == 0 { unknown } else { value };
        Date::parse(&format!(
            "{:04}-{:02}-{:02}",
            known(year, 2000),
            known(month, 1),
            known(day, 1)
        ))?;
        Some(Self {
            year: (year != 0).then_some(year),
            month: if month == 0 {
                None
            } else {
                u8::try_from(month).ok()
            },
            day: if day == 0 {
                None
            } else {
                u8::try_from(day).ok()
            },
        })
    }

    /// `YYMMDD` with `<<` for what is unknown (Doc 9303-3 4.8).
    pub fn yymmdd(self) -> String {
        let two = |value: Option<u16>| {
            value.map_or_else(|| "<<".to_owned(), |v| format!("{:02}", v % 100))
        };
        [
            two(self.year),
            two(self.month.map(u16::from)),
            two(self.day.map(u16::from)),
        ]
        .concat()
    }
}

impl std::fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BirthDate(..)")
    }
}

fn parts(text: &str) -> Option<[u16; 3]> {
    let mut numbers = text.split('-').zip([4, 2, 2]).map(|(part, digits)| {
        (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse().ok())?
    });
    let parts = [numbers.next()??, numbers.next()??, numbers.next()??];
    (text.len() == 10).then_some(parts)
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?)
            .ok_or_else(|| serde::de::Error::custom("not a date of the form YYYY-MM-DD"))
    }
}

impl<'de> Deserialize<'de> for BirthDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| {
            serde::de::Error::custom("not a date of the form YYYY-MM-DD, with 00 for unknown parts")
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn dates_of_known_times() {
        for (unix, date) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_709_251_199, "2024-02-29"),
            (1_795_305_600, "2026-11-22"),
            (4_102_444_799, "2099-12-31"),
        ] {
            assert_eq!(Date::at(unix).to_string(), date);
            assert_eq!(Date::parse(date).unwrap(), Date::at(unix));
        }
    }

    #[test]
    fn impossible_dates_are_refused() {
        for bad in [
            "2025-02-29",
            "2100-02-29",
            "2025-13-01",
            "2025-00-01",
            "2025-01-00",
            "2025-04-31",
            "25-01-01",
            "2025-1-01",
            "2025-01-01-",
            "2025-01-011",
            "",
            "2025-01",
            "+025-01-01",
        ] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn unknown_parts_of_a_birth_date() {
        for (text, mrz) in [
            ("1965-03-10", "650310"),
            ("1965-03-00", "6503<<"),
            ("1965-00-00", "65<<<<"),
            ("0000-00-00", "<<<<<<"),
            ("0000-02-29", "<<0229"),
        ] {
            assert_eq!(BirthDate::parse(text).unwrap().yymmdd(), mrz);
        }
        assert_eq!(BirthDate::parse("1965-02-30"), None);
    }
}
