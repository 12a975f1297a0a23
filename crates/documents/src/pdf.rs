//! The text of a PDF, page by page. Runs in the child only: the parser gives up by panicking on much of what
//! it does not expect, and a page that does so must not cost the others.

use std::{
    fmt,
    panic::{self, AssertUnwindSafe},
};

use pdf_extract::{ConvertToFmt, Document, PlainTextOutput, output_doc_page};

use crate::{Error, Limits, Result, Text, text::Writing};

/// Reads the pages in order.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Text> {
    let document = Document::load_mem(bytes).map_err(|error| match error {
        pdf_extract::Error::Decryption(_)
        | pdf_extract::Error::InvalidPassword
        | pdf_extract::Error::UnsupportedSecurityHandler(_) => Error::Locked,
        _ => Error::Damaged,
    })?;
    // what opens without a password has been decrypted by now, and says so no more
    if document.trailer.get(b"Encrypt").is_ok() {
        return Err(Error::Locked);
    }
    let pages = document.get_pages();
    if pages.is_empty() {
        return Err(Error::Damaged);
    }
    let mut writing = Writing::new(limits.text);
    for (&number, _) in pages.iter().take(limits.pages) {
        writing.mark(&format!("page {number}"));
        let page = panic::catch_unwind(AssertUnwindSafe(|| {
            output_doc_page(&document, &mut PlainTextOutput::new(Page(&mut writing)), number)
        }));
        if writing.is_full() {
            return Ok(writing.finish());
        }
        if !matches!(page, Ok(Ok(()))) {
            writing.unreadable += 1;
        }
    }
    if writing.unreadable == pages.len().min(limits.pages) && !writing.has_words() {
        return Err(Error::Damaged);
    }
    if pages.len() > limits.pages {
        writing.cut();
    }
    Ok(writing.finish())
}

/// A page on its way into the text; an error ends the page once the text is full.
struct Page<'a>(&'a mut Writing);

impl<'a> ConvertToFmt for Page<'a> {
    type Writer = Page<'a>;

    fn convert(self) -> Self::Writer {
        self
    }
}

impl fmt::Write for Page<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push(text);
        if self.0.is_full() { Err(fmt::Error) } else { Ok(()) }
    }
}
