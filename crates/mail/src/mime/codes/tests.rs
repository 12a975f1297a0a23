//! Codes and sign-in links, measured on the files of `testdata/codes`.

use super::*;

mod whole_mails;

const POSITIVE: &str = include_str!("../../../testdata/codes/positive.txt");
const NEGATIVE: &str = include_str!("../../../testdata/codes/negative.txt");

fn messages(file: &str) -> impl Iterator<Item = String> {
    file.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.replace("\\n", "\n"))
}

/// The message without braces, and what stood in them.
fn expected(message: &str) -> (String, Vec<String>) {
    let secrets =
        message.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(code, _)| code.to_owned());
    let secrets = secrets.collect();
    (message.replace("{{", "").replace("}}", ""), secrets)
}

#[test]
fn most_codes_are_masked_and_hardly_anything_else() {
    let (mut secrets, mut found, mut messages_read, mut wrong) = (0, 0, 0, 0);
    for message in messages(POSITIVE) {
        let (plain, codes) = expected(&message);
        let (masked, _) = mask(&plain);
        for code in codes {
            secrets += 1;
            if masked.contains(&code) {
                println!("missed {code:?} in {plain:?}");
            } else {
                found += 1;
            }
        }
    }
    for message in messages(NEGATIVE) {
        messages_read += 1;
        let (masked, count) = mask(&message);
        if count > 0 {
            wrong += 1;
            println!("masked wrongly: {masked:?}");
        } else {
            assert_eq!(masked, message, "what is not masked is left as it was");
        }
    }
    let recall = f64::from(found) / f64::from(secrets);
    let precision = f64::from(found) / f64::from(found + wrong);
    println!(
        "{secrets} secrets, {messages_read} harmless messages: recall {recall:.3}, precision {precision:.3}"
    );
    assert!(secrets >= 60 && messages_read >= 60);
    assert!(recall >= 0.95, "recall {recall}");
    assert!(precision >= 0.95, "precision {precision}");
}

#[test]
fn a_code_gives_way_to_our_words_and_is_counted() {
    assert_eq!(mask("Your verification code is 493027."), (format!("Your verification code is {CODE}."), 1));
    assert_eq!(mask("nothing here"), ("nothing here".to_owned(), 0));
}

#[test]
fn a_year_beside_a_code_stays() {
    let (masked, count) = mask("Since 2019 we send codes. Your verification code is 88213.");
    assert_eq!(count, 1);
    assert!(masked.starts_with("Since 2019 we"), "{masked}");
}

#[test]
fn masking_time_is_linear() {
    let text = "Your code 123456 and 2345 or ABC-DEF near verification code. ".repeat(2_000);
    let (_, count) = mask(&text);
    assert!(count > 0);
}

#[test]
fn codes_of_one_long_line_are_judged_by_what_stands_near_and_the_line_stays_one() {
    let sentence = "We met on the hill and spoke of the weather for a while. ";
    let (far, near) = (sentence.repeat(200), sentence.repeat(2));
    let line = format!("{far}Your verification code is 493027. {near}The parcel 88213 is on its way. {far}");
    let (masked, count) = mask(&line);
    assert_eq!((masked, count), (line.replace("493027", CODE), 1));
    // What sells a thousand words away says nothing of a code.
    let line = format!("{}{far}Your code is K4T9ZQ. {far}", "Save 20% with this voucher. ");
    assert_eq!(mask(&line), (line.replace("K4T9ZQ", CODE), 1));
}

#[test]
fn what_stands_at_the_end_of_a_long_subject_is_not_heeded() {
    let link = "https://x.example/a/a1B2c3D4e5f6G7h8";
    let text = format!("Hello\n{link}\nBye");
    let filler = "words about the weather ".repeat(40);
    assert_eq!(mask_below(&format!("Sign in to Example {filler}"), &text).1, 1);
    assert_eq!(mask_below(&format!("{filler} sign in to Example"), &text), (text, 0));
}
