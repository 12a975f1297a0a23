//! Every file says at its top what it is and what it is not.

use crate::sources::Source;

const LONGEST: usize = 8;

pub(super) fn check(files: &[Source]) -> Vec<String> {
    files.iter().filter_map(|file| fault(&file.text).map(|fault| format!("{}: {fault}", file.path))).collect()
}

fn fault(text: &str) -> Option<String> {
    let Some(start) = text.lines().take(3).position(|line| line.starts_with("//! ")) else {
        return Some("no `//!` in its first three lines".into());
    };
    let length = text.lines().skip(start).take_while(|line| line.starts_with("//!")).count();
    (length > LONGEST).then(|| format!("its header has {length} lines"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_there_and_short() {
        assert_eq!(fault("//! What it is.\n\nuse a;\n"), None);
        assert_eq!(fault("#![expect(x)]\n\n//! What it is.\n"), None);
        assert!(fault("use a;\n\n\n//! too late\n").is_some());
        assert!(fault(&"//! line\n".repeat(9)).is_some());
    }
}
