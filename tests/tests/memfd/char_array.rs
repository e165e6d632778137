//! Text in fixed arrays: which text fits, how bytes that are not text are read, and the C type.

use mapvalue::arena::Region;
use mapvalue::btf::TypeKind;
use mapvalue::{Arena, ArenaHash, ArenaHashMap, Array, CharArray, MapValue, Mapping, SeqCell, Slice, ValueError, Var};
use mapvalue_tests::c;

/// `struct interface` of [`SOURCE`].
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[map_value(rename = "interface")]
#[repr(C)]
struct Interface {
    index: u32,
    name: CharArray<6>,
    _pad: [u8; 2],
    aliases: [CharArray<4>; 3],
}

fn text<const N: usize>(text: &str) -> CharArray<N> {
    text.parse().unwrap()
}

#[test]
fn text_fits_up_to_the_last_byte_and_is_followed_by_zeros() {
    assert_eq!(text::<4>("").as_bytes(), &[0; 4]);
    assert_eq!(text::<4>("eth").as_bytes(), b"eth\0");
    let full = text::<4>("eth0");
    assert_eq!((full.as_bytes(), full.as_bytes_until_nul(), full.len()), (b"eth0", b"eth0".as_slice(), 4));
    assert_eq!(full.to_str(), Ok("eth0"));
    assert_eq!(text::<0>(""), CharArray::default());
    assert_eq!(CharArray::<4>::try_from("lo").unwrap(), text("lo"));
    assert!(text::<4>("").is_empty() && !full.is_empty());
}

#[test]
fn text_that_does_not_fit_or_would_end_early_is_an_error_with_the_numbers() {
    let error = CharArray::<4>::new("wlan0").unwrap_err();
    assert!(matches!(error, ValueError::TextTooLong { given: 5, max: 4 }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the text is 5 bytes long, but a `CharArray` of 4 bytes is to hold it: shorten it, or use `CharArray::truncated`"
    );
    assert!(matches!(CharArray::<0>::new("a"), Err(ValueError::TextTooLong { given: 1, max: 0 })));
    // The NUL is reported, whether or not the text is also too long.
    for inside in ["a\0b", "ab\0", "\0", "1234567\08"] {
        let at = inside.find('\0').unwrap();
        let error = inside.parse::<CharArray<4>>().unwrap_err();
        assert!(matches!(error, ValueError::TextHasNul { at: found } if found == at), "{error:?}");
        assert!(error.to_string().contains(&format!("a NUL at byte {at}")), "{error}");
    }
}

#[test]
fn text_is_cut_between_characters_by_name_alone() {
    assert_eq!(CharArray::<4>::truncated("wlan0"), "wlan");
    assert_eq!(CharArray::<4>::truncated("lo"), "lo");
    for (len, kept) in ["", "", "ü", "üa", "üa", "üa", "üa", "üa🦀"].into_iter().enumerate() {
        macro_rules! check {
            ($($n:literal)*) => {$(if len == $n {
                let cut = CharArray::<$n>::truncated("üa🦀");
                assert_eq!(cut, kept);
                assert_eq!(&cut.as_bytes()[kept.len()..], &[0; $n][kept.len()..], "zeros behind it");
            })*};
        }
        check! { 0 1 2 3 4 5 6 7 }
    }
    assert_eq!(CharArray::<4>::truncated("a\0bc").as_bytes(), b"a\0\0\0");
}

#[test]
fn bytes_that_are_no_text_are_shown_and_never_read_past() {
    let odd = CharArray::from_array(*b"a\xff\xe2\x82b\"\n\0junk");
    assert_eq!(odd.as_bytes_until_nul(), b"a\xff\xe2\x82b\"\n");
    assert_eq!(odd.to_str().unwrap_err().valid_up_to(), 1);
    assert_eq!(odd.to_str_lossy(), "a\u{fffd}\u{fffd}b\"\n");
    assert_eq!(odd.to_string(), odd.to_str_lossy());
    assert_eq!(format!("{odd:?}"), r#""a\xff\xe2\x82b\"\n""#);
    assert_ne!(odd, "a");
    let unterminated = CharArray::from_array([b'x'; 3]);
    assert_eq!((unterminated.to_str_lossy().as_ref(), unterminated.len()), ("xxx", 3));
    assert_eq!(format!("[{:>6}] [{:<4}]", text::<4>("eth"), text::<4>("lo")), "[   eth] [lo  ]");
    // As keys, they are compared by all of their bytes.
    assert_ne!(CharArray::from_array(*b"a\0b"), CharArray::from_array(*b"a\0c"));
    assert_eq!(CharArray::from_array(*b"a\0b"), "a");
    assert_eq!(<[u8; 3]>::from(CharArray::from(*b"a\0b")), *b"a\0b");
}

#[test]
fn it_is_stored_and_loaded_in_structs_arrays_and_slices() {
    let mapping = Mapping::memfd(4096).unwrap();
    let var: Var<Interface> = mapping.var(64).unwrap();
    let value = Interface { index: 2, name: text("wlan0"), _pad: [0; 2], aliases: [text("a"), text("bcde"), text("")] };
    var.store(value);
    assert_eq!(var.load(), value);
    let mut bytes = [0; 24];
    mapping.read_at(64, &mut bytes).unwrap();
    assert_eq!(&bytes[4..], b"wlan0\0\0\0a\0\0\0bcde\0\0\0\0");
    assert_eq!(value.to_bytes(), bytes);
    assert_eq!(Interface::from_bytes(&bytes).unwrap(), value);

    var.aliases[2].store(text("xyz"));
    assert_eq!(var.aliases[2].load(), "xyz");
    assert_eq!(format!("{:?}", var.aliases), r#"["a", "bcde", "xyz"]"#);
    let name: Var<CharArray<6>> = var.project(|interface| &interface.name);
    name.store(text("lo"));
    assert_eq!((var.name.load(), var.read_only().name.load()), (text("lo"), text("lo")));
    assert_eq!(name.load().as_bytes(), b"lo\0\0\0\0", "the rest of the longer name is gone");

    let slice: Slice<CharArray<5>> = mapping.slice(1024, 3).unwrap();
    slice.store_from(&[text("one"), text("two"), text("three")]).unwrap();
    let mut read = [CharArray::default(); 3];
    slice.load_into(&mut read).unwrap();
    assert_eq!(read, [text("one"), text("two"), text("three")]);
    mapping.read_at(1024, &mut bytes[..15]).unwrap();
    assert_eq!(&bytes[..15], b"one\0\0two\0\0three");

    let array: Array<CharArray<16>> = Mapping::memfd(4096).unwrap().array().unwrap();
    array[255].store(text("the last, full !"));
    assert_eq!(array.iter().filter(|name| !name.load().is_empty()).count(), 1);
    assert_eq!(array[255].load().len(), 16);
}

#[test]
fn a_name_that_must_be_whole_is_in_a_seq_cell() {
    let cell: Var<SeqCell<CharArray<16>>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    cell.write(text("whole")).unwrap();
    assert_eq!(cell.read().unwrap(), "whole");
}

#[test]
fn it_is_a_key_of_tables_and_hashed_as_its_bytes() {
    assert_eq!(text::<16>("eth0").arena_hash(), (*b"eth0\0\0\0\0\0\0\0\0\0\0\0\0").arena_hash());
    let arena = Arena::memfd(16).unwrap();
    let table = ArenaHashMap::<CharArray<16>, u64>::init(&arena, arena.at(0), arena.at(64), 8).unwrap();
    let mut slots = Region::new(&arena, arena.at(4096), 2).unwrap();
    table.insert_with(&mut slots, text("eth0"), 7).unwrap();
    table.insert_with(&mut slots, text("lo"), 9).unwrap();
    let found = |name| table.get(&text(name)).unwrap().map(|entry| entry.value.load());
    assert_eq!([found("eth0"), found("lo"), found("eth")], [Some(7), Some(9), None]);
}

/// The C side of the types here, and types that are not text.
const SOURCE: &str = r"
struct interface {
    unsigned int index;
    char name[6];
    char _pad[2];
    char aliases[3][4];
};
struct by_another_sign {
    unsigned int index;
    signed char name[6];
    char _pad[2];
    __u8 aliases[3][4];
};
struct unsigned_text { unsigned char text[6]; };
struct plain_text { char text[6]; };
struct short_text { char text[5]; };
struct wide_text { short text[6]; };
struct bools { _Bool text[6]; };
struct one_char { char text; };
struct in_a_struct { struct { char name[6]; } text; };
struct interface a; struct by_another_sign b; struct unsigned_text c; struct plain_text d; struct short_text e;
struct wide_text f; struct bools g; struct one_char h; struct in_a_struct i;
";

#[derive(MapValue)]
#[repr(C)]
struct Text {
    text: CharArray<6>,
}

#[test]
fn it_meets_characters_of_either_sign_and_nothing_else_in_btf() {
    c::require!(c::CLANG);
    let btf = c::compile(&format!("{}{SOURCE}", c::PREAMBLE));
    btf.check::<Interface>("interface").unwrap();
    btf.check::<Interface>("by_another_sign").unwrap();
    for name in ["unsigned_text", "plain_text", "in_a_struct"] {
        btf.check::<Text>(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    for (name, said) in [
        ("short_text", "Text.text: 6 elements in Rust, 5 elements in BTF"),
        ("wide_text", "Text.text[0]: `char` (1 byte) in Rust, `short` (2 bytes) in BTF"),
        ("bools", "Text.text[0]: `char` (1 byte) in Rust, `_Bool` (1 byte) in BTF"),
        ("one_char", "Text.text: `CharArray<6>` (6 bytes) in Rust, `char` (1 byte) in BTF"),
    ] {
        let error = btf.check::<Text>(name).unwrap_err().to_string();
        assert!(error.contains(said), "{name}: {error}");
    }
}

#[test]
fn its_declaration_in_c_is_an_array_of_char_and_meets_it_again() {
    let declaration = Interface::LAYOUT.c_declaration();
    assert!(declaration.contains("\tchar name[6];\n\t__u8 _pad[2];\n\tchar aliases[3][4];\n"), "{declaration}");
    assert_eq!(CharArray::<6>::LAYOUT.c_declaration(), "", "a leaf's array is declared by C itself");
    let table = Interface::LAYOUT.to_string();
    assert!(table.contains("       4       6  name     CharArray<6>\n"), "{table}");
    assert!(table.contains("      12      12  aliases  [CharArray<4>; 3]\n"), "{table}");
    assert_ne!(CharArray::<6>::LAYOUT.type_id(), <[u8; 6]>::LAYOUT.type_id());

    c::require!(c::CLANG);
    let source = format!("{}{declaration}struct interface v;\n", c::PREAMBLE);
    let btf = c::compile(&source);
    btf.check::<Interface>("interface").unwrap();
    let ty = btf.types().find(|ty| ty.name() == "interface").unwrap();
    assert!(matches!(ty.kind(), TypeKind::Struct(_)));
    c::require!(c::GCC);
    c::check(c::GCC, &source).unwrap();
}
