//! What is tried against what, and how often it came out as it must: the tables of `cargo xtask matrix`.

pub mod faults;
pub mod over_pcscd;
pub mod readers;

use std::collections::BTreeMap;
use std::fmt;

/// What came of the trials in one place of a table.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// Trials made.
    pub runs: usize,
    /// What is wrong with those that did not come out as they must.
    pub wrong: Vec<String>,
    /// How they ended, and how often.
    pub endings: BTreeMap<String, usize>,
}

impl Cell {
    /// Notes how a trial ended; `wrong` says what is wrong with that.
    pub fn note(&mut self, ending: String, wrong: Option<String>) {
        self.runs += 1;
        *self.endings.entry(ending).or_default() += 1;
        self.wrong.extend(wrong);
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.runs, self.wrong.len()) {
            (0, _) => f.pad("-"),
            (runs, wrong) => f.pad(&format!("{}/{runs}", runs - wrong.min(runs))),
        }
    }
}

/// A table: rows by columns.
pub struct Table {
    /// What it shows.
    pub title: String,
    columns: Vec<&'static str>,
    rows: Vec<(String, Vec<Cell>)>,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(title: &str, columns: Vec<&'static str>) -> Self {
        Self {
            title: title.to_owned(),
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a row of as many cells as there are columns.
    pub fn row(&mut self, name: &str, cells: Vec<Cell>) {
        self.rows.push((name.to_owned(), cells));
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.rows.iter().flat_map(|(_, cells)| cells)
    }

    /// Trials made.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.cells().map(|cell| cell.runs).sum()
    }

    /// What did not come out as it must.
    #[must_use]
    pub fn wrong(&self) -> Vec<&str> {
        self.cells()
            .flat_map(|cell| cell.wrong.iter().map(String::as_str))
            .collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FIRST: usize = 24;
        writeln!(f, "{}\n", self.title)?;
        write!(f, "{:FIRST$}", "")?;
        for column in &self.columns {
            write!(f, " {column:>17}")?;
        }
        writeln!(f)?;
        for (name, cells) in &self.rows {
            write!(f, "{name:FIRST$}")?;
            for cell in cells {
                write!(f, " {cell:>17}")?;
            }
            writeln!(f)?;
        }
        let mut endings: BTreeMap<&str, usize> = BTreeMap::new();
        for (ending, count) in self.cells().flat_map(|cell| &cell.endings) {
            *endings.entry(ending).or_default() += count;
        }
        writeln!(f)?;
        for (ending, count) in endings {
            writeln!(f, "{count:>6} × {ending}")?;
        }
        let wrong = self.wrong();
        for complaint in &wrong {
            writeln!(f, "WRONG {complaint}")?;
        }
        writeln!(f, "{} runs, {} wrong", self.runs(), wrong.len())
    }
}
