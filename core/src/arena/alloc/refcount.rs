//! A count of objects that many threads make and drop in nanoseconds, so that they cannot share a
//! number. It becomes exact once no more are made, and then says when none is left.
//!
//! The model checker compiles this very file: it uses nothing of the crate but atomics of `sync`.
//!
//! While objects are made, nobody needs the count: each thread counts for itself, by plain stores,
//! those that it made and those that it dropped. Then the count is closed: every thread that drops
//! an object adds the balances up, until none is left. (It is the idea of the kernel's
//! `percpu_ref`.) The closing thread must not miss an object that was dropped just before, while
//! the dropping thread misses the closing. Each first stores and then loads, with a full fence
//! between the two, so one of them sees the other.

use super::sync::{AtomicI64, AtomicU64, Ordering};

/// The count. Of the `N` balances, the last is shared by all threads that have none of their own.
pub(crate) struct Count<const N: usize> {
    balances: [Balance; N],
    /// The number of the closing, or 0 while the count is open.
    closing: AtomicU64,
}

/// The objects that one thread has made, and those that it has dropped, be they its own or others'.
/// (They are two numbers, since a change of a number waits for the last change of the same.)
#[repr(align(128))]
pub(crate) struct Balance {
    pub(crate) made: AtomicI64,
    pub(crate) gone: AtomicI64,
    /// The shard of the thread.
    pub(crate) index: usize,
}

impl<const N: usize> Count<N> {
    pub(crate) fn new() -> Self {
        let zero = || AtomicI64::new(0);
        let balances = std::array::from_fn(|index| Balance { made: zero(), gone: zero(), index });
        Self { balances, closing: AtomicU64::new(0) }
    }

    /// Returns the balance that one thread alone changes.
    pub(crate) fn own(&self, index: usize) -> &Balance {
        &self.balances[index]
    }

    /// Counts an object that is made, before the count is closed.
    #[inline]
    pub(crate) fn made(&self, own: Option<&Balance>) {
        match own {
            Some(Balance { made, .. }) => increase(made),
            None => drop(self.balances[N - 1].made.fetch_add(1, Ordering::Release)),
        }
    }

    /// Counts an object that is dropped, and returns whether this ends the closing: the caller then
    /// frees what was kept for the objects. If not, that may be gone after this.
    #[inline]
    pub(crate) fn gone(&self, own: Option<&Balance>, full_fence: impl FnOnce()) -> bool {
        match own {
            Some(Balance { gone, .. }) => increase(gone),
            None => drop(self.balances[N - 1].gone.fetch_add(1, Ordering::Release)),
        }
        full_fence();
        let closing = self.closing.load(Ordering::Relaxed);
        closing != 0 && self.settle(closing)
    }

    /// Returns the number of objects; the gone are counted first: never too few once none is made.
    pub(crate) fn objects(&self) -> u64 {
        let sum = |number: fn(&Balance) -> &AtomicI64| {
            self.balances.iter().map(|balance| number(balance).load(Ordering::Acquire)).fold(0, i64::wrapping_add)
        };
        let gone = sum(|balance| &balance.gone);
        sum(|balance| &balance.made).wrapping_sub(gone).max(0).unsigned_abs()
    }

    /// Closes the count, since no more objects are made, and returns whether there are none, as
    /// [`gone`](Self::gone) does. No closing ever has the same number as another, and none has 0.
    pub(crate) fn close(&self, number: u64, full_fence: impl FnOnce()) -> bool {
        self.closing.store(number, Ordering::SeqCst);
        full_fence();
        self.settle(number)
    }

    /// Ends a closing if there are no objects, and opens the count again: of all threads that find
    /// so, one does. The number tells this closing from a later one, whose objects a slow thread
    /// has not counted. To see it acquires what was made before.
    #[cold]
    fn settle(&self, closing: u64) -> bool {
        self.closing.load(Ordering::Acquire) == closing
            && self.objects() == 0
            && self.closing.compare_exchange(closing, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

/// Adds one to a number that this thread alone stores.
#[inline]
fn increase(number: &AtomicI64) {
    number.store(number.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
}
