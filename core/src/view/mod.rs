//! Views: structs that name the fields of a C type which a reader needs, found by name in its BTF.
//!
//! `field` says what a field may be, and `scalar` what a number is in C. A `plan` finds the fields
//! once. A `source` is the value that they are loaded from, in place or copied.

#[doc(hidden)]
pub mod field;
#[doc(hidden)]
pub mod plan;
#[doc(hidden)]
pub mod scalar;
#[doc(hidden)]
pub mod source;

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

pub use field::{ExactField, PlainField, ViewField};
pub use mapvalue_derive::MapView;
pub use plan::Plan;

use crate::error::{BtfError, InvalidValue, PlaceError, SectionError};
use crate::mapping::Mapping;
use crate::section::DataSection;
use crate::value::cell::Shared;
use crate::value::{Access, ReadOnly, ReadWrite};
use crate::view::field::Elements;
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
/// # let section = DataSection::with_btf(&Mapping::memfd(4096)?, &Btf::from_object(object)?, ".bss")?;
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
    fn new(mapping: &Arc<Mapping>, plan: &Arc<Plan<V>>, offset: usize) -> Result<Self, PlaceError> {
        let place = mapping.view_place::<V, A>(plan, offset)?;
        Ok(Self { place, plan: Arc::clone(plan), mapping: Arc::clone(mapping), access: PhantomData })
    }

    #[inline]
    fn source(&self) -> InPlace<'_> {
        // SAFETY: `view_place` found a value of the plan there, and the mapping lives as long as
        // `self`.
        unsafe { InPlace::new(self.place) }
    }

    /// The field whose part of the plan the closure borrows.
    #[inline]
    pub fn field<T: ViewField>(&self, plan: impl for<'p> FnOnce(&'p V::Plan) -> &'p T::Plan) -> Field<'_, T, A> {
        Field { from: self.source(), plan: plan(&self.plan.fields), access: PhantomData }
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

/// A view in a mapping, with a share in it and in its plan. It dereferences to its fields: a method
/// for each.
pub struct View<V: MapView, A: Access = ReadWrite> {
    fields: V::Fields<A>,
}

impl<V: MapView, A: Access> View<V, A> {
    fn new(at: At<V, A>) -> Self {
        Self { fields: V::__fields(at) }
    }

    /// Loads the fields, one after the other, each relaxed.
    #[inline]
    pub fn load(&self) -> V
    where
        V: PlainField,
    {
        plain(self.try_load())
    }

    /// Loads the fields, and checks the enums inside.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if an enum has a number that has no name in Rust.
    #[inline]
    pub fn try_load(&self) -> Result<V, InvalidValue> {
        let at = V::__at(&self.fields);
        V::__load(at.source(), &at.plan.fields)
    }

    /// Its plan.
    pub fn plan(&self) -> &Arc<Plan<V>> {
        &V::__at(&self.fields).plan
    }

    /// A view that only loads.
    pub fn read_only(&self) -> View<V, ReadOnly> {
        let At { place, plan, mapping, .. } = V::__at(&self.fields).clone();
        View::new(At { place, plan, mapping, access: PhantomData })
    }
}

impl<V: MapView, A: Access> Deref for View<V, A> {
    type Target = V::Fields<A>;

    #[inline]
    fn deref(&self) -> &V::Fields<A> {
        &self.fields
    }
}

impl<V: MapView, A: Access> Clone for View<V, A> {
    fn clone(&self) -> Self {
        Self::new(V::__at(&self.fields).clone())
    }
}

/// The value as it is now.
impl<V: MapView + fmt::Debug, A: Access> fmt::Debug for View<V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.try_load().fmt(f)
    }
}

/// Views of all values of an array map.
pub struct Views<V: MapView, A: Access = ReadWrite> {
    plan: Arc<Plan<V>>,
    mapping: Arc<Mapping>,
    access: PhantomData<A>,
}

impl<V: MapView, A: Access> Views<V, A> {
    /// The number of values, which are the map's.
    #[expect(clippy::len_without_is_empty, reason = "there is no empty map")]
    pub fn len(&self) -> usize {
        self.mapping.grid().map_or(0, |grid| grid.max_entries)
    }

    /// The view of the value at `index`; `None` past the end.
    pub fn get(&self, index: usize) -> Option<View<V, A>> {
        let grid = self.mapping.grid().filter(|grid| index < grid.max_entries)?;
        // All values of the map are alike: the first was checked.
        At::new(&self.mapping, &self.plan, index * grid.stride).ok().map(View::new)
    }

    /// The views of all values.
    pub fn iter(&self) -> impl Iterator<Item = View<V, A>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Their plan.
    pub fn plan(&self) -> &Arc<Plan<V>> {
        &self.plan
    }
}

impl<V: MapView, A: Access> fmt::Debug for Views<V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Views").field("len", &self.len()).field("plan", &self.plan).finish()
    }
}

/// A field of a view in place.
pub struct Field<'a, T: ViewField, A: Access = ReadWrite> {
    from: InPlace<'a>,
    plan: &'a T::Plan,
    access: PhantomData<A>,
}

impl<'a, T: ViewField, A: Access> Field<'a, T, A> {
    /// Loads the field: each number by one relaxed load.
    #[inline]
    pub fn load(self) -> T
    where
        T: PlainField,
    {
        plain(self.try_load())
    }

    /// Loads the field, and checks the enums inside.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if an enum has a number that has no name in Rust.
    #[inline]
    pub fn try_load(self) -> Result<T, InvalidValue> {
        T::__load(self.from, self.plan)
    }

    /// The cell of a number that C has with the width and sign of the Rust type, to store it or to
    /// add to it; `None` where C has it otherwise.
    #[inline]
    pub fn cell(self) -> Option<&'a Shared<T, A>>
    where
        T: ExactField,
    {
        let exact = self.plan.shape == T::SHAPE;
        // SAFETY: the plan has a number of this size there; the mapping is writable if `A` is
        // (`view_place`).
        exact.then(|| unsafe { self.from.cell(self.plan.offset as usize) })
    }
}

impl<'a, T: ViewField, A: Access> Field<'a, Option<T>, A> {
    /// The field, if C has it.
    #[inline]
    pub fn get(self) -> Option<Field<'a, T, A>> {
        self.plan.as_ref().map(|plan| Field { from: self.from, plan, access: PhantomData })
    }
}

impl<'a, T: ViewField, A: Access, const N: usize> Field<'a, [T; N], A> {
    /// The element at `index`, if C has it.
    #[inline]
    pub fn get(self, index: usize) -> Option<Field<'a, T, A>> {
        use crate::view::source::Source;
        let Elements { first, len, stride } = self.plan;
        let from = (index < *len).then(|| self.from.from(index * stride))?;
        Some(Field { from, plan: first, access: PhantomData })
    }
}

impl<T: ViewField, A: Access> Clone for Field<'_, T, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ViewField, A: Access> Copy for Field<'_, T, A> {}

impl<T: ViewField + fmt::Debug, A: Access> fmt::Debug for Field<'_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.try_load().fmt(f)
    }
}

#[inline]
fn plain<T: PlainField>(loaded: Result<T, InvalidValue>) -> T {
    loaded.unwrap_or_else(|_| unreachable!("a plain field has any bits"))
}

/// Views
impl Mapping {
    /// Plans the view for the type of a map's values, and returns views of all of them.
    ///
    /// # Errors
    ///
    /// [`BtfError::Untyped`] if the types of the mapping are not known (see
    /// [`type_check`](Self::type_check)), [`BtfError::LayoutMismatch`] with all fields that C lacks
    /// or has as something else, [`PlaceError::ReadOnly`] (use [`views_ro`](Self::views_ro)).
    pub fn views<V: MapView>(self: &Arc<Self>) -> Result<Views<V>, BtfError> {
        self.views_any()
    }

    /// As [`views`](Self::views), for loading only.
    ///
    /// # Errors
    ///
    /// As [`views`](Self::views), without `ReadOnly`.
    pub fn views_ro<V: MapView>(self: &Arc<Self>) -> Result<Views<V, ReadOnly>, BtfError> {
        self.views_any()
    }

    fn views_any<V: MapView, A: Access>(self: &Arc<Self>) -> Result<Views<V, A>, BtfError> {
        let Some((btf, value)) = self.types().and_then(|types| types.value()) else {
            return Err(BtfError::Untyped { map: self.map_name(), part: "values" });
        };
        let plan = Plan::of(btf, value)?;
        At::<V, A>::new(self, &plan, 0)?;
        Ok(Views { plan, mapping: Arc::clone(self), access: PhantomData })
    }

    /// Returns the view of the C type of a plan, `offset` bytes into the mapping.
    ///
    /// # Errors
    ///
    /// [`PlaceError::LayoutMismatch`] if the map's BTF is another than the plan's or has another
    /// type there, or if the type is packed, so that its numbers are not aligned in place;
    /// [`PlaceError::OutOfRange`], [`PlaceError::Misaligned`], [`PlaceError::CrossesValue`],
    /// [`PlaceError::ReadOnly`] (use [`view_ro`](Self::view_ro)).
    pub fn view<V: MapView>(self: &Arc<Self>, plan: &Arc<Plan<V>>, offset: usize) -> Result<View<V>, PlaceError> {
        At::new(self, plan, offset).map(View::new)
    }

    /// As [`view`](Self::view), for loading only.
    ///
    /// # Errors
    ///
    /// As [`view`](Self::view), without `ReadOnly`.
    pub fn view_ro<V: MapView>(
        self: &Arc<Self>,
        plan: &Arc<Plan<V>>,
        offset: usize,
    ) -> Result<View<V, ReadOnly>, PlaceError> {
        At::new(self, plan, offset).map(View::new)
    }

    /// Returns the place of a value, with all that a view of it needs.
    fn view_place<V: MapView, A: Access>(&self, plan: &Plan<V>, offset: usize) -> Result<NonNull<u8>, PlaceError> {
        if A::WRITABLE {
            self.writable()?;
        }
        let align = plan.align().map_err(PlaceError::LayoutMismatch)?;
        let place = self.aligned_place(offset, plan.size(), align, std::any::type_name::<V>())?;
        let foreign = self.types().filter(|types| !types.has_at(offset, plan.c_type(), plan.btf()));
        match foreign {
            Some(_) => Err(PlaceError::LayoutMismatch(plan.foreign(offset))),
            None => Ok(place),
        }
    }
}

/// Views
impl DataSection {
    /// Returns a view of a variable, or of a part of one, by its own type: the name in the view is
    /// not asked for.
    ///
    /// # Errors
    ///
    /// As [`var`](Self::var), with the fields that C lacks or has as something else.
    pub fn view<V: MapView>(&self, path: &str) -> Result<View<V>, SectionError> {
        self.view_any(path)
    }

    /// As [`view`](Self::view), for loading only.
    ///
    /// # Errors
    ///
    /// As [`var_ro`](Self::var_ro), with the fields that C lacks or has as something else.
    pub fn view_ro<V: MapView>(&self, path: &str) -> Result<View<V, ReadOnly>, SectionError> {
        self.view_any(path)
    }

    fn view_any<V: MapView, A: Access>(&self, path: &str) -> Result<View<V, A>, SectionError> {
        let (ty, offset) = self.follow(path)?;
        let plan = Plan::of(self.btf(), ty).map_err(|mismatches| self.other_layout(path, mismatches))?;
        Ok(At::new(self.mapped()?, &plan, offset).map(View::new)?)
    }
}
