//! The table of a run, for the terminal and for `bench/RESULTS.md`. Names no path of the machine.

use std::fmt::Write as _;

use super::{
    listing::told,
    samples::{Pair, Samples},
};

const NONE: &str = "–";

/// One line of the table.
#[derive(Debug, Clone)]
pub(super) struct Row {
    what: String,
    floor: String,
    product: String,
    ratio: String,
    target: String,
    verdict: &'static str,
}

impl Row {
    fn new(what: &str, product: String) -> Self {
        let none = || NONE.to_owned();
        Self { what: what.to_owned(), floor: none(), product, ratio: none(), target: none(), verdict: NONE }
    }

    /// Durations of both sides, without a target yet.
    pub(super) fn times(what: &str, pair: &Pair) -> Self {
        let ratio = pair.product.median().as_secs_f64() / pair.floor.median().as_secs_f64().max(1e-9);
        Self {
            floor: told(&pair.floor),
            ratio: format!("{ratio:.2}"),
            ..Self::new(what, told(&pair.product))
        }
    }

    /// Durations of what has no floor.
    pub(super) fn alone(what: &str, samples: &Samples) -> Self {
        Self::new(what, told(samples))
    }

    /// Bytes of both sides; at most a tenth more than the floor.
    pub(super) fn bytes(what: &str, floor: usize, product: usize) -> Self {
        let bytes = |count: usize| format!("{count} B");
        #[expect(clippy::cast_precision_loss, reason = "a ratio to two digits")]
        let ratio = product as f64 / floor.max(1) as f64;
        Self { floor: bytes(floor), ratio: format!("{ratio:.2}"), ..Self::new(what, bytes(product)) }
            .target("≤ 1.1 × floor", product * 10 <= floor * 11)
    }

    /// A number, at most `limit`.
    pub(super) fn count(what: &str, product: usize, limit: usize) -> Self {
        Self::new(what, product.to_string()).target(&format!("≤ {limit}"), product <= limit)
    }

    /// Memory in kB, at most `limit` MB (of 1,000,000 bytes).
    pub(super) fn memory(what: &str, kb: u64, limit: u64) -> Self {
        let tenths = kb * 1_024 / 100_000;
        Self::new(what, format!("{}.{} MB", tenths / 10, tenths % 10))
            .target(&format!("≤ {limit} MB"), kb * 1_024 <= limit * 1_000_000)
    }

    /// Growth of memory in kB, below `limit` kB.
    pub(super) fn memory_growth(what: &str, kb: u64, limit: u64) -> Self {
        let hundredths = kb * 1_024 / 10_000;
        let target = format!("< {} MB", (limit * 1_024).div_ceil(1_000_000));
        Self::new(what, format!("{}.{:02} MB", hundredths / 100, hundredths % 100))
            .target(&target, kb < limit)
    }

    /// With a target and whether it was met.
    pub(super) fn target(self, target: &str, is_met: bool) -> Self {
        Self { target: target.to_owned(), verdict: if is_met { "met" } else { "missed" }, ..self }
    }

    fn cells(&self) -> [&str; 6] {
        [&self.what, &self.floor, &self.product, &self.ratio, &self.target, self.verdict]
    }
}

/// What belongs together, in one table.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
}

/// Everything a run tells.
pub(super) struct Report {
    pub(super) sections: Vec<Section>,
    /// `YYYY-MM-DD`.
    pub(super) date: String,
    /// The arguments of the run, as they are typed.
    pub(super) arguments: String,
    pub(super) rounds: usize,
}

const HEADINGS: [&str; 6] = ["what", "floor", "product", "ratio", "target", "verdict"];

impl Report {
    /// Columns that line up.
    pub(super) fn for_terminal(&self) -> String {
        let mut widths = HEADINGS.map(|heading| heading.chars().count());
        for row in self.rows() {
            for (width, cell) in widths.iter_mut().zip(row.cells()) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = String::new();
        for Section { title, rows } in &self.sections {
            let _ = writeln!(text, "{title}");
            for cells in std::iter::once(HEADINGS).chain(rows.iter().map(Row::cells)) {
                for (cell, width) in cells.iter().zip(widths) {
                    let _ = write!(text, "{cell:width$}  ");
                }
                text.truncate(text.trim_end().len());
                text.push('\n');
            }
            text.push('\n');
        }
        text
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.sections.iter().flat_map(|section| &section.rows)
    }

    /// The page that is kept.
    pub(super) fn as_markdown(&self) -> String {
        let Self { date, arguments, rounds, .. } = self;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let system = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
        let mut text = format!(
            "# Results of the bench\n\n\
             {date}, {cores} cores, {system}, `cargo xtask bench{arguments}` (this page is written \
             by it).\n\n\
             Release build of `postroom`, a local Dovecot, IMAP without TLS on loopback for both sides, mirror \
             off. The product is driven over stdio, from the request's first \
             byte to the answer's last; the floor is the same IMAP commands on a plain socket. Both take turns \
             in one loop on warm connections; times are medians (fastest–90th percent) of {rounds} rounds \
             unless told otherwise. Tokens are characters of compact JSON / 4.\n"
        );
        let line = |cells: [&str; 6]| format!("| {} |\n", cells.join(" | "));
        for Section { title, rows } in &self.sections {
            let _ = write!(text, "\n## {title}\n\n");
            text.push_str(&line(HEADINGS));
            text.push_str(&line(["---"; 6]));
            for row in rows {
                text.push_str(&line(row.cells()));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn samples(ms: u64) -> Samples {
        Samples::new(vec![Duration::from_millis(ms)]).unwrap()
    }

    #[test]
    fn a_row_tells_both_sides_and_their_ratio() {
        let pair = Pair { product: samples(3), floor: samples(2) };
        let row = Row::times("listing", &pair).target("≤ 1 ms", false);
        let cells = ["listing", "2.00 ms (2.00–2.00)", "3.00 ms (3.00–3.00)", "1.50", "≤ 1 ms", "missed"];
        assert_eq!(row.cells(), cells);
    }

    #[test]
    fn limits_are_met_up_to_the_last_unit() {
        let verdict = |row: Row| row.verdict;
        assert_eq!(verdict(Row::count("t", 1_500, 1_500)), "met");
        assert_eq!(verdict(Row::count("t", 1_501, 1_500)), "missed");
        assert_eq!(verdict(Row::bytes("b", 1_000, 1_100)), "met");
        assert_eq!(verdict(Row::bytes("b", 1_000, 1_101)), "missed");
        assert_eq!(verdict(Row::memory("m", 24_414, 25)), "met");
        assert_eq!(verdict(Row::memory("m", 24_415, 25)), "missed");
    }

    #[test]
    fn every_line_of_the_table_has_all_columns() {
        let rows = vec![Row::alone("start", &samples(40)), Row::count("rows", 7, 9)];
        let sections = vec![Section { title: "Both".into(), rows }];
        let arguments = " --rounds 30".into();
        let report = Report { sections, date: "2026-11-21".into(), arguments, rounds: 30 };
        let page = report.as_markdown();
        let lines: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.matches('|').count() == 7), "{page}");
        assert!(page.contains("`cargo xtask bench --rounds 30`") && page.contains("## Both"));
        assert_eq!(report.for_terminal().trim_end().lines().count(), 4);
    }
}
