//! HTML → the text a reader sees, as Markdown-like lines: one pass over tokens, no tree, no recursion.
//!
//! What style hides is left out and counted. Quotations and signatures are marked for `quote` and
//! `signature`; this module folds nothing. Markup is never repaired beyond what reading needs.

mod attributes;
mod color;
mod element;
mod flow;
mod length;
mod markers;
mod media;
mod selector;
mod shape;
mod sheet;
mod style;
mod variables;

use std::convert::Infallible;

use html5gum::{
    Span, Tokenizer,
    emitters::callback::{Callback, CallbackEmitter, CallbackEvent},
};

use self::{
    attributes::Attributes,
    element::{Kind, closes_paragraph, is_void, kind_of},
    flow::Flow,
    markers::Marker,
    sheet::{Names, Sheet, name_hash},
    style::{Computed, Declared},
};
use super::{
    invisible,
    line::{Line, Region},
    links::Links,
};

/// Open elements whose style is remembered; deeper ones still flow and still hide.
const MAX_DEPTH: usize = 256;
/// Most octets of HTML that are converted.
const MAX_HTML: usize = 16 * 1024 * 1024;

/// The visible text of an HTML part.
#[derive(Debug, Default)]
pub struct Converted {
    /// Its lines, quotations and signature marked.
    pub lines: Vec<Line>,
    /// Characters that style hid.
    pub hidden: usize,
    /// Invisible characters taken out of what is shown.
    pub invisible: usize,
}

/// Converts HTML; links are added to `links` in their order.
pub fn convert(html: &str, links: &mut Links) -> Converted {
    let mut end = html.len().min(MAX_HTML);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let mut converter = Converter::new(links);
    // A tag that was cut off with the rest of the message is no text.
    let html = html.get(..end).unwrap_or_default().trim_end_matches("</").trim_end_matches('<');
    converter.sheet = Sheet::collect(html);
    converter.feed(html);
    converter.finish()
}

/// One open element.
#[derive(Debug)]
struct Open {
    names: Names,
    kind: Kind,
    style: Computed,
    region: Region,
    quote: usize,
    is_dropped: bool,
    /// Whether this element opened the link that runs now.
    opened_link: bool,
    has_header: bool,
}

struct Converter<'a> {
    links: &'a mut Links,
    flow: Flow,
    sheet: Sheet,
    open: Vec<Open>,
    /// Open elements beyond the cap: their names, and whether they hide.
    beyond: Vec<(u32, bool)>,
    hidden_beyond: usize,
    /// How many open elements have a name with that hash; saves looking for what is not there.
    counts: Vec<u32>,
    tag: Option<Vec<u8>>,
    attributes: Attributes,
    raw: Raw,
    is_nested: bool,
    root: Computed,
    hidden: usize,
    invisible: usize,
}

/// What the text inside an element without markup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Raw {
    No,
    Dropped,
    Html,
}

impl Callback<Infallible, ()> for Converter<'_> {
    fn handle_event(&mut self, event: CallbackEvent<'_>, _: Span<()>) -> Option<Infallible> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = Some(name.to_vec());
                self.attributes = Attributes::default();
            }
            CallbackEvent::AttributeName { name } if self.tag.is_some() => self.attributes.begin(name),
            CallbackEvent::AttributeValue { value } if self.tag.is_some() => self.attributes.value(value),
            CallbackEvent::CloseStartTag { .. } => {
                if let Some(name) = self.tag.take() {
                    let attributes = std::mem::take(&mut self.attributes);
                    self.start(&name, &attributes);
                }
            }
            CallbackEvent::EndTag { name } => {
                self.tag = None;
                self.end(name);
            }
            CallbackEvent::String { value } => self.text(&String::from_utf8_lossy(value)),
            _ => {}
        }
        None
    }
}

/// Lets a converter run below a tokenizer and come back.
struct Borrowed<'c, 'a>(&'c mut Converter<'a>);

impl Callback<Infallible, ()> for Borrowed<'_, '_> {
    fn handle_event(&mut self, event: CallbackEvent<'_>, span: Span<()>) -> Option<Infallible> {
        self.0.handle_event(event, span)
    }
}

impl<'a> Converter<'a> {
    fn new(links: &'a mut Links) -> Self {
        Self {
            links,
            flow: Flow::default(),
            sheet: Sheet::default(),
            open: Vec::new(),
            beyond: Vec::new(),
            hidden_beyond: 0,
            counts: vec![0; 256],
            tag: None,
            attributes: Attributes::default(),
            raw: Raw::No,
            is_nested: false,
            root: Computed::default(),
            hidden: 0,
            invisible: 0,
        }
    }

    fn feed(&mut self, html: &str) {
        let mut emitter = CallbackEmitter::new(Borrowed(self));
        emitter.naively_switch_states(true);
        // Its error type cannot exist.
        let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
    }

    fn finish(mut self) -> Converted {
        self.beyond.clear();
        while !self.open.is_empty() {
            self.pop();
        }
        Converted { lines: self.flow.finish(self.links), hidden: self.hidden, invisible: self.invisible }
    }

    fn style(&self) -> Computed {
        self.open.last().map_or(self.root, |open| open.style)
    }

    fn is_dropped(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_dropped)
    }

    fn is_hidden(&self) -> bool {
        self.hidden_beyond > 0 || self.style().is_hidden()
    }

    fn text(&mut self, text: &str) {
        match self.raw {
            Raw::Dropped => return,
            // Inside noscript the tokenizer gives raw text; mail programs run no scripts and show it.
            Raw::Html if !self.is_nested => {
                self.is_nested = true;
                self.raw = Raw::No;
                self.feed(text);
                self.raw = Raw::Html;
                self.is_nested = false;
                return;
            }
            _ => {}
        }
        if self.is_dropped() {
            return;
        }
        let (text, removed) = invisible::clean(text);
        if self.is_hidden() {
            // Padding of preview lines is no text.
            self.hidden += visible_count(&text);
            return;
        }
        self.invisible += removed;
        if self.style().is_preformatted {
            self.flow.push_preformatted(&text);
        } else {
            self.flow.push_text(&text);
        }
    }

    fn start(&mut self, name: &[u8], attributes: &Attributes) {
        let mut kind = kind_of(name);
        if closes_paragraph(kind, name) {
            self.close_within(name_hash("p"), is_paragraph_scope);
        }
        match kind {
            Kind::Item => {
                self.close_within(name_hash("li"), |kind| {
                    matches!(kind, Kind::List { .. }) || is_scope(kind)
                });
            }
            Kind::Row => self.close_within(name_hash("tr"), |kind| kind == Kind::Table),
            Kind::Cell => {
                self.close_within(name_hash("td"), |kind| kind == Kind::Row || kind == Kind::Table);
                self.close_within(name_hash("th"), |kind| kind == Kind::Row || kind == Kind::Table);
            }
            Kind::Anchor => self.close_within(name_hash("a"), is_scope),
            _ => {}
        }
        if is_void(name) {
            self.void(name, attributes);
            return;
        }
        // Word's paragraphs have no margin: its blank lines are paragraphs of their own.
        if kind == Kind::Paragraph && attributes.text("class").contains("Mso") {
            kind = Kind::Line;
        }
        self.push(name, kind, attributes);
    }

    fn declared(&mut self, names: &Names, kind: Kind, attributes: &Attributes) -> Declared {
        let mut declared = Declared::default();
        // Weaker than any style, as in browsers.
        if attributes.has("hidden") || attributes.has("popover") {
            declared.hide();
        }
        if kind == Kind::Inline && ["small", "sub", "sup"].iter().any(|small| name_hash(small) == names.tag) {
            declared.make_smaller();
        }
        for name in ["bgcolor", "background"] {
            if attributes.has(name) {
                declared.set_background(attributes.text(name));
            }
        }
        for name in ["color", "text"] {
            if attributes.has(name) {
                declared.set_color(attributes.text(name));
            }
        }
        if kind == Kind::Preformatted {
            declared.is_preformatted = Some(true);
        }
        let (normal, important) = if self.sheet.is_empty() {
            (Declared::default(), Declared::default())
        } else {
            self.sheet.declared(names, &self.open.iter().map(|open| &open.names))
        };
        declared.overlay(&normal);
        let style = attributes.text("style");
        if style.contains("--") {
            self.sheet.variables.note_style(style);
        }
        let (inline, inline_important) = Declared::parse(style, &self.sheet.variables);
        declared.overlay(&inline);
        declared.overlay(&important);
        declared.overlay(&inline_important);
        if kind == Kind::Unshown && !attributes.has("open") {
            declared.hide();
        }
        declared
    }

    fn names(&self, name: &[u8], attributes: &Attributes) -> Names {
        Names::of(name, attributes, self.sheet.asks_attributes)
    }

    /// Whether an element stands in `details` that are not open.
    fn is_folded(&self, kind: Kind, attributes: &Attributes) -> bool {
        let outer = self.style().is_folded();
        match kind {
            Kind::Details => outer || !attributes.has("open"),
            Kind::Summary => {
                let details = self.open.iter().rposition(|open| open.kind == Kind::Details);
                let around = details.map(|at| at.checked_sub(1).and_then(|at| self.open.get(at)));
                around.map_or(outer, |around| around.is_some_and(|around| around.style.is_folded()))
            }
            _ => outer,
        }
    }

    fn push(&mut self, name: &[u8], kind: Kind, attributes: &Attributes) {
        let names = self.names(name, attributes);
        let declared = self.declared(&names, kind, attributes);
        let mut style = self.style().child(&declared, kind == Kind::Anchor);
        style.fold(self.is_folded(kind, attributes));
        self.raw = match kind {
            Kind::Style => Raw::Dropped,
            Kind::NoScript if !self.is_nested => Raw::Html,
            Kind::Dropped if matches!(name, b"script" | b"title" | b"iframe" | b"noembed" | b"noframes") => {
                Raw::Dropped
            }
            _ => Raw::No,
        };
        if let Some(count) = self.counts.get_mut((names.tag & 255) as usize) {
            *count += 1;
        }
        if self.open.len() >= MAX_DEPTH {
            let hides = style.is_hidden() && !self.style().is_hidden() || kind == Kind::Dropped;
            self.hidden_beyond += usize::from(hides);
            self.beyond.push((names.tag, hides));
            if kind != Kind::Inline && !self.is_hidden() {
                self.flow.end_line();
            }
            return;
        }
        let marker = markers::read(name, attributes.text("class"), attributes.text("id"), attributes);
        let is_dropped = self.is_dropped() || kind == Kind::Dropped;
        let mut open = Open {
            names,
            kind,
            style,
            region: self.flow.region,
            quote: self.flow.quote,
            is_dropped,
            opened_link: false,
            has_header: false,
        };
        if !is_dropped && !style.is_absent() {
            self.begin(&mut open, name, attributes);
        }
        self.mark(marker, kind);
        self.open.push(open);
    }

    /// What an element does to the lines when it begins.
    fn begin(&mut self, open: &mut Open, name: &[u8], attributes: &Attributes) {
        match open.kind {
            Kind::Block | Kind::Details | Kind::Summary => self.flow.end_line(),
            Kind::Line => self.flow.begin_tight(),
            Kind::Paragraph | Kind::Table | Kind::Preformatted => self.flow.end_paragraph(),
            Kind::Heading(level) => self.flow.begin_heading(level),
            Kind::List { is_ordered } => {
                let first = attributes.text("start").parse().unwrap_or(1).min(9_999);
                self.flow.begin_list(is_ordered, if is_ordered { first } else { 1 });
            }
            Kind::Item => self.flow.begin_item(),
            Kind::Row => self.flow.begin_row(),
            Kind::Cell => {
                let is_header = name == b"th";
                self.flow.begin_cell(is_header);
                if is_header && let Some(table) = self.open.iter_mut().rfind(|open| open.kind == Kind::Table)
                {
                    table.has_header = true;
                }
            }
            Kind::Quote => {
                self.flow.end_paragraph();
                self.flow.quote += 1;
            }
            Kind::Anchor if attributes.has("href") && !self.flow.has_link() => {
                self.flow.begin_link(attributes.text("href").to_owned());
                open.opened_link = true;
            }
            _ => {}
        }
    }

    fn mark(&mut self, marker: Option<Marker>, kind: Kind) {
        match marker {
            Some(Marker::Cited) => {
                self.flow.end_line();
                // A quotation that is no blockquote has no quote mark of its own yet.
                if kind != Kind::Quote {
                    self.flow.quote += 1;
                }
                self.flow.region = Region::Cited;
            }
            Some(Marker::Attribution) if self.flow.region == Region::Own => {
                self.flow.end_line();
                self.flow.region = Region::Attribution;
            }
            Some(Marker::HistoryHead) if self.flow.region != Region::Cited => {
                self.flow.end_line();
                self.flow.region = Region::HistoryHead;
            }
            Some(Marker::Signature) if self.flow.region == Region::Own => {
                self.flow.end_line();
                self.flow.region = Region::Signature;
            }
            _ => {}
        }
    }

    fn void(&mut self, name: &[u8], attributes: &Attributes) {
        if name == b"base" {
            self.links.set_base(attributes.text("href"));
            return;
        }
        if self.is_dropped() {
            return;
        }
        if self.hidden_beyond > 0 || self.style().is_absent() {
            self.hidden += visible_count(attributes.text("alt"));
            return;
        }
        match name {
            b"br" => self.flow.break_line(),
            b"hr" => {
                let names = self.names(name, attributes);
                let declared = self.declared(&names, Kind::Inline, attributes);
                if !self.style().child(&declared, false).is_hidden() {
                    self.flow.rule();
                }
            }
            b"img" | b"image" => self.image(name, attributes),
            _ => {}
        }
    }

    fn image(&mut self, name: &[u8], attributes: &Attributes) {
        let names = self.names(name, attributes);
        let declared = self.declared(&names, Kind::Inline, attributes);
        let is_dot = |side: &str| {
            let side = attributes.text(side).trim().trim_end_matches("px");
            side.parse::<f32>().is_ok_and(|pixels| pixels <= 2.0)
        };
        // Neither the size nor the colour of the text around is a picture's.
        if is_dot("width")
            || is_dot("height")
            || declared.is_dot()
            || Computed::default().child(&declared, true).is_absent()
        {
            self.hidden += visible_count(attributes.text("alt"));
            return;
        }
        let (alt, removed) = invisible::clean(attributes.text("alt"));
        self.invisible += removed;
        let alt = alt.trim();
        if alt.is_empty() || alt.contains("://") {
            self.flow.note_image();
        } else {
            self.flow.push_image(alt);
        }
    }

    fn end(&mut self, name: &[u8]) {
        self.raw = Raw::No;
        let hash = name_hash(&String::from_utf8_lossy(name));
        match name {
            b"br" => {
                self.start(b"br", &Attributes::default());
                return;
            }
            // An end without a beginning still separates.
            b"p" if !self.is_open(hash) && !self.is_hidden() && !self.is_dropped() => {
                self.flow.end_paragraph();
            }
            _ => {}
        }
        if !self.is_open(hash) {
            return;
        }
        if !self.beyond.is_empty() {
            let place = self.beyond.iter().rev().take(MAX_DEPTH).position(|(name, _)| *name == hash);
            if let Some(above) = place {
                for _ in 0..=above {
                    self.pop_beyond();
                }
                if kind_of(name) != Kind::Inline && !self.is_hidden() {
                    self.flow.end_line();
                }
                return;
            }
        }
        let kind = kind_of(name);
        let is_barrier = |other: Kind| match kind {
            Kind::Table => false,
            Kind::Row | Kind::Cell => other == Kind::Table,
            _ => matches!(other, Kind::Table | Kind::Cell),
        };
        self.close_within(hash, is_barrier);
    }

    fn is_open(&self, hash: u32) -> bool {
        self.counts.get((hash & 255) as usize).is_some_and(|count| *count > 0)
    }

    /// Closes the innermost element of that name, and all inside it, unless a barrier stands before it.
    fn close_within(&mut self, hash: u32, is_barrier: impl Fn(Kind) -> bool) {
        if !self.is_open(hash) {
            return;
        }
        for (above, open) in self.open.iter().rev().enumerate() {
            if open.names.tag == hash {
                while !self.beyond.is_empty() {
                    self.pop_beyond();
                }
                for _ in 0..=above {
                    self.pop();
                }
                return;
            }
            if is_barrier(open.kind) {
                return;
            }
        }
    }

    fn pop_beyond(&mut self) {
        if let Some((hash, hides)) = self.beyond.pop() {
            self.hidden_beyond = self.hidden_beyond.saturating_sub(usize::from(hides));
            self.forget(hash);
        }
    }

    fn forget(&mut self, hash: u32) {
        if let Some(count) = self.counts.get_mut((hash & 255) as usize) {
            *count = count.saturating_sub(1);
        }
    }

    fn pop(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.forget(open.names.tag);
        if open.opened_link {
            self.flow.end_link(self.links);
        }
        if !open.is_dropped && !open.style.is_absent() {
            match open.kind {
                Kind::Block | Kind::Details | Kind::Summary => self.flow.end_line(),
                Kind::Line => self.flow.end_tight(),
                Kind::Paragraph | Kind::Table | Kind::Preformatted | Kind::Quote => self.flow.end_paragraph(),
                Kind::Heading(_) => self.flow.end_heading(),
                Kind::List { .. } => self.flow.end_list(),
                Kind::Item => self.flow.end_item(),
                Kind::Row => {
                    let keeps_empty = self
                        .open
                        .iter()
                        .rfind(|open| open.kind == Kind::Table)
                        .is_some_and(|table| table.has_header);
                    self.flow.end_row(keeps_empty);
                }
                Kind::Cell => self.flow.end_cell(),
                _ => {}
            }
        }
        if self.flow.region != open.region || self.flow.quote != open.quote {
            self.flow.end_line();
            // History goes on to the end of the message: its head is only where it begins.
            self.flow.region = open.region;
            self.flow.quote = open.quote;
        }
    }
}

/// How many characters would be seen.
fn visible_count(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

fn is_scope(kind: Kind) -> bool {
    matches!(kind, Kind::Table | Kind::Cell)
}

fn is_paragraph_scope(kind: Kind) -> bool {
    matches!(kind, Kind::Table | Kind::Cell | Kind::Item)
}

#[cfg(test)]
mod tests;
