//! Tables that fit the terminal.

use std::io::IsTerminal as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Narrowest that a column gets.
const LEAST: usize = 8;

/// Text that others wrote, for a terminal: control characters must not reach it.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_control() { c.escape_debug().collect::<Vec<_>>() } else { vec![c] })
        .collect()
}

/// The table as text, as wide as the terminal at most; into a file, as wide as it is.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>) -> String {
    let terminal = std::io::stdout().is_terminal();
    let width = terminal.then(terminal_size::terminal_size).flatten();
    fit(header, rows, width.map(|(terminal_size::Width(width), _)| usize::from(width)))
}

fn fit<const N: usize>(header: [&str; N], rows: Vec<[String; N]>, most: Option<usize>) -> String {
    let all: Vec<[String; N]> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    let all: Vec<[String; N]> = all.into_iter().map(|row| row.map(|cell| shown(&cell))).collect();
    let mut widths = [0; N];
    for row in &all {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    if let Some(most) = most {
        // The widest column gives way first.
        while widths.iter().sum::<usize>() + 2 * N.saturating_sub(1) > most {
            match widths.iter_mut().max() {
                Some(widest) if *widest > LEAST => *widest -= 1,
                _ => break,
            }
        }
    }
    let mut text = String::new();
    for row in &all {
        let cells = row.iter().zip(widths).map(|(cell, width)| {
            let cell = cut(cell, width);
            let pad = width.saturating_sub(cell.width());
            format!("{cell}{}", " ".repeat(pad))
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn cut(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let (mut out, mut used) = (String::new(), 1);
    for c in cell.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits() {
        let rows = || vec![["K7".to_owned(), "DELETE FROM orders WHERE id = 7".to_owned()]];
        let wide = fit(["ID", "STATEMENT"], rows(), None);
        assert_eq!(wide, "ID  STATEMENT\nK7  DELETE FROM orders WHERE id = 7\n");
        let narrow = fit(["ID", "STATEMENT"], rows(), Some(20));
        assert_eq!(narrow, "ID  STATEMENT\nK7  DELETE FROM ord…\n");
        assert!(narrow.lines().all(|line| line.width() <= 20));
        // A letter may be two columns wide, and nothing moves the cursor.
        let odd = fit(["A"], vec![["表表表表表表表表".to_owned()], ["\u{1b}[31m".to_owned()]], Some(9));
        assert_eq!(odd, "A\n表表表表…\n\\u{1b}[3…\n");
    }
}
