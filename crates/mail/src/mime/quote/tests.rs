//! Quoted history is folded, answers and forwarded messages stay.

use super::*;
use crate::mime::{line::join, links::Links, plain, visible_text};

fn folded(text: &str) -> String {
    join(&fold(plain::lines(text, false, false, &mut Links::new(false)).0, false))
}

fn folded_html(html: &str) -> String {
    join(&fold(visible_text::convert(html, &mut Links::new(false)).lines, false))
}

fn quoted(count: usize) -> String {
    "> old words\n".repeat(count)
}

#[test]
fn a_top_posted_reply_folds_to_one_line() {
    let text = format!(
        "Yes, fine.\n\nOn Mon, 3 May 2024 at 10:12, Ann Lee <ann@example.org> wrote:\n\n{}",
        quoted(42)
    );
    assert_eq!(folded(&text), "Yes, fine.\n\n[quoted: 42 lines, from Ann Lee]");
}

#[test]
fn quoted_history_is_folded_but_answers_between_stay() {
    let text = format!(
        "On 3 May 2024, Ann wrote:\n{}\nFirst answer.\n\n{}Second answer.\n\n> one line\n\nThird answer.\n{}",
        quoted(5),
        quoted(7),
        quoted(3)
    );
    assert_eq!(
        folded(&text),
        "[quoted: 5 lines, from Ann]\n\nFirst answer.\n\n[quoted: 7 lines]\nSecond answer.\n\n> one line\n\nThird answer.\n[quoted: 3 lines]"
    );
}

#[test]
fn attributions_are_known_in_many_languages() {
    for (attribution, name) in [
        ("On Mon, May 3, 2024 at 10:12 AM Ann Lee <ann@example.org> wrote:", "Ann Lee"),
        ("Am 03.05.2024 um 10:12 schrieb Ann Lee:", "Ann Lee"),
        ("Ann Lee <ann@example.org> schrieb am Mo., 3. Mai 2024, 10:12:", "Ann Lee"),
        ("Le lun. 3 mai 2024 à 10:12, Ann Lee <ann@example.org> a écrit :", "Ann Lee"),
        ("El lun, 3 may 2024 a las 10:12, Ann Lee (<ann@example.org>) escribió:", "Ann Lee"),
        ("Il giorno lun 3 mag 2024 alle ore 10:12 Ann Lee <ann@example.org> ha scritto:", "Ann Lee"),
        ("Em seg., 3 de mai. de 2024 às 10:12, Ann Lee <ann@example.org> escreveu:", "Ann Lee"),
        ("Op ma 3 mei 2024 om 10:12 schreef Ann Lee <ann@example.org>:", "Ann Lee"),
        ("Den mån 3 maj 2024 kl 10:12 skrev Ann Lee <ann@example.org>:", "Ann Lee"),
        ("pon., 3 maj 2024 o 10:12 Ann Lee <ann@example.org> napisał(a):", "Ann Lee"),
        ("пн, 3 мая 2024 г. в 10:12, Ann Lee <ann@example.org>:", "Ann Lee"),
        ("Ann Lee <ann@example.org> 于2024年5月3日周一 10:12写道：", "Ann Lee"),
        ("2024年5月3日(月) 10:12 Ann Lee <ann@example.org>:", "Ann Lee"),
        ("On 2024-05-03 10:12, ann@example.org wrote:", "ann@example.org"),
        ("Ann Lee wrote:", "Ann Lee"),
    ] {
        let found = folded(&format!("Hello.\n\n{attribution}\n{}", quoted(4)));
        assert_eq!(found, format!("Hello.\n\n[quoted: 4 lines, from {name}]"), "{attribution}");
    }
}

#[test]
fn an_attribution_over_two_lines_belongs_to_the_quote() {
    let text =
        format!("Hi\n\nOn Monday, 3 May 2024 at 10:12 AM, Ann Lee\n<ann@example.org> wrote:\n{}", quoted(3));
    assert_eq!(folded(&text), "Hi\n\n[quoted: 3 lines, from Ann Lee]");
}

#[test]
fn what_stands_below_an_outlook_head_is_history() {
    for head in [
        "-----Original Message-----\nFrom: Ann Lee <ann@example.org>\nSent: Monday\nTo: Bob\nSubject: x",
        "-----Ursprüngliche Nachricht-----\nVon: Ann Lee <ann@example.org>\nGesendet: Montag\nAn: Bob\nBetreff: x",
        "________________________________\nFrom: Ann Lee\nSent: Monday\nTo: Bob\nSubject: x",
        "De : Ann Lee\nEnvoyé : lundi\nÀ : Bob\nObjet : x",
        "*From:* Ann Lee [mailto:ann@example.org]\n*Sent:* Monday\n*To:* Bob\n*Subject:* x",
    ] {
        let found = folded(&format!("Thanks!\n\n{head}\n\nold\nwords\n"));
        assert!(
            found.starts_with("Thanks!\n")
                && found.contains("lines, from Ann Lee]")
                && !found.contains("old"),
            "{found}"
        );
    }
}

#[test]
fn forwarded_messages_are_content_and_stay() {
    for mark in [
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "-------- Weitergeleitete Nachricht --------",
    ] {
        let text = format!(
            "See below.\n\n{mark}\nFrom: Ann <ann@example.org>\nDate: Monday\nSubject: Plans\nTo: Bob\n\nThe plans.\n{}",
            quoted(6)
        );
        let found = folded(&text);
        assert!(found.contains("The plans.") && found.contains("> old words"), "{found}");
    }
}

#[test]
fn a_forward_without_mark_is_known_by_its_subject() {
    assert!(
        is_forward_subject("Fwd: x")
            && is_forward_subject("WG: x")
            && is_forward_subject("TR: x")
            && is_forward_subject("FW: x")
    );
    assert!(!is_forward_subject("Re: Fwd") && !is_forward_subject("Plans: fwd") && !is_forward_subject(""));
    let text = "fyi\n\nFrom: Ann <ann@example.org>\nSent: Monday\nTo: Bob\nSubject: Plans\n\nThe plans.";
    let lines = plain::lines(text, false, false, &mut Links::new(false)).0;
    assert!(join(&fold(lines.clone(), true)).contains("The plans."));
    assert!(!join(&fold(lines, false)).contains("The plans."));
}

#[test]
fn a_message_of_nothing_but_history_is_shown() {
    assert_eq!(folded("> a\n> b\n> c\n> d"), "> a\n> b\n> c\n> d");
    assert!(folded("From: Ann\nSent: Monday\nTo: Bob\nSubject: Plans\n\nThe plans.").contains("The plans."));
}

#[test]
fn ordinary_sentences_are_no_attributions() {
    for text in [
        "As I wrote:\n\nbuy milk\nbuy bread",
        "Shakespeare wrote in 1601:\n\nTo be or not to be",
        "From: Berlin\nTo: Paris\nDate: 3 May\n\nYour seat is 12A.",
        "He said:\n- a\n- b",
    ] {
        assert_eq!(folded(text), text);
    }
}

#[test]
fn gmail_outlook_apple_thunderbird_and_yahoo_quotes_fold() {
    let cases = [
        "<div>Yes.</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=ltr class=gmail_attr>On Mon, May 3, 2024 at 10:12 AM Ann Lee &lt;<a href=\"mailto:ann@example.org\">ann@example.org</a>&gt; wrote:<br></div><blockquote class=gmail_quote><div>old<br>words<br>here</div></blockquote></div>",
        "<div>Yes.</div><div id=appendonsend></div><hr><div id=divRplyFwdMsg dir=ltr><b>From:</b> Ann Lee &lt;ann@example.org&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Bob<br><b>Subject:</b> x</div><div>old words</div>",
        "<p>Yes.</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>From:</b> Ann Lee<br><b>Sent:</b> Monday<br><b>To:</b> Bob<br><b>Subject:</b> x</p></div><p>old words</p>",
        "<div>Yes.</div><div><br><blockquote type=cite><div>On May 3, 2024, at 10:12, Ann Lee &lt;ann@example.org&gt; wrote:</div><br><div>old words<br>and more<br>and more</div></blockquote></div>",
        "<p>Yes.</p><div class=moz-cite-prefix>Am 03.05.24 um 10:12 schrieb Ann Lee:<br></div><blockquote type=cite cite='mid:1'>old<br>words<br>here</blockquote>",
        "<div>Yes.</div><div id='ydp1yahoo_quoted_2' class='ydp1yahoo_quoted'><div>On Monday, May 3, 2024 at 10:12 AM, Ann Lee &lt;ann@example.org&gt; wrote:</div><div>old words</div><div>x</div></div>",
        "<div>Yes.</div><div name=quote><div><b>Von:</b> Ann Lee</div><div>old words</div><div>x</div></div>",
    ];
    for html in cases {
        let found = folded_html(html);
        assert!(
            found.starts_with("Yes.") && found.contains("from Ann Lee]") && !found.contains("old"),
            "{html}\n{found}"
        );
    }
}

#[test]
fn answers_between_html_quotes_stay() {
    let html = "<div class=gmail_quote><div class=gmail_attr>On Mon, May 3, 2024 at 10:12 AM Ann Lee wrote:</div><blockquote class=gmail_quote>old<br>old<br>old</blockquote><div>My answer</div><blockquote class=gmail_quote>older<br>older<br>older</blockquote><div>Second</div></div>";
    assert_eq!(
        folded_html(html),
        "[quoted: 3 lines, from Ann Lee]\n\nMy answer\n\n[quoted: 3 lines]\n\nSecond"
    );
}

#[test]
fn a_quotation_of_a_book_is_no_history() {
    assert_eq!(
        folded_html("<p>As the poet says</p><blockquote>one<br>two<br>three</blockquote><p>Yes</p>"),
        "As the poet says\n\n> one\n> two\n> three\n\nYes"
    );
}

#[test]
fn a_gmail_forward_stays_although_its_box_is_called_quote() {
    let html = "<div>fyi</div><div class=gmail_quote><div class=gmail_attr>---------- Forwarded message ---------<br>From: Ann &lt;ann@example.org&gt;<br>Date: Mon<br>Subject: Plans<br>To: Bob</div><p>The plans.</p></div>";
    assert!(folded_html(html).contains("The plans."));
}

#[test]
fn folding_never_panics_and_is_linear() {
    let text = "On 3 May 2024 Ann wrote:\n> a\n".repeat(5_000);
    let _ = folded(&text);
    let _ = folded(&"From: a\n\n\n".repeat(5_000));
    let _ = folded(&"wrote:\n".repeat(10_000));
}
