//! Traffic to count, and the check that it was counted.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use mapvalue::Var;

use super::{Count, Netcount, Protocol, Result, SIZES, largest, size_class};

/// How long a packet may take before it is an error.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A carrier of packets past the counting side.
pub(super) trait Wire: fmt::Debug + Send {
    /// Sends a packet with a payload of `payload` bytes, which is not zero, and returns when it has
    /// arrived.
    fn send(&mut self, protocol: Protocol, payload: &[u8]) -> Result<()>;

    /// Its own count of the packets it has carried.
    fn carried(&self) -> Result<Count>;
}

/// Makes packets of many sizes, and remembers them.
#[derive(Debug)]
pub struct Traffic {
    wire: Box<dyn Wire>,
    /// The packets that must have been counted. For TCP these are only the data; the packets that
    /// open, close and acknowledge come on top.
    sent: Netcount,
    payload: Vec<u8>,
}

/// The bytes before the payload: the headers of Ethernet, IPv4 and the protocol inside.
pub(super) fn headers(protocol: Protocol) -> u64 {
    let inside = match protocol {
        Protocol::Icmp | Protocol::Udp => 8,
        // With time stamps, the default in each new namespace.
        Protocol::Tcp => 32,
        Protocol::Other => 0,
    };
    14 + 20 + inside
}

/// The length of a payload. Small ones are more frequent than large ones, and some packets just fit
/// into their class.
fn payload(n: u64, protocol: Protocol) -> u64 {
    if n.is_multiple_of(7) {
        return (128 << (n % 4)) - headers(protocol);
    }
    n * 577 % MAX_PAYLOAD * (n * 271 % MAX_PAYLOAD) / MAX_PAYLOAD + 1
}

/// A device carries any packet with a payload of at most this number of bytes in one piece.
const MAX_PAYLOAD: u64 = 1400;

impl Traffic {
    pub(super) fn new(wire: impl Wire + 'static) -> Self {
        Self { wire: Box::new(wire), sent: Netcount::default(), payload: Vec::new() }
    }

    /// Sends the next packet: of ten, six are UDP, three TCP and one ICMP.
    ///
    /// # Errors
    ///
    /// If the packet does not arrive within half a minute.
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

    /// The number of packets that were sent.
    pub fn packets(&self) -> u64 {
        self.sent.total().packets
    }

    /// Compares the counters with the packets that were sent, and with the wire's own count.
    ///
    /// Returns the counters.
    ///
    /// # Errors
    ///
    /// Names the difference.
    pub fn check(&self, counters: &Var<Netcount>) -> Result<Netcount> {
        let deadline = Instant::now() + PATIENCE;
        // A last acknowledgment may be on its way.
        let counted = loop {
            let carried = self.wire.carried()?;
            let counted = counters.load();
            if counted.total() == carried {
                break counted;
            }
            if Instant::now() > deadline {
                return Err(format!("{carried:?} were carried, {:?} counted", counted.total()).into());
            }
            thread::sleep(Duration::from_millis(1));
        };
        for protocol in [Protocol::Icmp, Protocol::Udp] {
            let (counted, sent) = (counted.by_protocol[protocol as usize], self.sent.by_protocol[protocol as usize]);
            if counted != sent {
                return Err(format!("{protocol:?}: {sent:?} sent, {counted:?} counted").into());
            }
        }
        let (tcp, sent) = (counted.by_protocol[Protocol::Tcp as usize], self.sent.by_protocol[Protocol::Tcp as usize]);
        if tcp.packets < sent.packets || tcp.bytes < sent.bytes {
            return Err(format!("TCP: {sent:?} and more sent, {tcp:?} counted").into());
        }
        let by_size: u64 = counted.by_size.iter().sum();
        if by_size != counted.total().packets {
            return Err(format!("{} counted by protocol, {by_size} by size", counted.total().packets).into());
        }
        if let Some(class) = (0..SIZES).find(|i| counted.by_size[*i] < self.sent.by_size[*i]) {
            let (counted, sent) = (counted.by_size[class], self.sent.by_size[class]);
            return Err(format!("at most {} bytes: {sent} sent, {counted} counted", largest(class)).into());
        }
        Ok(counted)
    }
}
