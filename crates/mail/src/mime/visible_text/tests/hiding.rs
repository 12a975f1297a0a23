//! Every way to hide text that was published or that browsers offer, one line each, and what only looks
//! like it and must stay.
//!
//! Of a hidden case `Seen` must come out, `SECRET` must not, and it must be counted.

use super::*;

const HIDDEN: &[(&str, &str)] = &[
    ("display none", "<p style='display:none'>SECRET</p>"),
    ("display none and an invalid value after it", "<p style='display:none;display:shown'>SECRET</p>"),
    ("display none behind escapes", "<p style='d\\69splay:n\\6fne'>SECRET</p>"),
    ("display none behind comments", "<p style='display/*x*/:/*y*/none'>SECRET</p>"),
    ("display none after sixteen kilobytes of padding", "<p style='PADDING;display:none'>SECRET</p>"),
    (
        "display none as the second of two style attributes is not read, the first is",
        "<p style='display:none' style='display:block'>SECRET</p>",
    ),
    ("visibility hidden", "<p style='visibility:hidden'>SECRET</p>"),
    ("visibility collapse", "<p style='visibility:collapse'>SECRET</p>"),
    ("content-visibility", "<p style='content-visibility:hidden'>SECRET</p>"),
    ("opacity nothing", "<p style='opacity:0'>SECRET</p>"),
    ("opacity percent", "<p style='opacity:1%'>SECRET</p>"),
    ("opacity exponent", "<p style='opacity:1e-9'>SECRET</p>"),
    (
        "opacity multiplied by nesting",
        "<p style='opacity:.3'><b style='opacity:.3'><i style='opacity:.3'>SECRET</i></b></p>",
    ),
    ("opacity and an invalid value after it", "<p style='opacity:0;opacity:x'>SECRET</p>"),
    ("filter opacity", "<p style='filter:opacity(0%)'>SECRET</p>"),
    ("filter blur", "<p style='filter:blur(20px)'>SECRET</p>"),
    ("font size nothing", "<p style='font-size:0'>SECRET</p>"),
    ("font size one pixel", "<p style='font-size:1px'>SECRET</p>"),
    ("font size two pixels", "<p style='font-size:2px'>SECRET</p>"),
    ("font size one point", "<p style='font-size:1pt'>SECRET</p>"),
    ("font size a tenth of the line", "<p style='font-size:.1em'>SECRET</p>"),
    ("font size one percent", "<p style='font-size:1%'>SECRET</p>"),
    ("font size exponent", "<p style='font-size:1e-3px'>SECRET</p>"),
    ("font size calc", "<p style='font-size:calc(1px * 0)'>SECRET</p>"),
    ("font size calc difference", "<p style='font-size:calc(12px - 12px)'>SECRET</p>"),
    ("font size min", "<p style='font-size:min(0px, 2em)'>SECRET</p>"),
    ("font size clamp", "<p style='font-size:clamp(0px, 1px, 1px)'>SECRET</p>"),
    ("font size in the shorthand", "<p style='font:0/0 a'>SECRET</p>"),
    ("font size in the shorthand after a weight", "<p style='font:700 1px/1 Arial'>SECRET</p>"),
    ("font size adjust", "<p style='font-size-adjust:0'>SECRET</p>"),
    (
        "small in small in small",
        "<p><small><small><small><small><small><small><small><small><small>SECRET</small></small></small></small></small></small></small></small></small></p>",
    ),
    ("zoom", "<p style='zoom:0.01'>SECRET</p>"),
    ("white on the white page", "<p style='color:#fff'>SECRET</p>"),
    ("nearly white", "<p style='color:#fefefe'>SECRET</p>"),
    ("a near white by name", "<p style='color:lightcyan'>SECRET</p>"),
    ("font color white", "<font color=white>SECRET</font>"),
    ("font color without number sign", "<font color=FFFFFF>SECRET</font>"),
    ("rgb with blanks", "<p style='color:rgb(255 255 255 / 100%)'>SECRET</p>"),
    ("rgb percent", "<p style='color:rgb(100%,100%,100%)'>SECRET</p>"),
    ("hsl", "<p style='color:hsl(120,0%,100%)'>SECRET</p>"),
    ("hwb", "<p style='color:hwb(0 100% 0%)'>SECRET</p>"),
    ("oklch", "<p style='color:oklch(1 0 0)'>SECRET</p>"),
    ("lab", "<p style='color:lab(100% 0 0)'>SECRET</p>"),
    ("color function", "<p style='color:color(srgb 1 1 1)'>SECRET</p>"),
    ("color-mix", "<p style='color:color-mix(in srgb, white 50%, white)'>SECRET</p>"),
    ("light-dark", "<p style='color:light-dark(white, black)'>SECRET</p>"),
    ("eight digits without alpha", "<p style='color:#00000000'>SECRET</p>"),
    ("four digits without alpha", "<p style='color:#0000'>SECRET</p>"),
    ("transparent", "<p style='color:transparent'>SECRET</p>"),
    ("transparent fill", "<p style='-webkit-text-fill-color:transparent'>SECRET</p>"),
    ("rgba with alpha one hundredth", "<p style='color:rgba(0,0,0,.01)'>SECRET</p>"),
    ("var from the sheet", "<style>:root{--c:#fff}</style><p style='color:var(--c)'>SECRET</p>"),
    ("var from the element", "<p style='--c:white;color:var(--c)'>SECRET</p>"),
    ("var with a fallback", "<p style='color:var(--none, #ffffff)'>SECRET</p>"),
    ("var of a var", "<style>html{--a:var(--b);--b:none}.x{display:var(--a)}</style><p class=x>SECRET</p>"),
    ("system colour", "<p style='color:Canvas'>SECRET</p>"),
    (
        "the colour of the table around",
        "<table bgcolor='#336699'><tr><td><font color='#336699'>SECRET</font></td></tr></table>",
    ),
    ("the colour of the body", "<body bgcolor=black text=white><p style='color:#000'>SECRET</p></body>"),
    (
        "the colour of a far ancestor",
        "<div style='background:#123'><div><table><tr><td><p><b style='color:#112233'>SECRET</b></p></td></tr></table></div></div>",
    ),
    ("background equal to the text", "<p style='color:red;background:currentColor'>SECRET</p>"),
    ("background of a gradient", "<p style='color:#fff;background:linear-gradient(white,white)'>SECRET</p>"),
    (
        "letters cut out of a white ground",
        "<p style='color:transparent;background:#fff;background-clip:text'>SECRET</p>",
    ),
    ("a link in the colour of the page", "<a href='https://x.example/' style='color:#fff'>SECRET</a>"),
    ("off to the left", "<p style='position:absolute;left:-9999px'>SECRET</p>"),
    ("off to the top, fixed", "<p style='position:fixed;top:-100vh'>SECRET</p>"),
    ("off with inset", "<p style='position:absolute;inset:-9999px auto auto -9999px'>SECRET</p>"),
    ("off with a logical inset", "<p style='position:absolute;inset-inline-start:-9999px'>SECRET</p>"),
    ("off with calc", "<p style='position:absolute;left:calc(-50vw - 5000px)'>SECRET</p>"),
    ("off with a margin", "<p style='margin-left:-9999px'>SECRET</p>"),
    ("off to the right with a margin", "<p style='margin-left:9999px'>SECRET</p>"),
    ("off with a margin in the shorthand", "<p style='margin:-5000px 0 0'>SECRET</p>"),
    ("text-indent", "<p style='text-indent:-9999em'>SECRET</p>"),
    (
        "text-indent to the right with overflow",
        "<p style='text-indent:100%;white-space:nowrap;overflow:hidden'>SECRET</p>",
    ),
    ("translate", "<p style='transform:translateX(-9999px)'>SECRET</p>"),
    ("the property translate", "<p style='translate:-9999px 0'>SECRET</p>"),
    ("scale", "<p style='transform:scale(0)'>SECRET</p>"),
    ("scale .01", "<p style='transform:scale(.01)'>SECRET</p>"),
    ("scale 1, 0", "<p style='transform:scale(1, 0)'>SECRET</p>"),
    ("the property scale", "<p style='scale:0'>SECRET</p>"),
    ("matrix", "<p style='transform:matrix(0,0,0,0,0,0)'>SECRET</p>"),
    ("turned on its edge", "<p style='transform:rotateY(90deg)'>SECRET</p>"),
    ("clip", "<p style='position:absolute;clip:rect(0 0 0 0)'>SECRET</p>"),
    ("clip to a point", "<p style='position:absolute;clip:rect(5px,5px,5px,5px)'>SECRET</p>"),
    ("clip-path inset", "<p style='clip-path:inset(50%)'>SECRET</p>"),
    ("clip-path inset on two sides", "<p style='clip-path:inset(0 100% 0 0)'>SECRET</p>"),
    ("clip-path circle", "<p style='clip-path:circle(0px at 50% 50%)'>SECRET</p>"),
    ("clip-path polygon", "<p style='clip-path:polygon(0 0, 0 0, 0 0)'>SECRET</p>"),
    ("max-height nothing", "<p style='max-height:0;overflow:hidden'>SECRET</p>"),
    ("max-height two pixels", "<p style='max-height:2px;overflow:hidden'>SECRET</p>"),
    ("block-size nothing", "<p style='block-size:0;overflow:clip'>SECRET</p>"),
    ("line-height nothing", "<p style='line-height:0;overflow:hidden'>SECRET</p>"),
    ("overflow and an invalid value after it", "<p style='height:0;overflow:hidden;overflow:x'>SECRET</p>"),
    ("width and height nothing", "<p style='width:0;height:0'>SECRET</p>"),
    (
        "a preview line of mail programs",
        "<div style='display:none;max-height:0;mso-hide:all;font-size:1px;line-height:1px;color:#fff;opacity:0'>SECRET</div>",
    ),
    (
        "for screen readers only",
        "<span style='position:absolute;width:1px;height:1px;overflow:hidden;clip:rect(1px,1px,1px,1px);white-space:nowrap'>SECRET</span>",
    ),
    ("letters upon each other", "<p style='letter-spacing:-1em'>SECRET</p>"),
    ("mso-hide", "<p style='mso-hide:all'>SECRET</p>"),
    ("template", "<template>SECRET</template>"),
    ("dialog", "<dialog>SECRET</dialog>"),
    ("datalist", "<datalist><option>SECRET</option></datalist>"),
    ("details that are not open", "<details><summary>more</summary><p>SECRET</p></details>"),
    ("details within details", "<details open><summary>more</summary><details>SECRET</details></details>"),
    ("hidden", "<div hidden>SECRET</div>"),
    ("hidden until found", "<div hidden=until-found>SECRET</div>"),
    ("popover", "<div popover>SECRET</div>"),
    ("alt of a picture of one pixel", "<img src=x width=1 height=1 alt='SECRET'>"),
    ("alt of a picture that is not shown", "<img src=x style='display:none' alt='SECRET'>"),
    (
        "alt of a picture in a box that is not shown",
        "<div style='display:none'><img src=x alt='SECRET'></div>",
    ),
    (
        "a table cell without size",
        "<table><tr><td style='width:0;height:0;overflow:hidden;font-size:0;line-height:0'>SECRET</td></tr></table>",
    ),
    ("a class", "<style>.x{display:none}</style><p class=x>SECRET</p>"),
    (
        "a class behind forty others",
        "<style>.x{display:none}</style><p class='a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 d0 d1 d2 d3 d4 d5 d6 d7 d8 d9 e0 x'>SECRET</p>",
    ),
    ("a class with an escape", "<style>.sm\\:x{display:none}</style><p class='sm:x'>SECRET</p>"),
    ("a class in hex", "<style>.\\78 {display:none}</style><p class=x>SECRET</p>"),
    ("a sheet behind the text", "<p class=x>SECRET</p><style>.x{display:none}</style>"),
    ("a sheet behind an empty comment", "<!--><style>.x{display:none}</style><!-- --><p class=x>SECRET</p>"),
    (
        "a sheet behind a comment for Outlook",
        "<!--[if !mso]><!--><style>.x{display:none}</style><!--<![endif]--><p class=x>SECRET</p>",
    ),
    ("a sheet in noscript", "<noscript><style>.x{display:none}</style></noscript><p class=x>SECRET</p>"),
    (
        "a sheet with a brace in a string",
        "<style>.a::before{content:'}'} .x{display:none}</style><p class=x>SECRET</p>",
    ),
    ("an attribute selector", "<style>p[data-x]{display:none}</style><p data-x>SECRET</p>"),
    (
        "an attribute selector with a value",
        "<style>[class*='ecre']{display:none}</style><p class=secret>SECRET</p>",
    ),
    (
        "the style attribute as a selector",
        "<style>[style*=purple]{display:none}</style><p style='color:purple'>SECRET</p>",
    ),
    ("first-child", "<style>div p:first-child{display:none}</style><div><p>SECRET</p></div>"),
    ("nth-of-type", "<style>u:nth-of-type(1){display:none}</style><u>SECRET</u>"),
    ("not", "<style>i:not(.shown){display:none}</style><i>SECRET</i>"),
    ("is", "<style>:is(.x,.y){display:none}</style><p class=y>SECRET</p>"),
    ("a sibling", "<style>b + i{display:none}</style><b></b><i>SECRET</i>"),
    ("the universal selector", "<style>div.x *{display:none}</style><div class=x><p>SECRET</p></div>"),
    ("a nested rule", "<style>div{color:#000; & .x{display:none}}</style><div><p class=x>SECRET</p></div>"),
    ("a rule in a layer", "<style>@layer a{.x{display:none}}</style><p class=x>SECRET</p>"),
    (
        "a rule under supports",
        "<style>@supports (display:grid){.x{display:none}}</style><p class=x>SECRET</p>",
    ),
    ("a media query in upper case", "<style>@MEDIA SCREEN{.x{display:none}}</style><p class=x>SECRET</p>"),
    ("not for print", "<style>@media not print{.x{display:none}}</style><p class=x>SECRET</p>"),
    ("for colour", "<style>@media (color){.x{display:none}}</style><p class=x>SECRET</p>"),
    ("for hovering", "<style>@media (hover:hover){.x{display:none}}</style><p class=x>SECRET</p>"),
    ("for a width", "<style>@media (width > 0px){.x{display:none}}</style><p class=x>SECRET</p>"),
    (
        "by daylight",
        "<style>@media (prefers-color-scheme: light){.x{color:#fff}}</style><p class=x>SECRET</p>",
    ),
    ("a media attribute", "<style media='not print'>.x{display:none}</style><p class=x>SECRET</p>"),
    ("the last of three hundred selectors", "<style>SELECTORS.x{display:none}</style><p class=x>SECRET</p>"),
    ("behind three thousand rules", "<style>RULES.x{display:none}</style><p class=x>SECRET</p>"),
    ("behind a megabyte of sheet", "<style>MEGABYTE.x{display:none}</style><p class=x>SECRET</p>"),
    (
        "important over inline",
        "<style>.x{display:none!important}</style><p class=x style='display:block'>SECRET</p>",
    ),
    ("below three hundred open elements", "DEEP<p hidden>SECRET</p>"),
];

/// No text at all: nothing is shown, nothing need be counted.
const NO_TEXT: &[(&str, &str)] = &[
    ("a comment", "<!-- SECRET -->"),
    ("a comment without end", "Seen<!-- SECRET"),
    ("a comment for Outlook", "<!--[if mso]><p>SECRET</p><![endif]-->"),
    ("a title", "<title>SECRET</title>"),
    ("a title in the middle", "<p>x</p><title>SECRET</title>"),
    ("a script", "<script>SECRET</script>"),
    ("a style", "<style>SECRET</style>"),
    ("generated content", "<style>p::after{content:'SECRET'}</style><p>x</p>"),
    ("a title attribute", "<p title='SECRET' data-x='SECRET' aria-label='SECRET'>x</p>"),
    ("a meta element", "<meta name=description content='SECRET'>"),
    ("a value of a field", "<input type=hidden value='SECRET'><input value=SECRET>"),
    ("a frame", "<iframe srcdoc='SECRET'>SECRET</iframe>"),
    ("noframes", "<noframes>SECRET</noframes>"),
    ("noembed", "<noembed>SECRET</noembed>"),
    ("an object", "<object data=x>SECRET</object>"),
    ("a drawing", "<svg><text>SECRET</text></svg>"),
    ("a canvas", "<canvas>SECRET</canvas>"),
    ("a processing instruction", "<?xml SECRET?>"),
    ("CDATA", "<![CDATA[SECRET]]>"),
    ("a tag without end", "Seen<p SECRET"),
];

const SHOWN: &[(&str, &str)] = &[
    ("white on a dark ground", "<div style='background:#111'><p style='color:#fff'>Seen</p></div>"),
    ("white on a dark bgcolor", "<td bgcolor=navy><font color=white>Seen</font></td>"),
    (
        "white on a gradient",
        "<div style='background:linear-gradient(90deg,#123456,#654321)'><p style='color:#fff'>Seen</p></div>",
    ),
    ("a dark mail", "<body style='background-color:#000;color:#fff'><p>Seen</p></body>"),
    (
        "a mail that would turn dark at night",
        "<style>@media (prefers-color-scheme:dark){.x{color:#fff!important}}</style><p class=x>Seen</p>",
    ),
    (
        "dark variables at night",
        "<style>:root{--c:#111}@media (prefers-color-scheme:dark){:root{--c:#fff}}</style><p style='color:var(--c)'>Seen</p>",
    ),
    ("dark mode of Outlook", "<style>[data-ogsc] .x{color:#fff!important}</style><p class=x>Seen</p>"),
    (
        "hidden on narrow screens",
        "<style>@media (max-width:480px){.x{display:none!important}}</style><p class=x>Seen</p>",
    ),
    ("hidden on paper", "<style>@media print{.x{display:none}}</style><p class=x>Seen</p>"),
    ("hidden while the mouse is there", "<style>.x:hover{opacity:0}</style><p class=x>Seen</p>"),
    (
        "hidden in Gmail alone",
        "<style>u + .body .x{display:none}</style><body class=body><p class=x>Seen</p></body>",
    ),
    (
        "hidden in Outlook alone, a button",
        "<a href='https://x.example/' style='background:#06c;color:#fff;mso-hide:all'></a>Seen",
    ),
    ("another class", "<style>.y{display:none}</style><p class=x>Seen</p>"),
    ("another attribute", "<style>p[data-y]{display:none}</style><p data-x>Seen</p>"),
    ("not", "<style>i:not(.shown){display:none}</style><i class=shown>Seen</i>"),
    ("a rule that another undoes", "<style>.x{display:none} p.x{display:block}</style><p class=x>Seen</p>"),
    ("hidden and then shown by style", "<div hidden style='display:block'>Seen</div>"),
    (
        "visible inside invisible",
        "<div style='visibility:hidden'><b style='visibility:visible'>Seen</b></div>",
    ),
    (
        "a size of its own inside none",
        "<td style='font-size:0'><span style='font-size:14px'>Seen</span></td>",
    ),
    ("grey small print", "<p style='color:#999;font-size:9px'>Seen</p>"),
    ("light grey small print", "<p style='color:#ccc;font-size:10px'>Seen</p>"),
    ("yellow on white", "<p style='color:yellow'>Seen</p>"),
    ("half transparent", "<p style='opacity:.5'>Seen</p>"),
    ("rgba with some alpha", "<p style='color:rgba(0,0,0,.54)'>Seen</p>"),
    ("hidden from screen readers", "<p aria-hidden=true>Seen</p>"),
    ("noscript", "<noscript>Seen</noscript>"),
    ("details that are open", "<details open><summary></summary>Seen</details>"),
    ("the summary of closed details", "<details><summary>Seen</summary></details>"),
    (
        "a ghost table for Outlook",
        "<!--[if mso]><table><tr><td><![endif]--><div>Seen</div><!--[if mso]></td></tr></table><![endif]-->",
    ),
    ("revealed to all but Outlook", "<!--[if !mso]><!--><p>Seen</p><!--<![endif]-->"),
    ("revealed by the older form", "<![if !mso]><p>Seen</p><![endif]>"),
    ("a hanging indent", "<p style='text-indent:-18pt;margin-left:36pt'>Seen</p>"),
    ("a negative margin", "<p style='margin-top:-20px'>Seen</p>"),
    ("relative and a little aside", "<p style='position:relative;left:-4px;top:2px'>Seen</p>"),
    ("overflow hidden with room", "<div style='overflow:hidden;max-height:400px;width:100%'>Seen</div>"),
    ("no width but a least one", "<div style='width:0;min-width:100%'>Seen</div>"),
    ("line-height nothing", "<div style='line-height:0'><p style='line-height:20px'>Seen</p></div>"),
    ("tight headings", "<h1 style='letter-spacing:-1px'></h1>Seen"),
    (
        "letters cut out of a gradient",
        "<p style='color:transparent;background:linear-gradient(#f06,#60f);-webkit-background-clip:text'>Seen</p>",
    ),
    ("scaled a little", "<p style='transform:scale(.95) rotate(2deg)'>Seen</p>"),
    ("moved a little", "<p style='transform:translateY(-50%)'>Seen</p>"),
    ("a clip with an inside", "<p style='clip:rect(0,200px,200px,0)'>Seen</p>"),
    ("a calc with a size", "<p style='font-size:calc(12px + 0.2vw)'>Seen</p>"),
    ("an unknown font size", "<p style='font-size:theme(x)'>Seen</p>"),
    ("an empty style", "<p style=';;:;color'>Seen</p>"),
    ("the blue of the first page on the red of the second", "<p style='color:#00f;background:#f00'>Seen</p>"),
    ("a mail of Word", "<p class=MsoNormal style='mso-margin-top-alt:auto;color:windowtext'>Seen</p>"),
    ("a text after the end", "</body></html>Seen"),
];

fn html_of(case: &str) -> String {
    case.replace("PADDING", &"color:red;".repeat(2_000))
        .replace("SELECTORS", &(0..300).map(|n| format!(".s{n},")).collect::<Vec<_>>().concat())
        .replace("RULES", &(0..3_000).map(|n| format!(".r{n}{{display:none}}")).collect::<Vec<_>>().concat())
        .replace("MEGABYTE", &"a{margin:0}".repeat(95_000))
        .replace("DEEP", &"<div>".repeat(300))
}

#[test]
fn whatever_hides_text_is_seen_through() {
    let failed: Vec<String> = HIDDEN
        .iter()
        .filter_map(|(name, case)| {
            let (text, count) = hidden(&format!("<p>Seen</p>{}", html_of(case)));
            let is_gone = !text.contains("SECRET") && text.contains("Seen") && count >= 6;
            (!is_gone).then(|| format!("{name}: {text:?}, {count} counted"))
        })
        .collect();
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), HIDDEN.len(), failed.join("\n"));
}

#[test]
fn what_is_no_text_is_not_shown() {
    for (name, case) in NO_TEXT {
        let text = shown(&format!("<p>Seen</p>{case}"));
        assert!(!text.contains("SECRET") && text.contains("Seen"), "{name}: {text}");
    }
}

#[test]
fn what_a_person_sees_stays() {
    let failed: Vec<String> = SHOWN
        .iter()
        .filter_map(|(name, case)| {
            let (text, count) = hidden(case);
            (!text.contains("Seen") || count > 0).then(|| format!("{name}: {text:?}, {count} counted"))
        })
        .collect();
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), SHOWN.len(), failed.join("\n"));
}

/// What hides between letters: each name with the text as sent, and as it must come out.
const BETWEEN_LETTERS: &[(&str, &str, &str)] = &[
    ("zero-width space", "pay\u{200B}pal", "paypal"),
    ("zero-width joiner between Latin letters", "pay\u{200D}pal", "paypal"),
    ("zero-width non-joiner between Latin letters", "pay\u{200C}pal", "paypal"),
    ("word joiner", "pay\u{2060}pal", "paypal"),
    ("byte order mark", "pay\u{FEFF}pal", "paypal"),
    ("soft hyphen", "pay\u{AD}pal", "paypal"),
    ("grapheme joiner", "pay\u{34F}pal", "paypal"),
    ("tag characters", "a\u{E0049}\u{E0067}\u{E006E}b", "ab"),
    ("tags at the end of a flag that is none", "a\u{1F3F4}\u{E0067}\u{E0062}b", "a\u{1F3F4}b"),
    ("variation selectors that spell octets", "a\u{FE00}\u{FE01}\u{E0100}\u{E0101}b", "ab"),
    ("a run of emoji selectors", "☺\u{FE0F}\u{FE0F}\u{FE0F}b", "☺\u{FE0F}b"),
    ("right-to-left override", "txt\u{202E}fdp", "txtfdp"),
    ("isolates", "a\u{2066}b\u{2069}c", "abc"),
    ("marks of direction", "a\u{200E}b\u{200F}c\u{61C}d", "abcd"),
    ("Hangul fillers", "a\u{3164}b\u{115F}c\u{1160}d\u{FFA0}e", "abcde"),
    ("Braille blanks", "a\u{2800}b", "a b"),
    ("Khmer vowels without shape", "a\u{17B4}b\u{17B5}c", "abc"),
    ("Mongolian separator", "a\u{180E}b", "ab"),
    ("invisible operators", "a\u{2061}b\u{2062}c\u{2063}d\u{2064}e", "abcde"),
    ("interlinear annotation", "a\u{FFF9}b\u{FFFA}c\u{FFFB}d", "abcd"),
    ("musical controls", "a\u{1D173}b\u{1D17A}c", "abc"),
    ("shorthand controls", "a\u{1BCA0}b", "ab"),
    ("line separators", "a\u{2028}b", "a\nb"),
    ("controls", "a\u{1}b\u{8}c\u{1B}d\u{7F}e\u{9B}f", "abcdef"),
    ("far private use", "a\u{F0041}b\u{100041}c", "abc"),
    (
        "a stack of marks",
        "a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}b",
        "a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}b",
    ),
    (
        "a stack of enclosing marks",
        "a\u{489}\u{489}\u{489}\u{489}\u{489}\u{489}\u{489}\u{489}b",
        "a\u{489}\u{489}\u{489}\u{489}\u{489}\u{489}b",
    ),
];

#[test]
fn what_hides_between_letters_is_taken_out_and_counted() {
    for (name, sent, kept) in BETWEEN_LETTERS {
        let entities: Vec<String> = sent.chars().map(|c| format!("&#x{:X};", c as u32)).collect();
        let plain = super::super::super::plain::lines(sent, false, false, &mut Links::new(false));
        assert_eq!(join(&plain.0), *kept, "{name}, plain");
        // HTML makes other blanks of line ends and marks of its own of some controls.
        if matches!(*name, "line separators" | "controls") {
            continue;
        }
        for html in [(*sent).to_owned(), entities.concat()] {
            let converted = convert(&html, &mut Links::new(false));
            assert_eq!(join(&converted.lines), *kept, "{name}");
            assert!(converted.invisible > 0, "{name}");
        }
    }
}

#[test]
fn what_scripts_and_emoji_need_stays() {
    for text in [
        "👩\u{200D}💻",
        "❤\u{FE0F}",
        "🏳\u{FE0F}\u{200D}🌈",
        "می\u{200C}خواهم",
        "क्\u{200D}ष",
        "e\u{301}",
        "ệ",
        "⠓⠑⠇⠇⠕⠀⠺⠕⠗⠇⠙",
        "שָׁלוֹם",
        "ท\u{E35}\u{E48}",
        "1\u{FE0F}\u{20E3}",
    ] {
        assert_eq!(invisible::clean(text), (text.into(), 0));
        // The blank of Braille is a blank.
        let converted = convert(text, &mut Links::new(false));
        assert_eq!((join(&converted.lines), converted.invisible), (text.replace('\u{2800}', " "), 0));
    }
}
