//! One variant, two, and as many as a byte has values; in every width.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(u8)]
enum One {
    Only,
}

#[derive(MapValue)]
#[repr(u64)]
enum Wide {
    Low = 0,
    High = u64::MAX,
}

#[derive(MapValue)]
#[repr(i8)]
enum Least {
    Least = i8::MIN,
    Most = i8::MAX,
}

fn main() {
    assert!(matches!(One::from_bytes(&[0]), Ok(One::Only)));
    assert!(One::from_bytes(&[1]).is_err());
    assert_eq!(Wide::High.to_bytes(), [255; 8]);
    assert!(matches!(Wide::from_bytes(&[0; 8]), Ok(Wide::Low)));
    assert!(matches!(Least::from_bytes(&[0x80]), Ok(Least::Least)));
    assert_eq!(Least::Most.to_bytes(), [0x7f]);
}
