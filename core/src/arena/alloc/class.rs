//! [`Class`]: the slots of one size, and where each of them is.

use std::any::type_name;
use std::ptr::NonNull;

use super::cache::Kept;
use super::config;
use super::layout::{self, ClassShared, SLOT_HEADER, SlotShared};
use super::opened::Opened;
use super::protocol::Control;
use crate::error::{AllocError, PlaceError};
use crate::value::MapValue;

/// The slots of one size: their numbers, as this process has checked them, and the words that the
/// arena has for them.
#[derive(Clone, Copy)]
pub(crate) struct Class<'a> {
    pub(crate) opened: &'a Opened,
    pub(crate) number: u32,
    pub(crate) shape: &'a layout::Class,
    pub(crate) words: &'a ClassShared,
}

impl<'a> Class<'a> {
    /// The place of a slot, whose index is less than the capacity.
    #[inline]
    pub(crate) fn place(&self, index: u32) -> NonNull<SlotShared> {
        assert!(index < self.shape.capacity, "there is no slot {index}");
        let offset = usize::try_from(self.offset_of(index)).unwrap_or(0);
        // SAFETY: `config::read` has checked that all slots of a class are inside of `all`, whose
        // reference is to all of it.
        unsafe { NonNull::from(&*self.opened.all).cast::<SlotShared>().byte_add(offset) }
    }

    /// Where a slot is, from the allocator's header on.
    fn offset_of(&self, index: u32) -> u64 {
        self.shape.first + u64::from(index) * u64::from(self.shape.stride)
    }

    /// The index of a slot.
    pub(crate) fn index_of(&self, slot: NonNull<SlotShared>) -> u32 {
        let offset = slot.addr().get() - self.place(0).addr().get();
        u32::try_from(offset / self.shape.stride as usize).unwrap_or(u32::MAX)
    }

    /// The header of such a slot.
    #[inline]
    pub(crate) fn slot(&self, index: u32) -> &'a SlotShared {
        // SAFETY: it is the place of a slot; the rest as in `Opened::slot`.
        unsafe { self.place(index).as_ref() }
    }

    /// The address of the value in a slot.
    pub(crate) fn address_of(&self, index: u32) -> u64 {
        self.opened.start + self.offset_of(index) + SLOT_HEADER as u64
    }

    /// The slots that have been used at some time, and their words: at most `most`.
    ///
    /// Each of them names this allocator in its word (`take_fresh`). So the walk ends after many in
    /// a row that do not: `most` is a number that anybody can write, and to read a page that was
    /// never used would make it.
    pub(crate) fn used(self, most: u32) -> impl Iterator<Item = (u32, &'a SlotShared, Control)> {
        const UNUSED: u32 = 256;
        let slots = (0..most.min(self.shape.capacity)).map(move |index| {
            let slot = self.slot(index);
            (index, slot, Control(slot.control.load_acquire()))
        });
        slots.scan(0, move |unused, slot| {
            *unused = if slot.2.id() == self.opened.id { 0 } else { *unused + 1 };
            (*unused < UNUSED).then_some(slot)
        })
    }
}

impl Opened {
    #[inline]
    pub(crate) fn class(&self, number: u32) -> Class<'_> {
        let (shape, words) = (&self.classes[number as usize], &self.header.classes[number as usize]);
        Class { opened: self, number, shape, words }
    }

    pub(crate) fn classes(&self) -> impl Iterator<Item = Class<'_>> {
        (0..).zip(&self.classes).map(|(number, _)| self.class(number))
    }

    /// The class of slots for values of type `T`.
    #[inline]
    pub(crate) fn class_of<T: MapValue>(&self) -> Result<u32, AllocError> {
        let (size, align) = (T::LAYOUT.size(), T::LAYOUT.align());
        // Slots are aligned to that at least (`config::read`).
        let is_aligned = align <= config::MIN_ALIGN || align <= self.align as usize;
        if size > 0 && is_aligned && size <= self.smallest as usize {
            return Ok(0);
        }
        self.larger_class_of(type_name::<T>(), size, align)
    }

    #[inline(never)]
    fn larger_class_of(&self, type_name: &'static str, size: usize, align: usize) -> Result<u32, AllocError> {
        let (largest, given) = (self.classes.last().map_or(0, |class| class.value_size), self.align);
        match self.classes().find(|class| size <= class.shape.value_size as usize) {
            _ if size == 0 => Err(PlaceError::ZeroSized { type_name }.into()),
            None => Err(AllocError::TooLarge { type_name, size, largest }),
            Some(_) if align > given as usize => Err(AllocError::Misaligned { type_name, align, given }),
            Some(class) => Ok(class.number),
        }
    }

    /// The slot whose value begins at an address.
    pub(crate) fn slot_at(&self, at: u64) -> Result<(Class<'_>, u32), AllocError> {
        let offset = at.wrapping_sub(self.start);
        let Some(class) = self.classes().find(|class| (class.shape.first..class.shape.end()).contains(&offset)) else {
            let (start, end) = (self.start + self.classes[0].first, self.start + self.len());
            return Err(AllocError::ForeignObject { at, id: self.id, start, end });
        };
        let index = u32::try_from((offset - class.shape.first) / u64::from(class.shape.stride)).unwrap_or(u32::MAX);
        let object = class.address_of(index);
        if object == at { Ok((class, index)) } else { Err(AllocError::InteriorPointer { at, object }) }
    }

    /// The header of a slot that a thread has taken, or keeps.
    #[inline]
    #[expect(clippy::unused_self, reason = "the reference lives as long as it is borrowed")]
    pub(crate) fn slot(&self, kept: Kept) -> &SlotShared {
        // SAFETY: a `Kept` is made for places of slots alone (`Class::place`), and used with the
        // allocator that has them. The arena, in whose memory it is, is mapped as long as this, and
        // writable (`Arena::var` of the header); it is aligned to 8, as the first slot and the
        // distance of slots are (`config::read`); any bits are a valid mirror.
        unsafe { kept.slot.as_ref() }
    }
}
