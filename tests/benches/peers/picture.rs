//! The figures as a picture: one bar a row on a logarithmic scale, to the left of 1 where ours is
//! faster.
//!
//! It has no background, and colors for light and dark pages.

use std::fmt::Write as _;

use crate::report::{Report, Result, significant};

const WIDTH: f64 = 800.0;
/// The ends of the scale. Names are to the left of it, and figures to the right.
const LEFT: f64 = 150.0;
const RIGHT: f64 = 560.0;
const TOP: f64 = 58.0;
const ROW: f64 = 22.0;
/// The ends of the scale, as powers of ten.
const LEAST: i32 = -4;
const MOST: i32 = 2;

const STYLE: &str = "\
text { font: 12px -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif; fill: #24292f }
.faint { fill: #6e7781 }
.grid { stroke: #8c959f; stroke-opacity: .3 }
.one { stroke: #57606a }
.target { stroke: #9a6700; stroke-width: 2 }
.ok { fill: #2da44e }
.short { fill: #cf222e }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .faint { fill: #8d96a0 }
  .one { stroke: #8d96a0 }
  .target { stroke: #d29922 }
  .ok { fill: #3fb950 }
  .short { fill: #f85149 }
}";

/// The picture, as SVG.
pub(crate) fn svg(report: &Report) -> String {
    let rows: Vec<_> = report.results.iter().filter_map(|result| Some((result, result.ratio()?))).collect();
    let bottom = rows.iter().fold(TOP, |y, _| y + ROW);
    let height = bottom + 44.0;
    let mut svg = String::new();
    let mut line = |text: String| {
        svg.push_str(&text);
        svg.push('\n');
    };
    line(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">"
    ));
    line("<title>What mapvalue takes, as a multiple of what its peers take</title>".to_owned());
    line(format!("<style>\n{STYLE}\n</style>"));
    line(text(
        LEFT,
        16.0,
        "start",
        "",
        "mapvalue / peer, on a logarithmic scale: left of 1 is faster (or fewer pages)",
    ));
    line(scale(bottom));
    for (i, (result, ratio)) in (0u32..).zip(&rows) {
        line(bar(result, *ratio, TOP + ROW * f64::from(i)));
    }
    line(legend(bottom + 28.0));
    line(text(WIDTH - 4.0, bottom + 28.0, "end", "faint", &report.machine.short()));
    svg.push_str("</svg>\n");
    svg
}

/// The place of a ratio on the scale.
fn x(ratio: f64) -> f64 {
    let (least, most) = (f64::from(LEAST), f64::from(MOST));
    let part = (ratio.log10().clamp(least, most) - least) / (most - least);
    LEFT + part * (RIGHT - LEFT)
}

/// A line for each power of ten, with its meaning above.
fn scale(bottom: f64) -> String {
    let mut lines = String::new();
    for power in LEAST..=MOST {
        let (at, class) = (x(10f64.powi(power)), if power == 0 { "one" } else { "grid" });
        let label = match power {
            0 => "1".to_owned(),
            ..0 => format!("1/{}", 10u32.pow(power.unsigned_abs())),
            _ => 10u32.pow(power.unsigned_abs()).to_string(),
        };
        let top = TOP - 6.0;
        let _ = writeln!(lines, "<line class=\"{class}\" x1=\"{at:.1}\" y1=\"{top}\" x2=\"{at:.1}\" y2=\"{bottom}\"/>");
        let _ = writeln!(lines, "{}", text(at, TOP - 14.0, "middle", "faint", &label));
    }
    lines
}

/// A row: its name, its bar (which starts at 1), its target, and its figures.
fn bar(result: &Result, ratio: f64, y: f64) -> String {
    let (from, to) = (x(ratio.min(1.0)), x(ratio.max(1.0)));
    // Even a ratio of 1 has a visible mark.
    let (from, width) = (from - 1.5, to - from + 3.0);
    let (middle, verdict, target) = (y + 12.0, result.verdict(), x(result.row.target));
    let mut row = text(LEFT - 10.0, middle, "end", "", result.row.name);
    let _ = write!(
        row,
        "<rect class=\"{verdict}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"12\" rx=\"2\"/>",
        y + 2.0
    );
    let _ = write!(
        row,
        "<line class=\"target\" x1=\"{target:.1}\" y1=\"{y:.1}\" x2=\"{target:.1}\" y2=\"{:.1}\"/>",
        y + 16.0
    );
    row.push_str(&text(RIGHT + 75.0, middle, "end", "", &significant(ratio)));
    if let Some([ours, theirs]) = result.sides() {
        row.push_str(&text(WIDTH - 4.0, middle, "end", "faint", &format!("{ours} / {theirs}")));
    }
    row
}

fn legend(y: f64) -> String {
    let target = LEFT + 4.0;
    format!(
        "<line class=\"target\" x1=\"{target}\" y1=\"{}\" x2=\"{target}\" y2=\"{}\"/>{}",
        y - 12.0,
        y + 4.0,
        text(LEFT + 14.0, y, "start", "faint", "target: the bar is to end left of it")
    )
}

fn text(x: f64, y: f64, anchor: &str, class: &str, words: &str) -> String {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    format!("<text{class} x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>")
}
