//! A count of objects that many threads make and drop in nanoseconds, which becomes exact once no more are made, and then tells when none is left.
//!
//! Its steps are over the atomics of `sync`: those of the standard library, or those of a model checker, which compiles this very file (so
//! it uses nothing else of the crate).
//!
//! While objects are made, nobody needs the count: each thread counts for itself, by plain stores, those that it made and those that it
//! dropped. Then the count is closed: the balances are added up, and from then on whoever drops an object adds them up again, until none is left.
//!
//! It is the idea of the kernel's `percpu_ref`. What must not happen is that the one who closes misses an object that was dropped just
//! before, while who dropped it misses the closing; each stores first and loads then, so one of the two sees the other, if both
//! have a full fence between the two.

use super::sync::{AtomicBool, AtomicI64, Mutex, Ordering, PoisonError};

/// The count, and what is kept until there are no objects any more. Of the `N` balances the last is that of all threads that have none of
/// their own.
pub(crate) struct Count<K, const N: usize> {
    balances: [Balance; N],
    closing: AtomicBool,
    kept: Mutex<Option<K>>,
}

/// Objects that one thread has made, and that it has dropped, be they its own or others'. (Two numbers, since each change waits for the last one of
/// the same.)
#[repr(align(128))]
pub(crate) struct Balance {
    pub(crate) made: AtomicI64,
    pub(crate) gone: AtomicI64,
    /// Which one it is.
    pub(crate) index: usize,
}

impl<K, const N: usize> Count<K, N> {
    pub(crate) fn new() -> Self {
        let zero = || AtomicI64::new(0);
        let balances = std::array::from_fn(|index| Balance { made: zero(), gone: zero(), index });
        Self { balances, closing: AtomicBool::new(false), kept: Mutex::new(None) }
    }

    /// Once nothing is kept any more: objects may be made again.
    pub(crate) fn open_again(&self) {
        self.closing.store(false, Ordering::Relaxed);
    }

    /// The balance of the one thread that changes it.
    pub(crate) fn own(&self, index: usize) -> &Balance {
        &self.balances[index]
    }

    /// Counts an object that is made, before the count is closed.
    #[inline]
    pub(crate) fn made(&self, own: Option<&Balance>) {
        match own {
            Some(own) => own.made(),
            None => drop(self.balances[N - 1].made.fetch_add(1, Ordering::Release)),
        }
    }

    /// Counts an object that is dropped. After this, what is kept may be gone.
    #[inline]
    pub(crate) fn gone(&self, own: Option<&Balance>, full_fence: impl FnOnce()) {
        match own {
            Some(Balance { gone, .. }) => increase(gone),
            None => drop(self.balances[N - 1].gone.fetch_add(1, Ordering::Release)),
        }
        full_fence();
        if self.closing.load(Ordering::Relaxed) {
            self.settle();
        }
    }

    /// Objects that there are. Once no more are made, what is read is no less than there are, since those that are gone are counted first.
    pub(crate) fn objects(&self) -> u64 {
        let sum = |number: fn(&Balance) -> &AtomicI64| {
            self.balances.iter().map(|balance| number(balance).load(Ordering::Acquire)).fold(0, i64::wrapping_add)
        };
        let gone = sum(|balance| &balance.gone);
        sum(|balance| &balance.made).wrapping_sub(gone).max(0).unsigned_abs()
    }

    /// No more objects are made: keeps something until there are none.
    pub(crate) fn close(&self, kept: K, full_fence: impl FnOnce()) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        self.closing.store(true, Ordering::SeqCst);
        full_fence();
        self.settle();
    }

    /// Lets go of what is kept if there are no objects.
    #[cold]
    fn settle(&self) {
        let done = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if self.objects() == 0 { kept.take() } else { None }
        };
        // Here, not under the lock: its end may open the count again.
        drop(done);
    }
}

impl Balance {
    /// Counts an object that its thread makes, before the count is closed.
    #[inline]
    pub(crate) fn made(&self) {
        increase(&self.made);
    }
}

/// Adds one to a number that this thread alone stores.
#[inline]
fn increase(number: &AtomicI64) {
    number.store(number.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
}
