//! The results of a run, for people and for programs.

use std::io::{self, Write};

use mapvalue_tests::skip;
use serde_json::{Value, json};

use crate::machine::Machine;
use crate::memory::Memory;
use crate::rows::{Outcome, Row};

/// A run.
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) results: Vec<Result>,
}

/// The result of one row.
pub(crate) struct Result {
    pub(crate) row: &'static Row,
    pub(crate) outcome: Outcome,
}

impl Result {
    pub(crate) fn of(row: &'static Row, memory: &Memory) -> Self {
        let outcome = (row.measure)(memory);
        let result = Self { row, outcome };
        // Printed at once, since a run takes a minute.
        println!("{}", result.line());
        let _ = io::stdout().flush();
        result
    }

    /// Our figure as a multiple of theirs. `None` if the row was skipped.
    pub(crate) fn ratio(&self) -> Option<f64> {
        match &self.outcome {
            Outcome::Timed(timing) => Some(timing.ratio),
            Outcome::Counted { ours, theirs, .. } => Some(ours / theirs),
            Outcome::Skipped(_) => None,
        }
    }

    pub(crate) fn verdict(&self) -> &'static str {
        match self.ratio() {
            Some(ratio) if ratio <= self.row.target => "ok",
            Some(_) => "short",
            None => "skipped",
        }
    }

    /// The two sides with their units.
    pub(crate) fn sides(&self) -> Option<[String; 2]> {
        match &self.outcome {
            Outcome::Timed(timing) => Some([timing.ours, timing.theirs].map(duration)),
            Outcome::Counted { ours, theirs, .. } => Some([ours, theirs].map(|count| format!("{count} pages"))),
            Outcome::Skipped(_) => None,
        }
    }

    /// The two ratios that enclose the middle half of the rounds.
    pub(crate) fn quartiles(&self) -> Option<[String; 2]> {
        match &self.outcome {
            Outcome::Timed(timing) => Some(timing.quartiles.map(significant)),
            Outcome::Counted { .. } | Outcome::Skipped(_) => None,
        }
    }

    /// How certain the ratio is, or what else to know about it.
    fn note(&self) -> String {
        match &self.outcome {
            Outcome::Timed(timing) => {
                let [low, high] = timing.quartiles.map(significant);
                format!("half of {} rounds: {low} to {high}", timing.rounds)
            }
            Outcome::Counted { note, .. } => note.clone(),
            Outcome::Skipped(reason) => reason.clone(),
        }
    }

    fn line(&self) -> String {
        let [ours, theirs] = self.sides().unwrap_or_default();
        let ratio = self.ratio().map(significant).unwrap_or_default();
        let (row, verdict) = (self.row, self.verdict());
        let (name, target) = (row.name, row.target);
        format!("{name:<20} {ours:>12} {theirs:>12} {ratio:>10} {target:>7} {verdict:<8} {}", self.note())
    }

    fn to_json(&self) -> Value {
        let row = self.row;
        let mut value = json!({
            "name": row.name, "ours": row.ours, "theirs": row.theirs, "target": row.target,
            "ratio": self.ratio(), "verdict": self.verdict(), "note": self.note(),
        });
        match &self.outcome {
            Outcome::Timed(timing) => {
                value["ours_ns"] = json!(timing.ours);
                value["theirs_ns"] = json!(timing.theirs);
                value["quartiles"] = json!(timing.quartiles);
                value["rounds"] = json!(timing.rounds);
            }
            Outcome::Counted { ours, theirs, .. } => {
                value["ours_pages"] = json!(ours);
                value["theirs_pages"] = json!(theirs);
            }
            Outcome::Skipped(_) => {}
        }
        value
    }
}

impl Report {
    /// Prints a table, and then one line a row for programs to read.
    pub(crate) fn print(&self) {
        println!();
        println!("{:<20} {:>12} {:>12} {:>10} {:>7}", "row", "ours", "theirs", "ratio", "target");
        for result in &self.results {
            println!("{}", result.line());
        }
        println!();
        for Result { row, outcome } in &self.results {
            if let Outcome::Skipped(reason) = outcome {
                skip(&format!("{}: {reason}", row.name));
            }
        }
        for result in &self.results {
            if let Some(ratio) = result.ratio() {
                println!("ratio {} {} {} {}", result.row.name, significant(ratio), result.row.target, result.verdict());
            }
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let rows: Vec<_> = self.results.iter().map(Result::to_json).collect();
        json!({ "machine": self.machine.to_json(), "rows": rows })
    }
}

/// The number with four significant digits.
pub(crate) fn significant(value: f64) -> String {
    let mut decimals = 3;
    let mut limit = 10.0;
    // More decimals for numbers below 1, up to 9; fewer for large ones, down to whole numbers.
    while decimals < 9 && value > 0.0 && value * 10f64.powi(decimals - 3) < 1.0 {
        decimals += 1;
    }
    while decimals > 0 && value >= limit {
        decimals -= 1;
        limit *= 10.0;
    }
    format!("{value:.*}", usize::try_from(decimals).unwrap_or(0))
}

/// Nanoseconds, in a unit that keeps the digits few.
fn duration(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        ..1e3 => (nanoseconds, "ns"),
        ..1e6 => (nanoseconds / 1e3, "µs"),
        _ => (nanoseconds / 1e6, "ms"),
    };
    format!("{} {unit}", significant(value).trim_end_matches('0').trim_end_matches('.'))
}
