#[doc(hidden)]
#[allow(deprecated, nonstandard_style, unused, unused_qualifications)]
const __CHECKED_Event: shared::mapvalue::__private::bool = {
    use shared::mapvalue::__private::{self as __mv};
    __mv::refused::value::<Exec>();
    __mv::refused::value::<Args>();
    __mv::event::tag::assert_tag::<u32>();
    true
};
#[cfg(doc)]
type __Checked_Event<T> = T;
#[cfg(not(doc))]
#[allow(non_camel_case_types)]
type __Checked_Event<T> = shared::mapvalue::__private::Checked<T, { __CHECKED_Event }>;
///An [`Event`] in place: each variant holds the head of a record.
#[allow(dead_code, deprecated, missing_docs, nonstandard_style, unused_qualifications)]
#[allow(private_interfaces)]
#[derive(
    shared::mapvalue::__private::Clone,
    shared::mapvalue::__private::Copy,
    shared::mapvalue::__private::Debug
)]
pub enum EventView<'r> {
    /// A process began.
    Exec(shared::mapvalue::ring::Head<'r, __Checked_Event<Exec>>),
    Args(shared::mapvalue::ring::Head<'r, __Checked_Event<Args>>),
    /// A tag that no other variant has, and the record.
    Other(__Checked_Event<u32>, &'r shared::mapvalue::Record<'r>),
}
#[allow(deprecated, unused_qualifications, clippy::multiple_bound_locations)]
const _: () = {
    use shared::mapvalue::__private as __mv;
    #[allow(non_upper_case_globals)]
    const __MV_TAG_Exec: __Checked_Event<u32> = 1;
    #[allow(non_upper_case_globals)]
    const __MV_TAG_Args: __Checked_Event<u32> = {
        const __MV: __mv::i128 = Kind::Args as __mv::i128;
        __mv::event::tag::assert_fits(__MV, __MV as __Checked_Event<u32> as __mv::i128);
        __MV as __Checked_Event<u32>
    };
    const _: () = __mv::event::tag::assert_new(
        &[("Exec", __MV_TAG_Exec as __mv::i128)],
        __MV_TAG_Args as __mv::i128,
    );
    const __MV_PLACE: __mv::event::tag::Place<Event, __Checked_Event<u32>> = __mv::event::tag::Place::of(
        __Checked_Event::<Event>::Exec,
        "header.kind",
    );
    const _: () = __MV_PLACE.assert_in(__Checked_Event::<Event>::Args, "header.kind");
    #[allow(dead_code)]
    fn __mv_read(__mv: &Event) {
        match __mv {
            Event::Exec(__mv_read) => _ = __mv_read,
            Event::Args(__mv_read) => _ = __mv_read,
            Event::Other(__mv_read) => _ = __mv_read,
        }
    }
    #[automatically_derived]
    impl __mv::MapEvent for Event {
        type View<'r> = EventView<'r>;
        #[inline]
        fn view<'r>(
            __mv_record: &'r __mv::Record<'_>,
        ) -> __mv::Result<EventView<'r>, __mv::RingError> {
            match __MV_PLACE.load(__mv_record)? {
                __MV_TAG_Exec => __mv::event::view(__mv_record, EventView::Exec),
                __MV_TAG_Args => __mv::event::view(__mv_record, EventView::Args),
                __mv_tag => __mv::Ok(EventView::Other(__mv_tag, __mv_record)),
            }
        }
        #[inline]
        fn load(__mv_record: &__mv::Record<'_>) -> __mv::Result<Self, __mv::RingError> {
            match __MV_PLACE.load(__mv_record)? {
                __MV_TAG_Exec => {
                    __mv::event::load(__mv_record, __Checked_Event::<Self>::Exec)
                }
                __MV_TAG_Args => {
                    __mv::event::load(__mv_record, __Checked_Event::<Self>::Args)
                }
                __mv_tag => __mv::Ok(__Checked_Event::<Self>::Other(__mv_tag)),
            }
        }
        #[inline]
        fn from_prefix(
            __mv_bytes: &[__mv::u8],
        ) -> __mv::Result<(Self, __mv::Rest<'_>), __mv::ValueError> {
            match __MV_PLACE.decode(__mv_bytes)? {
                __MV_TAG_Exec => {
                    __mv::event::decode(__mv_bytes, __Checked_Event::<Self>::Exec)
                }
                __MV_TAG_Args => {
                    __mv::event::decode(__mv_bytes, __Checked_Event::<Self>::Args)
                }
                __mv_tag => {
                    __mv::Ok((
                        __Checked_Event::<Self>::Other(__mv_tag),
                        __mv::Rest::all(__mv_bytes),
                    ))
                }
            }
        }
        fn check(__mv_btf: &__mv::Btf) -> __mv::Result<(), __mv::BtfError> {
            __mv::event::check(__mv_btf, __Checked_Event::<Self>::Exec)?;
            __mv::event::check(__mv_btf, __Checked_Event::<Self>::Args)?;
            __mv::Ok(())
        }
    }
};
