//! [`Kptr`]: the address of an object, with whose memory it is in its type.

#[cfg(target_has_atomic = "64")]
use super::Shared;
use core::convert::Infallible;
use core::marker::PhantomData;

#[cfg(target_has_atomic = "64")]
use core::sync::atomic::Ordering;

use crate::value::MapValue;
use crate::value::pointer::address_leaf;
#[cfg(target_has_atomic = "64")]
use crate::value::{Access, Writable};

mod sealed {
    pub trait Sealed {}
}

/// Whose memory a [`Kptr`] points into: [`Kernel`].
pub trait Domain: sealed::Sealed + 'static {}

/// The kernel's own memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {}

impl sealed::Sealed for Kernel {}
impl Domain for Kernel {}

/// An arena, in which an [`Allocator`](crate::arena::Allocator) hands out objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Local {}

impl sealed::Sealed for Local {}
impl Domain for Local {}

/// Types whose objects may be handed to the kernel, where this process can neither follow nor free them: implement it for those that may.
///
/// It is the only way from a `Kptr<T, Local>` to a `Kptr<T, Kernel>`: [`Kptr::export`].
///
/// ```
/// use mapvalue::{Export, Kernel, Kptr, Local, MapValue};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Request {
///     id: u64,
/// }
///
/// impl Export for Request {} // the kernel's side frees it
///
/// let local = Kptr::<Request, Local>::NULL;
/// let exported: Kptr<Request, Kernel> = local.export();
/// assert!(exported.is_null());
/// ```
#[diagnostic::on_unimplemented(
    message = "objects of type `{Self}` stay in their arena: they may not be handed to the kernel",
    label = "`{Self}` is not `Export`",
    note = "if the kernel's side knows what to do with a `{Self}`, write `impl mapvalue::Export for {Self} {{}}`"
)]
pub trait Export: MapValue {}

/// A domain whose memory this process has mapped. The kernel's is none.
#[diagnostic::on_unimplemented(
    message = "a pointer into the memory of the `{Self}` domain cannot be followed here",
    label = "an address alone is not followed",
    note = "a `Kptr<T, Kernel>` can be compared, printed and handed back to a BPF program, which alone can follow it: have the \
            program copy what you need into the map",
    note = "a `Kptr<T, Local>` is to an object of an arena: `Allocator::claim` makes it an `Object`, which can be followed"
)]
pub trait Mapped: Domain {
    /// Nobody can call this, since there is no such domain yet.
    #[doc(hidden)]
    fn never(address: u64) -> Infallible;
}

/// The address of a `T` in the memory of `D`, as a BPF program stored it: 8 bytes, a leaf like `u64`.
///
/// An address of the [`Kernel`] is opaque here. It tells objects apart (compare it, hash it, print it) and a BPF program can take
/// it back, but there is no way to follow it: in this process nothing, or something else, lies at that address. A `T` that
/// stands for the kernel's type needs no fields.
///
/// ```
/// use mapvalue::{Kernel, Kptr, MapValue, Mapping, Var};
///
/// /// `struct task_struct`.
/// enum Task {}
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Waiter {
///     task: Kptr<Task, Kernel>,
///     since: u64,
/// }
///
/// let mapping = Mapping::memfd(4096)?;
/// let waiter: Var<Waiter> = mapping.var(0)?;
/// assert!(waiter.task.load().is_null());
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[repr(transparent)]
pub struct Kptr<T: ?Sized, D: Domain> {
    address: u64,
    // No `T` is owned or shared by a number, so it is `Send` and `Sync` whatever `T` is.
    object: PhantomData<fn() -> T>,
    domain: PhantomData<fn() -> D>,
}

impl<T: ?Sized, D: Domain> Kptr<T, D> {
    /// No object: the address 0.
    pub const NULL: Self = Self::new(0);

    #[inline]
    const fn new(address: u64) -> Self {
        Self { address, object: PhantomData, domain: PhantomData }
    }

    /// The address, a number.
    #[inline]
    pub const fn address(self) -> u64 {
        self.address
    }

    /// Whether it is [`NULL`](Self::NULL).
    #[inline]
    pub const fn is_null(self) -> bool {
        self.address == 0
    }

    /// The object: does not compile for a pointer of the kernel's, and says why.
    ///
    /// ```compile_fail
    /// # use mapvalue::{Kernel, Kptr};
    /// fn follow(task: &Kptr<u64, Kernel>) -> &u64 {
    ///     task.as_ref() // it is the kernel's memory
    /// }
    /// ```
    #[inline]
    #[expect(unreachable_code, reason = "no domain is mapped, so this has no value")]
    #[expect(clippy::should_implement_trait, reason = "an error of a trait's method would not tell the reason")]
    pub fn as_ref(&self) -> &T
    where
        D: Mapped,
    {
        match D::never(self.address) {}
    }
}

/// Pointers to objects in an arena. In memory the low half is the address, all that a BPF program follows it by, and the high half is the
/// generation of the slot.
impl<T> Kptr<T, Local> {
    #[cfg(feature = "std")]
    pub(crate) const fn local(offset: u32, generation: u32) -> Self {
        Self::new((generation as u64) << 32 | offset as u64)
    }

    /// The low 32 bits of the address of the object.
    #[expect(clippy::cast_possible_truncation, reason = "it is the low half that is asked for")]
    pub const fn offset(self) -> u32 {
        self.address as u32
    }

    /// The generation of the slot that is meant.
    ///
    /// ```
    /// use mapvalue::arena::Config;
    /// use mapvalue::{Allocator, Arena};
    ///
    /// let arena = Arena::memfd(16)?;
    /// let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 1, ..Config::default() })?;
    /// let first = objects.alloc(1u64)?.into_kptr();
    /// objects.free(first)?;
    /// let second = objects.alloc(2u64)?.into_kptr(); // in the same slot
    /// assert_eq!(first.offset(), second.offset());
    /// assert_ne!(first.generation(), second.generation());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn generation(self) -> u32 {
        (self.address >> 32) as u32
    }

    /// The pointer by which an object is handed to the kernel's side, which frees it. Nobody here can follow it.
    ///
    /// ```
    /// use mapvalue::{Export, Kernel, Kptr, Local, MapValue};
    ///
    /// #[derive(MapValue)]
    /// #[repr(C)]
    /// struct Request {
    ///     id: u64,
    /// }
    ///
    /// impl Export for Request {}
    ///
    /// let local = Kptr::<Request, Local>::NULL;
    /// let exported: Kptr<Request, Kernel> = local.export();
    /// assert_eq!(exported.address(), local.address());
    /// ```
    #[must_use]
    pub const fn export(self) -> Kptr<T, Kernel>
    where
        T: Export,
    {
        Kptr::new(self.address)
    }
}

/// Fields that hold an object of an arena: who takes the pointer out has the object.
#[cfg(target_has_atomic = "64")]
impl<T: 'static, A: Access> Shared<Kptr<T, Local>, A> {
    /// Whether there is no object.
    #[inline]
    pub fn is_null(&self) -> bool {
        self.load().is_null()
    }

    /// Takes the pointer, and leaves null: one atomic exchange, so of several who take, one gets it. It acquires what was released when
    /// the pointer was put there. Make it an object with [`Allocator::claim`](crate::arena::Allocator::claim).
    ///
    /// ```
    /// use mapvalue::arena::Config;
    /// use mapvalue::{Allocator, Arena, Kptr, Local, Mapping};
    ///
    /// let arena = Arena::memfd(16)?;
    /// let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() })?;
    /// let field = Mapping::memfd(4096)?.var::<Kptr<u64, Local>>(0)?; // in the value of a map
    /// assert!(field.replace(objects.alloc(7u64)?.into_kptr()).is_null());
    /// let object = objects.claim(field.take())?; // ours, and nobody else's
    /// assert_eq!((object.load(), field.is_null()), (7, true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    #[must_use = "whoever has the pointer frees it"]
    pub fn take(&self) -> Kptr<T, Local>
    where
        A: Writable,
    {
        self.replace(Kptr::NULL)
    }

    /// Puts a pointer there, and takes the one that was: one atomic exchange. It releases what was written to the object, and acquires, as
    /// [`take`](Self::take).
    ///
    /// ```
    /// # use mapvalue::arena::Config;
    /// # use mapvalue::{Allocator, Arena, Kptr, Local, Mapping};
    /// # let arena = Arena::memfd(16)?;
    /// # let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() })?;
    /// # let field = Mapping::memfd(4096)?.var::<Kptr<u64, Local>>(0)?;
    /// for value in [1u64, 2] {
    ///     let before = field.replace(objects.alloc(value)?.into_kptr());
    ///     if !before.is_null() {
    ///         objects.free(before)?; // or it is lost
    ///     }
    /// }
    /// assert_eq!(objects.stats().live, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    #[must_use = "whoever has the pointer frees it"]
    pub fn replace(&self, new: Kptr<T, Local>) -> Kptr<T, Local>
    where
        A: Writable,
    {
        Kptr::new(self.atomic().swap(new.address, Ordering::AcqRel))
    }
}

address_leaf!([T: ?Sized, D: Domain] [T: ?Sized + 'static, D: Domain] Kptr<T, D>);
