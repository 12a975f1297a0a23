//! What the elements of HTML mean for text.

/// The effect of an element on the text inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// None.
    Inline,
    /// On lines of its own.
    Block,
    /// A paragraph without blank lines around; an empty one is a blank line.
    Line,
    /// On lines of its own with a blank line around.
    Paragraph,
    /// `h1` to `h6`.
    Heading(usize),
    /// `ul`, `menu`; `ol` counts.
    List {
        /// Whether items are numbered.
        is_ordered: bool,
    },
    /// `li`.
    Item,
    /// `table`.
    Table,
    /// `tr`.
    Row,
    /// `td`, `th`.
    Cell,
    /// `pre` and its kin.
    Preformatted,
    /// `blockquote`.
    Quote,
    /// `a`.
    Anchor,
    /// Its text is never shown: scripts, styles, titles.
    Dropped,
    /// Its text is there and no reader sees it.
    Unshown,
    /// `details`: folded away unless it is open, but for its summary.
    Details,
    /// `summary`.
    Summary,
    /// `style`.
    Style,
    /// `noscript`: its text is HTML.
    NoScript,
}

/// Elements without content.
pub(super) fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"br"
            | b"hr"
            | b"img"
            | b"input"
            | b"meta"
            | b"link"
            | b"base"
            | b"area"
            | b"col"
            | b"wbr"
            | b"embed"
            | b"source"
            | b"track"
            | b"param"
            | b"bgsound"
            | b"keygen"
            | b"basefont"
            | b"frame"
            | b"image"
    )
}

/// The kind of an element by its lower-case name.
pub(super) fn kind_of(name: &[u8]) -> Kind {
    match name {
        b"p" | b"dl" | b"fieldset" | b"figure" => Kind::Paragraph,
        b"h1" => Kind::Heading(1),
        b"h2" => Kind::Heading(2),
        b"h3" => Kind::Heading(3),
        b"h4" => Kind::Heading(4),
        b"h5" => Kind::Heading(5),
        b"h6" => Kind::Heading(6),
        b"ul" | b"menu" | b"dir" => Kind::List { is_ordered: false },
        b"ol" => Kind::List { is_ordered: true },
        b"li" => Kind::Item,
        b"table" => Kind::Table,
        b"tr" => Kind::Row,
        b"td" | b"th" => Kind::Cell,
        b"pre" | b"xmp" | b"listing" | b"plaintext" => Kind::Preformatted,
        b"blockquote" => Kind::Quote,
        b"a" => Kind::Anchor,
        b"script" | b"title" | b"iframe" | b"noembed" | b"noframes" | b"object" | b"applet" | b"svg"
        | b"canvas" | b"math-hidden" | b"progress" | b"meter" => Kind::Dropped,
        b"template" | b"datalist" | b"dialog" | b"rp" => Kind::Unshown,
        b"details" => Kind::Details,
        b"summary" => Kind::Summary,
        b"style" => Kind::Style,
        b"noscript" => Kind::NoScript,
        b"div" | b"center" | b"address" | b"article" | b"aside" | b"body" | b"caption" | b"dd" | b"dt"
        | b"figcaption" | b"footer" | b"form" | b"header" | b"hgroup" | b"html" | b"legend" | b"main"
        | b"nav" | b"option" | b"optgroup" | b"section" | b"tbody" | b"textarea" | b"tfoot" | b"thead"
        | b"search" | b"marquee" => Kind::Block,
        _ => Kind::Inline,
    }
}

/// Whether an element ends an open paragraph before it.
pub(super) fn closes_paragraph(kind: Kind, name: &[u8]) -> bool {
    match kind {
        Kind::Block => !matches!(name, b"option" | b"optgroup" | b"caption" | b"tbody" | b"tfoot" | b"thead"),
        Kind::Paragraph
        | Kind::Heading(_)
        | Kind::List { .. }
        | Kind::Item
        | Kind::Table
        | Kind::Preformatted
        | Kind::Quote => true,
        _ => name == b"hr",
    }
}
