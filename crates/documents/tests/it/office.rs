//! Office Open XML: what a person reads in a letter, a table, a talk.

use documents::{Kind, Note};

use crate::files::{docx, package, paragraph, read, relations};

#[tokio::test]
async fn a_letter_gives_its_paragraphs_headings_lists_tables_and_notes() {
    let styles = "<w:styles><w:style w:styleId='berschrift2'><w:name w:val='heading 2'/></w:style>\
        <w:style w:styleId='points'><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr></w:style></w:styles>";
    let notes = "<w:footnotes><w:footnote w:id='-1' w:type='separator'><w:p><w:r><w:t>no</w:t></w:r></w:p></w:footnote>\
        <w:footnote w:id='1'><w:p><w:r><w:t>see there</w:t></w:r></w:p></w:footnote></w:footnotes>";
    let comments =
        format!("<w:comments><w:comment w:author='Ann'>{}</w:comment></w:comments>", paragraph("why?"));
    let related = relations(&[
        ("a", "styles", "styles.xml"),
        ("b", "footnotes", "footnotes.xml"),
        ("c", "comments", "/word/comments.xml"),
    ]);
    let body = format!(
        "<w:p><w:pPr><w:pStyle w:val='berschrift2'/><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>Offer</w:t></w:r></w:p>\
        <w:p><w:r><w:t xml:space='preserve'>Caf&#xE9; &amp; </w:t></w:r><w:r><w:t>tea</w:t><w:br/><w:t>hot</w:t>\
        <w:footnoteReference w:id='1'/></w:r></w:p>\
        <w:p><w:pPr><w:numPr><w:numId w:val='3'/></w:numPr></w:pPr><w:r><w:t>one</w:t></w:r></w:p>\
        <w:p><w:pPr><w:pStyle w:val='points'/></w:pPr><w:r><w:t>two</w:t></w:r></w:p>\
        <w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr><w:tr><w:tc>{}</w:tc><w:tc><w:p/></w:tc></w:tr></w:tbl>",
        paragraph("item"),
        paragraph("price"),
        paragraph("tea")
    );
    let file = docx(
        &body,
        &[
            ("word/_rels/document.xml.rels", &related),
            ("word/styles.xml", styles),
            ("word/footnotes.xml", notes),
            ("word/comments.xml", &comments),
        ],
    );
    let text = read(Kind::Docx, file).await.unwrap();
    let expected = "## Offer\nCafé & tea\nhot[^1]\n- one\n- two\n| item | price |\n| tea |  |\n\n\
        [^1]: see there\n\n[comment by Ann]: why?";
    assert_eq!(text.text, expected);
    assert!(text.notes.is_empty());
}

#[tokio::test]
async fn text_that_nobody_sees_is_left_out_and_counted() {
    let run = |properties: &str, text: &str| {
        format!("<w:r><w:rPr>{properties}</w:rPr><w:t xml:space='preserve'>{text}</w:t></w:r>")
    };
    let styles = "<w:styles><w:style w:styleId='base'><w:rPr><w:vanish/></w:rPr></w:style>\
        <w:style w:styleId='sly'><w:basedOn w:val='base'/></w:style></w:styles>";
    let body = format!(
        "<w:p>{}{}{}{}{}</w:p><w:p><w:pPr><w:pStyle w:val='sly'/></w:pPr>{}</w:p>",
        run("", "seen "),
        run("<w:vanish/>", "HIDDEN"),
        run("<w:vanish w:val='0'/>", "too"),
        run("<w:sz w:val='2'/>", "TINY"),
        run("<w:rStyle w:val='sly'/>", "STYLED"),
        run("", "PARAGRAPH"),
    );
    let deleted = "<w:p><w:del><w:r><w:delText>OLD</w:delText></w:r></w:del><w:moveFrom><w:r><w:t>MOVED</w:t></w:r>\
        </w:moveFrom><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>\
        <w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>joined</w:t></w:r></w:p>";
    let related = relations(&[("a", "styles", "styles.xml")]);
    let parts = [("word/_rels/document.xml.rels", related.as_str()), ("word/styles.xml", styles)];
    let text = read(Kind::Docx, docx(&(body + deleted), &parts)).await.unwrap();
    assert_eq!(text.text, "seen too\n\nnew\njoined");
    assert_eq!(text.notes, [Note::Hidden(4), Note::Deleted(2)]);
}

#[tokio::test]
async fn a_drawing_kept_for_two_generations_of_programs_is_read_once() {
    let text_box = format!("<w:txbxContent>{}</w:txbxContent>", paragraph("boxed"));
    let body = format!(
        "<w:p><w:r><w:t>around</w:t></w:r><w:r><mc:AlternateContent><mc:Choice>{text_box}</mc:Choice>\
        <mc:Fallback>{text_box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    );
    assert_eq!(read(Kind::Docx, docx(&body, &[])).await.unwrap().text, "boxed\naround");
}

#[tokio::test]
async fn a_workbook_gives_its_sheets_with_dates_and_marks_hidden_ones() {
    let book = "<workbook><sheets><sheet name='Plan' r:id='r1'/><sheet name='Old' state='veryHidden' r:id='r2'/>\
        <sheet name='Chart' r:id='r9'/></sheets></workbook>";
    let related = relations(&[
        ("r1", "worksheet", "worksheets/sheet1.xml"),
        ("r2", "worksheet", "worksheets/sheet2.xml"),
        ("r3", "sharedStrings", "sharedStrings.xml"),
        ("r4", "styles", "styles.xml"),
    ]);
    let styles = "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='dd\\.mm\\.yyyy'/></numFmts>\
        <cellStyleXfs><xf numFmtId='14'/></cellStyleXfs><cellXfs><xf numFmtId='0'/><xf numFmtId='164'/></cellXfs></styleSheet>";
    let strings = "<sst><si><t>due</t></si><si><r><t>rent </t></r><r><t>&amp; heat</t></r></si></sst>";
    let first = "<worksheet><sheetData><row><c r='A1' t='s'><v>1</v></c><c r='C1' t='s'><v>0</v></c></row>\
        <row><c r='A2'><v>0.1</v></c><c r='C2' s='1'><f>TODAY()</f><v>45292</v></c></row></sheetData></worksheet>";
    let second = "<worksheet><sheetData><row><c r='A1' t='str'><v>x</v></c></row></sheetData></worksheet>";
    let file = package(
        "xl/workbook.xml",
        book,
        &[
            ("xl/_rels/workbook.xml.rels", &related),
            ("xl/sharedStrings.xml", strings),
            ("xl/styles.xml", styles),
            ("xl/worksheets/sheet1.xml", first),
            ("xl/worksheets/sheet2.xml", second),
        ],
    );
    let text = read(Kind::Xlsx, file).await.unwrap();
    let expected = "--- sheet Plan ---\nrent & heat\t\tdue\n0.1\t\t2024-01-01\n\n--- sheet Old (hidden) ---\nx\n\n\
        --- sheet Chart ---";
    assert_eq!(text.text, expected);
}

#[tokio::test]
async fn a_talk_gives_its_slides_in_their_order_with_notes() {
    let slide =
        |attributes: &str, shapes: &str| format!("<p:sld {attributes}><p:spTree>{shapes}</p:spTree></p:sld>");
    let shape =
        |text: &str| format!("<p:sp><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>");
    let table = "<a:tbl><a:tr><a:tc><a:p><a:r><a:t>a</a:t></a:r></a:p></a:tc>\
        <a:tc><a:p><a:r><a:t>b</a:t></a:r></a:p></a:tc></a:tr></a:tbl>";
    let hidden = "<p:sp><p:nvSpPr><p:cNvPr hidden='1'/></p:nvSpPr><p:txBody><a:p><a:r><a:t>UNSEEN</a:t></a:r></a:p>\
        </p:txBody></p:sp>";
    let show = "<p:presentation><p:sldIdLst><p:sldId id='256' r:id='r2'/><p:sldId id='257' r:id='r1'/></p:sldIdLst>\
        </p:presentation>";
    let notes = format!(
        "<p:notes>{}<p:sp><a:p><a:fld type='slidenum'><a:t>7</a:t></a:fld></a:p></p:sp></p:notes>",
        shape("say hello")
    );
    let file = package(
        "ppt/presentation.xml",
        show,
        &[
            (
                "ppt/_rels/presentation.xml.rels",
                &relations(&[("r1", "slide", "slides/slide1.xml"), ("r2", "slide", "slides/slide2.xml")]),
            ),
            ("ppt/slides/slide1.xml", &slide("show='0'", &shape("spare"))),
            ("ppt/slides/slide2.xml", &slide("", &format!("{}{hidden}{table}", shape("Welcome")))),
            (
                "ppt/slides/_rels/slide2.xml.rels",
                &relations(&[("n", "notesSlide", "../notesSlides/notesSlide1.xml")]),
            ),
            ("ppt/notesSlides/notesSlide1.xml", &notes),
        ],
    );
    let text = read(Kind::Pptx, file).await.unwrap();
    let expected =
        "--- slide 1 ---\nWelcome\n| a | b |\nNotes:\nsay hello\n\n--- slide 2 (hidden) ---\nspare";
    assert_eq!(text.text, expected);
    assert_eq!(text.notes, [Note::Hidden(1)]);
}
