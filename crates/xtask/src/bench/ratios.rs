//! Ratios of several rounds, and how far they lie apart.

use crate::chore::say;

/// One round: how much each managed, in the same unit.
#[derive(Clone, Copy)]
pub struct Round {
    /// The service.
    pub service: f64,
    /// What it is measured against.
    pub baseline: f64,
}

/// Prints the median ratio, its spread and what was asked for.
pub fn report(what: &str, unit: &str, rounds: &[Round], at_least: f64) {
    let ratio = median(rounds.iter().map(|round| round.service / round.baseline));
    let ratios = || rounds.iter().map(|round| round.service / round.baseline);
    let least = ratios().fold(f64::INFINITY, f64::min);
    let most = ratios().fold(0.0, f64::max);
    let service = median(rounds.iter().map(|round| round.service));
    let baseline = median(rounds.iter().map(|round| round.baseline));
    let verdict = if ratio >= at_least { "reached" } else { "NOT REACHED" };
    say(&format!(
        "{what}: {ratio:.2} ({least:.2} to {most:.2}; at least {at_least:.2}: {verdict}); \
         {service:.0} against {baseline:.0} {unit}"
    ));
}

/// The middle one.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
