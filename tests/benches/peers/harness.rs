//! Two sides that take turns, so that what disturbs the machine meets both alike.

use std::arch::asm;
use std::time::{Duration, Instant};

/// For [`repeat`].
pub(crate) const OURS: u8 = 0;
pub(crate) const THEIRS: u8 = 1;

/// How often a loop over single operations goes round: long enough that the clock's own cost, some 20 ns, is lost in it.
pub(crate) const OPERATIONS: u32 = 4096;

/// How long a row takes, but for the slowest, which take [`FEWEST_ROUNDS`].
const DURATION: Duration = Duration::from_secs(3);
const FEWEST_ROUNDS: usize = 41;

/// Work of one side, and how many operations it is.
pub(crate) struct Side<'a> {
    operations: f64,
    work: Box<dyn FnMut() + 'a>,
}

impl<'a> Side<'a> {
    pub(crate) fn new(operations: u32, work: impl FnMut() + 'a) -> Self {
        Self { operations: f64::from(operations), work: Box::new(work) }
    }

    /// Nanoseconds an operation.
    fn time(&mut self) -> f64 {
        let start = Instant::now();
        (self.work)();
        start.elapsed().as_secs_f64() * 1e9 / self.operations
    }
}

/// What came of taking turns.
pub(crate) struct Timing {
    /// Nanoseconds an operation: the medians.
    pub(crate) ours: f64,
    pub(crate) theirs: f64,
    /// The median of `ours / theirs` in each round.
    pub(crate) ratio: f64,
    /// A quarter of the rounds lies below the first, and one above the second.
    pub(crate) quartiles: [f64; 2],
    pub(crate) rounds: usize,
}

/// Lets two sides take turns; who is first alternates.
pub(crate) fn compare(mut ours: Side<'_>, mut theirs: Side<'_>) -> Timing {
    // Pages, caches and the branch predictor.
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

/// The value below which so many quarters of the others are.
fn quantile(sorted: &[f64], quarters: usize) -> f64 {
    sorted[(sorted.len() - 1) * quarters / 4]
}

/// A loop of [`OPERATIONS`], which begins at a multiple of 64 bytes: where a loop of a few instructions lies matters more
/// than some of the differences that are looked for, and with this the loops of both sides lie alike.
///
/// `SIDE` is a comment in the code, 0 in ours and 1 in theirs. Without it the compiler makes one function of two that have come
/// out the same, and then nobody can see that there were two.
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
