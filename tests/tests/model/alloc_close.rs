//! The two ends of an allocator in a model checker, from the same source (`refcount.rs` and
//! `protocol.rs` in `core/src/arena/alloc`). In every interleaving of the threads, the memory is
//! unmapped once, after the last object of the process is gone and not before. And a thread that
//! closes an allocator for all processes sees every object that was made. With a fence or an order
//! left out, some interleaving fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::alloc_protocol::{Control, Holder, Word, hand_out, let_go};
use crate::refcount::Count;

/// The memory. Reading an object is a read to the checker, and unmapping is a write. The two must
/// not be concurrent.
struct Memory {
    bytes: UnsafeCell<()>,
    unmapped: AtomicU32,
}

impl Memory {
    fn mapped() -> Arc<Self> {
        Arc::new(Self { bytes: UnsafeCell::new(()), unmapped: AtomicU32::new(0) })
    }

    fn read(&self) {
        assert_eq!(self.unmapped.load(Ordering::Relaxed), 0, "an object is in memory that is unmapped");
        self.bytes.with(|_| ());
    }
}

/// The handle that is kept while there are objects. Dropping it unmaps the memory.
struct Kept(Arc<Memory>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.bytes.with_mut(|_| ());
        self.0.unmapped.fetch_add(1, Ordering::Relaxed);
    }
}

/// An allocator of one process, with two handles.
struct Process {
    count: Count<3>,
    kept: Mutex<Option<Kept>>,
    handles: AtomicUsize,
    memory: Arc<Memory>,
}

/// The fences and orders that a model leaves out.
trait Omitted: 'static {
    const DROPPERS_FENCE: bool = false;
    const CLOSERS_FENCE: bool = false;
    const ORDER_OF_HANDLES: bool = false;
}

struct Nothing;
impl Omitted for Nothing {}
struct DroppersFence;
impl Omitted for DroppersFence {
    const DROPPERS_FENCE: bool = true;
}
struct ClosersFence;
impl Omitted for ClosersFence {
    const CLOSERS_FENCE: bool = true;
}
struct OrderOfHandles;
impl Omitted for OrderOfHandles {
    const ORDER_OF_HANDLES: bool = true;
}

fn fence_unless(omitted: bool) {
    if !omitted {
        fence(Ordering::SeqCst);
    }
}

impl Process {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            count: Count::new(),
            kept: Mutex::new(None),
            handles: AtomicUsize::new(2),
            memory: Memory::mapped(),
        })
    }

    /// The thread with this balance drops an `Object`. The last step is that of `Inner::drop`.
    fn drop_object<O: Omitted>(&self, own: Option<usize>) {
        self.memory.read();
        if self.count.gone(own.map(|own| self.count.own(own)), || fence_unless(O::DROPPERS_FENCE)) {
            self.let_go();
        }
    }

    /// As `Allocator::drop`.
    fn drop_handle<O: Omitted>(&self) {
        let order = if O::ORDER_OF_HANDLES { Ordering::Relaxed } else { Ordering::AcqRel };
        if self.handles.fetch_sub(1, order) == 1 {
            *self.kept.lock().unwrap() = Some(Kept(Arc::clone(&self.memory)));
            if self.count.close(1, || fence_unless(O::CLOSERS_FENCE)) {
                self.let_go();
            }
        }
    }

    /// As `Keeper::let_go`.
    fn let_go(&self) {
        let kept = self.kept.lock().unwrap().take();
        assert!(kept.is_some(), "two threads are told to let go");
        drop(kept);
    }

    fn assert_unmapped(&self) {
        assert_eq!(self.memory.unmapped.load(Ordering::Relaxed), 1, "it is unmapped, and once");
    }
}

/// The last handle goes while another thread drops the last object.
fn close_beside_a_drop<O: Omitted>(dropper: Option<usize>) {
    loom::model(move || {
        let process = Process::new();
        process.drop_handle::<O>();
        process.count.made(Some(process.count.own(0)));
        let other = {
            let process = Arc::clone(&process);
            thread::spawn(move || process.drop_object::<O>(dropper))
        };
        process.drop_handle::<O>();
        other.join().unwrap();
        process.assert_unmapped();
    });
}

/// Two threads have a handle each. Each makes an object, then drops its handle and an object.
/// Either handle may be the last.
fn close_beside_a_maker<O: Omitted>() {
    loom::model(|| {
        let process = Process::new();
        process.count.made(Some(process.count.own(0)));
        let other = {
            let process = Arc::clone(&process);
            thread::spawn(move || {
                process.count.made(Some(process.count.own(1)));
                process.drop_handle::<O>();
                process.drop_object::<O>(Some(1));
            })
        };
        process.drop_handle::<O>();
        process.drop_object::<O>(Some(0));
        other.join().unwrap();
        process.assert_unmapped();
    });
}

fn fails(model: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(model)).is_err()
}

#[test]
fn the_memory_is_unmapped_when_the_last_object_and_the_last_handle_are_gone() {
    close_beside_a_drop::<Nothing>(Some(1));
    close_beside_a_drop::<Nothing>(None);
    close_beside_a_maker::<Nothing>();
}

#[test]
fn without_one_of_the_fences_or_the_order_of_handles_the_model_fails() {
    assert!(
        fails(|| close_beside_a_drop::<DroppersFence>(Some(1))),
        "who drops the last object does not see the closing"
    );
    assert!(fails(|| close_beside_a_drop::<ClosersFence>(Some(1))), "who closes does not see the last drop");
    assert!(fails(close_beside_a_maker::<OrderOfHandles>), "who closes does not see an object");
}

/// The word of a slot. `FENCED` if `exchange_and_fence` does fence, as it must.
struct Slot<const FENCED: bool>(AtomicU64);

impl<const FENCED: bool> Word for Slot<FENCED> {
    fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
    fn load_acquire(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
    fn store_release(&self, new: u64) {
        self.0.store(new, Ordering::Release);
    }
    fn exchange(&self, current: u64, new: u64) -> Result<u64, u64> {
        self.0.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire)
    }
    fn exchange_and_fence(&self, current: u64, new: u64) -> Result<u64, u64> {
        let exchanged = self.exchange(current, new);
        fence_unless(!FENCED);
        exchanged
    }
}

const LIVE: u32 = 1;
const CLOSING: u32 = 2;
const ID: u32 = 7;
const FREE: Control = Control::new(ID, Holder::Free, 0);

/// An object is made while the allocator is closed for all processes, in the steps of `alloc` and
/// `close`.
fn close_beside_an_alloc<const FENCED: bool>(frees: bool) {
    loom::model(move || {
        let (slot, state) = (Slot::<FENCED>(AtomicU64::new(FREE.0)), AtomicU32::new(LIVE));
        let all = Arc::new((slot, state));
        let maker = {
            let all = Arc::clone(&all);
            thread::spawn(move || {
                let (slot, state) = &*all;
                let held = hand_out(slot, ID).expect("nobody scribbles");
                let is_live = state.load(Ordering::Relaxed) == LIVE;
                if !is_live || frees {
                    assert!(let_go(slot, held, Holder::Free));
                }
                is_live && !frees
            })
        };
        let (slot, state) = &*all;
        let remaining = || Control(slot.0.load(Ordering::Acquire)).holder() != Holder::Free;
        state.compare_exchange(LIVE, CLOSING, Ordering::Relaxed, Ordering::Relaxed).expect("nobody else closes");
        fence(Ordering::SeqCst);
        // An object made after this look is freed at once, and given to nobody.
        let first_look = remaining();
        let made = maker.join().unwrap();
        assert!(first_look || !made, "an object that who closes has not seen");
        assert_eq!(remaining(), made, "the count is exact in the end");
    });
}

#[test]
fn who_closes_an_allocator_for_all_sees_every_object_that_there_is() {
    close_beside_an_alloc::<true>(false);
    close_beside_an_alloc::<true>(true);
}

#[test]
fn without_the_fence_behind_the_hand_out_the_model_fails() {
    assert!(fails(|| close_beside_an_alloc::<false>(false)));
}
