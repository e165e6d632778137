//! BPF programs fill histograms by `mapvalue/histogram.bpf.h`. They equal those of the crate
//! `histogram`, and are read without allocating.

use histogram::{Bucket, Config, Histogram};
use mapvalue::{DataSection, MapValue, Slice, Var};
use mapvalue_tests::kernel::{self, Libbpf, Loader, objects};

/// `struct buckets` of `histogram.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Buckets {
    log2: u32,
    h2_0: u32,
    h2_3: u32,
    h2_7: u32,
}

struct Program {
    object: Libbpf,
    bss: DataSection,
    values: Slice<u64>,
    len: Var<u32>,
}

impl Program {
    fn load() -> Self {
        let object = Libbpf::load(objects::HISTOGRAM);
        let bss = DataSection::from_map(object.map(".bss")).unwrap();
        let (values, len) = (bss.slice("values").unwrap(), bss.var("len").unwrap());
        Self { object, bss, values, len }
    }

    /// Runs a program on all values, and `then` on each chunk that the program has taken.
    fn run(&self, program: &str, values: &[u64], mut then: impl FnMut(&[u64])) {
        for chunk in values.chunks(self.values.len()) {
            for (place, value) in self.values.iter().zip(chunk) {
                place.store(*value);
            }
            self.len.store(u32::try_from(chunk.len()).unwrap());
            assert_eq!(self.object.run(program), 0);
            then(chunk);
        }
    }
}

/// The first and last values of all buckets.
struct Bounds(Vec<(u64, u64)>);

impl Bounds {
    fn of(grouping_power: u8) -> Self {
        let histogram = Histogram::new(grouping_power, 64).unwrap();
        Self(histogram.iter().map(|bucket| (bucket.start(), bucket.end())).collect())
    }

    fn index(&self, value: u64) -> u32 {
        let index = self.0.partition_point(|(_, end)| *end < value);
        assert!((self.0[index].0..=self.0[index].1).contains(&value));
        u32::try_from(index).unwrap()
    }
}

/// The bounds of all buckets, and numbers of every length in bits.
fn values() -> Vec<u64> {
    let bounds = [Bounds::of(0), Bounds::of(3), Bounds::of(7)];
    let mut values: Vec<u64> =
        bounds.iter().flat_map(|bounds| &bounds.0).flat_map(|(start, end)| [*start, *end]).collect();
    let mut state = 1u64;
    for _ in 0..20_000 {
        // Knuth's MMIX generator.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        values.push(state >> (state >> 58));
    }
    values.extend([0, 1, u64::MAX]);
    values
}

#[test]
fn each_value_is_in_the_bucket_that_the_crate_has_for_it() {
    kernel::require!();
    let program = Program::load();
    let found: Slice<Buckets> = program.bss.slice("found").unwrap();
    let (h2_0, h2_3, h2_7) = (Bounds::of(0), Bounds::of(3), Bounds::of(7));
    let mut seen = 0;
    program.run("find", &values(), |chunk| {
        for (value, found) in chunk.iter().copied().zip(found.iter()) {
            let expected = Buckets {
                log2: value.checked_ilog2().unwrap_or(0),
                h2_0: h2_0.index(value),
                h2_3: h2_3.index(value),
                h2_7: h2_7.index(value),
            };
            assert_eq!(mapvalue::Mirror::load(found), expected, "{value:#x}");
            seen += 1;
        }
    });
    assert!(seen > 20_000 + 2 * 7_000, "{seen}");
}

#[test]
fn an_agent_scrapes_it_without_allocating_and_the_crate_makes_quantiles_of_it() {
    kernel::require!();
    let program = Program::load();
    let h2: Slice<u64> = program.bss.slice("h2").unwrap();
    let narrow: Slice<u64> = program.bss.slice("narrow").unwrap();
    let log2: Slice<u64> = program.bss.slice("powers").unwrap();
    let wide = Config::new(3, 64).unwrap();
    let short = Config::new(5, 20).unwrap();
    let powers = Config::new(0, 64).unwrap();
    assert_eq!((h2.len(), narrow.len(), log2.len()), (wide.total_buckets(), short.total_buckets(), 64));
    assert_eq!((h2.len(), powers.total_buckets()), (496, 65));

    // What the agent keeps as long as it runs.
    let mut scraped = Histogram::with_config(&wide);
    let mut scraped_narrow = Histogram::with_config(&short);
    let mut scraped_log2 = Histogram::with_config(&powers);
    let wanted = [0.5, 0.9, 0.99, 0.999, 1.0];
    let mut quantiles: Vec<Option<Bucket>> = vec![None; wanted.len()];
    let mut expected = Histogram::with_config(&wide);
    let mut expected_narrow = Histogram::with_config(&short);
    let mut outside = 0;

    // Latencies: mostly short, some long.
    for round in 1..=5u64 {
        let values: Vec<u64> = (0..1000).map(|i| 50 * round + i * i * i * round / 1000).collect();
        program.run("record", &values, |_| {});
        for value in values {
            expected.increment(value).unwrap();
            outside += u64::from(expected_narrow.add(value, 2).is_err());
        }
        let allocated = allocation_counter::measure(|| {
            h2.load_into(scraped.as_mut_slice()).unwrap();
            narrow.load_into(scraped_narrow.as_mut_slice()).unwrap();
            // The first counter is for 0 and 1 together. The crate has one more, for 0.
            log2.load_into(&mut scraped_log2.as_mut_slice()[1..]).unwrap();
            scraped.quantile_buckets_into(&wanted, &mut quantiles).unwrap();
        });
        assert_eq!(allocated.count_total, 0, "{allocated:?}");

        assert_eq!(scraped.as_slice(), expected.as_slice());
        assert_eq!(scraped_narrow.as_slice(), expected_narrow.as_slice());
        for (quantile, found) in wanted.iter().zip(&quantiles) {
            let of_crate = expected.quantile_bucket(*quantile).unwrap().unwrap();
            assert_eq!(found.as_ref().map(Bucket::range), Some(of_crate.range()));
        }
        assert_eq!(scraped_log2.as_slice().iter().sum::<u64>(), 1000 * round);
    }
    assert_eq!(program.bss.var::<u64>("outside").unwrap().load(), outside);
    assert!(outside > 0, "some are past the end of the narrow one");
}

#[test]
fn counters_of_log2_are_those_of_powers_of_two() {
    kernel::require!();
    let program = Program::load();
    let values = values();
    program.run("record", &values, |_| {});
    let log2: Slice<u64> = program.bss.slice("powers").unwrap();
    let mut scraped = [0; 64];
    log2.load_into(&mut scraped).unwrap();
    let mut by_powers = Histogram::new(0, 64).unwrap();
    for value in values {
        by_powers.increment(value).unwrap();
    }
    let [zeros, counts @ ..] = by_powers.as_slice() else { unreachable!() };
    assert_eq!(scraped[0], zeros + counts[0]);
    assert_eq!(scraped[1..], counts[1..]);
}
