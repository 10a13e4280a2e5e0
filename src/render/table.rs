//! Tables: columns as wide as what is in them (pure).

use console::{Alignment, measure_text_width, pad_str};

/// Rows below a head.
#[must_use]
pub fn table<const N: usize>(head: [&str; N], body: &[[&str; N]]) -> String {
    let all: Vec<[&str; N]> = std::iter::once(head).chain(body.iter().copied()).collect();
    rows(&all)
}

/// Rows without a head.
#[must_use]
pub fn rows<const N: usize>(rows: &[[&str; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(measure_text_width(cell));
        }
    }
    let line = |row: &[&str; N]| {
        let cells: Vec<_> =
            row.iter().zip(widths).map(|(cell, width)| pad_str(cell, width, Alignment::Left, None)).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let text = table(["ID", "NAME"], &[["g-1", "prod"], ["g-22", "ü"]]);
        assert_eq!(text, "ID    NAME\ng-1   prod\ng-22  ü");
    }
}
