//! How a client's name becomes a label.

use super::*;

#[test]
fn a_label_is_the_client_s_name_without_what_deceives() {
    for (name, label) in [
        ("Claude", "Claude"),
        ("  My \t agent\r\n\u{2003}here ", "My agent here"),
        ("Bank\u{202E}gnp.exe", "Bankgnp.exe"),
        ("Cla\u{200B}u\u{AD}de\u{E0041}", "Claude"),
        ("\u{2066}\u{1}\u{FEFF}", "Agent"),
        ("", "Agent"),
        ("日本語のエージェント", "日本語のエージェント"),
    ] {
        assert_eq!(label_of(name), label, "{name:?}");
    }
    assert_eq!(label_of(&"ä".repeat(65)), "ä".repeat(64));
}
