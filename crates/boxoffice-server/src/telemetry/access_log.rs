//! One line of JSON a request, without anything that a client wrote: no path, no query, no header.

use std::cell::RefCell;
use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use boxoffice_core::{Code, Environment};
use jiff::Timestamp;

use super::LogSink;
use crate::answer::Outcome;
use crate::request_id::RequestId;
use crate::route::Route;

thread_local! {
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes access lines, or none.
#[derive(Debug)]
pub struct AccessLog(Option<LogSink>);

/// What is known of a request at its end.
#[derive(Debug)]
pub struct AccessLine<'a> {
    /// When it ended.
    pub time: Timestamp,
    /// Its id.
    pub request_id: RequestId,
    /// Its method; one that we do not know is `OTHER`.
    pub method: &'static str,
    /// Where it went.
    pub route: Route,
    /// For which environment; `None` where its host names none.
    pub environment: Option<Environment>,
    /// How it was answered.
    pub status: u16,
    /// How long it took.
    pub duration: Duration,
    /// Who asked.
    pub address: IpAddr,
    /// Why it was refused, if it was.
    pub outcome: Option<&'a Outcome>,
}

impl AccessLog {
    /// Writes to `sink`, or nowhere.
    #[must_use]
    pub const fn new(sink: Option<LogSink>) -> Self {
        Self(sink)
    }

    /// Writes a line.
    pub fn write(&self, line: &AccessLine<'_>) {
        if let Some(sink) = &self.0 {
            // Formatted by hand: a quarter of what a general serialiser takes, and this is on every request's way. Not
            // while others wait for the sink, either.
            LINE.with_borrow_mut(|buffer| {
                buffer.clear();
                line.write_to(buffer);
                sink.append(buffer);
            });
        }
    }
}

impl AccessLine<'_> {
    fn write_to(&self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(br#"{"timestamp":""#);
        write_time(self.time, buffer);
        buffer.extend_from_slice(br#"","level":"INFO","target":"access","request.id":""#);
        buffer.extend_from_slice(self.request_id.as_str().as_bytes());
        buffer.extend_from_slice(br#"","method":""#);
        buffer.extend_from_slice(self.method.as_bytes());
        buffer.extend_from_slice(br#"","route":""#);
        buffer.extend_from_slice(self.route.name().as_bytes());
        buffer.extend_from_slice(br#"","environment":""#);
        buffer.extend_from_slice(self.environment.map_or("none", Environment::as_str).as_bytes());
        buffer.extend_from_slice(br#"","status":"#);
        write_number(u64::from(self.status), buffer);
        buffer.extend_from_slice(br#","duration_us":"#);
        write_number(u64::try_from(self.duration.as_micros()).unwrap_or(u64::MAX), buffer);
        buffer.extend_from_slice(br#","client.address":""#);
        write_address(self.address, buffer);
        buffer.push(b'"');
        if let Some(outcome) = self.outcome {
            if let Code::Event(event) = outcome.code {
                let _ = write!(buffer, r#","event.code":{}"#, event.code());
            }
            if let Some(reason) = outcome.reason {
                let _ = write!(buffer, r#","event.reason":"{reason}""#);
            }
        }
        buffer.extend_from_slice(b"}\n");
    }
}

/// `2026-01-02T03:04:05.678901Z`, always with six digits behind the point.
fn write_time(time: Timestamp, buffer: &mut Vec<u8>) {
    let microseconds = time.as_microsecond();
    let (seconds, fraction) = (microseconds.div_euclid(1_000_000), microseconds.rem_euclid(1_000_000));
    let (days, second_of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    for (place, mut number) in [
        (0..4, year),
        (5..7, month),
        (8..10, day),
        (11..13, second_of_day / 3_600),
        (14..16, second_of_day / 60 % 60),
        (17..19, second_of_day % 60),
        (20..26, fraction),
    ] {
        for digit in text.get_mut(place).unwrap_or_default().iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    }
    buffer.extend_from_slice(&text);
}

/// Year, month and day of a day after 1970-01-01, by eras of 400 years that begin in March.
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

fn write_number(mut number: u64, buffer: &mut Vec<u8>) {
    let at = buffer.len();
    loop {
        buffer.push(b'0' + u8::try_from(number % 10).unwrap_or_default());
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(digits) = buffer.get_mut(at..) {
        digits.reverse();
    }
}

fn write_address(address: IpAddr, buffer: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => {
            for (at, octet) in address.octets().into_iter().enumerate() {
                if at > 0 {
                    buffer.push(b'.');
                }
                write_number(u64::from(octet), buffer);
            }
        }
        IpAddr::V6(address) => {
            let _ = write!(buffer, "{address}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request_id::RequestIds;
    use boxoffice_core::{Drm, Event};
    use drm_primitives::SequenceRandom;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_json_and_reads_alone() {
        let outcome = Outcome { code: Code::Event(Event::TokenInvalid), reason: Some("token-expired") };
        let line = AccessLine {
            time: "2026-02-28T23:59:59.000123Z".parse().unwrap(),
            request_id: RequestIds::new(Timestamp::UNIX_EPOCH, &SequenceRandom::new(1)).next(),
            method: "POST",
            route: Route::Rights(Drm::Widevine),
            environment: Some(Environment::Test),
            status: 401,
            duration: Duration::from_micros(1_234),
            address: "203.0.113.70".parse().unwrap(),
            outcome: Some(&outcome),
        };
        let mut buffer = Vec::new();
        line.write_to(&mut buffer);
        let read: serde_json::Value = serde_json::from_slice(&buffer).unwrap();
        assert_eq!(read["timestamp"], "2026-02-28T23:59:59.000123Z");
        assert_eq!(read["route"], "hms.wv.rights");
        assert_eq!((&read["status"], &read["duration_us"]), (&401.into(), &1_234.into()));
        assert_eq!(read["client.address"], "203.0.113.70");
        assert_eq!((&read["event.code"], &read["event.reason"]), (&(-4010).into(), &"token-expired".into()));
        assert_eq!(buffer.iter().position(|&byte| byte == b'\n'), Some(buffer.len() - 1));
    }

    proptest! {
        #[test]
        fn every_time_reads_back(microseconds in -2_208_988_800_000_000_i64..4_102_444_800_000_000) {
            let time = Timestamp::from_microsecond(microseconds).unwrap();
            let mut buffer = Vec::new();
            write_time(time, &mut buffer);
            prop_assert_eq!(std::str::from_utf8(&buffer).unwrap().parse::<Timestamp>().unwrap(), time);
        }
    }
}
