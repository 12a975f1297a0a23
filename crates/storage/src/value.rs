//! Values that go into statements and rows that come out, the same for both databases.

use std::{fmt, sync::Arc};

use domain::Timestamp;

use crate::{Error, Result};

/// One value of a statement or a row. Switches are `Int` 0 and 1, instants `Int` milliseconds since 1970.
/// `Debug` shows the kind alone: hashes of passwords and sealed bytes pass through here.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Text(_) => "Text(hidden)",
            Self::Int(_) => "Int(hidden)",
            Self::Bytes(_) => "Bytes(hidden)",
        })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(is_set: bool) -> Self {
        Self::Int(is_set.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Timestamp> for Value {
    fn from(instant: Timestamp) -> Self {
        // Milliseconds of all years that Timestamp can hold fit into i64.
        Self::Int(i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer; its values are asked for by the name of the column.
#[derive(Debug, Clone)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    pub(crate) fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// The value of a column, or `Unreadable` if the row has no such column.
    pub fn value(&self, column: &'static str) -> Result<&Value> {
        let position = self.columns.iter().position(|name| name == column);
        position.and_then(|position| self.values.get(position)).ok_or(Error::Unreadable(column))
    }

    /// Whether the column holds nothing.
    pub fn is_null(&self, column: &'static str) -> Result<bool> {
        Ok(*self.value(column)? == Value::Null)
    }

    /// Text that must be there.
    pub fn text(&self, column: &'static str) -> Result<&str> {
        match self.value(column)? {
            Value::Text(text) => Ok(text),
            _ => Err(Error::Unreadable(column)),
        }
    }

    /// Text that may be missing.
    pub fn optional_text(&self, column: &'static str) -> Result<Option<&str>> {
        if self.is_null(column)? { Ok(None) } else { self.text(column).map(Some) }
    }

    /// A whole number that must be there.
    pub fn int(&self, column: &'static str) -> Result<i64> {
        match self.value(column)? {
            Value::Int(number) => Ok(*number),
            _ => Err(Error::Unreadable(column)),
        }
    }

    /// A whole number that must be there and is not below zero.
    pub fn count(&self, column: &'static str) -> Result<u64> {
        u64::try_from(self.int(column)?).map_err(|_| Error::Unreadable(column))
    }

    /// A switch: anything but 0 is on.
    pub fn flag(&self, column: &'static str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }

    /// Bytes that must be there.
    pub fn bytes(&self, column: &'static str) -> Result<&[u8]> {
        match self.value(column)? {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(Error::Unreadable(column)),
        }
    }

    /// Bytes that may be missing.
    pub fn optional_bytes(&self, column: &'static str) -> Result<Option<&[u8]>> {
        if self.is_null(column)? { Ok(None) } else { self.bytes(column).map(Some) }
    }

    /// An instant that must be there.
    pub fn instant(&self, column: &'static str) -> Result<Timestamp> {
        let millis = i128::from(self.int(column)?);
        Timestamp::from_unix_timestamp_nanos(millis * 1_000_000).map_err(|_| Error::Unreadable(column))
    }

    /// An instant that may be missing.
    pub fn optional_instant(&self, column: &'static str) -> Result<Option<Timestamp>> {
        if self.is_null(column)? { Ok(None) } else { self.instant(column).map(Some) }
    }
}
