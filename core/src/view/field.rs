//! What a field of a view may be: the implementations of [`ViewField`].

use crate::btf::{Type, TypeKind};
use crate::error::InvalidValue;
use crate::value::{CharArray, Leaf};
use crate::view::planner::{Elements, Extent, Part, Planner, ViewField};
use crate::view::scalar::{Class, Scalar, Shape};
use crate::view::source::Source;

/// A field that has any bits: no enum is inside, so loading it cannot fail.
#[diagnostic::on_unimplemented(
    message = "`{Self}` may hold an enum whose number is none of its variants",
    note = "use `try_load`"
)]
pub trait PlainField: ViewField {}

/// An integer whose C field is of its own width and sign, as its cell has it.
pub trait ExactField: ViewField<Plan = Scalar> + Leaf {
    #[doc(hidden)]
    const SHAPE: Shape;
}

/// Plans a number for a part whose shape `fits`.
fn plan_scalar(
    planner: &mut Planner,
    part: Option<Part<'_>>,
    rust: &str,
    fits: impl Fn(Shape) -> bool,
) -> Option<Scalar> {
    let part = planner.found(part, rust)?;
    match planner.scalar(&part) {
        Some(scalar) if fits(scalar.shape) => Some(scalar),
        _ => planner.differs(&part, rust, ""),
    }
}

macro_rules! integers {
    ($($int:ident $class:ident;)*) => {$(
        // SAFETY: it reads one scalar, the plan.
        unsafe impl ViewField for $int {
            type Plan = Scalar;

            fn __plan(planner: &mut Planner, part: Option<Part<'_>>, _: Extent) -> Option<Scalar> {
                plan_scalar(planner, part, stringify!($int), |found| holds(Self::SHAPE, found))
            }

            #[inline]
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "it has all values: `holds`")]
            fn __load<S: Source, const EXACT: bool>(from: S, plan: &Scalar) -> Result<Self, InvalidValue> {
                // SAFETY: the implementations of this trait and the handles of views load from the
                // value that the plan is for.
                Ok(unsafe {
                    if EXACT || plan.shape == Self::SHAPE {
                        from.load(plan.offset as usize)
                    } else {
                        plan.number(from) as Self
                    }
                })
            }

            fn __is_exact(plan: &Scalar) -> bool {
                plan.shape == Self::SHAPE
            }
        }
        impl PlainField for $int {}
        impl ExactField for $int {
            const SHAPE: Shape = Shape::whole(size_of::<Self>(), Class::$class);
        }
    )*};
}

integers! {
    u8 Unsigned; u16 Unsigned; u32 Unsigned; u64 Unsigned;
    i8 Signed; i16 Signed; i32 Signed; i64 Signed;
}

/// Whether the integer that Rust takes a number for has all of its values.
fn holds(rust: Shape, found: Shape) -> bool {
    let (own, bits) = (rust.significant(), found.significant());
    match (rust.class(), found.class()) {
        (Class::Unsigned, Class::Unsigned | Class::Bool) | (Class::Signed, Class::Signed) => bits <= own,
        (Class::Signed, Class::Unsigned | Class::Bool) => bits < own,
        _ => false,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the bits of an `f32` are the lower ones")]
fn f32_of(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

macro_rules! numbers {
    ($($type:ident $class:ident, |$from:ident, $plan:ident| $load:expr, $fits:expr;)*) => {$(
        // SAFETY: it reads one scalar, the plan.
        unsafe impl ViewField for $type {
            type Plan = Scalar;

            fn __plan(planner: &mut Planner, part: Option<Part<'_>>, _: Extent) -> Option<Scalar> {
                plan_scalar(planner, part, stringify!($type), $fits)
            }

            #[inline]
            fn __load<S: Source, const EXACT: bool>($from: S, $plan: &Scalar) -> Result<Self, InvalidValue> {
                // SAFETY: as for integers.
                Ok(unsafe {
                    if EXACT || $plan.shape == Self::SHAPE { $from.load($plan.offset as usize) } else { $load }
                })
            }

            fn __is_exact(plan: &Scalar) -> bool {
                plan.shape == Self::SHAPE
            }
        }
        impl PlainField for $type {}
        impl ExactField for $type {
            const SHAPE: Shape = Shape::whole(size_of::<Self>(), Class::$class);
        }
    )*};
}

numbers! {
    f32 Float, |from, plan| f32_of(plan.number(from)), |found| found == Self::SHAPE;
    f64 Float,
        |from, plan| f32_of(plan.number(from)).into(),
        |found| found.class() == Class::Float;
    bool Bool, |from, plan| plan.number(from) != 0, |found| found.class() == Class::Bool;
}

// SAFETY: it loads by its own plan.
unsafe impl<T: ViewField> ViewField for Option<T> {
    type Plan = Option<T::Plan>;

    fn __plan(planner: &mut Planner, part: Option<Part<'_>>, extent: Extent) -> Option<Self::Plan> {
        match part {
            None => Some(None),
            part => T::__plan(planner, part, extent).map(Some),
        }
    }

    #[inline]
    fn __load<S: Source, const EXACT: bool>(from: S, plan: &Self::Plan) -> Result<Self, InvalidValue> {
        plan.as_ref().map(|plan| T::__load::<S, EXACT>(from, plan)).transpose()
    }

    fn __is_exact(plan: &Self::Plan) -> bool {
        plan.as_ref().is_none_or(T::__is_exact)
    }
}

impl<T: PlainField> PlainField for Option<T> {}

// SAFETY: it loads by its own plan, of elements that are in the C array.
unsafe impl<T: ViewField, const N: usize> ViewField for [T; N] {
    type Plan = Elements<T::Plan>;

    fn __plan(planner: &mut Planner, part: Option<Part<'_>>, extent: Extent) -> Option<Self::Plan> {
        let rust = format!("[_; {N}]");
        let part = planner.found(part, &rust)?;
        planner.elements(&part, N, extent, &rust, |planner, first| T::__plan(planner, Some(first), Extent::Exact))
    }

    fn __load<S: Source, const EXACT: bool>(from: S, plan: &Self::Plan) -> Result<Self, InvalidValue> {
        let mut invalid = None;
        let array = std::array::from_fn(|index| {
            let loaded = if index < plan.len {
                T::__load::<S, EXACT>(from.from(index * plan.stride), &plan.first)
            } else {
                T::__load::<&[u8], EXACT>(&[], &plan.first)
            };
            loaded.map_err(|error: InvalidValue| invalid = invalid.or(Some(error.within(index * plan.stride)))).ok()
        });
        match invalid {
            Some(error) => Err(error),
            None => {
                Ok(array.map(|element| element.unwrap_or_else(|| unreachable!("an element that failed is an error"))))
            }
        }
    }

    fn __is_exact(plan: &Self::Plan) -> bool {
        T::__is_exact(&plan.first)
    }
}

impl<T: PlainField, const N: usize> PlainField for [T; N] {}

// SAFETY: it loads bytes that are in the C array.
unsafe impl<const N: usize> ViewField for CharArray<N> {
    type Plan = Elements<Scalar>;

    fn __plan(planner: &mut Planner, part: Option<Part<'_>>, extent: Extent) -> Option<Self::Plan> {
        let rust = format!("CharArray<{N}>");
        let part = planner.found(part, &rust)?;
        let extent = if extent == Extent::Exact { Extent::AtMost } else { extent };
        planner.elements(&part, N, extent, &rust, |planner, first| match planner.scalar(&first) {
            Some(scalar) if scalar.shape.width() == 1 && scalar.shape.class() != Class::Bool => Some(scalar),
            _ => planner.differs(&first, "u8", ""),
        })
    }

    fn __load<S: Source, const EXACT: bool>(from: S, plan: &Self::Plan) -> Result<Self, InvalidValue> {
        let first = plan.first.offset as usize;
        // SAFETY: as for integers; all `len` bytes are in the array.
        let byte = |index| if index < plan.len { unsafe { from.load(first + index) } } else { 0 };
        Ok(Self::from(std::array::from_fn(byte)))
    }

    fn __is_exact(_: &Self::Plan) -> bool {
        true
    }
}

impl<const N: usize> PlainField for CharArray<N> {}

/// An enum whose values are found by name: the numbers that they have in C.
#[derive(Clone, Debug)]
pub struct Names {
    scalar: Scalar,
    /// The number of each variant that C has, and its index in Rust.
    numbers: Box<[(i128, usize)]>,
}

impl Names {
    /// Plans an enum. Each of its variants has a name in C, and may be marked as missing there.
    pub fn plan(
        planner: &mut Planner,
        part: Option<Part<'_>>,
        rust: &'static str,
        variants: &[(&str, bool)],
    ) -> Option<Self> {
        let part = planner.found(part, rust)?;
        let Some(TypeKind::Enum(values)) = part.0.ty.resolved().map(Type::kind) else {
            return planner.differs(&part, rust, "; only an enum's values have names");
        };
        let scalar = planner.scalar(&part).or_else(|| planner.differs(&part, rust, ""))?;
        planner.names(values, variants).map(|numbers| Self { scalar, numbers })
    }

    /// Loads the number, and returns the index of the variant that it is.
    pub fn load(&self, from: impl Source, rust: &'static str) -> Result<usize, InvalidValue> {
        // SAFETY: as for integers.
        let number = unsafe { self.scalar.number(from) };
        let number = match self.scalar.shape.class() {
            Class::Signed => number.cast_signed().into(),
            _ => number.into(),
        };
        let found = self.numbers.iter().find(|(known, _)| *known == number);
        found
            .map(|(_, index)| *index)
            .ok_or_else(|| InvalidValue::new(rust, number).within(self.scalar.offset as usize))
    }
}

/// The value of a field that cannot fail.
#[inline]
pub(crate) fn plain<T: PlainField>(loaded: Result<T, InvalidValue>) -> T {
    loaded.unwrap_or_else(|_| unreachable!("a plain field has any bits"))
}

/// Loads a field of a struct, as the type that it really has.
#[inline]
pub fn load<T: ViewField, S: Source, const EXACT: bool>(from: S, plan: &T::Plan) -> Result<T, InvalidValue> {
    T::__load::<S, EXACT>(from, plan)
}

/// Whether C has the field that the closure borrows as it really is.
pub fn is_exact<V, T: ViewField>(_: fn(&V) -> &T, plan: &T::Plan) -> bool {
    T::__is_exact(plan)
}

/// Compiles for what may be a field of a view alone.
pub const fn assert_field<T: ViewField>() {}
