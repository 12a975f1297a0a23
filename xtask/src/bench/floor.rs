//! The floor: IMAP commands on a plain socket, from the first byte sent to the last byte received. Looks
//! at no more of a reply than where it ends, so that nothing can be faster.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::Failure;

const PATIENCE: Duration = Duration::from_mins(2);

/// A signed-in connection.
pub(super) struct Floor {
    stream: TcpStream,
    commands: u32,
    buffer: Vec<u8>,
    filled: usize,
}

impl Floor {
    /// Connects to a port on 127.0.0.1 and signs in.
    pub(super) fn sign_in(port: u16, user: &str, password: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut floor = Self { stream, commands: 0, buffer: vec![0; 1 << 20], filled: 0 };
        while !floor.reply().ends_with(b"\r\n") {
            floor.read_more()?;
        }
        floor.run(&format!("LOGIN {user} {password}"))?;
        Ok(floor)
    }

    /// Sends a command and waits for the end of its reply, which must be OK.
    pub(super) fn run(&mut self, command: &str) -> Result<Duration, Failure> {
        self.commands += 1;
        // long enough to occur nowhere else
        let tag = format!("floor-{:08}", self.commands);
        let line = format!("{tag} {command}\r\n");
        self.filled = 0;
        let started = Instant::now();
        self.stream.write_all(line.as_bytes())?;
        loop {
            self.read_more()?;
            if let Some(status) = status(self.reply(), &tag) {
                let took = started.elapsed();
                if status.starts_with(b"OK") {
                    return Ok(took);
                }
                let said = String::from_utf8_lossy(status).into_owned();
                return Err(Failure::Failed(format!("the floor's `{command}` was answered with {said}")));
            }
        }
    }

    /// Everything the server said to the last command.
    pub(super) fn reply(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// The last number before `word` in an untagged reply, as in `* 12 EXISTS`.
    pub(super) fn number(&self, word: &str) -> Result<u32, Failure> {
        let text = String::from_utf8_lossy(self.reply());
        let found = text.lines().filter_map(|line| line.strip_prefix("* ")?.strip_suffix(word)).next_back();
        found
            .and_then(|number| number.trim().parse().ok())
            .ok_or_else(|| Failure::Failed(format!("the server told no{word}")))
    }

    /// How many messages the last reply tells of.
    pub(super) fn fetched(&self) -> usize {
        let marker = b" FETCH (";
        self.reply().windows(marker.len()).filter(|window| window == marker).count()
    }

    /// The newest `count` UIDs of the last ESEARCH reply, as a set.
    pub(super) fn newest_found(&self, count: usize) -> Result<String, Failure> {
        let text = String::from_utf8_lossy(self.reply());
        let all = text
            .lines()
            .filter(|line| line.starts_with("* ESEARCH "))
            .find_map(|line| line.split_once(" ALL "))
            .and_then(|(_, rest)| rest.split_whitespace().next());
        let set = all.ok_or_else(|| Failure::Failed("the server found nothing".into()))?;
        let mut uids: Vec<u32> = set.split(',').filter_map(ends).flat_map(|(low, high)| low..=high).collect();
        uids.sort_unstable();
        let newest: Vec<String> = uids.iter().rev().take(count).map(u32::to_string).collect();
        Ok(newest.join(","))
    }

    fn read_more(&mut self) -> Result<(), Failure> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let read = self.stream.read(&mut self.buffer[self.filled..])?;
        if read == 0 {
            return Err(Failure::Failed("the server closed the floor's connection".into()));
        }
        self.filled += read;
        Ok(())
    }
}

fn ends(range: &str) -> Option<(u32, u32)> {
    let (from, to) = range.split_once(':').unwrap_or((range, range));
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    Some(if from <= to { (from, to) } else { (to, from) })
}

/// What follows the tag in the last line, if that line is whole and has the tag.
fn status<'a>(reply: &'a [u8], tag: &str) -> Option<&'a [u8]> {
    let lines = reply.strip_suffix(b"\r\n")?;
    // a status line is short; a long one just takes a longer look
    let begins = lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    lines.get(begins..)?.strip_prefix(tag.as_bytes())?.strip_prefix(b" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_ends_with_the_whole_line_of_its_tag() {
        assert_eq!(status(b"* 1 EXISTS\r\nf-1 OK done\r\n", "f-1"), Some(&b"OK done"[..]));
        assert_eq!(status(b"f-1 NO\r\n", "f-1"), Some(&b"NO"[..]));
        assert_eq!(status(b"* 1 EXISTS\r\nf-1 OK do", "f-1"), None);
        assert_eq!(status(b"f-1 OK\r\n* 1 EXISTS\r\n", "f-1"), None);
    }

    #[test]
    fn ranges_may_run_either_way() {
        assert_eq!(
            [ends("7"), ends("3:9"), ends("9:3"), ends("x")],
            [Some((7, 7)), Some((3, 9)), Some((3, 9)), None]
        );
    }
}
