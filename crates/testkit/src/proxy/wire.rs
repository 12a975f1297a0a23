//! The two directions of a proxied connection: what the client asks is only delayed or cut off, what the
//! server says meets the other faults.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{Arc, atomic::Ordering, mpsc},
    thread,
    time::{Duration, Instant},
};

use super::{Faults, Joint, hang_up};

/// Carries what the client says, until it is cut off.
pub(super) fn requests(
    from: TcpStream,
    mut to: TcpStream,
    mut faults: Faults,
    mut strike: usize,
    joint: &Arc<Joint>,
) -> io::Result<()> {
    let source = from.try_clone()?;
    let pieces = read(from, Some(Arc::clone(joint)))?;
    let joint = Arc::clone(joint);
    thread::Builder::new().spawn(move || {
        let mut carried = 0;
        for (read_at, piece) in pieces {
            if let Some(struck) = joint.network.struck_since(&mut strike) {
                (faults.cut_after_asked, carried) = (struck.cut_after_asked, 0);
            }
            thread::sleep(faults.delay.saturating_sub(read_at.elapsed()));
            let left = faults.cut_after_asked.map_or(usize::MAX, |limit| limit.saturating_sub(carried));
            if to.write_all(piece.get(..left).unwrap_or(&piece)).is_err() {
                break;
            }
            carried += piece.len();
            if piece.len() >= left {
                hang_up(&to, &source);
                break;
            }
        }
        joint.end();
        let _ = to.shutdown(Shutdown::Write);
    })?;
    Ok(())
}

/// Carries what the server says, as the faults want it.
pub(super) fn answers(
    from: TcpStream,
    to: TcpStream,
    faults: Faults,
    strike: usize,
    joint: &Arc<Joint>,
) -> io::Result<()> {
    let source = from.try_clone()?;
    let pieces = read(from, None)?;
    let joint = Arc::clone(joint);
    thread::Builder::new().spawn(move || {
        let mut line =
            Line { to, joint, faults, strike, carried: 0, literal: Literal::default(), is_silent: false };
        for (read_at, piece) in pieces {
            line.joint.network.said.fetch_add(piece.len(), Ordering::SeqCst);
            line.heed_strikes();
            thread::sleep(line.faults.delay.saturating_sub(read_at.elapsed()));
            let piece = line.spoilt(piece);
            if line.hand_on(&piece).is_err() {
                break;
            }
        }
        line.joint.end();
        if !line.is_silent {
            hang_up(&line.to, &source);
        }
    })?;
    Ok(())
}

/// How many pieces of 16 KiB are on their way at the most: who sends more has to wait.
const PIECES: usize = 128;

type Pieces = mpsc::Receiver<(Instant, Vec<u8>)>;

/// Reads and stamps, apart from the thread that hands on when the delay is over.
fn read(mut from: TcpStream, client: Option<Arc<Joint>>) -> io::Result<Pieces> {
    let (sender, pieces) = mpsc::sync_channel(PIECES);
    thread::Builder::new().spawn(move || {
        let mut buffer = [0; 16_384];
        while let Ok(length) = from.read(&mut buffer) {
            let piece = buffer.get(..length).unwrap_or_default().to_vec();
            if length == 0 {
                return;
            }
            if let Some(joint) = &client {
                joint.client_spoke();
            }
            if sender.send((Instant::now(), piece)).is_err() {
                return;
            }
        }
    })?;
    Ok(pieces)
}

/// What the server says, on its way.
struct Line {
    to: TcpStream,
    joint: Arc<Joint>,
    faults: Faults,
    strike: usize,
    /// Bytes since the connection or the last strike began.
    carried: usize,
    literal: Literal,
    is_silent: bool,
}

/// The connection is over.
struct Cut;

impl Line {
    fn heed_strikes(&mut self) {
        if let Some(faults) = self.joint.network.struck_since(&mut self.strike) {
            self.faults = faults;
            self.carried = 0;
        }
    }

    /// The piece as it will be said.
    fn spoilt(&self, piece: Vec<u8>) -> Vec<u8> {
        let mut piece = match &self.faults.replace {
            Some((old, new)) => replaced(&piece, old, new),
            None => piece,
        };
        if !self.faults.strip.is_empty() && contains(&piece, b"CAPABILITY") {
            for capability in &self.faults.strip {
                for end in [" ", "]", "\r\n"] {
                    piece = replaced(&piece, format!(" {capability}{end}").as_bytes(), end.as_bytes());
                }
            }
        }
        piece
    }

    fn hand_on(&mut self, piece: &[u8]) -> Result<(), Cut> {
        for part in piece.chunks(self.faults.trickle.unwrap_or(usize::MAX).max(1)) {
            let mut rest = part;
            while !rest.is_empty() {
                let (now, later) = rest.split_at(self.until_next_event(rest));
                self.say(now)?;
                self.event()?;
                rest = later;
            }
            if self.faults.trickle.is_some() {
                thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(())
    }

    /// How many bytes of `rest` can be said before something happens.
    fn until_next_event(&mut self, rest: &[u8]) -> usize {
        let left = |at: usize| at.checked_sub(self.carried);
        let slip_in = self.faults.slip_in.as_ref().map(|(at, _)| *at);
        let limits = [self.faults.cut_after, self.faults.stall_after, slip_in];
        let by_bytes = limits.into_iter().flatten().filter_map(left).min().unwrap_or(usize::MAX);
        let by_literal = self
            .faults
            .cut_in_literal
            .and_then(|depth| self.literal.reach(rest, depth))
            .unwrap_or(usize::MAX);
        if by_literal <= by_bytes.min(rest.len()) {
            // The cut comes as soon as these are said.
            self.faults.cut_after = Some(self.carried + by_literal);
        }
        rest.len().min(by_bytes).min(by_literal)
    }

    fn say(&mut self, bytes: &[u8]) -> Result<(), Cut> {
        self.carried += bytes.len();
        self.literal.pass(bytes);
        if self.is_silent || bytes.is_empty() {
            return Ok(());
        }
        self.joint.server_spoke();
        self.to.write_all(bytes).map_err(|_| Cut)
    }

    /// Does what is due at this byte.
    fn event(&mut self) -> Result<(), Cut> {
        if self.faults.cut_after.is_some_and(|at| self.carried >= at) {
            return Err(Cut);
        }
        if self.faults.stall_after.is_some_and(|at| self.carried >= at) {
            self.is_silent = true;
            self.faults.stall_after = None;
        }
        if self.faults.slip_in.as_ref().is_some_and(|(at, _)| self.carried >= *at)
            && let Some((_, garbage)) = self.faults.slip_in.take()
        {
            self.to.write_all(&garbage).map_err(|_| Cut)?;
        }
        Ok(())
    }
}

/// Where the stream is in respect of literals: `{42}` at a line's end, then 42 bytes.
#[derive(Debug, Default, Clone)]
struct Literal {
    /// How much of the current literal was said, and how long it is.
    inside: Option<(usize, usize)>,
    /// The end of the current line.
    tail: Vec<u8>,
}

impl Literal {
    fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.step(*byte);
        }
    }

    /// How many of `bytes` lead to `depth` bytes into a literal that is longer, if these do.
    fn reach(&self, bytes: &[u8], depth: usize) -> Option<usize> {
        let mut ahead = self.clone();
        for (index, byte) in bytes.iter().enumerate() {
            if ahead.is_at(depth) {
                return Some(index);
            }
            ahead.step(*byte);
        }
        ahead.is_at(depth).then_some(bytes.len())
    }

    fn is_at(&self, depth: usize) -> bool {
        self.inside.is_some_and(|(said, length)| said == depth && length > depth)
    }

    fn step(&mut self, byte: u8) {
        if let Some((said, length)) = &mut self.inside {
            *said += 1;
            if *said >= *length {
                self.inside = None;
            }
            return;
        }
        self.tail.push(byte);
        if byte == b'\n' {
            let length = announced(&self.tail);
            self.inside = length.filter(|length| *length > 0).map(|length| (0, length));
            self.tail.clear();
        } else if self.tail.len() > 32 {
            self.tail.remove(0);
        }
    }
}

/// The length that the end of a line announces.
fn announced(tail: &[u8]) -> Option<usize> {
    let tail = tail.strip_suffix(b"}\r\n")?;
    let open = tail.iter().rposition(|byte| *byte == b'{')?;
    std::str::from_utf8(tail.get(open + 1..)?).ok()?.parse().ok()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn replaced(piece: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(piece.len());
    let mut rest = piece;
    while let Some((first, tail)) = rest.split_first() {
        if !old.is_empty() && rest.starts_with(old) {
            result.extend_from_slice(new);
            rest = rest.get(old.len()..).unwrap_or_default();
        } else {
            result.push(*first);
            rest = tail;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_followed_to_the_byte() {
        let stream = b"* 1 FETCH (BODY[1] {5}\r\nhello BODY[2] {0}\r\n FLAGS ())\r\n{9}\r\n{3}\r\nabcdef";
        let mut literal = Literal::default();
        assert_eq!(literal.reach(stream, 2), Some(stream.iter().position(|b| *b == b'h').unwrap() + 2));
        assert_eq!(literal.reach(stream, 7), Some(stream.len() - 4));
        literal.pass(stream.get(..30).unwrap());
        assert_eq!(literal.inside, None);
        assert_eq!(literal.reach(stream.get(30..).unwrap(), 9), None);
    }
}
