//! Views: structs that name the fields of a C type which a reader needs, found by name in its BTF.
//!
//! `scalar` is what a number is in C, and `source` the value that it is loaded from, in place or
//! copied. The `planner` finds fields, of the types in `field`. A `plan` is of a whole view and
//! makes its places; `in_place` is one field of those.

#[doc(hidden)]
pub mod field;
pub(crate) mod in_place;
#[doc(hidden)]
pub mod plan;
#[doc(hidden)]
pub mod planner;
#[doc(hidden)]
pub mod scalar;
#[doc(hidden)]
pub mod source;

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

pub use field::{ExactField, PlainField};
pub use in_place::Field;
pub use mapvalue_derive::MapView;
#[doc(hidden)]
pub use plan::At;
pub use plan::{MapView, Plan};
pub use planner::ViewField;

use crate::error::{BtfError, InvalidValue, PlaceError, SectionError};
use crate::mapping::Mapping;
use crate::section::DataSection;
use crate::value::{Access, ReadOnly, ReadWrite};
use crate::view::field::plain;

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
        V::__at(&self.fields).try_load()
    }

    /// Its plan.
    pub fn plan(&self) -> &Arc<Plan<V>> {
        V::__at(&self.fields).plan()
    }

    /// A view that only loads.
    pub fn read_only(&self) -> View<V, ReadOnly> {
        View::new(V::__at(&self.fields).read_only())
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
        f.debug_struct("Views").field("len", &self.len()).field("plan", &self.plan).finish_non_exhaustive()
    }
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
