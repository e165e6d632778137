#[doc(hidden)]
#[allow(deprecated, nonstandard_style, unused, unused_qualifications)]
const __CHECKED_Bank: ::mapvalue::__private::bool = {
    use ::mapvalue::__private::{self as __mv, Unchecked as _};
    struct __MvFor<T: ?__mv::Sized, const N: usize>(__mv::PhantomData<T>);
    impl<T: __mv::MapValue, const N: usize> __MvFor<T, N> {
        const MAPVALUE_CHECKED: __mv::bool = {
            __mv::refused::value::<PhantomData<T>>();
            true
        };
    }
    __MvFor::<__mv::u8, { <usize as __mv::Any>::ANY }>::MAPVALUE_CHECKED
        && __MvFor::<__mv::u16, { <usize as __mv::Any>::ANY }>::MAPVALUE_CHECKED
        && __MvFor::<__mv::u32, { <usize as __mv::Any>::ANY }>::MAPVALUE_CHECKED
        && __MvFor::<__mv::u64, { <usize as __mv::Any>::ANY }>::MAPVALUE_CHECKED
        && __MvFor::<__mv::AtomicU32, { <usize as __mv::Any>::ANY }>::MAPVALUE_CHECKED
};
#[cfg(doc)]
type __Checked_Bank<T> = T;
#[cfg(not(doc))]
#[allow(non_camel_case_types)]
type __Checked_Bank<T> = ::mapvalue::__private::Checked<T, { __CHECKED_Bank }>;
///The shared mirror of [`Bank`]: the same layout, in which each leaf is a cell.
#[allow(dead_code, deprecated, missing_docs, nonstandard_style, unused_qualifications)]
#[allow(private_interfaces, clippy::multiple_bound_locations)]
#[repr(C, align(64))]
struct BankShared<
    T: ::mapvalue::MapValue,
    const N: usize,
    A: ::mapvalue::Access = ::mapvalue::ReadWrite,
>(
    <__Checked_Bank<[T; N]> as ::mapvalue::MapValue>::Shared<A>,
    <__Checked_Bank<PhantomData<T>> as ::mapvalue::MapValue>::Shared<A>,
);
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
const _: () = {
    use ::mapvalue::__private as __mv;
    #[automatically_derived]
    unsafe impl<T: __mv::MapValue, const N: usize, A: __mv::Access> __mv::Mirror
    for BankShared<T, N, A> {
        type Value = Bank<T, N>;
        type Access = A;
    }
    #[automatically_derived]
    unsafe impl<T: __mv::MapValue, const N: usize> __mv::MapValue for Bank<T, N> {
        type Shared<A: __mv::Access> = BankShared<T, N, A>;
        const LAYOUT: __mv::Layout = __mv::Layout::structure::<
            Self,
            BankShared<T, N>,
        >(
            "Bank",
            const {
                &[
                    __mv::layout_of(|__mv: &__Checked_Bank<Self>| &__mv.0)
                        .into_field("0", "Bank", __mv::offset_of!(Self, 0)),
                    __mv::layout_of(|__mv: &__Checked_Bank<Self>| &__mv.1)
                        .into_field("1", "Bank", __mv::offset_of!(Self, 1)),
                ]
            },
            &[
                __mv::offset_of!(BankShared < T, N >, 0),
                __mv::offset_of!(BankShared < T, N >, 1),
            ],
        );
        #[inline]
        fn __try_load<A: __mv::Access>(
            __mv: &Self::Shared<A>,
        ) -> __mv::Result<Self, __mv::InvalidValue> {
            __mv::Ok(__Checked_Bank::<Self> {
                0: __mv::try_load(__mv, &__mv.0)?,
                1: __mv::try_load(__mv, &__mv.1)?,
            })
        }
    }
    #[automatically_derived]
    impl<T: __mv::MapValue, const N: usize> __mv::Storable for Bank<T, N>
    where
        for<'__mv> __Checked_Bank<[T; N]>: __mv::Storable,
        for<'__mv> __Checked_Bank<PhantomData<T>>: __mv::Storable,
    {
        #[inline]
        fn __store(__mv: &__mv::MirrorOf<Self>, __mv_value: &__Checked_Bank<Self>) {
            __mv::store(&__mv.0, &__mv_value.0);
            __mv::store(&__mv.1, &__mv_value.1);
        }
    }
    #[automatically_derived]
    unsafe impl<T: __mv::MapValue, const N: usize> __mv::Plain for Bank<T, N>
    where
        for<'__mv> __Checked_Bank<[T; N]>: __mv::Plain,
        for<'__mv> __Checked_Bank<PhantomData<T>>: __mv::Plain,
    {
        #[inline]
        fn __load<A: __mv::Access>(__mv: &__mv::MirrorOf<Self, A>) -> Self {
            __Checked_Bank::<Self> {
                0: __mv::load(&__mv.0),
                1: __mv::load(&__mv.1),
            }
        }
    }
    #[automatically_derived]
    impl<T: __mv::MapValue, const N: usize> __mv::Fold for Bank<T, N>
    where
        for<'__mv> __Checked_Bank<[T; N]>: __mv::Fold,
        for<'__mv> __Checked_Bank<PhantomData<T>>: __mv::Fold,
    {
        #[inline]
        fn fold(self: &mut __Checked_Bank<Self>, __mv: &__Checked_Bank<Self>) {
            __mv::Fold::fold(&mut self.0, &__mv.0);
            __mv::Fold::fold(&mut self.1, &__mv.1);
        }
    }
};
