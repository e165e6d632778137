//! A pair of devices, each in a network namespace of its own, and sockets on both ends.
//!
//! The namespaces have no name. They exist as long as this process has their descriptors open, and
//! the devices go with them. However the process ends, nothing remains, and the machine's own
//! network is never touched.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::{self, Command};
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};
use socket2::{Domain, Socket, Type};

use super::load::Program;
use super::traffic::{PATIENCE, Wire};
use super::{Count, Protocol, Result};

/// A network namespace of ours.
#[derive(Debug)]
struct Namespace(File);

impl Namespace {
    fn new() -> Result<Self> {
        in_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET).map_err(io::Error::from)?;
            Ok(Self(File::open("/proc/thread-self/ns/net")?))
        })
    }

    /// Calls a function inside the namespace. A socket that it creates stays there.
    fn enter<R: Send>(&self, work: impl FnOnce() -> Result<R> + Send) -> Result<R> {
        in_thread(|| {
            setns(&self.0, CloneFlags::CLONE_NEWNET).map_err(io::Error::from)?;
            work()
        })
    }

    /// The path by which other processes find it.
    fn path(&self) -> String {
        format!("/proc/{}/fd/{}", process::id(), self.0.as_raw_fd())
    }
}

/// A namespace belongs to a thread: entering one moves only that thread.
fn in_thread<R: Send>(work: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    thread::scope(|scope| scope.spawn(work).join()).map_err(|_| "a thread in a namespace has failed")?
}

/// Runs `ip` in the namespace that this thread is in.
fn ip(arguments: &str) -> Result<()> {
    let output = Command::new("ip").args(arguments.split(' ')).output();
    let output = output.map_err(|error| format!("cannot run `ip` of the package iproute2: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("`ip {arguments}` says: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}

const NEAR: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const FAR: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// The wire. Packets go from the near end to the far one, where the program counts.
#[derive(Debug)]
pub(super) struct Veth {
    far: Namespace,
    icmp: Ping,
    tcp: (TcpStream, TcpStream),
    udp: (UdpSocket, UdpSocket),
    /// The last payload that has arrived.
    arrived: Vec<u8>,
    /// Attached as long as this exists.
    _program: Program,
}

impl Veth {
    pub(super) fn new(mut program: Program) -> Result<Self> {
        let (near, far) = (Namespace::new()?, Namespace::new()?);
        let other = far.path();
        near.enter(|| ip(&format!("link add near type veth peer name far netns {other}")))?;
        far.enter(|| {
            program.attach("far")?;
            ip(&format!("address add {FAR}/24 dev far"))?;
            ip("link set far up")
        })?;
        near.enter(|| {
            ip(&format!("address add {NEAR}/24 dev near"))?;
            ip("link set near up")
        })?;
        let (udp, listener) = far.enter(|| Ok((UdpSocket::bind((FAR, 0))?, TcpListener::bind((FAR, 0))?)))?;
        let (udp_to, tcp_to) = (udp.local_addr()?, listener.local_addr()?);
        let (icmp, udp_near, tcp_near) = near.enter(|| {
            let udp = UdpSocket::bind((NEAR, 0))?;
            udp.connect(udp_to)?;
            Ok((Ping::new(FAR)?, udp, TcpStream::connect_timeout(&tcp_to, PATIENCE)?))
        })?;
        let (tcp, _) = listener.accept()?;
        // Each write is a packet.
        tcp_near.set_nodelay(true)?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        udp.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { far, icmp, tcp: (tcp_near, tcp), udp: (udp_near, udp), arrived: Vec::new(), _program: program })
    }
}

impl Wire for Veth {
    fn send(&mut self, protocol: Protocol, payload: &[u8]) -> Result<()> {
        self.arrived.resize(payload.len(), 0);
        match protocol {
            Protocol::Icmp => self.icmp.send(payload),
            Protocol::Tcp => {
                let (near, far) = &mut self.tcp;
                near.write_all(payload)?;
                Ok(far.read_exact(&mut self.arrived)?)
            }
            Protocol::Udp => {
                let (near, far) = &self.udp;
                near.send(payload)?;
                far.recv(&mut self.arrived)?;
                Ok(())
            }
            Protocol::Other => Err("nothing sends other packets on purpose".into()),
        }
    }

    /// The kernel's own counters of the device.
    fn carried(&self) -> Result<Count> {
        let table = self.far.enter(|| Ok(fs::read_to_string("/proc/thread-self/net/dev")?))?;
        let row = table.lines().find_map(|line| line.trim_start().strip_prefix("far:"));
        let mut received = row.ok_or("no device `far`")?.split_whitespace().map(str::parse);
        match (received.next(), received.next()) {
            (Some(Ok(bytes)), Some(Ok(packets))) => Ok(Count { packets, bytes }),
            _ => Err(format!("the device `far` has no counters in\n{table}").into()),
        }
    }
}

/// Echo requests of ICMP, as `ping` sends them.
#[derive(Debug)]
struct Ping {
    socket: Socket,
    sequence: u16,
}

impl Ping {
    const REQUEST: u8 = 8;
    const REPLY: u8 = 0;

    fn new(to: Ipv4Addr) -> Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(socket2::Protocol::ICMPV4))?;
        socket.connect(&SocketAddrV4::new(to, 0).into())?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Returns when the reply has arrived.
    fn send(&mut self, payload: &[u8]) -> Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut request = vec![Self::REQUEST, 0, 0, 0, 0, 0];
        request.extend(self.sequence.to_be_bytes());
        request.extend(payload);
        let checksum = checksum(&request);
        request[2..4].copy_from_slice(&checksum.to_be_bytes());
        self.socket.send(&request)?;
        // An IPv4 header comes first, of 20 bytes, since it has no options.
        let mut reply = [0; 2048];
        loop {
            let length = self.socket.read(&mut reply)?;
            if let [kind, _, _, _, _, _, sequence @ ..] = &reply[20.min(length)..length]
                && *kind == Self::REPLY
                && sequence.starts_with(&self.sequence.to_be_bytes())
            {
                return Ok(());
            }
        }
    }
}

/// The checksum of the internet (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0)));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).expect("two folds leave 16 bits")
}
