//! Damaged files: whatever is cut off or changed, every question is answered and the reader goes on.

use bytes::Bytes;
use documents::{Error, Kind, Reader};

use crate::files::{
    byte, docx, lines, open_document, package, pages, paragraph, patient, read, reader, relations,
};

/// Files of every format, small enough for each byte to matter.
fn samples() -> Vec<(Kind, Vec<u8>)> {
    let sheet = "<worksheet><sheetData><row><c r='A1'><v>1</v></c></row></sheetData></worksheet>";
    let book = package(
        "xl/workbook.xml",
        "<workbook><sheets><sheet name='a' r:id='r1'/></sheets></workbook>",
        &[("xl/_rels/workbook.xml.rels", &relations(&[("r1", "worksheet", "s.xml")])), ("xl/s.xml", sheet)],
    );
    vec![
        (Kind::Pdf, pages(&[&lines(&["Invoice 42"]), &lines(&["Thanks"])])),
        (Kind::Docx, docx(&paragraph("a letter").repeat(20), &[])),
        (Kind::Xlsx, book),
        (Kind::OpenDocument, open_document("text", "<o:body><text:p>a letter</text:p></o:body>")),
    ]
}

#[tokio::test]
async fn files_that_were_cut_off_anywhere_are_answered() {
    for (kind, file) in samples() {
        let whole = read(kind, file.clone()).await.unwrap();
        for sixteenth in 0..16 {
            let cut = file[..file.len() * sixteenth / 16].to_vec();
            match read(kind, cut).await {
                Ok(text) => assert!(text.text.len() <= whole.text.len()),
                Err(error) => {
                    assert!(
                        matches!(error, Error::Damaged | Error::Crashed),
                        "{kind:?} {sixteenth}: {error:?}"
                    );
                }
            }
        }
    }
}

/// A sequence that is the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

#[tokio::test]
async fn files_with_changed_bytes_are_answered() {
    let reader = reader(patient());
    let mut chance = Chance(0x5eed_cafe);
    let mut outcomes = [0; 2];
    for (kind, file) in samples() {
        for _ in 0..75 {
            let mut changed = file.clone();
            for _ in 0..=chance.below(8) {
                let at = chance.below(changed.len());
                changed[at] = u8::try_from(chance.below(256)).unwrap();
            }
            outcomes[usize::from(answer(&reader, kind, changed).await)] += 1;
        }
    }
    // changes that all do nothing, or all destroy the file, would try nothing
    assert!(outcomes.iter().all(|count| *count > 30), "{outcomes:?}");
}

async fn answer(reader: &Reader, kind: Kind, file: Vec<u8>) -> bool {
    match reader.text(kind, Bytes::from(file)).await {
        Ok(text) => {
            assert!(text.text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')));
            true
        }
        Err(Error::Unavailable) => panic!("the child did not understand its question"),
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_sequence_of_pictures_with_changed_bytes_is_answered() {
    let mut chance = Chance(0xfeed);
    let reader = reader(patient());
    let plain = image::DynamicImage::from(image::RgbImage::from_fn(20, 20, |x, y| {
        image::Rgb([byte(x * 12), byte(y * 12), 7])
    }));
    for format in
        [image::ImageFormat::Png, image::ImageFormat::Jpeg, image::ImageFormat::Gif, image::ImageFormat::WebP]
    {
        let mut file = std::io::Cursor::new(Vec::new());
        plain.write_to(&mut file, format).unwrap();
        for _ in 0..25 {
            let mut changed = file.get_ref().clone();
            let at = chance.below(changed.len());
            changed[at] ^= 1 << chance.below(8);
            let outcome = reader.picture(changed.into(), 1000, 4000).await;
            assert_ne!(outcome.err(), Some(Error::Unavailable), "{format:?}");
        }
    }
}
