#[repr(C)]
#[map_value(crate = "shared::mapvalue", rename = "addr")]
pub union Address {
    /// An IPv4 address.
    pub v4: U32<BigEndian>,
    #[map_value(rename = "ip6")]
    v6: [u8; 16],
}
