//! format=flowed (RFC 3676) → paragraphs as single lines, quoted lines with `>`: what a stored draft's text
//! was before it was written out.

/// Joins what was wrapped. `text` has lines that end in `\n`.
pub(super) fn unflow(text: &str, is_delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // The quote depth of the paragraph that goes on.
    let mut open: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let words = line.trim_start_matches('>');
        let depth = line.len() - words.len();
        let words = words.strip_prefix(' ').unwrap_or(words);
        let is_signature_mark = words == "-- ";
        if open.take_if(|open| *open == depth && !is_signature_mark).is_none() {
            if open.take().is_some() {
                end(&mut out);
            }
            out.extend(std::iter::repeat_n('>', depth));
            if depth > 0 && !words.is_empty() {
                out.push(' ');
            }
        }
        if words.ends_with(' ') && !is_signature_mark {
            out.push_str(if is_delsp { words.strip_suffix(' ').unwrap_or(words) } else { words });
            open = Some(depth);
        } else {
            out.push_str(words);
            out.push('\n');
        }
    }
    if open.is_some() {
        end(&mut out);
    }
    out
}

/// Ends a paragraph that was left open.
fn end(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wrapped_is_one_line_again() {
        for (flowed, text) in [
            ("one \ntwo\nthree\n", "one two\nthree\n"),
            (" From here\n", "From here\n"),
            ("> quoted \n> on\nown\n", "> quoted on\nown\n"),
            (">> deep \n> less\n", ">> deep\n> less\n"),
            ("own\n-- \nAnn\n", "own\n-- \nAnn\n"),
            ("open \n-- \nAnn\n", "open\n-- \nAnn\n"),
            ("> \n>\n", ">\n>\n"),
            ("last ", "last\n"),
            ("", ""),
        ] {
            assert_eq!(unflow(flowed, false), text, "{flowed:?}");
        }
        assert_eq!(unflow("to \ngether\n", true), "together\n");
    }
}
