//! [`Plan`]: where the fields of a view lie in the C type of one BTF, found once by name.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use crate::btf::{Btf, Type, TypeKind, named, path};
use crate::error::{BtfError, InvalidValue, Mismatch, Mismatches, Nearest, PlaceError, ValueError};
use crate::layout::Endianness;
use crate::mapping::Mapping;
use crate::value::{Access, ReadOnly};
use crate::view::in_place::Field;
use crate::view::planner::{Extent, Part, Planner, ViewField};
use crate::view::source::InPlace;

/// A struct of the fields that a reader needs of a C type, whatever else that has.
///
/// A [`MapValue`](crate::MapValue) is the whole C type, laid out alike, and any change of it is an
/// error. A view names some of its fields. Where they lie is found out once, in the BTF of the map
/// that is read, so one reader serves all versions of a program that have the fields. A field that
/// is missing, or whose values the Rust type may not hold, is an error that names it, unless it is
/// an `Option`: [`ViewField`] has the rules.
///
/// ```
/// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
/// use mapvalue::{Btf, DataSection, MapView, Mapping};
///
/// #[derive(MapView, Clone, Copy, Debug)]
/// #[map_view(name = "stats")]
/// struct Stats {
///     #[map_view(path = "by_proto[6].bytes")]
///     tcp_bytes: u64,
///     packets: u64,
///     errors: Option<u32>, // of another version
/// }
///
/// # let (memory, btf) = (Mapping::memfd(4096)?, Btf::from_object(object)?);
/// # let section = DataSection::with_btf(&memory, &btf, ".bss")?;
/// // The variable `stats` of a `DataSection`.
/// let stats = section.view::<Stats>("stats")?;
/// stats.packets().cell().expect("a `__u64` in C too").fetch_add(1);
/// assert_eq!((stats.packets().load(), stats.tcp_bytes().load()), (1, 0));
/// assert_eq!(stats.load().errors, None);
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// A load is one relaxed load a number, as of a [`Shared`](crate::Shared).
///
/// # Safety
///
/// `Fields` reaches what its [`At`] does, by the fields of the plan. Derive it; do not implement it
/// by hand.
pub unsafe trait MapView: ViewField {
    /// The fields in place: a method for each, of its name.
    type Fields<A: Access>;

    /// The name of the C type.
    const C_NAME: &'static str;

    #[doc(hidden)]
    fn __fields<A: Access>(at: At<Self, A>) -> Self::Fields<A>;
    #[doc(hidden)]
    fn __at<A: Access>(fields: &Self::Fields<A>) -> &At<Self, A>;
}

/// A value in a mapping, and the plan for it.
#[doc(hidden)]
pub struct At<V: MapView, A: Access> {
    place: NonNull<u8>,
    plan: Arc<Plan<V>>,
    mapping: Arc<Mapping>,
    access: PhantomData<A>,
}

// SAFETY: it is a share in a mapping and a plan, which are `Send` and `Sync`, and the address of
// memory that is reached by atomic accesses alone.
unsafe impl<V: MapView, A: Access> Send for At<V, A> {}
// SAFETY: as above.
unsafe impl<V: MapView, A: Access> Sync for At<V, A> {}

impl<V: MapView, A: Access> At<V, A> {
    /// Finds the place of a value, `offset` bytes into a mapping.
    pub(crate) fn new(mapping: &Arc<Mapping>, plan: &Arc<Plan<V>>, offset: usize) -> Result<Self, PlaceError> {
        let place = plan.place_in::<A>(mapping, offset)?;
        Ok(Self { place, plan: Arc::clone(plan), mapping: Arc::clone(mapping), access: PhantomData })
    }

    #[inline]
    pub(crate) fn source(&self) -> InPlace<'_> {
        // SAFETY: `Plan::place_in` found a value of the plan there; the mapping lives as long as
        // `self`.
        unsafe { InPlace::new(self.place) }
    }

    /// The field whose part of the plan the closure borrows.
    ///
    /// # Panics
    ///
    /// If it returns anything else, such as a copy of a part of another view's plan. (The check
    /// costs nothing where the closure is inlined.)
    #[inline]
    pub fn field<T: ViewField>(&self, plan: impl for<'p> FnOnce(&'p V::Plan) -> &'p T::Plan) -> Field<'_, T, A> {
        let (whole, part) = (&self.plan.fields, plan(&self.plan.fields));
        let start = ptr::from_ref(part).addr().wrapping_sub(ptr::from_ref(whole).addr());
        let rest = size_of::<V::Plan>().checked_sub(start);
        assert!(rest.is_some_and(|rest| size_of::<T::Plan>() <= rest), "the part is of another plan");
        Field::new(self.source(), part)
    }
}

impl<V: MapView, A: Access> At<V, A> {
    pub(crate) fn plan(&self) -> &Arc<Plan<V>> {
        &self.plan
    }

    #[inline]
    pub(crate) fn try_load(&self) -> Result<V, InvalidValue> {
        if self.plan.is_exact {
            V::__load::<_, true>(self.source(), &self.plan.fields)
        } else {
            V::__load::<_, false>(self.source(), &self.plan.fields)
        }
    }

    /// The same place, for loading only.
    pub(crate) fn read_only(&self) -> At<V, ReadOnly> {
        let Self { place, plan, mapping, .. } = self.clone();
        At { place, plan, mapping, access: PhantomData }
    }
}

impl<V: MapView, A: Access> Clone for At<V, A> {
    fn clone(&self) -> Self {
        Self { plan: Arc::clone(&self.plan), mapping: Arc::clone(&self.mapping), ..*self }
    }
}

impl<V: MapView, A: Access> fmt::Debug for At<V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("At").field("place", &self.place).field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// Where the fields of the view `V` lie in a C type.
///
/// It is made once for a BTF and shared: it is `Send` and `Sync`. A program that is loaded anew may
/// have other types, and its maps other ids ([`MapInfo::id`](crate::bpf::MapInfo)): then make
/// another plan, of the new map's BTF. A plan is refused for a map of another BTF.
///
/// ```
/// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
/// use mapvalue::{Btf, MapView, view::Plan};
///
/// #[derive(MapView, Debug, PartialEq)]
/// #[map_view(name = "proto")] // `struct proto { __u64 packets, bytes; }`
/// struct Proto {
///     bytes: u64,
///     dropped: Option<u64>, // of a newer program
/// }
///
/// let plan = Plan::<Proto>::new(&Btf::from_object(object)?)?;
/// assert_eq!(plan.size(), 16);
/// let value = [7u64, 420].map(u64::to_ne_bytes).concat(); // as a system call returned it
/// assert_eq!(plan.decode(&value)?, Proto { bytes: 420, dropped: None });
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub struct Plan<V: MapView> {
    btf: Btf,
    /// The id of the C type in `btf`.
    id: u32,
    size: usize,
    /// The alignment that its numbers need in place; an error if they cannot all be aligned.
    align: Result<usize, Box<Mismatches>>,
    /// Whether C has all numbers as Rust has them, so that no load looks at its plan for that.
    is_exact: bool,
    fields: V::Plan,
}

impl<V: MapView> Plan<V> {
    /// Finds the fields in the C type that the view names: a struct, a union or a typedef.
    ///
    /// # Errors
    ///
    /// [`BtfError::UnknownType`] with the nearest names. [`BtfError::LayoutMismatch`] lists all
    /// fields that C lacks or that it has as something else, and is returned also if the BTF has
    /// different types of the name, or is of the other byte order.
    pub fn new(btf: &Btf) -> Result<Arc<Self>, BtfError> {
        let (keyword, bare) = named::split(V::C_NAME);
        let fits = |ty: &Type<'_>| named::has_keyword(*ty, keyword) && ty.resolved().as_ref().is_some_and(is_composite);
        let mut found = btf.find(bare).filter(fits).filter_map(Type::resolved);
        let Some(first) = found.next() else {
            let nearest = Nearest::of(bare, btf.types().filter(fits).map(Type::name));
            return Err(BtfError::UnknownType { name: V::C_NAME.to_owned(), nearest });
        };
        let others = found.filter(|ty| ty.id() != first.id()).count();
        if others > 0 {
            let btf = format!("{} different ones", others + 1);
            return Err(Box::new(one::<V>(first, "one type of this name".to_owned(), btf)).into());
        }
        Ok(Self::of(btf, first)?)
    }

    /// Finds the fields in a C type, whatever its name.
    pub(crate) fn of(btf: &Btf, ty: Type<'_>) -> Result<Arc<Self>, Box<Mismatches>> {
        let native = if cfg!(target_endian = "big") { Endianness::Big } else { Endianness::Little };
        if btf.endianness() != native {
            let order = |order| format!("{order:?}-endian numbers");
            return Err(Box::new(one::<V>(ty, order(native), order(btf.endianness()))));
        }
        let size = ty.size().and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
        let mut planner = Planner::new(short_name::<V>(), size);
        let whole = Part(path::Part { ty, bit_offset: 0, bitfield: None });
        let fields = V::__plan(&mut planner, Some(whole), Extent::Exact);
        let (wrong, unaligned, align) = planner.end();
        let listed = |list| Box::new(Mismatches { root: ty.to_string(), list, more: 0, definitions: 1 });
        match fields {
            Some(fields) if wrong.is_empty() => {
                let align = unaligned.map_or(Ok(align), |first| Err(listed(vec![first])));
                let is_exact = V::__is_exact(&fields);
                Ok(Arc::new(Self { btf: btf.clone(), id: ty.id(), size: size as usize, align, is_exact, fields }))
            }
            _ => Err(listed(wrong)),
        }
    }

    /// The size of the C type in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The C type; `Display` spells it.
    pub fn c_type(&self) -> Type<'_> {
        self.btf.get(self.id).unwrap_or_else(|| unreachable!("a plan has a type of its BTF"))
    }

    /// Returns the place of a value, with all that a view of it needs.
    fn place_in<A: Access>(&self, mapping: &Mapping, offset: usize) -> Result<NonNull<u8>, PlaceError> {
        if A::WRITABLE {
            mapping.writable()?;
        }
        let align = self.align.clone().map_err(PlaceError::LayoutMismatch)?;
        let place = mapping.aligned_place(offset, self.size, align, type_name::<V>())?;
        let foreign = mapping.types().filter(|types| !types.has_at(offset, self.c_type(), &self.btf));
        match foreign {
            Some(_) => Err(PlaceError::LayoutMismatch(Box::new(self.foreign(offset)))),
            None => Ok(place),
        }
    }

    /// What is said of a place where the map has another type.
    fn foreign(&self, offset: usize) -> Mismatches {
        let btf = format!("another type at offset {offset}, or BTF of another program: make a plan for this map");
        one::<V>(self.c_type(), format!("a plan for `{}`", self.c_type()), btf)
    }

    /// Decodes a value that a system call, a ring or a perf buffer has carried. What is behind the
    /// C type in `bytes` is ignored.
    ///
    /// # Errors
    ///
    /// [`ValueError::TooShort`] with both lengths, [`ValueError::InvalidValue`] if an enum has a
    /// number that has no name in Rust.
    pub fn decode(&self, bytes: &[u8]) -> Result<V, ValueError> {
        let Some(value) = bytes.get(..self.size) else {
            return Err(ValueError::TooShort { type_name: type_name::<V>(), given: bytes.len(), needs: self.size });
        };
        Ok(V::__load::<_, false>(value, &self.fields)?)
    }
}

impl<V: MapView> fmt::Debug for Plan<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("view", &type_name::<V>()).field("c_type", &self.c_type()).finish_non_exhaustive()
    }
}

fn is_composite(ty: &Type<'_>) -> bool {
    matches!(ty.kind(), TypeKind::Struct(_) | TypeKind::Union(_))
}

fn short_name<V>() -> &'static str {
    type_name::<V>().rsplit("::").next().unwrap_or_default()
}

/// One difference, of the whole type.
fn one<V>(ty: Type<'_>, rust: String, btf: String) -> Mismatches {
    let mismatch = Mismatch { path: short_name::<V>().to_owned(), rust, btf, hint: String::new() };
    Mismatches { root: ty.to_string(), list: vec![mismatch], more: 0, definitions: 1 }
}
