//! Points in time, and the two ASN.1 types that certificates write them in.

use core::fmt;

use crate::tlv::Tlv;
use crate::tlv::asn1::{GENERALIZED_TIME, UTC_TIME};

use super::PkiError;

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted. This crate has no clock: callers pass the time in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// Midnight UTC at the start of a day of the Gregorian calendar; `None` if there is no such day.
    #[must_use]
    pub fn from_date(year: i64, month: u8, day: u8) -> Option<Self> {
        Self::from_civil(year, month, day, 0, 0, 0)
    }

    fn from_civil(year: i64, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Option<Self> {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days_in_month = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        // 60 is a leap second.
        if !(0..=9999).contains(&year)
            || day == 0
            || day > days_in_month
            || hour > 23
            || minute > 59
            || second > 60
        {
            return None;
        }
        // Days since 0000-03-01: years begin in March, so that the leap day is the last of its year.
        let (year, month) = if month > 2 {
            (year, month - 3)
        } else {
            (year - 1, month + 9)
        };
        let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
            + year.div_euclid(400)
            + (153 * i64::from(month) + 2) / 5
            + i64::from(day)
            - 1;
        /// Days from 0000-03-01 to 1970-01-01.
        const EPOCH: i64 = 719_468;
        let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        Some(Self((days - EPOCH) * 86_400 + seconds))
    }

    /// Year, month and day in UTC.
    #[must_use]
    pub fn date(self) -> (i64, u8, u8) {
        let days = self.0.div_euclid(86_400) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, carry) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        let small = |value: i64| u8::try_from(value).unwrap_or_default();
        (year_of_era + era * 400 + carry, small(month), small(day))
    }
}

/// Reads a day (`2031-07-01`, its first moment in UTC), a day with a time in UTC (`2031-07-01T12:00:00Z`), or seconds since
/// 1970.
impl core::str::FromStr for UnixTime {
    type Err = PkiError;

    fn from_str(text: &str) -> Result<Self, PkiError> {
        if let Ok(seconds) = text.parse() {
            return Ok(Self(seconds));
        }
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, time.strip_suffix('Z').ok_or(PkiError::Time)?),
            None => (text, "00:00:00"),
        };
        let numbers = |text: &str, separator| -> Option<[i64; 3]> {
            let parts: Option<Vec<i64>> = text
                .split(separator)
                .map(|part| {
                    part.bytes()
                        .all(|byte| byte.is_ascii_digit())
                        .then(|| part.parse().ok())?
                })
                .collect();
            parts?.try_into().ok()
        };
        let [year, month, day] = numbers(date, '-').ok_or(PkiError::Time)?;
        let [hour, minute, second] = numbers(time, ':').ok_or(PkiError::Time)?;
        let small = |number: i64| u8::try_from(number).map_err(|_| PkiError::Time);
        Self::from_civil(
            year,
            small(month)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            small(second)?,
        )
        .ok_or(PkiError::Time)
    }
}

/// As `2026-09-01T00:00:00Z`.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let second = self.0.rem_euclid(86_400);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }
}

/// A time of a certificate and whether it is written as RFC 5280 4.1.2.5 has it.
pub(crate) struct Time {
    pub(crate) time: UnixTime,
    pub(crate) conforming: bool,
}

/// Reads UTCTime or GeneralizedTime; also without seconds, without `Z`, with an offset, or in the wrong one of both types.
pub(crate) fn parse(tlv: Tlv<'_>) -> Result<Time, PkiError> {
    let digits_of_year = match tlv.tag {
        UTC_TIME => 2,
        GENERALIZED_TIME => 4,
        _ => return Err(PkiError::Time),
    };
    parse_text(tlv.value, digits_of_year)
}

/// Reads the text of a GeneralizedTime whose tag is implicit.
pub(crate) fn parse_generalized(text: &[u8]) -> Result<Time, PkiError> {
    parse_text(text, 4)
}

fn parse_text(text: &[u8], digits_of_year: usize) -> Result<Time, PkiError> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = |from: usize, len: usize| -> Result<i64, PkiError> {
        let digits = text.get(from..from + len).ok_or(PkiError::Time)?;
        Ok(digits.iter().fold(0, |value, digit| {
            value * 10 + i64::from(digit.wrapping_sub(b'0'))
        }))
    };
    let pair = |at: usize| {
        number(digits_of_year + at, 2)
            .and_then(|value| u8::try_from(value).map_err(|_| PkiError::Time))
    };
    let with_seconds = match digits.checked_sub(digits_of_year) {
        Some(8) => false,
        Some(10) => true,
        _ => return Err(PkiError::Time),
    };
    let mut year = number(0, digits_of_year)?;
    if digits_of_year == 2 {
        year += if year < 50 { 2000 } else { 1900 };
    }
    let second = if with_seconds { pair(8)? } else { 0 };
    let time = UnixTime::from_civil(year, pair(0)?, pair(2)?, pair(4)?, pair(6)?, second)
        .ok_or(PkiError::Time)?;

    let mut zone = text.get(digits..).unwrap_or_default();
    let mut conforming = with_seconds && (digits_of_year == 2) == (1950..2050).contains(&year);
    if let [b'.' | b',', fraction @ ..] = zone {
        conforming = false;
        let len = fraction
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        zone = fraction.get(len..).unwrap_or_default();
    }
    let offset = match zone {
        b"Z" => 0,
        b"" => {
            conforming = false;
            0
        }
        [sign @ (b'+' | b'-'), rest @ ..]
            if rest.len() == 4 && rest.iter().all(u8::is_ascii_digit) =>
        {
            conforming = false;
            let [h1, h2, m1, m2] =
                [rest[0], rest[1], rest[2], rest[3]].map(|digit| i64::from(digit - b'0'));
            let seconds = (h1 * 10 + h2) * 3600 + (m1 * 10 + m2) * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => return Err(PkiError::Time),
    };
    Ok(Time {
        time: UnixTime(time.0 - offset),
        conforming,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::tlv::encode;

    fn read(tag: u32, text: &str) -> Result<(i64, bool), PkiError> {
        parse(Tlv::only(&encode(tag, text.as_bytes())).unwrap())
            .map(|time| (time.time.0, time.conforming))
    }

    #[test]
    fn both_types_and_their_oddities() {
        assert_eq!(read(UTC_TIME, "700101000000Z"), Ok((0, true)));
        assert_eq!(read(UTC_TIME, "260901000000Z"), Ok((1_788_220_800, true)));
        assert_eq!(read(UTC_TIME, "500101000000Z"), Ok((-631_152_000, true)));
        assert_eq!(
            read(GENERALIZED_TIME, "20500101000000Z"),
            Ok((2_524_608_000, true))
        );
        assert_eq!(
            read(GENERALIZED_TIME, "20260901000000Z"),
            Ok((1_788_220_800, false))
        );
        assert_eq!(
            read(UTC_TIME, "2609010200+0200"),
            Ok((1_788_220_800, false))
        );
        assert_eq!(read(UTC_TIME, "260901000000"), Ok((1_788_220_800, false)));
        assert_eq!(
            read(GENERALIZED_TIME, "20260901000000.5Z"),
            Ok((1_788_220_800, false))
        );
        for wrong in [
            "",
            "2609",
            "261301000000Z",
            "260230000000Z",
            "260901240000Z",
            "260901000000X",
            "26090100000Z",
        ] {
            assert_eq!(read(UTC_TIME, wrong), Err(PkiError::Time), "{wrong}");
        }
    }

    #[test]
    fn dates_are_shown() {
        assert_eq!(UnixTime(1_788_220_800).to_string(), "2026-09-01T00:00:00Z");
        assert_eq!(UnixTime(-1).to_string(), "1969-12-31T23:59:59Z");
        assert_eq!(
            UnixTime::from_date(2024, 2, 29).unwrap().to_string(),
            "2024-02-29T00:00:00Z"
        );
        assert_eq!(UnixTime::from_date(2023, 2, 29), None);
    }

    proptest! {
        #[test]
        fn dates_go_both_ways(days in -719_000i64..2_900_000) {
            let (year, month, day) = UnixTime(days * 86_400).date();
            prop_assert_eq!(UnixTime::from_date(year, month, day), Some(UnixTime(days * 86_400)));
        }

        #[test]
        fn arbitrary_text_never_panics(text in proptest::collection::vec(any::<u8>(), 0..30), tag in 0x17u32..0x19) {
            let _ = parse(Tlv::only(&encode(tag, &text)).unwrap());
        }
    }
}
