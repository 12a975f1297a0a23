//! Allowed tags written anew so that they nest: every element is closed in the one that it was opened in.
//!
//! Parsers of HTML repair wrong nesting by copying elements, without a bound and in square time. After
//! this pass there is nothing to repair, and no element stands deeper than `MAX_DEPTH`.

use std::convert::Infallible;

use html5gum::{
    Span, Tokenizer,
    emitters::callback::{Callback, CallbackEmitter, CallbackEvent},
};

use super::allowed::{DROPPED, TAGS, VOID};
use crate::mime::compose::escape::escape_into;

/// Most elements open at once; newsletters have sixty.
const MAX_DEPTH: usize = 200;
/// Longest attribute, in octets.
const MAX_ATTRIBUTE: usize = 16 * 1024;

/// How the tags are written that may stay.
pub(in crate::mime) trait Manner {
    /// Whether an element keeps an attribute.
    fn keeps(&self, tag: &str, name: &str, value: &str) -> bool;

    /// Whether the tag of a picture with these attributes is written; else this has written to `out` what stands
    /// in its place.
    fn picture(&mut self, attributes: &[(String, String)], out: &mut String) -> bool;

    /// Writes to `out` what stands behind a link to there.
    fn link_ended(&mut self, _href: &str, _out: &mut String) {}
}

/// The allowed part of HTML, well nested; nothing if it nests too deep.
pub(in crate::mime) fn nest(html: &str, manner: &mut impl Manner) -> Option<String> {
    let mut nesting = Nesting {
        out: String::with_capacity(html.len()),
        manner,
        open: Vec::new(),
        links: Vec::new(),
        tag: None,
        attributes: Vec::new(),
        dropped: None,
        is_too_deep: false,
    };
    let mut emitter = CallbackEmitter::new(Borrowed(&mut nesting));
    emitter.naively_switch_states(true);
    // Its error type cannot exist.
    let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
    nesting.close_to(0);
    (!nesting.is_too_deep).then_some(nesting.out)
}

struct Nesting<'a, M> {
    out: String,
    manner: &'a mut M,
    open: Vec<&'static str>,
    /// Where the open links lead.
    links: Vec<String>,
    tag: Option<String>,
    attributes: Vec<(String, String)>,
    /// The element whose content is left out, and how often it is open within itself.
    dropped: Option<(String, usize)>,
    is_too_deep: bool,
}

/// Lets the pass run below a tokenizer and come back.
struct Borrowed<'a, 'b, M>(&'a mut Nesting<'b, M>);

impl<M: Manner> Callback<Infallible, ()> for Borrowed<'_, '_, M> {
    fn handle_event(&mut self, event: CallbackEvent<'_>, _: Span<()>) -> Option<Infallible> {
        let pass = &mut *self.0;
        match event {
            CallbackEvent::OpenStartTag { name } => {
                pass.tag = Some(String::from_utf8_lossy(name).to_ascii_lowercase());
                pass.attributes.clear();
            }
            CallbackEvent::AttributeName { name } if pass.tag.is_some() => {
                pass.attributes.push((String::from_utf8_lossy(name).to_ascii_lowercase(), String::new()));
            }
            CallbackEvent::AttributeValue { value } => {
                if let Some((_, found)) = pass.attributes.last_mut()
                    && found.len() + value.len() <= MAX_ATTRIBUTE
                {
                    found.push_str(&String::from_utf8_lossy(value));
                }
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                if let Some(name) = pass.tag.take() {
                    pass.start(&name, self_closing);
                }
            }
            CallbackEvent::EndTag { name } => {
                pass.tag = None;
                pass.end(&String::from_utf8_lossy(name).to_ascii_lowercase());
            }
            CallbackEvent::String { value } => pass.text(&String::from_utf8_lossy(value)),
            _ => {}
        }
        None
    }
}

/// What stands between the inside of a table and what is around it.
fn is_wall(name: &str) -> bool {
    matches!(name, "table" | "td" | "th" | "caption")
}

/// Elements that hold rows and cells, no text.
fn is_grid(name: &str) -> bool {
    matches!(name, "table" | "thead" | "tbody" | "tfoot" | "tr" | "colgroup")
}

/// Elements that end a paragraph.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "center"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "figcaption"
            | "figure"
            | "footer"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "table"
            | "ul"
    )
}

impl<M: Manner> Nesting<'_, M> {
    fn text(&mut self, text: &str) {
        if self.dropped.is_some() || self.is_too_deep {
            return;
        }
        if !text.trim().is_empty() {
            self.enter_cell();
        }
        escape_into(&mut self.out, text);
    }

    fn start(&mut self, name: &str, is_closed: bool) {
        if let Some((dropped, count)) = &mut self.dropped {
            *count += usize::from(dropped == name && !is_closed);
            return;
        }
        if DROPPED.contains(&name) {
            if !(is_closed && matches!(name, "svg" | "math")) {
                self.dropped = Some((name.to_owned(), 1));
            }
            return;
        }
        let Some(name) = TAGS.iter().copied().find(|tag| *tag == name) else { return };
        if self.is_too_deep || !self.make_place(name) {
            return;
        }
        if VOID.contains(&name) {
            self.void(name);
        } else {
            self.open_tag(name);
        }
    }

    /// Closes what an element cannot stand in; false if there is no place for it.
    fn make_place(&mut self, name: &str) -> bool {
        match name {
            "tr" => self.close_up_to(&["table", "thead", "tbody", "tfoot"]),
            "td" | "th" => {
                let is_found = self.close_up_to(&["table", "thead", "tbody", "tfoot", "tr"]);
                if is_found && self.open.last().is_some_and(|last| *last != "tr") {
                    self.push("tr");
                }
                is_found
            }
            "thead" | "tbody" | "tfoot" | "caption" | "colgroup" => self.close_up_to(&["table"]),
            "col" => self.close_up_to(&["table", "colgroup"]),
            _ => {
                self.enter_cell();
                if is_block(name) {
                    self.close_inner("p", &[]);
                }
                match name {
                    "li" => self.close_inner("li", &["ul", "ol"]),
                    "dd" | "dt" => {
                        self.close_inner("dd", &["dl"]);
                        self.close_inner("dt", &["dl"]);
                    }
                    "a" => self.close_inner("a", &[]),
                    "h1" | "h2" | "h3" | "h4" | "h5" | "h6"
                        if self.open.last().is_some_and(|last| last.len() == 2 && last.starts_with('h')) =>
                    {
                        self.close_to(self.open.len().saturating_sub(1));
                    }
                    _ => {}
                }
                true
            }
        }
    }

    /// Text and blocks directly in a table get a cell, as nothing else can hold them.
    fn enter_cell(&mut self) {
        if !self.open.last().is_some_and(|last| is_grid(last)) {
            return;
        }
        if self.open.last() == Some(&"colgroup") {
            self.close_to(self.open.len().saturating_sub(1));
        }
        if self.open.last() != Some(&"tr") {
            self.push("tr");
        }
        self.push("td");
    }

    /// Closes elements until one of these is the innermost; leaves all open if none is.
    fn close_up_to(&mut self, names: &[&str]) -> bool {
        let place = self.open.iter().rposition(|open| names.contains(open));
        // Not beyond the innermost table.
        let table = self.open.iter().rposition(|open| *open == "table");
        let Some(place) = place.filter(|place| table.is_some_and(|table| table <= *place)) else {
            return false;
        };
        self.close_to(place + 1);
        true
    }

    /// Closes the innermost element of that name, unless one of the walls stands before it.
    fn close_inner(&mut self, name: &str, walls: &[&str]) {
        for (position, open) in self.open.iter().enumerate().rev() {
            if *open == name {
                self.close_to(position);
                return;
            }
            if is_wall(open) || walls.contains(open) {
                return;
            }
        }
    }

    fn end(&mut self, name: &str) {
        if let Some((dropped, count)) = &mut self.dropped {
            if dropped == name {
                *count -= 1;
                if *count == 0 {
                    self.dropped = None;
                }
            }
            return;
        }
        if name == "br" {
            self.start("br", false);
            return;
        }
        let is_of_table = is_grid(name) || is_wall(name);
        for (position, open) in self.open.iter().enumerate().rev() {
            if *open == name {
                self.close_to(position);
                return;
            }
            if *open == "table" || (is_wall(open) && !is_of_table) {
                return;
            }
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(name) = self.open.pop() {
                self.out.push_str("</");
                self.out.push_str(name);
                self.out.push('>');
                if name == "a" {
                    let href = self.links.pop().unwrap_or_default();
                    self.manner.link_ended(&href, &mut self.out);
                }
            }
        }
    }

    /// Opens an element that the text leaves out.
    fn push(&mut self, name: &'static str) {
        self.attributes.clear();
        self.open_tag(name);
    }

    fn open_tag(&mut self, name: &'static str) {
        if self.open.len() >= MAX_DEPTH {
            self.is_too_deep = true;
            return;
        }
        self.write_tag(name);
        if name == "a" {
            let href = self.attributes.iter().find(|(name, _)| name == "href");
            self.links.push(href.map(|(_, href)| href.clone()).unwrap_or_default());
        }
        self.open.push(name);
    }

    fn void(&mut self, name: &'static str) {
        if name == "img" && !self.manner.picture(&self.attributes, &mut self.out) {
            return;
        }
        self.write_tag(name);
    }

    fn write_tag(&mut self, tag: &str) {
        self.out.push('<');
        self.out.push_str(tag);
        for (position, (name, value)) in self.attributes.iter().enumerate() {
            let is_first = !self.attributes.iter().take(position.min(50)).any(|(other, _)| other == name);
            if position < 50 && is_first && self.manner.keeps(tag, name, value) {
                self.out.push(' ');
                self.out.push_str(name);
                self.out.push_str("=\"");
                escape_into(&mut self.out, value);
                self.out.push('"');
            }
        }
        self.out.push('>');
    }
}
