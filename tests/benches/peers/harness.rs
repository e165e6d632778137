//! Two sides take turns, so that disturbances of the machine affect both alike.

use std::arch::asm;
use std::time::{Duration, Instant};

/// The sides, for [`repeat`].
pub(crate) const OURS: u8 = 0;
pub(crate) const THEIRS: u8 = 1;

/// How often a loop over single operations goes round. That is long enough to hide the clock's own
/// cost, about 20 ns.
pub(crate) const OPERATIONS: u32 = 4096;

/// How long a row takes, except for the slowest, which take [`FEWEST_ROUNDS`].
const DURATION: Duration = Duration::from_secs(3);
const FEWEST_ROUNDS: usize = 41;

/// The work of one side, and how many operations it is.
pub(crate) struct Side<'a> {
    operations: f64,
    prepare: Box<dyn FnMut() + 'a>,
    work: Box<dyn FnMut() + 'a>,
}

impl<'a> Side<'a> {
    pub(crate) fn new(operations: u32, work: impl FnMut() + 'a) -> Self {
        Self { operations: f64::from(operations), prepare: Box::new(|| ()), work: Box::new(work) }
    }

    /// Runs this before the work each time, and does not time it.
    pub(crate) fn after(self, prepare: impl FnMut() + 'a) -> Self {
        Self { prepare: Box::new(prepare), ..self }
    }

    /// Runs the work once. Returns nanoseconds per operation.
    fn time(&mut self) -> f64 {
        (self.prepare)();
        let start = Instant::now();
        (self.work)();
        start.elapsed().as_secs_f64() * 1e9 / self.operations
    }
}

/// The result of taking turns.
pub(crate) struct Timing {
    /// Medians, in nanoseconds per operation.
    pub(crate) ours: f64,
    pub(crate) theirs: f64,
    /// The median of `ours / theirs` in each round.
    pub(crate) ratio: f64,
    /// A quarter of the rounds lies below the first, and a quarter above the second.
    pub(crate) quartiles: [f64; 2],
    pub(crate) rounds: usize,
}

/// Lets two sides take turns. They alternate in going first.
pub(crate) fn compare(mut ours: Side<'_>, mut theirs: Side<'_>) -> Timing {
    // Warms up pages, caches and the branch predictor.
    ours.time();
    theirs.time();
    let mut rounds = Vec::new();
    let end = Instant::now() + DURATION;
    while Instant::now() < end || rounds.len() < FEWEST_ROUNDS {
        rounds.push(if rounds.len().is_multiple_of(2) {
            let ours = ours.time();
            [ours, theirs.time()]
        } else {
            let theirs = theirs.time();
            [ours.time(), theirs]
        });
    }
    let ratios = sorted(rounds.iter().map(|[ours, theirs]| ours / theirs));
    Timing {
        ours: quantile(&sorted(rounds.iter().map(|round| round[0])), 2),
        theirs: quantile(&sorted(rounds.iter().map(|round| round[1])), 2),
        ratio: quantile(&ratios, 2),
        quartiles: [quantile(&ratios, 1), quantile(&ratios, 3)],
        rounds: rounds.len(),
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The value that is greater than this many quarters of the others.
fn quantile(sorted: &[f64], quarters: usize) -> f64 {
    sorted[(sorted.len() - 1) * quarters / 4]
}

/// Loops [`OPERATIONS`] times, beginning at a multiple of 64 bytes. For a loop of a few
/// instructions, its address matters more than some of the differences that are measured. So the
/// loops of both sides are aligned alike.
///
/// `SIDE` is a comment in the assembly, 0 in ours and 1 in theirs. Without it, the compiler merges
/// two functions of equal code, and nobody can see that there were two.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the loop is to be in the function that was aligned")]
pub(crate) fn repeat<const SIDE: u8>(mut operation: impl FnMut()) {
    align::<SIDE>();
    for _ in 0..OPERATIONS {
        operation();
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it aligns what comes next")]
fn align<const SIDE: u8>() {
    // SAFETY: these are instructions that do nothing, up to the next multiple of 64 bytes.
    unsafe { asm!("/* side {side} */", ".p2align 6", side = const SIDE, options(nomem, nostack, preserves_flags)) };
}
