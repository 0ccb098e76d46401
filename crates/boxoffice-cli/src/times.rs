//! Times as people and JSON read them: RFC 3339 in `Z`, whole seconds.

use jiff::Timestamp;

/// `2026-11-21T05:28:49Z`.
pub fn text(time: Timestamp) -> String {
    let whole = Timestamp::from_second(time.as_second()).unwrap_or(time);
    whole.to_string()
}

/// A number of seconds in the largest units that fit: `30 days`, `1 hour 30 minutes`, `59 seconds`.
pub fn duration(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let mut rest = seconds;
    let mut words = Vec::new();
    for (length, name) in UNITS {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            words.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    words.truncate(2);
    if words.is_empty() { "0 seconds".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_whole_seconds_and_a_duration_at_most_two_units() {
        assert_eq!(text("2026-11-21T05:28:49.75Z".parse().unwrap()), "2026-11-21T05:28:49Z");
        let duration = [0, 1, 59, 5_400, 2_592_000, 90_061].map(duration);
        assert_eq!(
            duration,
            ["0 seconds", "1 second", "59 seconds", "1 hour 30 minutes", "30 days", "1 day 1 hour"]
        );
    }
}
