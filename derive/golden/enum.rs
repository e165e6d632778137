#[repr(u8)]
pub enum Mode {
    Off,
    On = 7,
}
