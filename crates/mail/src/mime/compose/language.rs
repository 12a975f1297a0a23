//! The languages that our own lines in a message are written in.

/// A language of attributions and heads of forwarded messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Language {
    /// English
    #[default]
    English,
    /// German
    German,
    /// French
    French,
    /// Spanish
    Spanish,
    /// Italian
    Italian,
    /// Portuguese
    Portuguese,
    /// Dutch
    Dutch,
    /// Swedish
    Swedish,
    /// Danish
    Danish,
    /// Polish
    Polish,
    /// Russian
    Russian,
}
