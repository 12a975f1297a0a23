//! Files of messages as agents get them from the binary: documents by its children, pictures to look at.

use std::io::{Cursor, Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use testkit::{Mail, Maildir, McpStdio, Options, maildir::Numbering, mcp_stdio::Answer, require_dovecot};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    documents_child,
    reading::{NOW, with_environment_account},
    world::World,
};

fn attached(media_type: &str, name: &str, octets: &[u8]) -> String {
    let encoded = STANDARD.encode(octets);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "--m\r\nContent-Type: {media_type}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        lines.join("\r\n")
    )
}

/// A PDF with one page that shows a line.
fn pdf(line: &str) -> Vec<u8> {
    documents_child::pdf(&format!("BT /F1 12 Tf 72 720 Td ({line}) Tj ET"))
}

fn docx(text: &str) -> Vec<u8> {
    let relations = "<Relationships><Relationship Id='rId1' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument' Target='word/document.xml'/></Relationships>";
    let document =
        format!("<w:document><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>");
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in
        [("[Content_Types].xml", "<Types/>"), ("_rels/.rels", relations), ("word/document.xml", &document)]
    {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let picture =
        RgbImage::from_fn(width, height, |x, _| Rgb(if x % 64 < 32 { [200, 30, 30] } else { [250; 3] }));
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

fn ask(client: &mut McpStdio, index: usize, wanted: &str) -> Answer {
    let listed = client.call("mail_search", &json!({})).unwrap();
    let id = listed.structured()["messages"][0]["id"].clone();
    client.call("mail_attachment", &json!({"id": id, "index": index, "as": wanted})).unwrap()
}

fn text(answer: &Answer) -> String {
    let text = answer.structured()["text"].as_str().unwrap_or_else(|| panic!("{answer:?}"));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("<<<mail ") && text.ends_with(">>>"), "{text}");
    lines[1..lines.len() - 1].join("\n")
}

fn world_with(parts: &[String]) -> Option<(testkit::Dovecot, World)> {
    let dovecot = require_dovecot(Options::default())?;
    let raw = format!(
        "From: Bob <bob@example.org>\r\nSubject: Files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nSee attached.\r\n{}--m--\r\n",
        parts.concat()
    );
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    maildir.fill("INBOX", Numbering::default(), [Mail::new(raw, NOW)]).unwrap();
    let world = with_environment_account(&dovecot);
    Some((dovecot, world))
}

#[test]
fn documents_and_pictures_are_read_by_children_of_the_binary() {
    let office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let locked = [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".as_slice(), &[0; 2_000]].concat();
    let whole = pdf("cut off");
    let parts = [
        attached("application/pdf", "invoice.pdf", &pdf("Invoice 4711 over 20 euros")),
        attached("application/octet-stream", "letter.bin", &docx("Dear Alice")),
        attached("image/png", "photo.png", &png(1_600, 1_200)),
        attached(office, "locked.docx", &locked),
        attached("application/pdf", "broken.pdf", &whole[..60]),
        attached("application/pdf", "code.pdf", &pdf("Your verification code is 493028.")),
    ];
    let Some((_dovecot, world)) = world_with(&parts) else { return };
    let mut client = world.stdio(&[]);

    let invoice = ask(&mut client, 1, "text");
    assert!(text(&invoice).contains("Invoice 4711 over 20 euros"), "{invoice:?}");
    assert_eq!(
        (&invoice.structured()["name"], &invoice.structured()["left"]),
        (&json!("invoice.pdf"), &json!(0))
    );
    assert_eq!(text(&ask(&mut client, 2, "text")), "Dear Alice");

    let photo = ask(&mut client, 3, "image");
    assert_eq!(photo.structured()["name"], "photo.png");
    let block = &photo.result["content"][1];
    assert_eq!(block["type"], "image", "{block}");
    let seen = STANDARD.decode(block["data"].as_str().unwrap()).unwrap();
    let seen = image::load_from_memory(&seen).unwrap();
    assert!(seen.width() * seen.height() <= 1_000_000 && seen.width() > 1_000, "{}", seen.width());
    assert!(ask(&mut client, 3, "text").text().contains("`as: image`"));

    for (index, code) in [(4, "[not_supported]"), (5, "[not_supported]")] {
        let refused = ask(&mut client, index, "text");
        assert!(refused.is_error() && refused.text().contains(code), "{index}: {refused:?}");
    }
    let masked = text(&ask(&mut client, 6, "text"));
    assert!(masked.contains("[code hidden]") && !masked.contains("493028"), "{masked}");

    let withheld = ask(&mut client, 6, "base64");
    assert!(withheld.is_error() && withheld.text().contains("[outside_grant]"), "{withheld:?}");

    let octets = ask(&mut client, 1, "base64");
    let given = STANDARD.decode(octets.structured()["data"].as_str().unwrap()).unwrap();
    assert!(given.starts_with(b"%PDF-"));
    assert_eq!(octets.structured()["size"], Value::from(given.len()));
    let missing = ask(&mut client, 7, "text");
    assert!(missing.is_error() && missing.text().contains("it has 1 to 6"), "{missing:?}");
}
