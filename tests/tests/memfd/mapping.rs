//! Makes mappings without a kernel map; checks bounds, and each error for a wrong place.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use mapvalue::{
    Array, MapError, MapValue, Mapping, PlaceError, ReadOnly, ReadOnlyReason, ReadWrite, Shared, SystemError, Var,
};

/// An anonymous file that can still be shortened.
fn unsealed_memfd(len: u64) -> File {
    memfd_with(0, len).unwrap()
}

fn memfd_with(flags: libc::c_uint, len: u64) -> io::Result<File> {
    // SAFETY: the name is a C string; the call has no other memory effects.
    let fd = unsafe { libc::memfd_create(c"test".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING | flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just made, and nobody else owns it.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_len(len)?;
    Ok(file)
}

#[test]
fn a_memfd_is_zeroed_writable_and_as_long_as_asked() {
    let mapping = Mapping::memfd(100).unwrap();
    assert_eq!(mapping.len(), 100);
    assert!(!mapping.is_empty() && !mapping.is_read_only());
    assert_eq!(mapping.name(), "");
    let mut bytes = [0xff; 100];
    mapping.read_at(0, &mut bytes).unwrap();
    assert_eq!(bytes, [0; 100]);
}

#[test]
fn zero_length_is_an_error() {
    assert!(matches!(Mapping::memfd(0), Err(MapError::Empty { .. })));
    // SAFETY: an empty file cannot be shortened.
    let error = unsafe { Mapping::from_file(&unsealed_memfd(0)) }.unwrap_err();
    assert_eq!(error.to_string(), "the file has length zero: there is nothing to map");
    // SAFETY: refused before the pointer is used.
    let error = unsafe { Mapping::adopt(ptr::dangling_mut(), 0, ReadWrite, || ()) }.unwrap_err();
    assert!(matches!(error, MapError::Empty { .. }), "{error:?}");
}

#[test]
fn more_than_can_be_addressed_is_an_error() {
    let error = Mapping::memfd(usize::MAX).unwrap_err();
    assert!(matches!(error, MapError::TooLong { .. }), "{error:?}");
    assert!(error.to_string().contains(&usize::MAX.to_string()), "{error}");
    // Addressable, but more than the address space has room for.
    let error = Mapping::memfd(isize::MAX.unsigned_abs()).unwrap_err();
    assert!(matches!(error, MapError::System(SystemError::Os { .. })), "{error:?}");
}

#[test]
fn a_mapping_longer_than_four_gigabytes_reaches_its_end() {
    // Sparse: only the touched page exists.
    let len = (5 << 30) + 8;
    let mapping = Mapping::memfd(len).unwrap();
    mapping.var::<u64>(5 << 30).unwrap().store(7);
    let array: Array<u64> = mapping.array().unwrap();
    assert_eq!(array.len(), len / 8);
    assert_eq!(array[array.len() - 1].load(), 7);
    assert_eq!(array[(5 << 30) / 8 - (1 << 29)].load(), 0);
    assert!(matches!(mapping.var::<u64>((5 << 30) + 8), Err(PlaceError::OutOfRange { .. })));
}

#[test]
fn raw_bytes_round_trip_at_sixteen_offsets() {
    let mapping = Mapping::memfd(64).unwrap();
    for offset in 0..16 {
        let bytes: Vec<u8> = (0..37).map(|i| u8::try_from(i * 5 + offset).unwrap() | 1).collect();
        mapping.write_at(offset, &bytes).unwrap();
        let mut back = vec![0; bytes.len()];
        mapping.read_at(offset, &mut back).unwrap();
        assert_eq!(back, bytes, "at offset {offset}");
        // Nothing outside the range was touched.
        let mut all = [0; 64];
        mapping.read_at(0, &mut all).unwrap();
        assert!(all[..offset].iter().chain(&all[offset + 37..]).all(|b| *b == 0), "at offset {offset}");
        mapping.write_at(0, &[0; 64]).unwrap();
    }
}

#[test]
fn raw_bounds_end_where_the_mapping_does() {
    let mapping = Mapping::memfd(64).unwrap();
    let mut room = [0; 65];
    for (offset, len) in [(0, 0), (64, 0), (56, 8), (0, 64)] {
        mapping.read_at(offset, &mut room[..len]).unwrap_or_else(|e| panic!("({offset}, {len}): {e}"));
        mapping.write_at(offset, &room[..len]).unwrap_or_else(|e| panic!("({offset}, {len}): {e}"));
    }
    for (offset, len) in [(56, 9), (64, 1), (u32::MAX as usize, 1), (usize::MAX, 1), (0, 65)] {
        room.fill(0xaa);
        let error = mapping.read_at(offset, &mut room[..len]).unwrap_err();
        assert!(
            matches!(error, PlaceError::OutOfRange { offset: o, size, len: 64 } if o == offset && size == len),
            "({offset}, {len}): {error:?}"
        );
        assert!(room.iter().all(|b| *b == 0xaa), "the buffer of a refused read is unchanged");
        assert!(mapping.write_at(offset, &room[..len]).is_err());
        let mut all = [1; 64];
        mapping.read_at(0, &mut all).unwrap();
        assert_eq!(all, [0; 64], "a refused write changes nothing");
    }
}

#[test]
fn a_typed_place_must_be_inside_and_aligned() {
    let mapping = Mapping::memfd(64).unwrap();
    assert!(mapping.var::<u64>(56).is_ok());
    let error = mapping.var::<u32>(7).unwrap_err();
    assert!(matches!(error, PlaceError::Misaligned { offset: 7, align: 4, .. }), "{error:?}");
    assert_eq!(error.to_string(), "`u32` at offset 7 is misaligned: it needs a multiple of 4");
    let error = mapping.var::<u64>(64).unwrap_err();
    assert_eq!(error.to_string(), "offset 64 + 8 bytes is out of range: the mapping ends at 64");
    for offset in [60, usize::MAX, usize::MAX - 7, u32::MAX as usize - 3] {
        let error = mapping.var::<u64>(offset).unwrap_err();
        assert!(matches!(error, PlaceError::OutOfRange { size: 8, len: 64, .. }), "{offset}: {error:?}");
    }
    assert!(matches!(mapping.var::<[u64; 9]>(0), Err(PlaceError::OutOfRange { size: 72, .. })));
    assert!(matches!(mapping.slice::<u64>(0, 9), Err(PlaceError::OutOfRange { size: 72, .. })));
    assert!(matches!(mapping.slice::<u64>(8, usize::MAX), Err(PlaceError::OutOfRange { size: usize::MAX, .. })));
    assert!(matches!(mapping.slice::<u64>(4, 1), Err(PlaceError::Misaligned { offset: 4, align: 8, .. })));
}

#[test]
fn zero_sized_types_have_no_place() {
    let mapping = Mapping::memfd(64).unwrap();
    assert!(matches!(mapping.var::<[u64; 0]>(0), Err(PlaceError::ZeroSized { .. })));
    assert!(matches!(mapping.array::<[u64; 0]>(), Err(PlaceError::ZeroSized { .. })));
    assert!(matches!(mapping.slice::<std::marker::PhantomData<u8>>(0, 3), Err(PlaceError::ZeroSized { .. })));
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq, Default)]
#[repr(C)]
struct Twelve {
    a: u32,
    b: u32,
    c: u32,
}

#[test]
fn memory_without_geometry_is_an_array_at_the_kernels_stride() {
    // Complete both with the last element's padding and without it.
    for len in [48, 44] {
        let array: Array<Twelve> = Mapping::memfd(len).unwrap().array().unwrap();
        assert_eq!((array.len(), array.stride()), (3, 16));
        array[2].c.store(9);
        let mut bytes = [0; 4];
        array.mapping().read_at(2 * 16 + 8, &mut bytes).unwrap();
        assert_eq!(u32::from_ne_bytes(bytes), 9);
    }
    let error = Mapping::memfd(40).unwrap().array::<Twelve>().unwrap_err();
    assert!(matches!(error, PlaceError::Geometry { stride: 16, len: 40, .. }), "{error:?}");
    assert!(matches!(Mapping::memfd(4).unwrap().array::<u64>(), Err(PlaceError::Geometry { .. })));
}

#[test]
fn array_elements_are_reached_by_index_by_iterator_and_as_handles() {
    let array: Array<Twelve> = Mapping::memfd(160).unwrap().array().unwrap();
    assert_eq!(array.len(), 10);
    for (i, element) in (0..).zip(&array) {
        element.b.store(i);
    }
    assert_eq!(array[7].b.load(), 7);
    assert_eq!(array.get(9).unwrap().b.load(), 9);
    assert!(array.get(10).is_none() && array.get(usize::MAX).is_none());
    let error = array.var(10).unwrap_err();
    assert_eq!(error.to_string(), "index 10 is out of range: the array has 10 elements");
    assert_eq!(array.iter().rev().map(|e| e.b.load()).collect::<Vec<_>>(), (0..10).rev().collect::<Vec<_>>());
    assert_eq!(array.iter().nth(4).unwrap().b.load(), 4);
    assert_eq!(array.iter().len(), 10);
    let middle = array.range(3..6).unwrap();
    assert_eq!(middle.iter().map(|e| e.b.load()).collect::<Vec<_>>(), [3, 4, 5]);
    assert!(array.range(10..10).unwrap().is_empty());
    for bad in [9..11, 11..11] {
        assert!(matches!(array.range(bad), Err(PlaceError::RangeOutOfRange { len: 10, .. })));
    }
    #[expect(clippy::reversed_empty_ranges, reason = "the bad input under test")]
    let backwards = array.range(5..4);
    assert_eq!(backwards.unwrap_err().to_string(), "the range 5..4 is out of range: the array has 10 elements");
    let handle: Var<Twelve> = array.var(7).unwrap();
    drop(array);
    assert_eq!(handle.load(), Twelve { a: 0, b: 7, c: 0 });
}

#[test]
#[should_panic(expected = "index 10 is out of range: the array has 10 elements")]
fn an_index_past_the_end_of_an_array_panics_as_slices_do() {
    let array: Array<Twelve> = Mapping::memfd(160).unwrap().array().unwrap();
    array[10].a.load();
}

#[test]
fn bulk_copies_ask_for_equal_lengths() {
    let mapping = Mapping::memfd(160).unwrap();
    let array: Array<Twelve> = mapping.array().unwrap();
    let values: Vec<Twelve> = (0..10).map(|i| Twelve { a: i, b: 2 * i, c: 3 * i }).collect();
    array.store_from(&values).unwrap();
    let mut back = vec![Twelve::default(); 10];
    array.load_into(&mut back).unwrap();
    assert_eq!(back, values);
    // The padding between the values was not written.
    assert_eq!(mapping.var::<u32>(12).unwrap().load(), 0);
    let error = array.store_from(&values[..9]).unwrap_err();
    assert!(matches!(error, PlaceError::LengthMismatch { given: 9, expected: 10 }), "{error:?}");
    let mut long = vec![Twelve { a: 77, b: 77, c: 77 }; 11];
    assert!(array.load_into(&mut long).is_err());
    assert!(long.iter().all(|v| v.a == 77));

    let slice = mapping.slice::<u32>(16, 8).unwrap();
    let mut words = [0; 8];
    slice.load_into(&mut words).unwrap();
    assert_eq!(words, [1, 2, 3, 0, 2, 4, 6, 0]);
    slice.store_from(&[9; 8]).unwrap();
    assert_eq!(slice.iter().map(Shared::load).sum::<u32>(), 72);
    assert!(matches!(slice.load_into(&mut [0; 7]), Err(PlaceError::LengthMismatch { given: 7, expected: 8 })));
    assert!(matches!(slice.store_from(&[0; 9]), Err(PlaceError::LengthMismatch { given: 9, expected: 8 })));
    assert!(matches!(slice.var(8), Err(PlaceError::IndexOutOfRange { index: 8, len: 8 })));
}

#[test]
fn a_second_mapping_of_the_memfd_sees_the_same_bytes() {
    let here = Mapping::memfd(4096).unwrap();
    let there = Mapping::from_memfd(here.fd().unwrap()).unwrap();
    assert_eq!(there.len(), 4096);
    here.var::<u64>(8).unwrap().store(0xf00d);
    assert_eq!(there.var::<u64>(8).unwrap().load(), 0xf00d);
}

#[test]
fn a_file_that_can_be_cut_short_is_not_taken_for_a_sealed_memfd() {
    assert!(matches!(Mapping::from_memfd(unsealed_memfd(4096)), Err(MapError::NotSealed)));
    assert!(matches!(Mapping::from_memfd(File::open("/proc/self/exe").unwrap()), Err(MapError::NotSealed)));
    // SAFETY: this descriptor is not open; the call fails on it, and nothing else uses it.
    let closed = unsafe { BorrowedFd::borrow_raw(i32::MAX - 1) };
    assert!(matches!(Mapping::from_memfd(closed), Err(MapError::System(SystemError::BadDescriptor { .. }))));
}

#[test]
fn a_memfd_of_huge_pages_is_refused_although_it_is_sealed() {
    let file = match memfd_with(libc::MFD_HUGETLB, 2 << 20) {
        Ok(file) => file,
        Err(error) => return println!("skipped: no huge pages in this kernel: {error}"),
    };
    // SAFETY: `F_ADD_SEALS` takes an integer.
    assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, libc::F_SEAL_SHRINK) }, 0);
    let error = Mapping::from_memfd(file).unwrap_err();
    assert!(matches!(error, MapError::NotSealed), "{error:?}");
}

#[test]
fn our_memfd_can_be_neither_shortened_nor_unsealed() {
    let mapping = Mapping::memfd(8192).unwrap();
    let file = File::from(mapping.fd().unwrap().try_clone_to_owned().unwrap());
    assert!(file.set_len(4096).is_err());
    assert!(file.set_len(16384).is_err());
    // SAFETY: `F_ADD_SEALS` takes an integer.
    let sealed = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, libc::F_SEAL_WRITE) };
    assert_eq!(sealed, -1);
    mapping.var::<u64>(8184).unwrap().store(1);
}

#[test]
fn a_memfd_opened_for_reading_gives_a_read_only_mapping() {
    let here = Mapping::memfd(4096).unwrap();
    let path = format!("/proc/self/fd/{}", here.fd().unwrap().as_raw_fd());
    let there = Mapping::from_memfd(File::open(path).unwrap()).unwrap();
    assert!(there.is_read_only());
    here.var::<u32>(0).unwrap().store(5);
    assert_eq!(there.var_ro::<u32>(0).unwrap().load(), 5);
    assert_eq!(there.var_ro::<u32>(0).unwrap().load_acquire(), 5);
    assert_eq!(there.array_ro::<u32>().unwrap()[0].load(), 5);
    assert_eq!(there.slice_ro::<u32>(0, 2).unwrap()[0].load(), 5);
    for error in [
        there.var::<u32>(0).unwrap_err(),
        there.array::<u32>().unwrap_err(),
        there.slice::<u32>(0, 1).unwrap_err(),
        there.write_at(0, &[1]).unwrap_err(),
        there.write_at(0, &[]).unwrap_err(),
    ] {
        assert!(matches!(error, PlaceError::ReadOnly { reason: ReadOnlyReason::File, .. }), "{error:?}");
        assert!(error.to_string().contains("var_ro"), "{error}");
    }
    assert_eq!(here.var::<u32>(0).unwrap().load(), 5);
}

#[test]
fn a_file_is_mapped_writable_or_read_only_as_it_was_opened() {
    let path = std::env::temp_dir().join(format!("mapvalue-file-{}", std::process::id()));
    File::create(&path).unwrap().write_all(&[1; 100]).unwrap();
    let writable = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    // SAFETY: the file is this test's own, and nobody shortens it.
    let mapping = unsafe { Mapping::from_file(&writable) }.unwrap();
    drop(writable);
    assert_eq!(mapping.len(), 100);
    assert!(mapping.fd().is_none());
    mapping.var::<u16>(98).unwrap().store(0x0303);
    // SAFETY: as above.
    let read_only = unsafe { Mapping::from_file(&File::open(&path).unwrap()) }.unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(read_only.is_read_only());
    assert_eq!(read_only.var_ro::<u16>(98).unwrap().load(), 0x0303);
    assert!(matches!(read_only.var::<u16>(98), Err(PlaceError::ReadOnly { .. })));
}

#[test]
fn adopted_memory_is_released_once_by_the_last_handle() {
    static RELEASED: AtomicUsize = AtomicUsize::new(0);
    let memory: &'static [AtomicU64; 8] = Box::leak(Box::new([const { AtomicU64::new(0) }; 8]));
    let base = ptr::from_ref(memory).cast_mut().cast::<u8>();
    let release = move || {
        RELEASED.fetch_add(1, Ordering::SeqCst);
    };
    // SAFETY: the memory is leaked, so it stays, and only atomics access it.
    let mapping = unsafe { Mapping::adopt(base, 64, ReadWrite, release) }.unwrap();
    let var = mapping.var::<u64>(8).unwrap();
    let copy = var.clone();
    drop((mapping, var));
    copy.store(3);
    assert_eq!(memory[1].load(Ordering::Relaxed), 3);
    assert_eq!(RELEASED.load(Ordering::SeqCst), 0);
    drop(copy);
    assert_eq!(RELEASED.load(Ordering::SeqCst), 1);

    // SAFETY: as above.
    let read_only = unsafe { Mapping::adopt(base, 64, ReadOnly, || ()) }.unwrap();
    assert!(matches!(read_only.var::<u64>(0), Err(PlaceError::ReadOnly { reason: ReadOnlyReason::Adopted, .. })));
    assert_eq!(read_only.var_ro::<u64>(8).unwrap().load(), 3);
    drop(read_only);
    assert_eq!(RELEASED.load(Ordering::SeqCst), 1);
}

#[test]
fn refused_adoptions_leave_the_memory_to_the_caller() {
    let release = || panic!("must not be called");
    // SAFETY: refused for the null pointer.
    let error = unsafe { Mapping::adopt(ptr::null_mut(), 8, ReadWrite, release) }.unwrap_err();
    assert!(matches!(error, MapError::NullPointer), "{error:?}");
    // SAFETY: refused for the length.
    let error = unsafe { Mapping::adopt(ptr::dangling_mut(), usize::MAX, ReadWrite, release) }.unwrap_err();
    assert!(matches!(error, MapError::TooLong { .. }), "{error:?}");
}

#[test]
fn adopted_memory_that_is_itself_misaligned_is_noticed() {
    let memory: &'static [AtomicU64; 8] = Box::leak(Box::new([const { AtomicU64::new(0) }; 8]));
    let base = ptr::from_ref(memory).cast_mut().cast::<u8>().wrapping_add(4);
    // SAFETY: the memory is leaked, so it stays, and only atomics access it.
    let mapping = unsafe { Mapping::adopt(base, 60, ReadWrite, || ()) }.unwrap();
    let error = mapping.var::<u64>(0).unwrap_err();
    assert!(matches!(error, PlaceError::MisalignedBase { base: b, align: 8, .. } if b == base.addr()), "{error:?}");
    assert!(mapping.var::<u64>(4).is_ok());
    assert!(matches!(mapping.var::<u64>(6), Err(PlaceError::Misaligned { offset: 6, align: 8, .. })));
    // SAFETY: as above.
    let mapping = unsafe { Mapping::adopt(base, 56, ReadWrite, || ()) }.unwrap();
    assert!(matches!(mapping.array::<u64>(), Err(PlaceError::MisalignedBase { .. })));
}

#[test]
fn handles_outlive_the_mapping_and_its_descriptor() {
    fn owned_and_shared<T: Send + Sync + 'static>(_: &T) {}
    let mapping = Mapping::memfd(4096).unwrap();
    let fd: OwnedFd = mapping.fd().unwrap().try_clone_to_owned().unwrap();
    let mapping = {
        drop(mapping);
        Mapping::from_memfd(fd).unwrap()
    };
    owned_and_shared(&mapping);
    let var = mapping.var::<u64>(0).unwrap();
    let array = mapping.array::<u64>().unwrap();
    let slice = mapping.slice_ro::<u64>(0, 4).unwrap();
    owned_and_shared(&var);
    owned_and_shared(&array);
    owned_and_shared(&slice);
    assert_eq!(Arc::strong_count(&mapping), 4);
    drop(mapping);
    var.store(6);
    assert_eq!((array[0].load(), slice[0].load()), (6, 6));
    assert!(Arc::ptr_eq(var.mapping(), array.mapping()));
    drop((array, slice));
    assert_eq!(Arc::strong_count(var.mapping()), 1);
}

#[test]
fn a_descriptor_that_is_no_map_is_told_by_what_it_is() {
    let error = Mapping::from_map(File::open("/dev/null").unwrap()).unwrap_err();
    match &error {
        // Where bpf(2) is not permitted at all, that error comes first.
        MapError::System(SystemError::PermissionDenied { .. }) => {
            assert!(error.to_string().contains("CAP_BPF"), "{error}");
        }
        MapError::System(SystemError::Os { errno: libc::ENOSYS, .. }) => {}
        error => {
            assert!(matches!(error, MapError::NotAMap { .. }), "{error:?}");
            assert!(error.to_string().contains("/dev/null"), "{error}");
        }
    }
    let memfd = Mapping::memfd(8).unwrap();
    assert!(Mapping::from_map(memfd.fd().unwrap().as_fd()).is_err());
}
