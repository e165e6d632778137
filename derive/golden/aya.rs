#[map_value(aya)]
#[repr(C)]
pub struct Total {
    pub packets: u64,
    pub address: U32<BigEndian>,
    pub port: u32,
}
