//! How long this process keeps an allocator's memory mapped: as long as there is a handle to it or an object of it.
//!
//! Objects are made and dropped in nanoseconds, on many threads, so they cannot share a reference count; they are in a [`Count`], which is closed when
//! the last handle goes. Of the two full fences that closing takes, that of the droppers is left to the closer, who has all threads run one
//! (`barrier`); threads for which that cannot be done have no balance of their own, and run one each.

use std::sync::atomic::{AtomicI64, Ordering, compiler_fence, fence};
use std::sync::{Arc, Mutex, PoisonError};

use super::Inner;
use super::cache::MadeLater;
use super::count::Count;
use super::layout::SHARDS;
use super::shard::Own;
use crate::Error;

pub(super) use super::count::Balance;

/// The counts of an allocator's objects in this process, by shard, and what keeps it alive once there are no handles.
///
/// It is never freed, only used again for other allocators: who has dropped the last object still looks at it.
pub(super) struct Keeper {
    count: Count<Arc<Inner>, { SHARDS + 1 }>,
    /// By shard, made when one is first claimed.
    caches: [MadeLater; SHARDS],
}

/// The balance of who has none.
pub(super) static NOBODYS: Balance = Balance { made: AtomicI64::new(0), gone: AtomicI64::new(0), index: 0 };

static POOL: Mutex<Vec<&'static Keeper>> = Mutex::new(Vec::new());

impl Keeper {
    pub(super) fn take() -> &'static Self {
        let pooled = POOL.lock().unwrap_or_else(PoisonError::into_inner).pop();
        pooled.unwrap_or_else(|| {
            Box::leak(Box::new(Self { count: Count::new(), caches: [const { MadeLater::new() }; SHARDS] }))
        })
    }

    /// Gives the keeper of an allocator back that has no handle and no object any more.
    pub(super) fn give_back(&'static self) {
        self.count.open_again();
        POOL.lock().unwrap_or_else(PoisonError::into_inner).push(self);
    }

    /// Whether there is memory for what the thread with a shard keeps.
    pub(super) fn has_cache(&self, shard: usize) -> bool {
        self.caches[shard].make()
    }

    /// What the thread that has a shard has, if it has a cache: to be used by that thread alone.
    pub(super) fn own(&'static self, shard: usize) -> Option<Own> {
        Some(Own { cache: self.caches[shard].get()?, balance: self.count.own(shard) })
    }

    /// Counts an object that is made, while there is a handle.
    #[inline]
    pub(super) fn made(&self, own: Option<Own>) {
        self.count.made(own.map(|own| own.balance));
    }

    /// Counts an object that is dropped. After this the allocator may be gone.
    #[inline]
    pub(super) fn gone(&self, own: Option<Own>) {
        let balance = own.map(|own| own.balance);
        self.count.gone(balance, || match balance {
            // For all that matters: `barrier` knows this thread.
            Some(_) => compiler_fence(Ordering::SeqCst),
            None => fence(Ordering::SeqCst),
        });
    }

    /// Objects that there are.
    pub(super) fn objects(&self) -> u64 {
        self.count.objects()
    }

    /// The last handle goes: keeps the allocator until there are no objects.
    pub(super) fn close(&self, inner: Arc<Inner>) {
        self.count.close(inner, || {
            fence(Ordering::SeqCst);
            // If it cannot be had, no thread has a balance of its own; if a filter of system calls came only later, an object that is dropped right
            // now may leave the memory mapped for ever.
            let _ = barrier();
        });
    }
}

/// Has `barrier` include the threads of this process from now on, whoever calls it; whether it can be had (Linux 4.16).
pub(super) fn register() -> bool {
    membarrier(libc::MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED).is_ok()
}

/// Has all threads of all processes that have registered run a full fence, wherever they are: what each does is before it or after it. So
/// those need none where one side is rare.
///
/// # Errors
///
/// [`Error::Os`] where the kernel does not know it, or a filter of system calls refuses it.
pub(super) fn barrier() -> Result<(), Error> {
    membarrier(libc::MEMBARRIER_CMD_GLOBAL_EXPEDITED)
}

fn membarrier(command: libc::c_int) -> Result<(), Error> {
    // SAFETY: the call takes three integers, and touches no memory.
    if unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) } == 0 {
        return Ok(());
    }
    Err(Error::os("have all threads run a fence (membarrier)", &std::io::Error::last_os_error()))
}
