//! OpenDocument: letter, table, talk.

use documents::{Kind, Note};

use crate::files::{open_document, read};

#[tokio::test]
async fn a_letter_gives_its_paragraphs_and_leaves_out_what_nobody_sees() {
    let content = "<office:document-content><office:automatic-styles><style:style style:name='H'>\
        <style:text-properties text:display='none'/></style:style></office:automatic-styles><office:body><office:text>\
        <text:tracked-changes><text:changed-region><text:deletion><text:p>OLD</text:p></text:deletion></text:changed-region>\
        </text:tracked-changes><text:h text:outline-level='2'>Offer</text:h>\
        <text:p>a<text:s text:c='2'/>b<text:tab/>c<text:line-break/>d<text:span text:style-name='H'>HIDDEN</text:span></text:p>\
        <text:p text:style-name='H'>HIDDEN</text:p>\
        <text:p>price<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>net</text:p></text:note-body>\
        </text:note> ok<office:annotation><dc:creator>Ann</dc:creator><dc:date>2024</dc:date><text:p>why?</text:p>\
        </office:annotation></text:p>\
        <text:list><text:list-item><text:p>one</text:p></text:list-item></text:list>\
        <table:table><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell>\
        <table:table-cell><text:p>y</text:p></table:table-cell></table:table-row></table:table>\
        </office:text></office:body></office:document-content>";
    let text = read(Kind::OpenDocument, open_document("text", content)).await.unwrap();
    let expected = "## Offer\na  b\tc\nd\nprice[note: net] ok[comment by Ann: why?]\n- one\n| x | y |";
    assert_eq!(text.text, expected);
    assert_eq!(text.notes, [Note::Hidden(2), Note::Deleted(1)]);
}

#[tokio::test]
async fn a_workbook_gives_its_sheets_and_repeats_within_reason() {
    let cell = |attributes: &str, text: &str| {
        format!("<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>")
    };
    let content = format!(
        "<office:body><office:spreadsheet><table:table table:name='Plan'>\
        <table:table-row>{}<table:table-cell table:number-columns-repeated='2'/>{}</table:table-row>\
        <table:table-row table:number-rows-repeated='2'>{}</table:table-row>\
        <table:table-row table:number-rows-repeated='1048000'><table:table-cell table:number-columns-repeated='16384'/>\
        </table:table-row></table:table></office:spreadsheet></office:body>",
        cell("", "rent"),
        cell("", "due"),
        cell("table:number-columns-repeated='2'", "7"),
    );
    let text = read(Kind::OpenDocument, open_document("spreadsheet", &content)).await.unwrap();
    assert_eq!(text.text, "--- sheet Plan ---\nrent\t\t\tdue\n7\t7\n7\t7");
}

#[tokio::test]
async fn a_talk_gives_its_slides_with_notes() {
    let content = "<office:body><office:presentation><draw:page draw:name='a'><draw:frame><draw:text-box>\
        <text:p>Welcome</text:p></draw:text-box></draw:frame><presentation:notes><draw:frame><draw:text-box>\
        <text:p>say hello</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>\
        </office:presentation></office:body>";
    let text = read(Kind::OpenDocument, open_document("presentation", content)).await.unwrap();
    assert_eq!(text.text, "--- slide 1 ---\nWelcome\nNotes:\nsay hello");
}
