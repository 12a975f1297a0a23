//! Bodies, and that our own reader knows what we wrote.

use super::*;
