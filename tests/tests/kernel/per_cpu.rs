//! Values that each CPU has for itself: those of `PERCPU` maps, and banks of a plain array. A BPF
//! program fills them on one CPU after another.

use std::array;
use std::collections::BTreeMap;

use mapvalue::{Banks, MapValue, Mapping, PerCpu, PerCpuError, PlaceError, ReadOnly, possible_cpus};
use mapvalue_tests::kernel::{self, Aya, Libbpf, Loader, Map, cpu, flags, map_type, objects};

// The types of `per_cpu.bpf.c`, with its field names.

#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
struct Stats {
    packets: u32,
    #[map_value(fold = "max")]
    longest: u32,
    #[map_value(fold = "min")]
    shortest: u32,
    #[map_value(fold = "or")]
    seen: u32,
    #[map_value(fold = "last")]
    cpu: u16,
    #[map_value(fold = "and")]
    busy: bool,
}

#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(128))]
struct Bank {
    packets: u64,
    bytes: u64,
    #[map_value(fold = "max")]
    longest: u32,
    #[map_value(fold = "first")]
    cpu: u32,
}

const BANKS: usize = 1024;

/// How many packets the program counted on a CPU: many of one length, and one of another.
#[derive(Clone, Copy)]
struct Sent {
    times: u32,
    len: u32,
    once: u32,
}

impl Sent {
    fn packets(self) -> u32 {
        self.times + 1
    }

    fn bytes(self) -> u64 {
        u64::from(self.times * self.len + self.once)
    }

    fn longest(self) -> u32 {
        self.len.max(self.once)
    }
}

/// Runs the program on each CPU that this process may use, a different number of times on each.
fn count(loaded: &impl Loader) -> BTreeMap<usize, Sent> {
    let mut sent = BTreeMap::new();
    for (index, cpu) in (0u32..).zip(cpu::allowed()) {
        let this = Sent { times: 3 + index, len: 64 + index, once: 1400 - 2 * index };
        let run = |len: u32, times| loaded.run_on("count", &vec![0; len as usize], times);
        let verdicts = cpu::run_on(cpu, || [run(this.len, this.times), run(this.once, 1)]);
        assert_eq!(verdicts, [u32::try_from(cpu).unwrap(); 2], "the program ran on CPU {cpu}, and no map refused");
        sent.insert(cpu, this);
    }
    sent
}

fn expected_stats(cpu: usize, sent: &BTreeMap<usize, Sent>) -> Stats {
    sent.get(&cpu).map_or_else(Stats::default, |sent| Stats {
        packets: sent.packets(),
        longest: sent.longest(),
        shortest: sent.len.min(sent.once),
        seen: 1 << (cpu % 32),
        cpu: cpu.try_into().unwrap(),
        busy: true,
    })
}

fn values_of_all_cpus_are_decoded_and_summed<L: Loader>() {
    let loaded = L::load(objects::PER_CPU);
    let sent = count(&loaded);
    let stats: PerCpu<Stats> = loaded.per_cpu::<_, 20>("by_index", 1);
    assert_eq!(stats.len(), possible_cpus().unwrap());
    for (cpu, found) in &stats {
        assert_eq!(*found, expected_stats(cpu, &sent), "CPU {cpu}");
    }
    for cpu in sent.keys() {
        assert_eq!(stats[*cpu], expected_stats(*cpu, &sent));
    }
    let (last, ..) = stats.iter().next_back().unwrap();
    let all = sent.len() == stats.len();
    let sum = stats.sum();
    assert_eq!(sum.packets, sent.values().map(|sent| sent.packets()).sum::<u32>());
    assert_eq!(sum.longest, sent.values().map(|sent| sent.longest()).max().unwrap());
    assert_eq!(sum.shortest, if all { 64 } else { 0 });
    assert_eq!(sum.seen, sent.keys().fold(0, |seen, cpu| seen | 1 << (cpu % 32)));
    assert_eq!(sum.cpu, expected_stats(last, &sent).cpu);
    assert_eq!(sum.busy, all);
    let busy = stats.fold(0, |busy, stats| busy + usize::from(stats.busy));
    assert_eq!(busy, sent.len());

    // The other key is untouched. In the hash, a value has 3 bytes of every 8.
    assert_eq!(loaded.per_cpu::<Stats, 20>("by_index", 0).sum(), Stats::default());
    let bytes: PerCpu<[u8; 3]> = loaded.per_cpu::<_, 3>("by_key", 7);
    for (cpu, found) in &bytes {
        let expected = |sent: &Sent| [u8::try_from(sent.packets()).unwrap(), 0, u8::try_from(cpu + 1).unwrap()];
        assert_eq!(*found, sent.get(&cpu).map_or([0; 3], expected), "CPU {cpu}");
    }
}

#[test]
fn values_of_all_cpus_are_decoded_and_summed_with_libbpf() {
    kernel::require!();
    values_of_all_cpus_are_decoded_and_summed::<Libbpf>();
}

#[test]
fn values_of_all_cpus_are_decoded_and_summed_with_aya() {
    kernel::require!();
    values_of_all_cpus_are_decoded_and_summed::<Aya>();
}

fn what_the_system_call_carries_is_what_the_loader_gives<L: Loader>() {
    let loaded = L::load(objects::PER_CPU);
    count(&loaded);
    let map = Map::of(loaded.map("by_index"));
    let bytes = map.lookup(1);
    let stats = PerCpu::<Stats>::from_bytes(&bytes).unwrap();
    assert_eq!(stats, loaded.per_cpu::<_, 20>("by_index", 1));
    assert_eq!(PerCpu::<Stats>::STRIDE, 24);
    assert_eq!(stats.len(), libbpf_rs::num_possible_cpus().unwrap());

    // Each CPU gets its value of what is written.
    let written = PerCpu::from_fn(|cpu| Stats { packets: 1000 + u32::try_from(cpu).unwrap(), ..stats[cpu] }).unwrap();
    map.update(0, &written.to_bytes());
    assert_eq!(loaded.per_cpu::<Stats, 20>("by_index", 0), written);
    let hash = Map::of(loaded.map("by_key"));
    let written = PerCpu::from_fn(|cpu| [7, 8, u8::try_from(cpu).unwrap()]).unwrap();
    hash.update(9, &written.to_bytes());
    assert_eq!(loaded.per_cpu::<[u8; 3], 3>("by_key", 9), written);
    assert_eq!(PerCpu::<[u8; 3]>::from_bytes(&hash.lookup(9)).unwrap(), written);

    // A type of another size is refused, and the error names both sizes.
    let error = PerCpu::<[u64; 2]>::from_bytes(&bytes).unwrap_err();
    let cpus = possible_cpus().unwrap();
    assert!(
        matches!(error, PerCpuError::Length { stride: 16, given, expected, .. } if (given, expected) == (24 * cpus, 16 * cpus)),
        "{error:?}"
    );
}

#[test]
fn what_the_system_call_carries_is_what_libbpf_gives() {
    kernel::require!();
    what_the_system_call_carries_is_what_the_loader_gives::<Libbpf>();
}

#[test]
fn what_the_system_call_carries_is_what_aya_gives() {
    kernel::require!();
    what_the_system_call_carries_is_what_the_loader_gives::<Aya>();
}

fn banks_are_seen_as_the_program_fills_them<L: Loader>() {
    let loaded = L::load(objects::PER_CPU);
    let counters = Mapping::from_map(loaded.map("counters")).unwrap();
    let counters: Banks<[u64]> = counters.banks_of(BANKS, 64, 8).unwrap();
    let banks = Mapping::from_map(loaded.map("banks")).unwrap();
    let banks: Banks<Bank> = banks.banks(BANKS, 128).unwrap();
    let sent = count(&loaded);

    for (cpu, (bank, counters)) in banks.iter().zip(&counters).enumerate() {
        let expected = sent.get(&cpu).map_or_else(Bank::default, |sent| Bank {
            packets: sent.packets().into(),
            bytes: sent.bytes(),
            longest: sent.longest(),
            cpu: cpu.try_into().unwrap(),
        });
        let found = Bank {
            packets: bank.packets.load(),
            bytes: bank.bytes.load(),
            longest: bank.longest.load(),
            cpu: bank.cpu.load(),
        };
        assert_eq!(found, expected, "CPU {cpu}");
        let found: [u64; 8] = array::from_fn(|counter| counters[counter].load());
        assert_eq!(found, [expected.packets, 0, 0, 0, expected.bytes, 0, 0, 0], "CPU {cpu}");
    }
    let packets = sent.values().map(|sent| u64::from(sent.packets())).sum();
    let bytes = sent.values().map(|sent| sent.bytes()).sum();
    let longest = sent.values().map(|sent| sent.longest()).max().unwrap();
    assert_eq!(banks.sum(), Bank { packets, bytes, longest, cpu: 0 });
    assert_eq!(counters.sum_of(4).unwrap(), bytes);
    let mut sums = [9; 8];
    counters.sum_into(&mut sums).unwrap();
    assert_eq!(sums, [packets, 0, 0, 0, bytes, 0, 0, 0]);
    // The same counters, with the number of banks given, and for loading only.
    let same: Banks<[u64; 5], ReadOnly> = counters.mapping().banks_ro(BANKS, 64).unwrap();
    assert_eq!(same.sum(), [packets, 0, 0, 0, bytes]);

    // The program continues from what Rust adds.
    let first = *sent.keys().next().unwrap();
    counters[first][0].fetch_add(1_000_000);
    let more = count(&loaded);
    let expected = u64::from(sent[&first].packets()) + 1_000_000 + u64::from(more[&first].packets());
    assert_eq!(counters[first][0].load(), expected);
}

#[test]
fn banks_are_seen_as_the_program_fills_them_with_libbpf() {
    kernel::require!();
    banks_are_seen_as_the_program_fills_them::<Libbpf>();
}

#[test]
fn banks_are_seen_as_the_program_fills_them_with_aya() {
    kernel::require!();
    banks_are_seen_as_the_program_fills_them::<Aya>();
}

#[test]
fn banks_of_a_map_of_another_geometry_are_refused() {
    kernel::require!();
    // The program was compiled for cache lines of 128 bytes, and the agent assumes 64.
    let map = Map::create(map_type::ARRAY, flags::MMAPABLE, 8, 16 * 1024, "counters");
    let mapping = Mapping::from_map(&map).unwrap();
    let error = mapping.banks::<[u64; 5]>(1024, 64).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1024 banks of 64 bytes are not what map `counters` holds, which has 131072 bytes of values"
    );
    assert_eq!(mapping.banks::<[u64; 5]>(1024, 128).unwrap().len(), 1024);

    // Values with padding between them cannot be banks: 60 bytes, 64 apart.
    let map = Map::create(map_type::ARRAY, flags::MMAPABLE, 60, 2, "padded");
    let mapping = Mapping::from_map(&map).unwrap();
    assert!(matches!(mapping.banks::<[u32; 15]>(2, 64), Err(PerCpuError::BankGeometry { len: 124, .. })));
    let map = Map::create(map_type::ARRAY, flags::MMAPABLE, 4, 32, "narrow");
    let mapping = Mapping::from_map(&map).unwrap();
    assert!(matches!(mapping.banks::<[u32; 16]>(4, 64), Err(PerCpuError::BankGeometry { len: 252, .. })));

    let map = Map::create(map_type::ARRAY, flags::MMAPABLE, 64, 4, "frozen");
    let written = Map::of(&map);
    written.update(2, &[1; 64]);
    map.freeze().unwrap();
    let mapping = Mapping::from_map(&map).unwrap();
    assert!(matches!(mapping.banks::<u64>(4, 64), Err(PerCpuError::Place(PlaceError::ReadOnly { .. }))));
    let banks = mapping.banks_ro::<u64>(4, 64).unwrap();
    assert_eq!(banks.sum(), 0x0101_0101_0101_0101);
}
