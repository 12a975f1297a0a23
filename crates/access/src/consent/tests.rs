//! How an answer's URL is put together and how a client's name becomes a label.

use super::*;

#[test]
fn an_answer_keeps_what_the_redirect_has_and_encodes_what_is_added() {
    let answer = |url: &str| with_query(url, [("code", "a-b_c"), ("state", "x&y=ä z%")].into_iter());
    let added = "code=a-b_c&state=x%26y%3D%C3%A4%20z%25";
    assert_eq!(answer("https://agent.example/cb"), format!("https://agent.example/cb?{added}"));
    assert_eq!(answer("https://agent.example/cb?"), format!("https://agent.example/cb?{added}"));
    assert_eq!(answer("https://agent.example/cb?a=1"), format!("https://agent.example/cb?a=1&{added}"));
    assert_eq!(answer("cursor://x/cb?a=%2F&"), format!("cursor://x/cb?a=%2F&{added}"));
}

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
