//! What goes into a spool comes out of it, with its size and hash; what is larger is told.

use std::sync::Mutex;

use super::*;

/// Predictable, and different each time it is asked.
struct Counter(Mutex<u8>);

impl Random for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        let mut next = self.0.lock().unwrap();
        for byte in bytes {
            *next = next.wrapping_mul(31).wrapping_add(7);
            *byte = *next;
        }
    }
}

fn random() -> Arc<dyn Random> {
    Arc::new(Counter(Mutex::new(1)))
}

async fn spool(pieces: &[&[u8]], limit: u64) -> Result<Spool, Problem> {
    let mut writer = Writer::new(&random(), limit);
    for piece in pieces {
        writer.push(piece).await?;
    }
    writer.finish(0..0, false, false).await
}

async fn all(spool: &Spool) -> Vec<u8> {
    let mut reader = spool.read();
    let mut out = Vec::new();
    while let Some(piece) = Chunks::next(&mut reader).await.unwrap() {
        assert!(!piece.is_empty() && piece.len() <= PIECE);
        out.extend_from_slice(&piece);
    }
    assert!(Chunks::next(&mut reader).await.unwrap().is_none());
    out
}

#[tokio::test]
async fn a_message_of_any_size_comes_out_as_it_went_in_as_often_as_it_is_read() {
    for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1, 5 * PIECE + 77] {
        let octets: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let pieces: Vec<&[u8]> = octets.chunks(100_003).collect();
        let spool = spool(&pieces, u64::MAX).await.unwrap();
        assert_eq!(spool.size(), size as u64);
        assert_eq!(spool.hash(), <[u8; 32]>::from(Sha256::digest(&octets)));
        assert!(all(&spool).await == octets && all(&spool).await == octets, "{size}");
        assert_eq!(matches!(spool.kept, Kept::Memory(_)), size <= PIECE, "{size}");
    }
}

#[tokio::test]
async fn nothing_of_a_large_message_can_be_read_in_its_file() {
    let words = b"nobody may read these words on the disk ".repeat(20_000);
    let spool = spool(&[&words], u64::MAX).await.unwrap();
    let Kept::File(sealed) = &spool.kept else { panic!("it is large") };
    let mut stored = Vec::new();
    {
        let mut file = sealed.file.lock().unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.read_to_end(&mut stored).unwrap();
    }
    assert!(stored.len() > words.len());
    assert!(memory_find(&stored, b"nobody may").is_none());
    // A piece that was altered is no piece.
    {
        let mut file = sealed.file.lock().unwrap();
        file.seek(SeekFrom::Start(100)).unwrap();
        file.write_all(b"x").unwrap();
    }
    assert!(Chunks::next(&mut spool.read()).await.is_err());
}

fn memory_find(within: &[u8], wanted: &[u8]) -> Option<usize> {
    within.windows(wanted.len()).position(|window| window == wanted)
}

#[tokio::test]
async fn what_is_larger_than_the_limit_is_told_with_the_limit() {
    let problem = spool(&[&[b'x'; 1_000], &[b'x'; 1]], 1_000).await.unwrap_err();
    assert_eq!(problem.code, Code::TooLarge);
    assert!(problem.message.contains("1000 octets"), "{problem}");
    assert!(spool(&[&[b'x'; 1_000]], 1_000).await.is_ok());
    let told = too_large(Some(27_400_000), MAX_SIZE).message;
    assert!(told.contains("about 27.4 MB") && told.contains("26.2 MB"), "{told}");
}
