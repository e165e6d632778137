#[repr(C)]
#[map_value(crate = "shared::mapvalue")]
pub union Address {
    /// An IPv4 address.
    pub v4: U32<BigEndian>,
    v6: [u8; 16],
}
