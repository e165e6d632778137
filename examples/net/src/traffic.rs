//! Traffic to count, and whether it was counted.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use mapvalue::Var;

use super::{Count, Netcount, Protocol, Result, SIZES, largest, size_class};

/// How long a packet may take before it is an error.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What carries packets past the one who counts.
pub(super) trait Wire: fmt::Debug + Send {
    /// Sends a packet with a payload of `payload` bytes, one that is not zero, and returns when it has arrived.
    fn send(&mut self, protocol: Protocol, payload: &[u8]) -> Result<()>;

    /// What it has carried, as it knows itself.
    fn carried(&self) -> Result<Count>;
}

/// Makes packets of many sizes, and remembers them.
#[derive(Debug)]
pub struct Traffic {
    wire: Box<dyn Wire>,
    /// What must have been counted. Of TCP that is the data alone; what opens and closes a connection and what acknowledges comes on top.
    sent: Netcount,
    payload: Vec<u8>,
}

/// What comes before the payload: headers of Ethernet and IPv4, and of what is inside.
pub(super) fn headers(protocol: Protocol) -> u64 {
    let inside = match protocol {
        Protocol::Icmp | Protocol::Udp => 8,
        // With time stamps, as each new namespace has it.
        Protocol::Tcp => 32,
        Protocol::Other => 0,
    };
    14 + 20 + inside
}

/// The length of a payload: small ones are more frequent than large ones, and some are such that the packet just fits into its class.
fn payload(n: u64, protocol: Protocol) -> u64 {
    if n.is_multiple_of(7) {
        return (128 << (n % 4)) - headers(protocol);
    }
    n * 577 % MAX_PAYLOAD * (n * 271 % MAX_PAYLOAD) / MAX_PAYLOAD + 1
}

/// Any packet with a payload of at most so many bytes is smaller than what a device carries as a whole.
const MAX_PAYLOAD: u64 = 1400;

impl Traffic {
    pub(super) fn new(wire: impl Wire + 'static) -> Self {
        Self { wire: Box::new(wire), sent: Netcount::default(), payload: Vec::new() }
    }

    /// Sends the next packet: of ten, six are of UDP, three of TCP and one of ICMP.
    ///
    /// # Errors
    ///
    /// If it does not arrive within half a minute.
    pub fn send_next(&mut self) -> Result<()> {
        let n = self.packets();
        let protocol = match n % 10 {
            0..6 => Protocol::Udp,
            6..9 => Protocol::Tcp,
            _ => Protocol::Icmp,
        };
        self.payload.resize(payload(n, protocol).try_into()?, 0);
        self.wire.send(protocol, &self.payload)?;
        let bytes = headers(protocol) + self.payload.len() as u64;
        let count = &mut self.sent.by_protocol[protocol as usize];
        count.packets += 1;
        count.bytes += bytes;
        self.sent.by_size[size_class(bytes)] += 1;
        Ok(())
    }

    /// How many packets were sent.
    pub fn packets(&self) -> u64 {
        self.sent.total().packets
    }

    /// Compares what was counted with what was sent, and with what the wire says it carried.
    ///
    /// Returns what was counted.
    ///
    /// # Errors
    ///
    /// Names what differs.
    pub fn check(&self, counters: &Var<Netcount>) -> Result<Netcount> {
        let deadline = Instant::now() + PATIENCE;
        // A last acknowledgement may be on its way.
        let counted = loop {
            let carried = self.wire.carried()?;
            let counted = counters.load();
            if counted.total() == carried {
                break counted;
            }
            if Instant::now() > deadline {
                return Err(format!("carried were {carried:?}, counted {:?}", counted.total()).into());
            }
            thread::sleep(Duration::from_millis(1));
        };
        for protocol in [Protocol::Icmp, Protocol::Udp] {
            let (counted, sent) = (counted.by_protocol[protocol as usize], self.sent.by_protocol[protocol as usize]);
            if counted != sent {
                return Err(format!("of {protocol:?}, sent were {sent:?}, counted {counted:?}").into());
            }
        }
        let (tcp, sent) = (counted.by_protocol[Protocol::Tcp as usize], self.sent.by_protocol[Protocol::Tcp as usize]);
        if tcp.packets < sent.packets || tcp.bytes < sent.bytes {
            return Err(format!("of TCP, sent were {sent:?} and more, counted {tcp:?}").into());
        }
        let by_size: u64 = counted.by_size.iter().sum();
        if by_size != counted.total().packets {
            return Err(format!("by protocol, counted were {}, by size {by_size}", counted.total().packets).into());
        }
        if let Some(class) = (0..SIZES).find(|i| counted.by_size[*i] < self.sent.by_size[*i]) {
            let (counted, sent) = (counted.by_size[class], self.sent.by_size[class]);
            return Err(format!("of at most {} bytes, sent were {sent}, counted {counted}", largest(class)).into());
        }
        Ok(counted)
    }
}
