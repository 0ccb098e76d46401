//! Times in requests: RFC 3339 in zone `Z`, or `+` and seconds from issue (token-api.md, sections 3 and 11).

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use super::value::digits;

/// Reads a time, absolute or relative to `issued_at`. An unencoded `+` arrives as a space.
pub(super) fn parse(value: &[u8], issued_at: Timestamp) -> Result<Timestamp, String> {
    if let [b'+' | b' ', seconds @ ..] = value {
        let seconds =
            digits(seconds).filter(|&seconds| seconds > 0).and_then(|seconds| i64::try_from(seconds).ok());
        let seconds = seconds.ok_or("expected a number of seconds above 0 after the +")?;
        let time = issued_at.checked_add(SignedDuration::from_secs(seconds));
        return time.map_err(|_| "so many seconds lead beyond the year 9999".to_owned());
    }
    absolute(value)
}

/// Whole seconds, downwards: a sealed token has no fractions.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_nanosecond().div_euclid(1_000_000_000).try_into().unwrap_or(0))
        .unwrap_or(time)
}

fn absolute(value: &[u8]) -> Result<Timestamp, String> {
    const FORM: &str = "expected a time such as 2026-04-14T12:01:10Z, or + and seconds";
    let text = std::str::from_utf8(value).map_err(|_| FORM)?;
    let (date_time, rest) = text.split_at_checked(19).ok_or(FORM)?;
    let mut shape = date_time.bytes().zip(b"dddd-dd-ddTdd:dd:dd");
    let fits = |(byte, &shape): (u8, &u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't'),
        other => byte == other,
    };
    if !shape.all(fits) {
        return Err(FORM.to_owned());
    }
    let number =
        |from: usize, to: usize| date_time.get(from..to).and_then(|digits| digits.parse::<i16>().ok());
    let part = |from, to| number(from, to).ok_or(FORM);
    let small = |from, to| part(from, to).and_then(|number| i8::try_from(number).map_err(|_| FORM));
    let second = small(17, 19)?;
    // A leap second is the following second, as clocks that know none would have it.
    let leap = second == 60;
    let (nanoseconds, zone) = fraction(rest).ok_or(FORM)?;
    match zone {
        "Z" | "z" => {}
        "" => return Err("the zone is missing: write Z behind it".to_owned()),
        offset if offset.starts_with(['+', '-']) => {
            return Err("the zone must be Z: write the time in UTC".to_owned());
        }
        _ => return Err(FORM.to_owned()),
    }
    let civil = DateTime::new(
        part(0, 4)?,
        small(5, 7)?,
        small(8, 10)?,
        small(11, 13)?,
        small(14, 16)?,
        if leap { 59 } else { second },
        nanoseconds,
    );
    let time = civil
        .and_then(|civil| civil.to_zoned(jiff::tz::TimeZone::UTC))
        .map_err(|_| "there is no such time")?;
    let leap = SignedDuration::from_secs(i64::from(leap));
    time.timestamp().checked_add(leap).map_err(|_| "there is no such time".to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<String, String> {
        let issued_at = "2026-01-01T00:00:00Z".parse().unwrap();
        parse(text.as_bytes(), issued_at).map(|time| time.to_string())
    }

    #[test]
    fn absolute_and_relative_times_are_read() {
        for (text, expected) in [
            ("2026-04-14T12:01:10Z", "2026-04-14T12:01:10Z"),
            ("2026-04-14t12:01:10z", "2026-04-14T12:01:10Z"),
            ("2026-04-14T12:01:10.5Z", "2026-04-14T12:01:10.5Z"),
            ("2026-06-30T23:59:60Z", "2026-07-01T00:00:00Z"),
            ("+60", "2026-01-01T00:01:00Z"),
            (" 60", "2026-01-01T00:01:00Z"),
            ("+0060", "2026-01-01T00:01:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_forms_and_zones_are_refused_with_the_reason() {
        for text in [
            "2026-04-14 12:01:10Z",
            "2026-04-14T12:01Z",
            "60",
            "+0",
            "+",
            "+-1",
            "+1.5",
            "  60",
            "2026-04-14T12:01:10.Z",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(
            read("2026-04-14T12:01:10+02:00").unwrap_err(),
            "the zone must be Z: write the time in UTC"
        );
        assert_eq!(read("2026-04-14T12:01:10").unwrap_err(), "the zone is missing: write Z behind it");
        assert_eq!(read("2026-02-30T12:01:10Z").unwrap_err(), "there is no such time");
        assert_eq!(read("2026-04-14T12:01:61Z").unwrap_err(), "there is no such time");
    }

    proptest! {
        #[test]
        fn no_text_panics(text: Vec<u8>) {
            let _ = parse(&text, Timestamp::UNIX_EPOCH);
        }

        #[test]
        fn nothing_that_looks_like_a_time_panics(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?[Zz+]?") {
            let _ = parse(text.as_bytes(), Timestamp::UNIX_EPOCH);
        }
    }
}
