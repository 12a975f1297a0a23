//! Transfer encodings and charsets, sound and broken.

use proptest::prelude::*;

use super::*;

#[test]
fn base64_needs_no_padding_and_skips_garbage() {
    assert_eq!(decode_base64(b"SGVsbG8="), b"Hello");
    assert_eq!(decode_base64(b"SGVs\r\nbG8"), b"Hello");
    assert_eq!(decode_base64(b"SGVs!*bG8="), b"Hello");
    assert_eq!(decode_base64(b"SGk= junk\r\nSGk="), b"HiHi");
    assert_eq!(decode_base64(b"SGVsbG8h").len(), 6);
}

#[test]
fn base64_cut_off_anywhere_gives_a_prefix() {
    let whole = b"VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcw==";
    for end in 0..whole.len() {
        assert!(b"The quick brown fox jumps".starts_with(&decode_base64(&whole[..end])), "{end}");
    }
}

#[test]
fn quoted_printable_forgives() {
    assert_eq!(decode_quoted_printable(b"caf=C3=A9 =3D 1=\r\n2  \r\nx=zz="), "café = 12\r\nx=zz".as_bytes());
    assert_eq!(decode_quoted_printable(b"a=\nb= \r\nc"), b"abc");
    assert_eq!(decode_quoted_printable(b"=e4=E4"), [0xE4, 0xE4]);
}

#[test]
fn uuencoded_parts_are_read() {
    assert_eq!(decode_transfer("x-uuencode", b"begin 644 a\r\n#0V%T\r\n`\r\nend\r\n").as_ref(), b"Cat");
}

#[test]
fn unknown_transfer_encodings_are_left_alone() {
    assert_eq!(decode_transfer("8bit", b"a=3D").as_ref(), b"a=3D");
    assert_eq!(decode_transfer("bogus", b"a=3D").as_ref(), b"a=3D");
}

#[test]
fn charsets_are_decoded_by_name() {
    assert_eq!(decode_charset(Some("iso-8859-1"), b"caf\xe9"), "café");
    assert_eq!(decode_charset(Some("\"windows-1252\""), b"\x80"), "€");
    assert_eq!(decode_charset(Some("iso-2022-jp"), b"\x1b$B$3$s\x1b(B"), "こん");
    assert_eq!(decode_charset(Some("gb2312"), b"\xc4\xe3\xba\xc3"), "你好");
    assert_eq!(decode_charset(Some("koi8-r"), b"\xf0\xd2\xc9"), "При");
    assert_eq!(decode_charset(Some("utf-7"), b"Hi +AOk-"), "Hi é");
    assert_eq!(decode_charset(Some("utf-16"), b"\xff\xfeh\0i\0"), "hi");
}

#[test]
fn an_unknown_charset_is_utf8_if_it_can_be_else_windows_1252() {
    assert_eq!(decode_charset(Some("x-unknown"), "é".as_bytes()), "é");
    assert_eq!(decode_charset(Some("x-unknown"), b"\xe9"), "é");
    assert_eq!(decode_charset(None, b"\x93hi\x94"), "“hi”");
}

#[test]
fn utf8_under_a_latin_label_is_utf8() {
    assert_eq!(decode_charset(Some("us-ascii"), "Grüße".as_bytes()), "Grüße");
    assert_eq!(decode_charset(Some("iso-8859-1"), "Grüße".as_bytes()), "Grüße");
}

#[test]
fn a_character_cut_off_at_the_end_is_dropped() {
    let text = "Grüße 中";
    assert_eq!(decode_charset(Some("utf-8"), &text.as_bytes()[..text.len() - 1]), "Grüße ");
}

#[test]
fn a_byte_order_mark_decides() {
    assert_eq!(decode_charset(Some("iso-8859-1"), b"\xef\xbb\xbfhi \xc3\xa9"), "hi é");
}

#[test]
fn html_without_a_charset_is_asked_for_its_own() {
    let part = TextPart { is_html: true, ..TextPart::default() };
    assert!(decode_text(&part, b"<meta charset=\"koi8-r\">\xf0\xd2\xc9").ends_with("При"));
}

proptest! {
    #[test]
    fn no_octets_panic(data in proptest::collection::vec(any::<u8>(), 0..300), which in 0_usize..12) {
        let charsets = ["utf-8", "utf-7", "iso-2022-jp", "utf-16", "big5", "x-user-defined", "", "iso-2022-kr", "hz-gb-2312", "ibm850", "tis-620", "utf-16be"];
        let part = TextPart {
            charset: Some(charsets[which].to_owned()),
            encoding: ["base64", "quoted-printable", "8bit", "x-uuencode"][which % 4].to_owned(),
            is_html: which > 5,
            ..TextPart::default()
        };
        let _ = decode_text(&part, &data);
    }
}
