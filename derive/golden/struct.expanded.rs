#[doc(hidden)]
#[allow(dead_code, deprecated, unused_qualifications, non_upper_case_globals)]
const __MAPVALUE_Queue_0: ::mapvalue::__private::bool = {
    ::mapvalue::__private::refused::value::<u64>();
    true
};
#[doc(hidden)]
#[allow(dead_code, deprecated, unused_qualifications, non_upper_case_globals)]
const __MAPVALUE_Queue_1: ::mapvalue::__private::bool = {
    ::mapvalue::__private::refused::value::<u32>();
    true
};
#[doc(hidden)]
#[allow(dead_code, deprecated, unused_qualifications, non_upper_case_globals)]
const __MAPVALUE_Queue_2: ::mapvalue::__private::bool = {
    ::mapvalue::__private::refused::value::<Mode>();
    true
};
#[doc(hidden)]
#[allow(dead_code, deprecated, unused_qualifications, non_upper_case_globals)]
const __MAPVALUE_Queue_1_FOLDS: ::mapvalue::__private::bool = {
    ::mapvalue::__private::fold::max::<
        ::mapvalue::__private::Checked<u32, { __MAPVALUE_Queue_1 }>,
    >();
    true
};
#[allow(deprecated, unused_qualifications)]
const _: () = {
    #[allow(unused_imports)]
    use ::mapvalue::__private::Unforced as _;
    ::mapvalue::__private::Forced::<Queue>::LAYOUT
};
///The shared mirror of [`Queue`]: the same layout, in which each leaf is a cell.
#[allow(
    dead_code,
    deprecated,
    missing_docs,
    unused_qualifications,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    private_interfaces,
    clippy::multiple_bound_locations
)]
#[repr(C)]
pub struct QueueShared<A: ::mapvalue::Access = ::mapvalue::ReadWrite> {
    #[cfg(doc)]
    /// Packets seen.
    pub packets: <u64 as ::mapvalue::MapValue>::Shared<A>,
    #[cfg(not(doc))]
    /// Packets seen.
    pub packets: <::mapvalue::__private::Checked<
        u64,
        { __MAPVALUE_Queue_0 },
    > as ::mapvalue::MapValue>::Shared<A>,
    #[cfg(doc)]
    /// The longest of them.
    longest: <u32 as ::mapvalue::MapValue>::Shared<A>,
    #[cfg(not(doc))]
    /// The longest of them.
    longest: <::mapvalue::__private::Checked<
        u32,
        { __MAPVALUE_Queue_1 },
    > as ::mapvalue::MapValue>::Shared<A>,
    #[cfg(doc)]
    mode: <Mode as ::mapvalue::MapValue>::Shared<A>,
    #[cfg(not(doc))]
    mode: <::mapvalue::__private::Checked<
        Mode,
        { __MAPVALUE_Queue_2 },
    > as ::mapvalue::MapValue>::Shared<A>,
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl<A: ::mapvalue::Access> ::mapvalue::Mirror for QueueShared<A> {
    type Value = Queue;
    type Access = A;
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl ::mapvalue::MapValue for Queue {
    type Shared<A: ::mapvalue::Access> = QueueShared<A>;
    const LAYOUT: ::mapvalue::Layout = ::mapvalue::Layout::structure::<
        Self,
        QueueShared<::mapvalue::ReadWrite>,
    >(
        "Queue",
        const {
            &[
                <::mapvalue::__private::Checked<
                    u64,
                    { __MAPVALUE_Queue_0 },
                > as ::mapvalue::MapValue>::LAYOUT
                    .into_field(
                        "packets",
                        ::mapvalue::__private::offset_of!(Self, packets),
                        ::mapvalue::__private::offset_of!(
                            QueueShared < ::mapvalue::ReadWrite >, packets
                        ),
                        "field `packets` of `Queue` holds a big-endian integer that is not at a multiple of its width, as it would be in C: add padding before the field, or write it as `[u8; N]` if the C struct is packed",
                    ),
                <::mapvalue::__private::Checked<
                    u32,
                    { __MAPVALUE_Queue_1 },
                > as ::mapvalue::MapValue>::LAYOUT
                    .into_field(
                        "longest",
                        ::mapvalue::__private::offset_of!(Self, longest),
                        ::mapvalue::__private::offset_of!(
                            QueueShared < ::mapvalue::ReadWrite >, longest
                        ),
                        "field `longest` of `Queue` holds a big-endian integer that is not at a multiple of its width, as it would be in C: add padding before the field, or write it as `[u8; N]` if the C struct is packed",
                    ),
                <::mapvalue::__private::Checked<
                    Mode,
                    { __MAPVALUE_Queue_2 },
                > as ::mapvalue::MapValue>::LAYOUT
                    .into_field(
                        "mode",
                        ::mapvalue::__private::offset_of!(Self, mode),
                        ::mapvalue::__private::offset_of!(
                            QueueShared < ::mapvalue::ReadWrite >, mode
                        ),
                        "field `mode` of `Queue` holds a big-endian integer that is not at a multiple of its width, as it would be in C: add padding before the field, or write it as `[u8; N]` if the C struct is packed",
                    ),
            ]
        },
    );
    #[inline]
    fn __try_load<A: ::mapvalue::Access>(
        __shared: &Self::Shared<A>,
    ) -> ::mapvalue::__private::Result<Self, ::mapvalue::InvalidValue> {
        ::mapvalue::__private::Ok(Self {
            packets: ::mapvalue::__private::try_load_field::<
                ::mapvalue::__private::Checked<u64, { __MAPVALUE_Queue_0 }>,
                A,
            >(&__shared.packets, ::mapvalue::__private::offset_of!(Self, packets))?,
            longest: ::mapvalue::__private::try_load_field::<
                ::mapvalue::__private::Checked<u32, { __MAPVALUE_Queue_1 }>,
                A,
            >(&__shared.longest, ::mapvalue::__private::offset_of!(Self, longest))?,
            mode: ::mapvalue::__private::try_load_field::<
                ::mapvalue::__private::Checked<Mode, { __MAPVALUE_Queue_2 }>,
                A,
            >(&__shared.mode, ::mapvalue::__private::offset_of!(Self, mode))?,
        })
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
impl ::mapvalue::Storable for Queue
where
    for<'__mapvalue> ::mapvalue::__private::Checked<
        u64,
        { __MAPVALUE_Queue_0 },
    >: ::mapvalue::Storable,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        u32,
        { __MAPVALUE_Queue_1 },
    >: ::mapvalue::Storable,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        Mode,
        { __MAPVALUE_Queue_2 },
    >: ::mapvalue::Storable,
{
    #[inline]
    fn __store(
        __shared: &<Self as ::mapvalue::MapValue>::Shared<::mapvalue::ReadWrite>,
        __value: &Self,
    ) {
        <::mapvalue::__private::Checked<
            u64,
            { __MAPVALUE_Queue_0 },
        > as ::mapvalue::Storable>::__store(&__shared.packets, &__value.packets);
        <::mapvalue::__private::Checked<
            u32,
            { __MAPVALUE_Queue_1 },
        > as ::mapvalue::Storable>::__store(&__shared.longest, &__value.longest);
        <::mapvalue::__private::Checked<
            Mode,
            { __MAPVALUE_Queue_2 },
        > as ::mapvalue::Storable>::__store(&__shared.mode, &__value.mode);
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
unsafe impl ::mapvalue::Plain for Queue
where
    for<'__mapvalue> ::mapvalue::__private::Checked<
        u64,
        { __MAPVALUE_Queue_0 },
    >: ::mapvalue::Plain,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        u32,
        { __MAPVALUE_Queue_1 },
    >: ::mapvalue::Plain,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        Mode,
        { __MAPVALUE_Queue_2 },
    >: ::mapvalue::Plain,
{
    #[inline]
    fn __load<A: ::mapvalue::Access>(
        __shared: &<Self as ::mapvalue::MapValue>::Shared<A>,
    ) -> Self {
        Self {
            packets: <::mapvalue::__private::Checked<
                u64,
                { __MAPVALUE_Queue_0 },
            > as ::mapvalue::Plain>::__load::<A>(&__shared.packets),
            longest: <::mapvalue::__private::Checked<
                u32,
                { __MAPVALUE_Queue_1 },
            > as ::mapvalue::Plain>::__load::<A>(&__shared.longest),
            mode: <::mapvalue::__private::Checked<
                Mode,
                { __MAPVALUE_Queue_2 },
            > as ::mapvalue::Plain>::__load::<A>(&__shared.mode),
        }
    }
}
#[automatically_derived]
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
impl ::mapvalue::Fold for Queue
where
    for<'__mapvalue> ::mapvalue::__private::Checked<
        u64,
        { __MAPVALUE_Queue_0 },
    >: ::mapvalue::Fold,
    for<'__mapvalue> ::mapvalue::__private::Checked<
        u32,
        { __MAPVALUE_Queue_1_FOLDS },
    >: ::mapvalue::__private::fold::Max,
{
    #[inline]
    fn fold(&mut self, __later: &Self) {
        <::mapvalue::__private::Checked<
            u64,
            { __MAPVALUE_Queue_0 },
        > as ::mapvalue::Fold>::fold(&mut self.packets, &__later.packets);
        <::mapvalue::__private::Checked<
            u32,
            { __MAPVALUE_Queue_1_FOLDS },
        > as ::mapvalue::__private::fold::Max>::max(&mut self.longest, &__later.longest);
    }
}
