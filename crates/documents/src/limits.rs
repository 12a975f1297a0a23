//! What reading one document may cost.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const MIB: u64 = 1 << 20;

/// The bounds of one reading. The defaults are the product's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Limits {
    /// The child's address space, in bytes: its program, its stack and all that it holds.
    pub memory: u64,
    /// The child's time on a processor.
    pub cpu_seconds: u64,
    /// How long a document waits for its turn.
    pub waiting: Duration,
    /// From its turn to the answer.
    pub wall: Duration,
    /// Bytes of a file.
    pub input: u64,
    /// Bytes that the parts of a container unpack to, all together.
    pub unpacked: u64,
    /// Entries of a container.
    pub entries: usize,
    /// Bytes of the text that is given; what is left is cut.
    pub text: usize,
    /// Pages of a PDF; what is left is cut.
    pub pages: usize,
    /// Pixels of a picture before it is made smaller.
    pub pixels: u64,
    /// Children at the same time.
    pub children: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 512 * MIB,
            cpu_seconds: 10,
            waiting: Duration::from_secs(15),
            wall: Duration::from_secs(15),
            input: 32 * MIB,
            unpacked: 100_000_000,
            entries: 10_000,
            text: 4_000_000,
            pages: 1_000,
            pixels: 50_000_000,
            children: 2,
        }
    }
}
