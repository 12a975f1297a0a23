//! What is different between two texts, line by line. Bounded: where too much differs, all of the one and all
//! of the other is told.

/// Lines of a side that are compared with each other; the cost is their product.
const MOST_COMPARED: usize = 400;
/// Lines that are told.
const MOST_TOLD: usize = 400;

/// A line of one text that the other has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Only the earlier text has it.
    Gone(String),
    /// Only the later text has it.
    New(String),
    /// So many more lines differ.
    More(usize),
}

/// The lines in which `now` differs from `then`, in their order.
pub(super) fn lines(then: &str, now: &str) -> Vec<Line> {
    let (then, now): (Vec<&str>, Vec<&str>) =
        (then.lines().map(str::trim_end).collect(), now.lines().map(str::trim_end).collect());
    let start = then.iter().zip(&now).take_while(|(a, b)| a == b).count();
    let (then, now) = (then.get(start..).unwrap_or_default(), now.get(start..).unwrap_or_default());
    let end = then.iter().rev().zip(now.iter().rev()).take_while(|(a, b)| a == b).count();
    let then = then.get(..then.len() - end).unwrap_or_default();
    let now = now.get(..now.len() - end).unwrap_or_default();
    let mut told = if then.len() <= MOST_COMPARED && now.len() <= MOST_COMPARED {
        compare(then, now)
    } else {
        let gone = then.iter().map(|line| Line::Gone((*line).to_owned()));
        gone.chain(now.iter().map(|line| Line::New((*line).to_owned()))).collect()
    };
    if told.len() > MOST_TOLD {
        let more = told.len() - MOST_TOLD;
        told.truncate(MOST_TOLD);
        told.push(Line::More(more));
    }
    told
}

/// By the longest sequence of lines that both have.
fn compare(then: &[&str], now: &[&str]) -> Vec<Line> {
    let width = now.len() + 1;
    // longest[a * width + b]: of what follows line a of the one and line b of the other
    let mut longest = vec![0_u16; (then.len() + 1) * width];
    let at = |longest: &[u16], a: usize, b: usize| longest.get(a * width + b).copied().unwrap_or_default();
    for (a, old) in then.iter().enumerate().rev() {
        for (b, new) in now.iter().enumerate().rev() {
            let length = if old == new {
                at(&longest, a + 1, b + 1) + 1
            } else {
                at(&longest, a + 1, b).max(at(&longest, a, b + 1))
            };
            if let Some(place) = longest.get_mut(a * width + b) {
                *place = length;
            }
        }
    }
    let (mut a, mut b, mut told) = (0, 0, Vec::new());
    loop {
        match (then.get(a), now.get(b)) {
            (Some(old), Some(new)) if old == new => (a, b) = (a + 1, b + 1),
            (Some(old), new) if new.is_none() || at(&longest, a + 1, b) >= at(&longest, a, b + 1) => {
                told.push(Line::Gone((*old).to_owned()));
                a += 1;
            }
            (_, Some(new)) => {
                told.push(Line::New((*new).to_owned()));
                b += 1;
            }
            (_, None) => return told,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(then: &str, now: &str) -> String {
        let tell = |line: &Line| match line {
            Line::Gone(line) => format!("-{line}"),
            Line::New(line) => format!("+{line}"),
            Line::More(count) => format!("{count} more"),
        };
        lines(then, now).iter().map(tell).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_what_differs_is_told_in_its_order() {
        assert_eq!(told("a\nb\nc", "a\nb\nc"), "");
        assert_eq!(told("a\nb\nc", "a\nx\nc"), "-b +x");
        assert_eq!(told("a\nb\nc\nd", "b\nc\ne\nd\nf"), "-a +e +f");
        assert_eq!(told("", "a"), "+a");
        assert_eq!(told("a\n", ""), "-a");
        assert_eq!(told("a \r\nb", "a\nb"), "");
    }

    #[test]
    fn long_texts_are_told_in_full_up_to_a_bound() {
        let (then, now) = ("x\n".repeat(100_000), "y\n".repeat(100_000));
        let told = lines(&then, &now);
        assert_eq!(told.len(), MOST_TOLD + 1);
        assert_eq!(told.last(), Some(&Line::More(200_000 - MOST_TOLD)));
    }
}
