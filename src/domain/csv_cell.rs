//! Spreadsheet formulas in CSV cells: a cell that a spreadsheet would execute gets an apostrophe on
//! its way out and loses it on its way in, so that an export can be opened and imported again.

use std::borrow::Cow;

const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Puts one `'` before a cell that matches `^'*[=+\-@\t\r]`; every other cell stays as it is.
///
/// Cells that begin with apostrophes before a formula sign are escaped too: otherwise
/// [`unescape_formula`] could not tell them from escaped ones.
pub fn escape_formula(cell: &str) -> Cow<'_, str> {
    if is_formula_after_apostrophes(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// Takes one `'` away from a cell that matches `^'+[=+\-@\t\r]`; every other cell stays as it is.
///
/// The inverse of [`escape_formula`] on all that it writes; `'s Gravensande` is left alone.
pub fn unescape_formula(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula_after_apostrophes(rest) => rest,
        _ => cell,
    }
}

fn is_formula_after_apostrophes(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(FORMULA_STARTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_get_one_apostrophe() {
        for (cell, escaped) in [
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("+32 470 12 34 56", "'+32 470 12 34 56"),
            ("-", "'-"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\tx", "'\tx"),
            ("'=1", "''=1"),
        ] {
            assert_eq!(escape_formula(cell), escaped);
            assert_eq!(unescape_formula(escaped), cell);
        }
    }

    #[test]
    fn other_cells_stay_as_they_are() {
        for cell in ["'s Gravensande", "", "'", "''", "Peeters", "1-2", " =1"] {
            assert_eq!(escape_formula(cell), cell);
            assert_eq!(unescape_formula(cell), cell);
        }
    }

    proptest! {
        /// Short strings over the characters that matter, so that every rule is met often.
        #[test]
        fn escaping_is_a_bijection(cell in "['=+@\t\ra-]{0,5}", other in "['=+@\t\ra-]{0,5}") {
            let escaped = escape_formula(&cell).into_owned();
            prop_assert_eq!(unescape_formula(&escaped), cell.as_str());
            prop_assert!(!escaped.starts_with(FORMULA_STARTS));
            if cell != other {
                prop_assert_ne!(escaped, escape_formula(&other).into_owned());
            }
        }

        #[test]
        fn any_text_comes_back(cell in "\\PC*") {
            let escaped = escape_formula(&cell).into_owned();
            prop_assert_eq!(unescape_formula(&escaped), cell.as_str());
        }
    }
}
