//! When a key ends, as callers write it (key-storage.md, section 8).

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

const FORM: &str = "expected a time such as 2026-04-14T12:01:10Z or 2026-04-14T14:01:10+02:00, or a date";

/// Reads an RFC 3339 date-time with any offset and fraction, or a date, which is its midnight in `Z`.
///
/// # Errors
/// What was expected.
pub fn parse(text: &str) -> Result<Timestamp, &'static str> {
    let (date, rest) = text.split_at_checked(10).ok_or(FORM)?;
    let date = parse_date(date)?;
    if rest.is_empty() {
        return instant(date.to_datetime(jiff::civil::Time::midnight()), Offset::UTC, false);
    }
    let (clock, rest) = rest.split_at_checked(9).ok_or(FORM)?;
    if !fits(clock, "Tdd:dd:dd") && !fits(clock, "tdd:dd:dd") {
        return Err(FORM);
    }
    let [hour, minute, second] = [1, 4, 7].map(|at| two_digits(clock, at));
    // A leap second is the following second, as clocks that know none would have it.
    let leap = second == 60;
    let (nanoseconds, zone) = fraction(rest).ok_or(FORM)?;
    let time = jiff::civil::Time::new(hour, minute, if leap { 59 } else { second }, nanoseconds);
    let time = time.map_err(|_| NO_SUCH)?;
    instant(date.to_datetime(time), offset(zone)?, leap)
}

/// In `Z` and whole seconds, as answers write every time.
pub(super) fn write(time: Timestamp) -> String {
    let seconds = time.as_microsecond().div_euclid(1_000_000);
    Timestamp::from_second(seconds).unwrap_or(time).to_string()
}

const NO_SUCH: &str = "there is no such time";

fn instant(civil: DateTime, offset: Offset, leap: bool) -> Result<Timestamp, &'static str> {
    let time = offset.to_timestamp(civil).map_err(|_| NO_SUCH)?;
    time.checked_add(SignedDuration::from_secs(i64::from(leap))).map_err(|_| NO_SUCH)
}

fn parse_date(text: &str) -> Result<Date, &'static str> {
    if !fits(text, "dddd-dd-dd") {
        return Err(FORM);
    }
    let year = text.get(..4).and_then(|digits| digits.parse().ok()).ok_or(FORM)?;
    Date::new(year, two_digits(text, 5), two_digits(text, 8)).map_err(|_| NO_SUCH)
}

fn offset(zone: &str) -> Result<Offset, &'static str> {
    match zone.as_bytes() {
        b"Z" | b"z" => Ok(Offset::UTC),
        [sign @ (b'+' | b'-'), ..] if fits(zone.get(1..).unwrap_or_default(), "dd:dd") => {
            let (hours, minutes) = (two_digits(zone, 1), two_digits(zone, 4));
            if hours > 23 || minutes > 59 {
                return Err(NO_SUCH);
            }
            let seconds = i32::from(hours) * 3_600 + i32::from(minutes) * 60;
            Offset::from_seconds(if *sign == b'-' { -seconds } else { seconds }).map_err(|_| NO_SUCH)
        }
        b"" => Err("the zone is missing: write Z behind it"),
        _ => Err(FORM),
    }
}

/// The nanoseconds of `.123…`, if it is there, and what stands behind.
fn fraction(rest: &str) -> Option<(i32, &str)> {
    let Some(rest) = rest.strip_prefix('.') else { return Some((0, rest)) };
    let end = rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, zone) = rest.split_at_checked(end)?;
    if digits.is_empty() {
        return None;
    }
    let nine: String = digits.chars().chain(std::iter::repeat('0')).take(9).collect();
    Some((nine.parse().ok()?, zone))
}

fn fits(text: &str, shape: &str) -> bool {
    let fits = |(byte, shape): (u8, u8)| if shape == b'd' { byte.is_ascii_digit() } else { byte == shape };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// Two digits that are there: the shape was looked at before.
fn two_digits(text: &str, at: usize) -> i8 {
    text.get(at..at + 2).and_then(|digits| digits.parse().ok()).unwrap_or(i8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn any_offset_and_fraction_is_read_and_whole_seconds_in_z_are_written() {
        for (text, written) in [
            ("2026-11-21T02:00:00Z", "2026-11-21T02:00:00Z"),
            ("2026-11-21t02:00:00.999z", "2026-11-21T02:00:00Z"),
            ("2026-11-21T02:00:00+02:30", "2026-11-20T23:30:00Z"),
            ("2026-11-21T02:00:00.1234567891-08:00", "2026-11-21T10:00:00Z"),
            ("2026-06-30T23:59:60Z", "2026-07-01T00:00:00Z"),
            ("2026-11-21", "2026-11-21T00:00:00Z"),
            ("0001-01-01", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(parse(text).map(write).as_deref(), Ok(written), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "2026",
            "2026-11",
            "2026-11-21 02:00:00Z",
            "2026-11-21T02:00Z",
            "2026-11-21T02:00:00",
            "2026-11-21T02:00:00.Z",
            "2026-11-21T02:00:00+0230",
            "2026-11-21T02:00:00+24:00",
            "2026-11-21T02:00:00+02:60",
            "2026-11-21T02:00:00Z[UTC]",
            "2026-11-21T24:00:00Z",
            "2026-02-29",
            "2026-13-01",
            "9999-12-31T23:59:59-12:00",
            "1800000000",
            "20261121",
            "٢٠٢٦-11-21",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = parse(&text);
        }

        #[test]
        fn nothing_that_looks_like_a_time_panics(
            text in "[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?"
        ) {
            let _ = parse(&text).map(write);
        }

        #[test]
        fn what_is_written_reads_back(seconds in -62_135_596_800_i64..253_402_200_000) {
            let time = Timestamp::from_second(seconds).unwrap();
            prop_assert_eq!(parse(&write(time)), Ok(time));
        }
    }
}
