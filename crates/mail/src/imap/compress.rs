//! COMPRESS=DEFLATE (RFC 4978): a stream that deflates what is written and inflates what is read.
//!
//! Bounded: one buffer of compressed input, one of compressed output; inflated bytes go straight into
//! the reader's buffer, so a compression bomb grows nothing here.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const BUFFER: usize = 16 * 1024;

/// A compressed stream over `S`.
pub(super) struct Deflated<S> {
    inner: S,
    inflate: Decompress,
    deflate: Compress,
    input: Box<[u8]>,
    input_range: (usize, usize),
    inflate_may_hold_more: bool,
    output: Vec<u8>,
    output_start: usize,
    needs_sync: bool,
}

impl<S> Deflated<S> {
    /// Both directions compressed from the next byte on; raw deflate without a zlib header. `received` is
    /// what came of it already.
    pub(super) fn new(inner: S, received: &[u8]) -> Self {
        let mut input = vec![0; BUFFER.max(received.len())].into_boxed_slice();
        for (to, from) in input.iter_mut().zip(received) {
            *to = *from;
        }
        Self {
            inner,
            inflate: Decompress::new(false),
            deflate: Compress::new(Compression::fast(), false),
            input,
            input_range: (0, received.len()),
            inflate_may_hold_more: false,
            output: Vec::with_capacity(BUFFER),
            output_start: 0,
            needs_sync: false,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Deflated<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            let (start, end) = this.input_range;
            if start < end || this.inflate_may_hold_more {
                let (taken, given) = (this.inflate.total_in(), this.inflate.total_out());
                let input = this.input.get(start..end).unwrap_or_default();
                let status = this
                    .inflate
                    .decompress(input, buf.initialize_unfilled(), FlushDecompress::Sync)
                    .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "broken deflate stream"))?;
                let taken = usize::try_from(this.inflate.total_in() - taken).unwrap_or(usize::MAX);
                let given = usize::try_from(this.inflate.total_out() - given).unwrap_or(usize::MAX);
                this.input_range.0 = start.saturating_add(taken).min(end);
                this.inflate_may_hold_more = given > 0 && given == buf.remaining();
                buf.advance(given.min(buf.remaining()));
                if given > 0 || status == Status::StreamEnd {
                    return Poll::Ready(Ok(()));
                }
                if taken == 0 && this.input_range.0 < end {
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "stuck deflate stream",
                    )));
                }
                continue;
            }
            let mut read = ReadBuf::new(&mut this.input);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut read))?;
            let filled = read.filled().len();
            if filled == 0 {
                return Poll::Ready(Ok(()));
            }
            this.input_range = (0, filled);
        }
    }
}

impl<S: AsyncWrite + Unpin> Deflated<S> {
    /// Writes out what is compressed already.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.output.get(self.output_start..).filter(|rest| !rest.is_empty()) {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.output_start += written;
        }
        self.output.clear();
        self.output_start = 0;
        Poll::Ready(Ok(()))
    }

    fn deflate(&mut self, bytes: &[u8], flush: FlushCompress) -> io::Result<usize> {
        let before = self.deflate.total_in();
        self.output.reserve(BUFFER.max(bytes.len() / 2));
        self.deflate
            .compress_vec(bytes, &mut self.output, flush)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "cannot deflate"))?;
        Ok(usize::try_from(self.deflate.total_in() - before).unwrap_or(usize::MAX))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Deflated<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            ready!(this.poll_drain(cx))?;
            this.needs_sync = true;
            // The compressor may first have to make room for what it holds.
            match this.deflate(bytes, FlushCompress::None)? {
                0 if !bytes.is_empty() && !this.output.is_empty() => {}
                taken => return Poll::Ready(Ok(taken)),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        while this.needs_sync {
            this.deflate(&[], FlushCompress::Sync)?;
            // A full buffer means that the compressor may hold more behind it.
            this.needs_sync = this.output.len() == this.output.capacity();
            ready!(this.poll_drain(cx))?;
        }
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_one_side_writes_the_other_reads() {
        let (left, right) = tokio::io::duplex(700);
        let (mut left, mut right) = (Deflated::new(left, &[]), Deflated::new(right, &[]));
        let text: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let sent = text.clone();
        let writer = tokio::spawn(async move {
            for chunk in sent.chunks(7_001) {
                left.write_all(chunk).await.unwrap();
                left.flush().await.unwrap();
            }
            left
        });
        let mut seen = vec![0; text.len()];
        right.read_exact(&mut seen).await.unwrap();
        assert!(seen == text);
        drop(writer.await.unwrap());
        assert_eq!(right.read(&mut [0; 8]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_short_command_leaves_at_the_flush() {
        let (left, right) = tokio::io::duplex(4096);
        let (mut left, mut right) = (Deflated::new(left, &[]), Deflated::new(right, &[]));
        for command in ["a1 NOOP\r\n", "a2 NOOP\r\n"] {
            left.write_all(command.as_bytes()).await.unwrap();
            left.flush().await.unwrap();
            let mut seen = vec![0; command.len()];
            right.read_exact(&mut seen).await.unwrap();
            assert_eq!(seen, command.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_bomb_is_read_in_pieces_of_the_readers_size() {
        // A gigabyte would be a megabyte; sixteen are enough to see that nothing grows.
        let zeros = vec![0_u8; 16 << 20];
        let mut bomb = Vec::with_capacity(1 << 20);
        Compress::new(Compression::best(), false)
            .compress_vec(&zeros, &mut bomb, FlushCompress::Sync)
            .unwrap();
        assert!(bomb.len() < zeros.len() / 500);
        let (_left, right) = tokio::io::duplex(64);
        let mut reader = Deflated::new(right, &bomb);
        let mut seen = 0;
        while seen < zeros.len() {
            let mut piece = [1; 4096];
            let count = reader.read(&mut piece).await.unwrap();
            assert!(count > 0 && piece.iter().take(count).all(|octet| *octet == 0));
            seen += count;
        }
        assert_eq!(seen, zeros.len());
        assert!(reader.input.len() + reader.output.capacity() <= bomb.len().max(BUFFER) + BUFFER);
    }
}
