//! The screen of the example `netcount`.

use std::time::{Duration, Instant};

use mapvalue::Var;
use mapvalue_examples_net::{Count, Netcount, PROTOCOLS, largest};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Style, Stylize};
use ratatui::widgets::{Bar, BarChart, BarGroup, Block, Paragraph, Row, Table};

/// The counters, and how fast they grow.
pub(crate) struct View<'a> {
    counters: &'a Var<Netcount>,
    other_side: &'a str,
    measured: Instant,
    before: Netcount,
    per_second: [Count; PROTOCOLS.len()],
}

impl<'a> View<'a> {
    pub(crate) fn new(counters: &'a Var<Netcount>, other_side: &'a str) -> Self {
        let per_second = [Count::default(); PROTOCOLS.len()];
        Self { counters, other_side, measured: Instant::now(), before: counters.load(), per_second }
    }

    /// Computed again each second.
    pub(crate) fn measure(&mut self) {
        let passed = self.measured.elapsed();
        if passed < Duration::from_secs(1) {
            return;
        }
        let now = self.counters.load();
        let rate = |now: u64, before: u64| u128::from(now.saturating_sub(before)) * 1000 / passed.as_millis();
        for (i, rates) in self.per_second.iter_mut().enumerate() {
            let (now, before) = (now.by_protocol[i], self.before.by_protocol[i]);
            rates.packets = rate(now.packets, before.packets).try_into().unwrap_or(u64::MAX);
            rates.bytes = rate(now.bytes, before.bytes).try_into().unwrap_or(u64::MAX);
        }
        (self.measured, self.before) = (Instant::now(), now);
    }

    pub(crate) fn draw(&self, frame: &mut Frame<'_>) {
        let rows = u16::try_from(PROTOCOLS.len()).expect("they are few") + 3;
        let [table, chart, foot] =
            Layout::vertical([Constraint::Length(rows), Constraint::Fill(1), Constraint::Length(1)])
                .areas(frame.area());
        frame.render_widget(self.protocols(), table);
        frame.render_widget(self.sizes(), chart);
        frame.render_widget(Paragraph::new(format!("q: quit   {}", self.other_side)).dim(), foot);
    }

    fn protocols(&self) -> Table<'static> {
        // One counter at a time, from the memory that the program writes.
        let rows = PROTOCOLS.iter().zip(&self.counters.by_protocol).zip(self.per_second);
        let rows = rows.map(|((name, count), rate)| {
            let numbers = [count.packets.load(), count.bytes.load(), rate.packets, rate.bytes];
            Row::new([(*name).to_owned()].into_iter().chain(numbers.map(|number| format!("{number:>14}"))))
        });
        let titles = ["packets", "bytes", "packets/s", "bytes/s"].map(|title| format!("{title:>14}"));
        let header = Row::new(["protocol".to_owned()].into_iter().chain(titles)).style(Style::new().bold());
        Table::new(rows, [Constraint::Length(8)].into_iter().chain([Constraint::Length(14); 4]))
            .header(header)
            .block(Block::bordered().title("Packets by protocol"))
    }

    fn sizes(&self) -> BarChart<'static> {
        // Or all of them at once, as a value.
        let counted = self.counters.load();
        let bars = sizes(&counted).map(|(class, packets)| {
            let label = format!("<= {}", largest(class));
            Bar::default().value(packets).text_value(packets.to_string()).label(label)
        });
        BarChart::default()
            .data(BarGroup::default().bars(&bars.collect::<Vec<_>>()))
            .bar_width(9)
            .bar_style(Style::new().cyan())
            .value_style(Style::new().black().on_cyan())
            .block(Block::bordered().title("Packets by size in bytes"))
    }
}

/// The classes from the first to the last that is not empty, with their packets.
pub(crate) fn sizes(counted: &Netcount) -> impl Iterator<Item = (usize, u64)> {
    let is_empty = |packets: &u64| *packets == 0;
    let first = counted.by_size.iter().take_while(|packets| is_empty(packets)).count();
    let last = counted.by_size.len() - counted.by_size.iter().rev().take_while(|packets| is_empty(packets)).count();
    counted.by_size.into_iter().enumerate().take(last).skip(first)
}
