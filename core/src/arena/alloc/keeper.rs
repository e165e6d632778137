//! How long this process keeps an allocator's memory mapped: as long as there is a handle to it or an object of it.
//!
//! Objects are made and dropped in nanoseconds, on many threads, so they cannot share a reference count; they are in a [`Count`], which is closed when
//! the last handle goes. Of the two full fences that closing takes, that of the droppers is left to the closer, who has every thread of the
//! process run one (`membarrier`, Linux 4.14); where that is not to be had, each has its own.

use std::sync::atomic::{Ordering, compiler_fence, fence};
use std::sync::{Arc, Mutex, PoisonError};

use super::Inner;
use super::count::Count;
use super::layout::SHARDS;

pub(super) use super::count::Balance;

/// The counts of an allocator's objects in this process, by shard, and what keeps it alive once there are no handles.
///
/// It is never freed, only used again for other allocators: who has dropped the last object still looks at it.
pub(super) struct Keeper {
    count: Count<Arc<Inner>, { SHARDS + 1 }>,
    /// Whether the closer can have all threads run a fence, so that droppers need none.
    asymmetric: bool,
}

static POOL: Mutex<Vec<&'static Keeper>> = Mutex::new(Vec::new());

impl Keeper {
    pub(super) fn take() -> &'static Self {
        let pooled = POOL.lock().unwrap_or_else(PoisonError::into_inner).pop();
        pooled.unwrap_or_else(|| {
            let asymmetric = membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
            Box::leak(Box::new(Self { count: Count::new(), asymmetric }))
        })
    }

    /// Gives the keeper of an allocator back that has no handle and no object any more.
    pub(super) fn give_back(&'static self) {
        self.count.open_again();
        POOL.lock().unwrap_or_else(PoisonError::into_inner).push(self);
    }

    /// The balance of the thread that has a shard, if only it changes that.
    pub(super) fn own(&'static self, shard: usize) -> &'static Balance {
        self.count.own(shard)
    }

    /// Counts an object that is made, while there is a handle.
    #[inline]
    pub(super) fn made(&self, own: Option<&Balance>) {
        self.count.made(own);
    }

    /// Counts an object that is dropped. After this the allocator may be gone.
    #[inline]
    pub(super) fn gone(&self, own: Option<&Balance>) {
        self.count.gone(own, || {
            if self.asymmetric {
                compiler_fence(Ordering::SeqCst);
            } else {
                fence(Ordering::SeqCst);
            }
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
            if self.asymmetric {
                membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
            }
        });
    }
}

/// A command of membarrier(2); whether the kernel knows it.
fn membarrier(command: libc::c_int) -> bool {
    // SAFETY: the call takes two integers, and touches no memory.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}
