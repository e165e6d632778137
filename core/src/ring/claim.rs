//! [`Claim`]: a process has one handle to a ring.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::error::{MapName, RingError};
use crate::sys::lock::ProcessLock;
use crate::sys::process::Process;

/// Guards the list below. A child that is forked meanwhile finds each of its steps done or not.
static LOCK: ProcessLock = ProcessLock::new();
/// All slots there have ever been. They are never freed, but used again.
static FIRST: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());

/// The place of one claim.
#[derive(Debug)]
struct Slot {
    /// The process that has it, 0 if none has. A forked child finds those of its parent, which are
    /// not its own.
    owner: AtomicU64,
    key: AtomicU64,
    next: Option<&'static Slot>,
}

/// The only handle that this process has to a ring, until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    slot: &'static Slot,
    owner: u64,
}

impl Claim {
    /// Claims a ring by its number; `None` if this process has it already.
    pub(crate) fn take(key: u64) -> Option<Self> {
        let _turn = LOCK.wait();
        let here = Process::current().number();
        let mut free = None;
        let mut next = first();
        while let Some(slot) = next {
            match slot.owner.load(Ordering::Relaxed) {
                owner if owner != here => free = Some(slot),
                _ if slot.key.load(Ordering::Relaxed) == key => return None,
                _ => {}
            }
            next = slot.next;
        }
        let slot = free.unwrap_or_else(|| {
            let slot = Box::leak(Box::new(Slot { owner: AtomicU64::new(0), key: AtomicU64::new(0), next: first() }));
            FIRST.store(slot, Ordering::Release);
            slot
        });
        slot.key.store(key, Ordering::Relaxed);
        slot.owner.store(here, Ordering::Relaxed);
        Some(Self { slot, owner: here })
    }
}

/// Claims a ring for this process, by the id of its map or the number of its twin.
pub(crate) fn claim(key: u64, map: MapName) -> Result<Claim, RingError> {
    Claim::take(key).ok_or(RingError::OpenHere { map, id: u32::try_from(key).ok() })
}

impl Drop for Claim {
    fn drop(&mut self) {
        // In a child that was forked, the slot may be another claim's by now.
        let _ = self.slot.owner.compare_exchange(self.owner, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

fn first() -> Option<&'static Slot> {
    // SAFETY: every pointer stored there comes from a leaked `Box`, whose parts are atomics, or
    // never change.
    unsafe { FIRST.load(Ordering::Acquire).as_ref() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_claims_a_ring_once_at_a_time() {
        let key = 0xfeed_0000_0000_0000;
        let (first, other) = (Claim::take(key), Claim::take(key + 1));
        assert!(first.is_some() && other.is_some() && Claim::take(key).is_none());
        drop(first);
        let again = Claim::take(key);
        assert!(again.is_some() && Claim::take(key).is_none());
    }

    #[test]
    fn a_child_may_claim_what_its_parent_has() {
        let key = 0xfeed_0000_0000_0100;
        let mut claim = Claim::take(key).unwrap();
        // As a child finds it.
        claim.owner ^= 1 << 40;
        claim.slot.owner.store(claim.owner, Ordering::Relaxed);
        let own = Claim::take(key);
        assert!(own.is_some() && Claim::take(key).is_none());
        drop(claim);
        assert!(Claim::take(key).is_none(), "the drop of the parent's claim leaves the child's");
    }
}
