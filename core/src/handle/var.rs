//! [`Var`]: a handle to one value in shared memory.

use std::any::type_name;
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::btf::check::Fit;
use crate::error::{InvalidValue, PlaceError};
use crate::handle::shown::Shown;
use crate::layout::Layout;
use crate::mapping::Mapping;
use crate::mapping::types::PlaceTypes;
use crate::value::{self, Access, InPlace, MapValue, Mirror, Plain, ReadOnly, ReadWrite, Storable, Writable};

/// A handle to a `T` in a mapping, with a share in the mapping: 16 bytes.
///
/// It dereferences to the mirror of `T`, so its parts are reached as in plain Rust:
///
/// ```
/// use mapvalue::{MapValue, Mapping, ReadOnly, Var};
///
/// #[derive(MapValue, Clone, Copy)]
/// #[repr(C)]
/// struct Stats {
///     packets: u64,
///     by_proto: [u64; 256],
/// }
///
/// let mapping = Mapping::memfd(size_of::<Stats>())?;
/// let stats: Var<Stats> = mapping.var(0)?;
/// stats.by_proto[6].fetch_add(1);
/// assert_eq!(stats.by_proto.iter().map(|c| c.load()).sum::<u64>(), 1);
/// let copy: Stats = stats.load();
/// stats.store(Stats { packets: 7, ..copy });
/// stats.packets.store(8); // one field
/// assert_eq!((stats.packets.load(), copy.packets, copy.by_proto[6]), (8, 0, 1));
///
/// // A handle to a part keeps the mapping alive itself.
/// let tcp: Var<u64> = stats.project(|s| &s.by_proto[6]);
/// let view: Var<u64, ReadOnly> = tcp.read_only();
/// drop((mapping, stats));
/// tcp.store(9);
/// assert_eq!(view.load(), 9);
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// `load` and `store` move a struct leaf by leaf: no field is torn, but two may come
/// from different moments.
///
/// # On hot paths
///
/// To open, clone, project or drop a handle changes the count of the mapping's handles, an atomic
/// that all threads share. Threads that do so at the same moment wait for each other: on two CPUs
/// it takes ten times as long as in one thread (`tests/tests/measure/scale.rs` measures it). Loads
/// and stores do not touch the count. Open and project before the loop, and lend handles instead
/// of cloning them:
///
/// ```
/// # use mapvalue::{Mapping, Var};
/// # let mapping = Mapping::memfd(4096)?;
/// let by_cpu: Var<[[u64; 8]; 2]> = mapping.var(0)?; // a cache line each
/// std::thread::scope(|scope| {
///     for cpu in 0..2 {
///         let counter = &by_cpu[cpu][0]; // a reference, not a handle
///         scope.spawn(move || {
///             (0..1000).for_each(|_| {
///                 counter.fetch_add(1);
///             })
///         });
///     }
/// });
/// assert_eq!((by_cpu[0][0].load(), by_cpu[1][0].load()), (1000, 1000));
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// Give a thread that is not scoped one clone, when it starts.
#[doc(alias("global", "volatile"))]
pub struct Var<T: MapValue, A: Access = ReadWrite> {
    place: NonNull<T::Shared<A>>,
    mapping: Arc<Mapping>,
}

handle!(Var, MapValue);

/// Loads in every mode, and stores on [`ReadWrite`] handles.
impl<T: MapValue, A: Access> Var<T, A> {
    /// # Safety
    ///
    /// `place` is a place that `mapping` has checked for `T` and `A`, or a part of one.
    #[inline]
    pub(crate) unsafe fn new(place: NonNull<T::Shared<A>>, mapping: Arc<Mapping>) -> Self {
        Self { place, mapping }
    }

    /// Loads the whole value, leaf by leaf, each relaxed.
    #[inline]
    pub fn load(&self) -> T
    where
        T: Plain,
    {
        T::__load::<A>(self)
    }

    /// Loads the whole value, leaf by leaf, each relaxed, and checks the enums inside: see
    /// [`Shared`](crate::Shared).
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] with the number, enum and path of the first enum whose number is invalid.
    #[inline]
    pub fn try_load(&self) -> Result<T, InvalidValue> {
        value::try_load::<T, A>(self)
    }

    /// A handle to a part of the value, with its own share in the mapping: see above.
    ///
    /// # Panics
    ///
    /// If `part` returns a reference to a place that is not inside this value.
    #[inline]
    pub fn project<S: Mirror>(&self, part: impl for<'a> FnOnce(&'a T::Shared<A>) -> &'a S) -> Var<S::Value, A>
    where
        S::Value: MapValue<Shared<A> = S>,
    {
        let part = NonNull::from(part(self));
        self.assert_inside(part.cast(), size_of::<S>());
        // SAFETY: the part is inside this value (checked above), so the mapping keeps it alive too.
        // Its leaves are aligned, since they are leaves of this value: its mirror holds nothing
        // else.
        unsafe { Var::new(part, Arc::clone(&self.mapping)) }
    }

    /// Panics unless the place that a closure returned is inside this value.
    ///
    /// The closure may return a reference from elsewhere: into a leaked handle of another mapping,
    /// or to a promoted empty array. This mapping would not keep such a place alive.
    #[inline]
    pub(crate) fn assert_inside(&self, part: NonNull<u8>, size: usize) {
        let start = self.place.addr().get();
        let inside = part.addr().get().checked_sub(start).is_some_and(|offset| offset + size <= size_of::<T>());
        assert!(inside, "the closure returned a place that is not inside this `{}`", type_name::<T>());
    }

    /// A handle to the same place that only loads, for code that must not store.
    #[inline]
    pub fn read_only(&self) -> Var<T, ReadOnly> {
        // SAFETY: this is the same place, for less access.
        unsafe { Var::new(self.place.cast(), Arc::clone(&self.mapping)) }
    }

    /// Stores the whole value, leaf by leaf, each relaxed; padding is not written.
    ///
    /// To change one field, store that field: to load, change and store the whole value undoes what
    /// a BPF program wrote to the other fields in between.
    #[inline]
    pub fn store(&self, value: T)
    where
        T: Storable,
        A: Writable,
    {
        T::__store(A::read_write::<T>(self), &value);
    }

    /// A reference to the value in place, if it is made of atomics alone.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// let mapping = mapvalue::Mapping::memfd(4096)?;
    /// let counter = mapping.var::<AtomicU64>(0)?;
    /// let in_place: &AtomicU64 = counter.as_ref();
    /// in_place.fetch_add(1, Ordering::SeqCst);
    /// assert_eq!(counter.load().into_inner(), 1);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    #[inline]
    #[expect(
        clippy::should_implement_trait,
        reason = "`AsRef` is implemented; a method says why it does not apply, where it does not"
    )]
    pub fn as_ref(&self) -> &T
    where
        T: InPlace,
        A: Writable,
    {
        // SAFETY: as in `deref`. The mirror has the layout of `T` (`MapValue`, promise 1). Every
        // byte of `T` but padding is inside an atomic integer (`InPlace`), for which any bits are
        // valid and which others may change. The standard library asks of an atomic only alignment
        // and memory valid for reads and writes, which hold.
        unsafe { self.place.cast::<T>().as_ref() }
    }
}

impl<T: MapValue, A: Access> Deref for Var<T, A> {
    type Target = T::Shared<A>;

    #[inline]
    fn deref(&self) -> &T::Shared<A> {
        // SAFETY: by the promise to `new`, the mapping holds `size_of::<T>()` bytes here, aligned
        // to `LAYOUT.align()` (checked by `Mapping::place`, or `Arena::locate`). That is the
        // mirror's size and at least its alignment (`MapValue`, promises 1 and 2). The bytes stay
        // mapped and readable while `self.mapping` lives, and are writable if `A` is `ReadWrite`
        // (`Mapping::writable`). All bits are a valid mirror (promise 3). Others write only to
        // cells, inside `UnsafeCell`.
        unsafe { self.place.as_ref() }
    }
}

impl<T: InPlace> AsRef<T> for Var<T, ReadWrite> {
    #[inline]
    fn as_ref(&self) -> &T {
        Var::as_ref(self)
    }
}

impl<T: MapValue + fmt::Debug, A: Access> fmt::Debug for Var<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("Var");
        match self.try_load() {
            Ok(value) => shown.field(&value),
            // SAFETY: this is a place of a `T`, as in `deref`, for as long as `self` is borrowed.
            Err(_) => shown.field(&unsafe { Shown::new(self.place.cast(), T::LAYOUT) }),
        }
        .finish()
    }
}

/// Constructors of handles to single values.
impl Mapping {
    /// A handle to the value of type `T` at `offset` bytes.
    ///
    /// ```
    /// use mapvalue::{Error, Mapping, PlaceError, Var};
    ///
    /// let mapping = Mapping::memfd(64)?;
    /// let counter: Var<u64> = mapping.var(8)?;
    /// drop(mapping); // the handle keeps it alive
    /// assert_eq!(counter.fetch_add(1), 0);
    /// let mapping = counter.mapping();
    /// assert_eq!(mapping.var_ro::<u64>(8)?.load(), 1);
    /// assert!(matches!(mapping.var::<u64>(4), Err(PlaceError::Misaligned { .. })));
    /// assert!(matches!(mapping.var::<u64>(64), Err(PlaceError::OutOfRange { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::ReadOnly`] (use [`var_ro`](Self::var_ro)), [`PlaceError::OutOfRange`],
    /// [`PlaceError::Misaligned`], [`PlaceError::LayoutMismatch`] if the map's types are known and
    /// differ there, [`PlaceError::ZeroSized`], and [`PlaceError::CrossesValue`] if the map has
    /// padding between its values and the place reaches into it.
    #[inline]
    pub fn var<T: MapValue>(self: &Arc<Self>, offset: usize) -> Result<Var<T>, PlaceError> {
        self.var_any(offset, Some(Fit::Whole))
    }

    /// A handle that only loads, as [`var`](Self::var); the mapping may be read-only or writable.
    ///
    /// # Errors
    ///
    /// As [`var`](Self::var), without `ReadOnly`.
    #[inline]
    pub fn var_ro<T: MapValue>(self: &Arc<Self>, offset: usize) -> Result<Var<T, ReadOnly>, PlaceError> {
        self.var_any(offset, Some(Fit::Whole))
    }

    /// Returns a handle to a value whose type is only the beginning of the program's: its first
    /// members, or its first elements.
    ///
    /// It serves programs that have since added members. ([`var`](Self::var) refuses
    /// a type that is shorter.)
    ///
    /// ```no_run
    /// use mapvalue::{MapValue, Mapping, Var};
    ///
    /// #[derive(MapValue)]
    /// #[repr(C)]
    /// struct Stats {
    ///     packets: u64,
    ///     bytes: u64, // what the program has behind it, this agent does not know
    /// }
    ///
    /// let mapping = Mapping::from_pin("/sys/fs/bpf/agent/stats")?;
    /// let stats: Var<Stats> = mapping.var_prefix(0)?;
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`var`](Self::var).
    pub fn var_prefix<T: MapValue>(self: &Arc<Self>, offset: usize) -> Result<Var<T>, PlaceError> {
        self.var_any(offset, Some(Fit::Prefix))
    }

    /// Returns a handle to the beginning of a value, for loading only.
    ///
    /// # Errors
    ///
    /// As [`var_prefix`](Self::var_prefix), without `ReadOnly`.
    pub fn var_prefix_ro<T: MapValue>(self: &Arc<Self>, offset: usize) -> Result<Var<T, ReadOnly>, PlaceError> {
        self.var_any(offset, Some(Fit::Prefix))
    }

    /// Checks the place as `fit` says; without it, the caller has compared the types.
    #[expect(clippy::inline_always, reason = "out of line, the handle goes through memory: 4 times as slow")]
    #[inline(always)]
    pub(crate) fn var_any<T: MapValue, A: Access>(
        self: &Arc<Self>,
        offset: usize,
        fit: Option<Fit>,
    ) -> Result<Var<T, A>, PlaceError> {
        let place = self.place::<T, A>(offset, T::LAYOUT.size())?;
        // Memory without a geometry has no types, and to ask for both costs it nothing.
        if let (true, Some(types), Some(fit)) = (self.is_map(), &self.types, fit) {
            // One address for both questions: each mention of a constant may have its own.
            let layout = const { &T::LAYOUT };
            if !types.remembers(layout, offset, fit) {
                return self.compared(types, layout, place, offset, fit);
            }
        }
        // SAFETY: `place` has checked the place for `T` and `A`.
        Ok(unsafe { Var::new(place, Arc::clone(self)) })
    }

    /// Compares the types. It is a function of its own, so that opening a handle to a place that is
    /// remembered saves no registers for the call.
    #[cold]
    #[inline(never)]
    fn compared<T: MapValue, A: Access>(
        self: &Arc<Self>,
        types: &PlaceTypes,
        layout: &'static Layout,
        place: NonNull<T::Shared<A>>,
        offset: usize,
        fit: Fit,
    ) -> Result<Var<T, A>, PlaceError> {
        types.check(layout, offset, 1, fit)?;
        // SAFETY: `var_any`, which calls this alone, has checked the place for `T` and `A`.
        Ok(unsafe { Var::new(place, Arc::clone(self)) })
    }
}
