//! [`Field`]: a field of a view in a mapping.

use std::fmt;
use std::marker::PhantomData;

use crate::error::InvalidValue;
use crate::value::cell::Shared;
use crate::value::{Access, ReadWrite};
use crate::view::field::{ExactField, PlainField, plain};
use crate::view::planner::{Elements, ViewField};
use crate::view::source::{InPlace, Source};

/// A field of a view in place.
pub struct Field<'a, T: ViewField, A: Access = ReadWrite> {
    from: InPlace<'a>,
    plan: &'a T::Plan,
    access: PhantomData<A>,
}

impl<'a, T: ViewField, A: Access> Field<'a, T, A> {
    #[inline]
    pub(crate) fn new(from: InPlace<'a>, plan: &'a T::Plan) -> Self {
        Self { from, plan, access: PhantomData }
    }

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
        T::__load::<_, false>(self.from, self.plan)
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
