//! From bytes to responses and from commands to bytes, without any I/O.

use bytes::Bytes;

/// A value of a response before its meaning is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NIL.
    Nil,
    /// An atom, number or flag, as it came.
    Atom(Bytes),
    /// A quoted string (unescaped) or a literal.
    Text(Bytes),
    /// A literal that was handed out in chunks; its size in octets.
    Streamed(u64),
    /// A parenthesised list.
    List(Vec<Value>),
}
