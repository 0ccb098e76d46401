//! What a round of an overload came to, and how it is told.

use super::super::players::Outcome;
use super::super::ratios::median;
use crate::chore::say;

/// One round of one kind of licence. Times are in seconds.
pub struct Measured {
    /// How many processors the service has.
    pub processors: f64,
    /// Licences a second at the peak, the higher one of before and after: the machine may change its speed meanwhile.
    pub peak: f64,
    /// What a licence costs there of the service's processor time.
    pub price: f64,
    /// What an answer costs the constant handler.
    pub least: f64,
    /// At 80 % of the peak.
    pub calm: Outcome,
    /// At ten times the peak.
    pub storm: Outcome,
    /// What a licence costs with those beside it who are turned away.
    pub price_in_storm: f64,
}

impl Measured {
    fn goodput(&self) -> f64 {
        self.storm.completed_a_second() / self.peak
    }

    /// What the processors could complete of the peak if the constant handler turned the others away.
    fn possible(&self) -> f64 {
        let left = self.processors - self.storm.refused_a_second() * self.least;
        (left / (self.price * self.peak)).clamp(0.0, 1.0)
    }

    fn slower(&self) -> f64 {
        self.storm.p99().as_secs_f64() / self.calm.p99().as_secs_f64()
    }
}

/// Prints the medians of all rounds, and what was asked for.
pub fn report(licence: &str, rounds: &[Measured]) {
    let verdict = |reached: bool| if reached { "reached" } else { "NOT REACHED" };
    let of = |value: fn(&Measured) -> f64| median(rounds.iter().map(value));
    let spread = |value: fn(&Measured) -> f64| {
        let least = rounds.iter().map(value).fold(f64::INFINITY, f64::min);
        let most = rounds.iter().map(value).fold(0.0, f64::max);
        (least, most)
    };
    let (goodput, (least, most)) = (of(Measured::goodput), spread(Measured::goodput));
    say(&format!(
        "ten times overload, {licence}: {goodput:.2} ({least:.2} to {most:.2}; at least 0.90: {}) of the peak completed; \
         {:.0} against {:.0} licences a second, and {:.1} times the peak answered",
        verdict(goodput >= 0.90),
        of(|round| round.storm.completed_a_second()),
        of(|round| round.peak),
        of(|round| round.storm.answered_a_second() / round.peak),
    ));
    let total = |value: fn(&Outcome) -> usize| rounds.iter().map(|round| value(&round.storm)).sum::<usize>();
    let untold = total(|storm| storm.refused_without_retry);
    say(&format!(
        "  turned away: {}, of which {untold} were not told when to come back (none: {}); other answers: {}",
        total(|storm| storm.refused),
        verdict(untold == 0),
        total(|storm| storm.other),
    ));
    let milliseconds = 1_000.0;
    let (slower, (least, most)) = (of(Measured::slower), spread(Measured::slower));
    say(&format!(
        "  p99 of those let in: {slower:.1} times ({least:.1} to {most:.1}; at most 3: {}) that at 80 % of the peak; \
         {:.0} against {:.0} ms",
        verdict(slower <= 3.0),
        of(|round| round.storm.p99().as_secs_f64()) * milliseconds,
        of(|round| round.calm.p99().as_secs_f64()) * milliseconds,
    ));
    let microseconds = 1e6;
    say(&format!(
        "  a licence costs {:.0} µs of the service's processor time at the peak, and {:.0} µs with those beside it who are \
         turned away; the constant handler, which takes {:.1} µs for an answer, would leave {:.2} of the peak",
        of(|round| round.price) * microseconds,
        of(|round| round.price_in_storm) * microseconds,
        of(|round| round.least) * microseconds,
        of(Measured::possible),
    ));
}
