//! XML as office documents need it: names without prefix, text with its entities, a bound on depth, no DTD.

use std::borrow::Cow;

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesEnd, BytesStart, Event},
};

use crate::{Error, Result};

/// The deepest nesting. Real documents stay below 100.
const DEEPEST: usize = 512;

/// What comes next.
pub(super) enum Node<'a> {
    /// An element begins. One without content ends at once.
    Open(Element<'a>),
    /// An element ends.
    Close(Ending<'a>),
    /// Text of the element that is open.
    Text(Cow<'a, str>),
    /// There is no more.
    End,
}

/// The beginning of an element.
pub(super) struct Element<'a>(BytesStart<'a>);

impl Element<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The value of an attribute, named without its prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let attribute = self.0.attributes().flatten().find(|at| at.key.local_name().into_inner() == name)?;
        attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned)
    }

    /// The value of an attribute that is named with its prefix, where one without it may stand beside.
    pub(super) fn prefixed(&self, name: &str) -> Option<String> {
        let attribute = self.0.attributes().flatten().find(|at| at.key.into_inner() == name)?;
        attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned)
    }

    /// A number in an attribute.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.attribute(name)?.trim().parse().ok()
    }

    /// Whether a switch such as `<w:vanish/>` or `<w:vanish w:val="0"/>` is on.
    pub(super) fn is_on(&self) -> bool {
        self.attribute("val").is_none_or(|value| is_true(&value))
    }
}

/// Whether an attribute's value says yes.
pub(super) fn is_true(value: &str) -> bool {
    !matches!(value, "0" | "false" | "off" | "none")
}

/// The end of an element.
pub(super) struct Ending<'a>(BytesEnd<'a>);

impl Ending<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }
}

/// A part being read.
pub(super) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
}

impl<'a> Xml<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, depth: 0 }
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// The next node. Comments and instructions are none.
    pub(super) fn next(&mut self) -> Result<Node<'a>> {
        loop {
            return Ok(match self.reader.read_event().map_err(|_| Error::Damaged)? {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return Err(Error::Damaged);
                    }
                    Node::Open(Element(start))
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    Node::Close(Ending(end))
                }
                Event::Text(text) => Node::Text(text.xml10_content()),
                Event::CData(text) => Node::Text(text.xml10_content()),
                Event::GeneralRef(reference) => {
                    if let Some(character) = reference.resolve_char_ref().map_err(|_| Error::Damaged)? {
                        Node::Text(character.to_string().into())
                    } else {
                        // the five of XML; a document that declares its own has no DTD to do so here
                        Node::Text(resolve_predefined_entity(&reference).ok_or(Error::Damaged)?.into())
                    }
                }
                Event::DocType(_) => return Err(Error::Damaged),
                // a part that ends within an element was cut off
                Event::Eof if self.depth > 0 => return Err(Error::Damaged),
                Event::Eof => Node::End,
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            });
        }
    }

    /// Leaves out everything until fewer than `depth` elements are open. Answers whether there was text.
    pub(super) fn skip_below(&mut self, depth: usize) -> Result<bool> {
        let mut had_text = false;
        while self.depth >= depth {
            match self.next()? {
                Node::Text(text) => had_text |= !text.trim().is_empty(),
                Node::End => break,
                Node::Open(_) | Node::Close(_) => {}
            }
        }
        Ok(had_text)
    }

    /// Leaves out the element that has just begun, its end included.
    pub(super) fn skip(&mut self) -> Result<bool> {
        self.skip_below(self.depth)
    }

    /// All text of the element that has just begun, its end included, up to `limit` bytes.
    pub(super) fn text(&mut self, limit: usize) -> Result<String> {
        let depth = self.depth;
        let mut whole = String::new();
        while self.depth >= depth {
            match self.next()? {
                Node::Text(text) if whole.len() < limit => whole.push_str(&text),
                Node::End => break,
                Node::Text(_) | Node::Open(_) | Node::Close(_) => {}
            }
        }
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String> {
        let mut xml = Xml::new(text);
        let mut all = String::new();
        loop {
            match xml.next()? {
                Node::Text(text) => all.push_str(&text),
                Node::End => return Ok(all),
                Node::Open(_) | Node::Close(_) => {}
            }
        }
    }

    #[test]
    fn entities_of_xml_and_no_others_are_known() {
        assert_eq!(read("<a>1 &lt; 2 &amp; &#x41;<![CDATA[<b>]]></a>"), Ok("1 < 2 & A<b>".to_owned()));
        assert_eq!(read("<a>&lol;</a>"), Err(Error::Damaged));
        assert_eq!(read("<!DOCTYPE a [<!ENTITY lol \"x\">]><a/>"), Err(Error::Damaged));
    }

    #[test]
    fn what_is_nested_too_deep_or_ends_too_early_is_damaged() {
        assert_eq!(read(&"<a>".repeat(100_000)), Err(Error::Damaged));
        assert_eq!(read("<a><b>x</b>"), Err(Error::Damaged));
        assert_eq!(read("<a></b>"), Err(Error::Damaged));
    }

    #[test]
    fn an_element_is_skipped_with_all_that_is_in_it() {
        let mut xml = Xml::new("<a><b>x<b>y</b></b>z</a>");
        xml.next().unwrap();
        xml.next().unwrap();
        assert_eq!(xml.skip(), Ok(true));
        assert!(matches!(xml.next().unwrap(), Node::Text(text) if text == "z"));
    }
}
