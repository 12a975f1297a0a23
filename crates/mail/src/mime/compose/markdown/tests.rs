//! Markdown in both forms.

use super::*;
