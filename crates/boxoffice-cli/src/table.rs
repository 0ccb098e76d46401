//! Columns that stand below each other.

use crate::console::Console;
use crate::failure::Failure;

/// Writes rows with columns as wide as their widest cell; the last one as it comes.
pub fn write<const COLUMNS: usize>(
    console: Console<'_>,
    heading: [&str; COLUMNS],
    rows: &[[String; COLUMNS]],
) -> Result<(), Failure> {
    let heading = heading.map(ToOwned::to_owned);
    let lines = || std::iter::once(&heading).chain(rows);
    let mut widths = [0; COLUMNS];
    for line in lines() {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    for line in lines() {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(console, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut written = Vec::new();
        let rows = [["100001".to_owned(), "demo".to_owned()], ["7".to_owned(), "länger".to_owned()]];
        write(&mut written, ["id", "name"], &rows).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), "id      name\n100001  demo\n7       länger\n");
    }
}
