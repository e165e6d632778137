//! [`SeqCell`]: a value read as of one moment. `seq/protocol` has the steps of its lock.

#[cfg(target_has_atomic = "64")]
pub(crate) mod protocol;

use core::fmt;
use core::mem::offset_of;

use crate::error::InvalidValue;
use crate::layout::Layout;
use crate::value::{Access, MapValue, Mirror, Plain, ReadWrite, Shared};
#[cfg(target_has_atomic = "64")]
use {
    crate::error::{Busy, TRIES, ValueError},
    crate::value::{Storable, Writable},
    core::hint::spin_loop,
    core::sync::atomic::{Ordering, fence},
};

/// A value of several leaves that readers see as of one moment, never half written.
///
/// In memory it is a `u64`, the sequence number, followed by the value. The number is odd while a
/// thread writes. A reader loads the number, the value, and the number again. It accepts the value
/// only if the number was even and has not changed. So readers write nothing, work on read-only
/// mappings too, and never make a writer wait. (A BPF reader does write where loads have no order
/// of their own: see `mapvalue/order.bpf.h`.) There may be any number of readers and writers, in
/// any process and in BPF programs. Zeroed memory is a valid cell: never written, its value zeros.
///
/// A handle to one has [`read`](SeqCellShared::read) and [`write`](SeqCellShared::write):
///
/// ```
/// use mapvalue::{MapValue, Mapping, SeqCell, Var};
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Window {
///     from: u64,
///     to: u64,
/// }
///
/// let mapping = Mapping::memfd(4096)?;
/// let window: Var<SeqCell<Window>> = mapping.var(0)?;
/// window.write(Window { from: 10, to: 20 })?;
/// assert_eq!(window.read()?, Window { from: 10, to: 20 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The C side is `mapvalue/seq.bpf.h`, which comes with this crate:
///
/// ```c
/// MV_SEQ_CELL(struct window) window;
///
/// __u64 turn = mv_seq_begin(&window);
/// if (turn) {
///     window.value.from = from;
///     window.value.to = to;
///     mv_seq_end(&window, turn);
/// }
/// ```
///
/// It suits values that are written now and then. Beside a writer that never pauses, a reader
/// seldom finds the value at rest, and gets [`Busy`] the rest of the time.
///
/// All sides must keep to the protocol. In Rust only raw offsets get around it; a BPF program must
/// store to the value only between `mv_seq_begin` and `mv_seq_end`.
///
/// # A writer that dies
///
/// A writer that is killed between its begin and its end leaves the number odd and the value half
/// written. From then on `read` and `write` return [`Busy`], so nobody sees that half. Once the
/// writer is known to be gone, [`recover`](SeqCellShared::recover) makes the cell usable again.
///
/// # As a field
///
/// It is a `MapValue`, so it can be a field or an array element. A struct that holds one can be
/// loaded whole, but the copy gives no access to the cell's value, which may be torn. The struct
/// cannot be stored whole ([`Storable`](crate::Storable)), since that would not be a `write`.
#[repr(C)]
pub struct SeqCell<T> {
    sequence: u64,
    value: T,
}

impl<T> fmt::Debug for SeqCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeqCell").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

/// The mirror of a [`SeqCell`], to which a handle dereferences.
///
/// ```
/// use mapvalue::{MapValue, Mapping, SeqCell};
///
/// #[derive(MapValue, Debug, PartialEq)]
/// #[repr(u32)]
/// enum Mode {
///     Off,
///     On,
/// }
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct State {
///     reads: u64,
///     modes: SeqCell<[Mode; 2]>,
/// }
///
/// let state = Mapping::memfd(4096)?.var::<State>(0)?;
/// state.modes.write([Mode::On, Mode::Off])?; // `state.modes` is a `SeqCellShared<[Mode; 2]>`
/// assert_eq!(state.modes.try_read()?, [Mode::On, Mode::Off]); // `read`, without an enum inside
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct SeqCellShared<T: MapValue, A: Access = ReadWrite> {
    sequence: Shared<u64, A>,
    value: T::Shared<A>,
}

// SAFETY: see the implementation of `MapValue` that names this type.
#[diagnostic::do_not_recommend]
unsafe impl<T: MapValue, A: Access> Mirror for SeqCellShared<T, A> {
    type Value = SeqCell<T>;
    type Access = A;
}

// Not derived, because it is not `Storable`, and compile errors should not offer it as a value.
//
// SAFETY: both types are `repr(C)`, of two fields and of their mirrors in the same order, so their
// offsets agree. `into_field` and `structure` assert that, the alignment of leaves, and that
// nothing is dropped. The fields make the other promises.
#[diagnostic::do_not_recommend]
unsafe impl<T: MapValue> MapValue for SeqCell<T> {
    type Shared<A: Access> = SeqCellShared<T, A>;
    const LAYOUT: Layout = Layout::structure::<Self, SeqCellShared<T, ReadWrite>>(
        "SeqCell",
        const {
            &[
                u64::LAYOUT.into_field("sequence", "SeqCell", offset_of!(Self, sequence)),
                T::LAYOUT.into_field("value", "SeqCell", offset_of!(Self, value)),
            ]
        },
        &[offset_of!(SeqCellShared<T, ReadWrite>, sequence), offset_of!(SeqCellShared<T, ReadWrite>, value)],
    );

    #[inline]
    fn __try_load<A: Access>(shared: &Self::Shared<A>) -> Result<Self, InvalidValue> {
        let sequence = shared.sequence.load();
        let value = T::__try_load::<A>(&shared.value).map_err(|invalid| invalid.within(offset_of!(Self, value)))?;
        Ok(Self { sequence, value })
    }
}

// SAFETY: `__try_load` fails only if that of `T` does, and `T` is `Plain`.
#[diagnostic::do_not_recommend]
unsafe impl<T: Plain> Plain for SeqCell<T> {
    #[inline]
    fn __load<A: Access>(shared: &Self::Shared<A>) -> Self {
        Self { sequence: shared.sequence.load(), value: T::__load::<A>(&shared.value) }
    }
}

/// Reading in every mode, and writing on [`ReadWrite`] handles.
#[cfg(target_has_atomic = "64")]
impl<T: MapValue, A: Access> SeqCellShared<T, A> {
    /// Reads the value as of one moment after the last write that this thread knows of.
    ///
    /// It costs two loads of the sequence number in addition to those of the value, and no store.
    /// It acquires: this thread sees what the writer stored elsewhere before its write.
    ///
    /// # Errors
    ///
    /// [`Busy`], after a bounded number of tries.
    #[inline]
    pub fn read(&self) -> Result<T, Busy>
    where
        T: Plain,
    {
        self.read_by(|value| T::__load::<A>(value))
    }

    /// Reads as [`read`](Self::read) does, then checks the enums inside the whole value.
    ///
    /// # Errors
    ///
    /// [`ValueError::Busy`], [`ValueError::InvalidValue`].
    pub fn try_read(&self) -> Result<T, ValueError> {
        Ok(self.read_by(|value| super::try_load::<T, A>(value))??)
    }

    #[inline]
    fn read_by<R>(&self, load: impl Fn(&T::Shared<A>) -> R) -> Result<R, Busy> {
        protocol::read(&self.sequence, TRIES, || load(&self.value)).map_err(|sequence| Busy { sequence })
    }

    /// Writes the value, leaf by leaf; readers see all of it or nothing.
    ///
    /// It releases: a reader of this value sees what this thread stored elsewhere before.
    ///
    /// # Errors
    ///
    /// [`Busy`] if another writer did not end within a bounded number of tries (nothing is changed
    /// then), or if someone took this writer for dead and recovered the cell meanwhile.
    #[inline]
    pub fn write(&self, value: T) -> Result<(), Busy>
    where
        T: Storable,
        A: Writable,
    {
        let busy = |sequence| Busy { sequence };
        let sequence = A::read_write::<u64>(&self.sequence);
        let turn = protocol::begin(sequence, TRIES).map_err(busy)?;
        T::__store(A::read_write::<T>(&self.value), &value);
        protocol::end(sequence, turn).map_err(busy)
    }

    /// Writes the value for the dead writer that `busy` reports; returns whether it did.
    ///
    /// If the sequence number is no longer the odd one of `busy`, the writer was alive, or someone
    /// else has recovered the cell. Then this changes nothing and returns `false`.
    ///
    /// `busy` must come from this cell: it is a number, and another cell may have the same.
    ///
    /// Call it only if the writer is known to be gone: its process was waited for, its program
    /// unloaded. If it is still alive, its stores and these mix, and the next readers may see both.
    ///
    /// ```
    /// # let mapping = mapvalue::Mapping::memfd(4096)?;
    /// # let window = mapping.var::<mapvalue::SeqCell<[u64; 2]>>(0)?;
    /// # mapping.var::<u64>(0)?.store(7);
    /// if let Err(busy) = window.read() {
    ///     // The one process that writes it is gone.
    ///     window.recover(busy, [0, 0]);
    /// }
    /// assert_eq!(window.read(), Ok([0, 0]));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn recover(&self, busy: Busy, value: T) -> bool
    where
        T: Storable,
        A: Writable,
    {
        let sequence = A::read_write::<u64>(&self.sequence);
        let Some(turn) = protocol::take_over(sequence, busy.sequence) else { return false };
        T::__store(A::read_write::<T>(&self.value), &value);
        protocol::end(sequence, turn).is_ok()
    }
}

impl<T: MapValue, A: Access> fmt::Debug for SeqCellShared<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeqCell").field("sequence", &self.sequence.load()).finish_non_exhaustive()
    }
}

#[cfg(target_has_atomic = "64")]
impl<A: Access> protocol::ReadSequence for Shared<u64, A> {
    #[inline]
    fn load(&self) -> u64 {
        self.load()
    }
    #[inline]
    fn fence_acquire() {
        fence(Ordering::Acquire);
    }
    #[inline]
    fn fence_release() {
        fence(Ordering::Release);
    }
    #[inline]
    fn pause() {
        spin_loop();
    }
}

#[cfg(target_has_atomic = "64")]
impl protocol::WriteSequence for Shared<u64, ReadWrite> {
    #[inline]
    fn exchange_acquire(&self, current: u64, new: u64) -> Result<u64, u64> {
        self.atomic().compare_exchange(current, new, Ordering::Acquire, Ordering::Relaxed)
    }
    #[inline]
    fn exchange_release(&self, current: u64, new: u64) -> Result<u64, u64> {
        self.atomic().compare_exchange(current, new, Ordering::Release, Ordering::Relaxed)
    }
}
