//! What the doctor finds.

use crate::console::Console;
use crate::failure::Failure;

/// One finding.
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    said: String,
    advice: Option<String>,
}

/// How something stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Wrong: players suffer.
    Problem,
    /// Nothing answers; nothing else can be looked at.
    Unreachable,
    /// Worth a thought.
    Warning,
}

impl Finding {
    /// As it should be.
    pub fn good(what: &'static str, said: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Good, said: said.into(), advice: None }
    }

    /// Wrong.
    pub fn problem(what: &'static str, said: impl Into<String>) -> Self {
        Self { verdict: Verdict::Problem, ..Self::good(what, said) }
    }

    /// Worth a thought.
    pub fn warning(what: &'static str, said: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, ..Self::good(what, said) }
    }

    /// Nothing answers.
    pub fn unreachable(what: &'static str, said: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unreachable, ..Self::good(what, said) }
    }

    /// What to do about it.
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Whether something has to be done.
    pub const fn is_problem(&self) -> bool {
        matches!(self.verdict, Verdict::Problem | Verdict::Unreachable)
    }

    /// One line, and a second one with the advice.
    pub fn write(&self, console: Console<'_>) -> Result<(), Failure> {
        let verdict = match self.verdict {
            Verdict::Good => "good",
            Verdict::Problem | Verdict::Unreachable => "PROBLEM",
            Verdict::Warning => "warning",
        };
        writeln!(console, "  {verdict:<8} {}: {}", self.what, self.said)?;
        if let Some(advice) = &self.advice {
            writeln!(console, "           → {advice}")?;
        }
        Ok(())
    }
}
