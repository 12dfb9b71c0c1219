//! Lines of CSV (RFC 4180), as spreadsheets read them.

/// One line, its end included.
#[must_use]
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    cells.join(",") + "\r\n"
}

/// A cell. Text that a spreadsheet would run as a formula gets an apostrophe in front, which shows it as text: names are
/// chosen by users, and the reader is somebody else. Numbers stay numbers.
fn cell(text: &str) -> String {
    let is_number = || text.parse::<f64>().is_ok_and(f64::is_finite);
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number() {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if guarded.contains([',', '"', '\r', '\n']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_line_is_quoted() {
        assert_eq!(line(["a", "b c", ""]), "a,b c,\r\n");
        assert_eq!(line(["a,b", "say \"x\"", "1\n2"]), "\"a,b\",\"say \"\"x\"\"\",\"1\n2\"\r\n");
    }

    #[test]
    fn no_text_is_a_formula_and_numbers_stay() {
        assert_eq!(line(["=1+1", "+x", "@SUM(A1)", "-2+3"]), "'=1+1,'+x,'@SUM(A1),'-2+3\r\n");
        assert_eq!(line(["-2.5", "0.000001", "-0"]), "-2.5,0.000001,-0\r\n");
    }
}
