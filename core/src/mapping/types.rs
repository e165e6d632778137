//! Compares what Rust takes places of a map for with the types of its values, and remembers.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use crate::bpf::geometry::ValueGrid;
use crate::btf::check::Fit;
use crate::btf::check::part::{Claim, begins_at, check_part, nothing_there};
use crate::btf::{Btf, Type, TypeKind};
use crate::error::{Mismatches, PlaceError};
use crate::layout::{Kind, Layout};

/// The types of a map's values, and which places have met them.
pub(crate) struct PlaceTypes {
    btf: Btf,
    /// The id of the values' type.
    value: u32,
    grid: ValueGrid,
    met: Met,
}

type Checked = Result<(), Box<Mismatches>>;

impl PlaceTypes {
    pub(crate) fn new(btf: Btf, value: u32, grid: ValueGrid) -> Self {
        Self { btf, value, grid, met: Met::default() }
    }

    /// Checks that at `offset` lie `len` values of a layout. The map has the bytes.
    #[inline(never)]
    pub(crate) fn check(&self, layout: &'static Layout, offset: usize, len: usize, fit: Fit) -> Result<(), PlaceError> {
        let offset = self.grid.in_value(offset);
        let question = [layout.address() | fit as usize, offset, len];
        self.met.once(question, || self.at(offset, Claim { layout, len, fit }))
    }

    /// Returns whether a value of a layout at `offset`, in the map's first value, is remembered
    /// where it is looked for first. Otherwise [`check`](Self::check) answers.
    #[inline]
    pub(crate) fn remembers(&self, layout: &'static Layout, offset: usize, fit: Fit) -> bool {
        offset < self.grid.stride && self.met.has([layout.address() | fit as usize, offset, 1], 1)
    }

    /// The BTF, and the type of the values.
    pub(crate) fn value(&self) -> Option<(&Btf, Type<'_>)> {
        Some((&self.btf, self.btf.get(self.value)?))
    }

    /// Whether a type of a BTF begins at `offset`, and the BTF is the map's.
    pub(crate) fn has_at(&self, offset: usize, ty: Type<'_>, btf: &Btf) -> bool {
        let value = self.value().filter(|(own, _)| own.is_same(btf));
        value.is_some_and(|(_, value)| begins_at(value, self.grid.in_value(offset) as u64, ty))
    }

    /// Checks that each of the banks, `stride` bytes apart, holds `width` values of a layout.
    pub(crate) fn check_banks(
        &self,
        layout: &'static Layout,
        banks: usize,
        stride: usize,
        width: usize,
    ) -> Result<(), PlaceError> {
        let claim = match layout.kind() {
            Kind::Array { len, element } if width == 1 => Claim { layout: element, len, fit: Fit::Whole },
            _ => Claim { layout, len: width, fit: Fit::Padded },
        };
        let question = [layout.address() | Fit::Padded as usize, stride, width];
        self.met.once(question, || {
            let period = self.period(stride);
            let offsets = (0..banks).map(|bank| bank * stride % period);
            // After a period, the banks lie in the values as the first ones did.
            let mut different = offsets.enumerate().take_while(|(bank, offset)| *bank == 0 || *offset != 0);
            different.try_for_each(|(_, offset)| self.at(offset, claim))
        })
    }

    /// Returns after how many bytes the types repeat: those of a value, or of its elements.
    fn period(&self, stride: usize) -> usize {
        let element = match self.btf.get(self.value).and_then(Type::resolved).map(Type::kind) {
            Some(TypeKind::Array(array)) => {
                array.element.size().and_then(|size| usize::try_from(size).ok()).unwrap_or(0)
            }
            _ => 0,
        };
        if element > 0 && stride.is_multiple_of(element) && self.grid.stride >= stride {
            stride
        } else {
            self.grid.stride
        }
    }

    /// Compares a claim with the types at an offset.
    fn at(&self, offset: usize, claim: Claim<'_>) -> Checked {
        let Claim { layout, len, .. } = claim;
        let ValueGrid { value_size, stride, .. } = self.grid;
        let size = layout.size();
        let offset = offset % stride;
        let Some(value) = self.btf.get(self.value).filter(|_| size > 0 && len > 0) else { return Ok(()) };
        if size.saturating_mul(len) <= value_size.saturating_sub(offset) {
            return check_part(value, offset as u64, claim);
        }
        // It reaches over several values, which lie side by side (`ValueGrid::inside_values`).
        let whole = |size: usize| size >= value_size && size.is_multiple_of(value_size);
        match layout.kind() {
            _ if size == value_size && offset == 0 => check_part(value, 0, Claim { len: 1, ..claim }),
            _ if len > 1 && value_size.is_multiple_of(size) && offset.is_multiple_of(size) => {
                check_part(value, 0, Claim { len: value_size / size, ..claim })
            }
            Kind::Array { element, .. } if offset == 0 && whole(element.size()) => {
                self.at(0, Claim { layout: element, len: 1, fit: Fit::Whole })
            }
            Kind::Struct { fields } | Kind::Union { fields }
                if offset == 0 && whole(size) && fields.iter().all(|field| whole(field.layout().size())) =>
            {
                fields.iter().try_for_each(|field| {
                    self.at(field.offset(), Claim { layout: &field.layout(), len: 1, fit: Fit::Whole })
                })
            }
            _ => Err(Box::new(nothing_there(value, offset as u64, claim))),
        }
    }
}

/// How many places are remembered. More are compared each time.
const SLOTS: usize = 128;
/// How many slots a question may lie in.
const PROBES: usize = 8;

/// Places that have met the types.
///
/// There is no lock that a forked child could find taken. A slot is written once: who changes its
/// first word from 0 writes the others. It counts once all of them are there, in whatever order
/// they arrive, since none of them is 0 then.
struct Met {
    slots: Box<[[AtomicUsize; 3]; SLOTS]>,
}

impl Default for Met {
    fn default() -> Self {
        Self { slots: Box::new([const { [const { AtomicUsize::new(0) }; 3] }; SLOTS]) }
    }
}

impl Met {
    /// The slots that may hold a question, and the question as they hold it: without a 0, since the
    /// offset and the length are less than `isize::MAX`.
    #[inline]
    fn slots(&self, [layout, offset, len]: [usize; 3]) -> (impl Iterator<Item = &[AtomicUsize; 3]>, [usize; 3]) {
        let hash = (layout >> 4) ^ (offset >> 3) ^ len.wrapping_mul(31);
        ((0..PROBES).map(move |probe| &self.slots[(hash + probe) % SLOTS]), [layout, offset + 1, len + 1])
    }

    /// Returns whether one of the first `probes` slots holds the question.
    #[inline]
    fn has(&self, question: [usize; 3], probes: usize) -> bool {
        let (slots, question) = self.slots(question);
        slots.take(probes).any(|slot| (0..3).all(|word| slot[word].load(Relaxed) == question[word]))
    }

    /// Answers the question by memory, or else by the comparison, whose success is remembered.
    #[inline]
    fn once(&self, question: [usize; 3], compare: impl FnOnce() -> Checked) -> Result<(), PlaceError> {
        if self.has(question, PROBES) {
            return Ok(());
        }
        compare().map_err(PlaceError::LayoutMismatch)?;
        let (mut slots, question) = self.slots(question);
        if let Some(slot) = slots.find(|slot| slot[0].compare_exchange(0, question[0], Relaxed, Relaxed).is_ok()) {
            slot[1].store(question[1], Relaxed);
            slot[2].store(question[2], Relaxed);
        }
        Ok(())
    }
}
