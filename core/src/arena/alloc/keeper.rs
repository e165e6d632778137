//! How long this process keeps an allocator's memory mapped: as long as there is a handle to it or an object of it.
//!
//! Objects are made and dropped in nanoseconds, on many threads, so they cannot share a reference count. While there are handles, nobody
//! needs the count: each thread counts for itself, by plain stores, those that it made less those that it dropped. When the last handle
//! goes, the counts are added up, and from then on whoever drops an object adds them up again, until none is left.
//!
//! It is the idea of the kernel's `percpu_ref`. What must not happen is that the one who closes misses an object that was dropped just
//! before, while who dropped it misses the closing; each stores first and loads then, so one of the two sees the other, if both
//! have a full fence between the two. That of the droppers is left to the closer, who has every thread of the process run one
//! (`membarrier`, Linux 4.14); where that is not to be had, each has its own.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering, compiler_fence, fence};
use std::sync::{Arc, Mutex, PoisonError};

use super::Inner;
use super::layout::SHARDS;

/// The counts of an allocator's objects in this process, and what keeps it alive once there are no handles.
///
/// It is never freed, only used again for other allocators: who has dropped the last object still looks at `closing`.
pub(super) struct Keeper {
    /// By shard of the allocator; the last is that of all threads that have none.
    balances: [Balance; SHARDS + 1],
    closing: AtomicBool,
    /// Whether the closer can have all threads run a fence, so that droppers need none.
    asymmetric: bool,
    kept: Mutex<Option<Arc<Inner>>>,
}

/// Objects that one thread has made, less those that it has dropped. One may drop what others made, so it may be less than none.
#[repr(align(64))]
pub(super) struct Balance(AtomicI64);

static POOL: Mutex<Vec<&'static Keeper>> = Mutex::new(Vec::new());

impl Keeper {
    pub(super) fn take() -> &'static Self {
        let pooled = POOL.lock().unwrap_or_else(PoisonError::into_inner).pop();
        pooled.unwrap_or_else(|| {
            let balances = std::array::from_fn(|_| Balance(AtomicI64::new(0)));
            let asymmetric = membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
            Box::leak(Box::new(Self { balances, closing: AtomicBool::new(false), asymmetric, kept: Mutex::new(None) }))
        })
    }

    /// Gives the keeper of an allocator back that has no handle and no object any more.
    pub(super) fn give_back(&'static self) {
        self.closing.store(false, Ordering::Relaxed);
        POOL.lock().unwrap_or_else(PoisonError::into_inner).push(self);
    }

    /// The balance of the thread that has a shard, if only it changes that.
    pub(super) fn own(&'static self, shard: usize) -> &'static Balance {
        &self.balances[shard]
    }

    /// Counts an object that is made, while there is a handle.
    #[inline]
    pub(super) fn made(&self, own: Option<&Balance>) {
        self.add(own, 1);
    }

    /// Counts an object that is dropped. After this the allocator may be gone.
    #[inline]
    pub(super) fn gone(&self, own: Option<&Balance>) {
        self.add(own, -1);
        if self.asymmetric {
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
        if self.closing.load(Ordering::Relaxed) {
            self.settle();
        }
    }

    #[inline]
    fn add(&self, own: Option<&Balance>, change: i64) {
        match own {
            // Only this thread stores.
            Some(Balance(own)) => own.store(own.load(Ordering::Relaxed).wrapping_add(change), Ordering::Release),
            None => drop(self.balances[SHARDS].0.fetch_add(change, Ordering::Release)),
        }
    }

    /// Objects that there are. Once no more are made, each balance only falls, so what is read is no less than there are.
    pub(super) fn objects(&self) -> u64 {
        let sum = self.balances.iter().map(|balance| balance.0.load(Ordering::Acquire)).fold(0, i64::wrapping_add);
        sum.max(0).unsigned_abs()
    }

    /// The last handle goes: keeps the allocator until there are no objects.
    pub(super) fn close(&self, inner: Arc<Inner>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(inner);
        self.closing.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if self.asymmetric {
            membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
        }
        self.settle();
    }

    /// Lets go of the allocator if there are no objects.
    #[cold]
    fn settle(&self) {
        let done = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if self.objects() == 0 { kept.take() } else { None }
        };
        // Here, not under the lock: it may be the last share, and the end of the allocator gives the keeper back.
        drop(done);
    }
}

/// A command of membarrier(2); whether the kernel knows it.
fn membarrier(command: libc::c_int) -> bool {
    // SAFETY: the call takes two integers, and touches no memory.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}
