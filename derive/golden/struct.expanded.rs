#[doc(hidden)]
#[allow(deprecated, nonstandard_style, unused, unused_qualifications)]
const __CHECKED_Queue: ::mapvalue::__private::bool = {
    use ::mapvalue::__private::{self as __mv};
    __mv::refused::value::<u64>();
    __mv::refused::value::<u32>();
    __mv::refused::value::<Mode>();
    true
};
#[cfg(doc)]
type __Checked_Queue<T> = T;
#[cfg(not(doc))]
#[allow(non_camel_case_types)]
type __Checked_Queue<T> = ::mapvalue::__private::Checked<T, { __CHECKED_Queue }>;
///The shared mirror of [`Queue`]: the same layout, in which each leaf is a cell.
#[allow(dead_code, deprecated, missing_docs, nonstandard_style, unused_qualifications)]
#[allow(private_interfaces, clippy::multiple_bound_locations)]
#[repr(C)]
pub struct QueueShared<A: ::mapvalue::Access = ::mapvalue::ReadWrite> {
    /// Packets seen.
    pub packets: <__Checked_Queue<u64> as ::mapvalue::MapValue>::Shared<A>,
    /// The longest of them.
    longest: <__Checked_Queue<u32> as ::mapvalue::MapValue>::Shared<A>,
    mode: <__Checked_Queue<Mode> as ::mapvalue::MapValue>::Shared<A>,
}
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
const _: () = {
    use ::mapvalue::__private as __mv;
    #[automatically_derived]
    unsafe impl<A: __mv::Access> __mv::Mirror for QueueShared<A> {
        type Value = Queue;
        type Access = A;
    }
    const _: __mv::Layout = <Queue as __mv::MapValue>::LAYOUT;
    #[automatically_derived]
    unsafe impl __mv::MapValue for Queue {
        type Shared<A: __mv::Access> = QueueShared<A>;
        const LAYOUT: __mv::Layout = __mv::Layout::structure::<
            Self,
            QueueShared,
        >(
            "Queue",
            const {
                &[
                    __mv::layout_of(|__mv: &__Checked_Queue<Self>| &__mv.packets)
                        .into_field("packets", "Queue", __mv::offset_of!(Self, packets)),
                    __mv::layout_of(|__mv: &__Checked_Queue<Self>| &__mv.longest)
                        .into_field("longest", "Queue", __mv::offset_of!(Self, longest)),
                    __mv::layout_of(|__mv: &__Checked_Queue<Self>| &__mv.mode)
                        .into_field("mode", "Queue", __mv::offset_of!(Self, mode)),
                ]
            },
            &[
                __mv::offset_of!(QueueShared, packets),
                __mv::offset_of!(QueueShared, longest),
                __mv::offset_of!(QueueShared, mode),
            ],
        );
        #[inline]
        fn __try_load<A: __mv::Access>(
            __mv: &Self::Shared<A>,
        ) -> __mv::Result<Self, __mv::InvalidValue> {
            __mv::Ok(__Checked_Queue::<Self> {
                packets: __mv::try_load(__mv, &__mv.packets)?,
                longest: __mv::try_load(__mv, &__mv.longest)?,
                mode: __mv::try_load(__mv, &__mv.mode)?,
            })
        }
    }
    #[automatically_derived]
    impl __mv::Storable for Queue
    where
        for<'__mv> __Checked_Queue<u64>: __mv::Storable,
        for<'__mv> __Checked_Queue<u32>: __mv::Storable,
        for<'__mv> __Checked_Queue<Mode>: __mv::Storable,
    {
        #[inline]
        fn __store(__mv: &__mv::MirrorOf<Self>, __mv_value: &__Checked_Queue<Self>) {
            __mv::store(&__mv.packets, &__mv_value.packets);
            __mv::store(&__mv.longest, &__mv_value.longest);
            __mv::store(&__mv.mode, &__mv_value.mode);
        }
    }
    #[automatically_derived]
    unsafe impl __mv::Plain for Queue
    where
        for<'__mv> __Checked_Queue<u64>: __mv::Plain,
        for<'__mv> __Checked_Queue<u32>: __mv::Plain,
        for<'__mv> __Checked_Queue<Mode>: __mv::Plain,
    {
        #[inline]
        fn __load<A: __mv::Access>(__mv: &__mv::MirrorOf<Self, A>) -> Self {
            __Checked_Queue::<Self> {
                packets: __mv::load(&__mv.packets),
                longest: __mv::load(&__mv.longest),
                mode: __mv::load(&__mv.mode),
            }
        }
    }
    const __MV_FOLDS: __mv::bool = {
        __mv::fold::max::<__Checked_Queue<u32>>();
        true
    };
    type __MvFolded<T> = __mv::Checked<__Checked_Queue<T>, { __MV_FOLDS }>;
    #[automatically_derived]
    impl __mv::Fold for Queue
    where
        for<'__mv> __MvFolded<u64>: __mv::Fold,
        for<'__mv> __MvFolded<u32>: __mv::fold::Max,
    {
        #[inline]
        fn fold(self: &mut __MvFolded<Self>, __mv: &__MvFolded<Self>) {
            __mv::Fold::fold(&mut self.packets, &__mv.packets);
            __mv::fold::Max::max(&mut self.longest, &__mv.longest);
        }
    }
};
