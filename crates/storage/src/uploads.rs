//! Files that were handed over to be attached: sealed in pieces, for one grant, kept a day.

use domain::{GrantId, Timestamp, UploadId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::Duration;

use crate::{
    Error, PieceReader, Pieces, Result, Row, Store, Value,
    home::HomeKey,
    pieces::{Recut, seal_piece},
};

/// How long a file is kept.
const KEPT: Duration = Duration::days(1);
/// How long a file may take to come.
const COMING: Duration = Duration::hours(1);

/// A file that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// Its name, as it was given.
    pub name: String,
    /// Its media type, as it was given.
    pub media_type: String,
    /// Its octets.
    pub size: u64,
    /// SHA-256 of them.
    pub sha256: [u8; 32],
    /// Until when it is kept.
    pub expires: Timestamp,
}

/// How much is kept of one grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// Octets of one file.
    pub size: u64,
    /// Files.
    pub count: u64,
    /// Octets of all files together.
    pub total: u64,
}

#[derive(Serialize, Deserialize)]
struct About {
    name: String,
    media_type: String,
    sha256: [u8; 32],
}

impl Store {
    /// Stores a file as it comes. `Full` if it, or all of the grant together, is more than the limits
    /// say, `Source` if `octets` fail; then nothing of it stays.
    pub async fn upload_add(
        &self,
        grant: &GrantId,
        name: &str,
        media_type: &str,
        limits: &UploadLimits,
        octets: impl Pieces,
    ) -> Result<Upload> {
        let id = UploadId::from_random(self.new_id());
        let added = self.take_upload(&id, grant, (name, media_type), limits, octets).await;
        if added.is_err() {
            self.remove_upload(&id).await?;
        }
        added
    }

    /// A file of the grant; nothing if there is none, it is another grant's, or its day is over.
    pub async fn upload_find(&self, grant: &GrantId, id: &UploadId) -> Result<Option<Upload>> {
        Ok(self.find_upload(grant, id).await?.map(|(upload, _)| upload))
    }

    /// Reads a file of the grant. `Gone` where [`Self::upload_find`] finds none.
    pub async fn upload_reader(&self, grant: &GrantId, id: &UploadId) -> Result<PieceReader> {
        const PIECE: &str = "SELECT content FROM upload_pieces WHERE upload_id = $1 AND seq = $2";
        let (_, count) = self.find_upload(grant, id).await?.ok_or(Error::Gone)?;
        Ok(PieceReader {
            database: self.database.clone(),
            sql: PIECE,
            key: self.upload_key(grant),
            context: vec![id.as_str().to_owned()],
            seq: 0,
            count,
        })
    }

    /// Forgets files whose day is over. Answers how many.
    pub async fn uploads_sweep(&self, now: Timestamp) -> Result<u64> {
        self.database.execute("DELETE FROM uploads WHERE expires <= $1", &[now.into()]).await
    }

    /// The row comes first and piece after piece follows, each on its own: a file that comes slowly holds
    /// no lock. Until the end the row says nothing and nobody finds it.
    async fn take_upload(
        &self,
        id: &UploadId,
        grant: &GrantId,
        (name, media_type): (&str, &str),
        limits: &UploadLimits,
        octets: impl Pieces,
    ) -> Result<Upload> {
        const BEGIN: &str = "INSERT INTO uploads (id, grant_id, created, expires) VALUES ($1, $2, $3, $4)";
        const PIECE: &str = "INSERT INTO upload_pieces (upload_id, seq, content) VALUES ($1, $2, $3)";
        const END: &str = "UPDATE uploads SET about = $2, size = $3, pieces = $4, expires = $5 WHERE id = $1";
        let begun = self.now();
        let row: [Value; 4] = [
            id.as_str().into(),
            grant.as_str().into(),
            begun.into(),
            begun.checked_add(COMING).unwrap_or(begun).into(),
        ];
        let mut transaction = self.database.begin().await?;
        transaction.execute(BEGIN, &row).await?;
        self.check_room(&mut transaction, grant, limits).await?;
        transaction.commit().await?;

        let (key, context) = (self.upload_key(grant), [id.as_str().to_owned()]);
        let mut pieces = Recut::new(octets);
        let (mut seq, mut size, mut hash) = (0_u64, 0_u64, Sha256::new());
        while let Some(piece) = pieces.next().await? {
            size += piece.len() as u64;
            if size > limits.size {
                return Err(Error::Full);
            }
            hash.update(piece);
            let sealed = seal_piece(&key, &context, seq, piece);
            self.database.execute(PIECE, &[id.as_str().into(), seq.into(), sealed.into()]).await?;
            seq += 1;
        }

        let about = About {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            sha256: hash.finalize().into(),
        };
        let json = serde_json::to_vec(&about).map_err(|_| Error::Unreadable("upload"))?;
        let sealed = key.seal(&[id.as_str(), "about"], &json);
        let ended = self.now();
        let expires = ended.checked_add(KEPT).unwrap_or(ended);
        let values: [Value; 5] = [id.as_str().into(), sealed.into(), size.into(), seq.into(), expires.into()];
        let mut transaction = self.database.begin().await?;
        if transaction.execute(END, &values).await? == 0 {
            return Err(Error::Gone);
        }
        self.check_room(&mut transaction, grant, limits).await?;
        transaction.commit().await?;
        let About { name, media_type, sha256 } = about;
        Ok(Upload { id: id.clone(), name, media_type, size, sha256, expires })
    }

    async fn check_room(
        &self,
        transaction: &mut crate::Transaction,
        grant: &GrantId,
        limits: &UploadLimits,
    ) -> Result<()> {
        const SUM: &str = "SELECT count(*) AS files, CAST(COALESCE(sum(size), 0) AS BIGINT) AS octets \
            FROM uploads WHERE grant_id = $1 AND expires > $2";
        let row = transaction.fetch_optional(SUM, &[grant.as_str().into(), self.now().into()]).await?;
        let row = row.ok_or(Error::Unreadable("uploads"))?;
        let fits = row.count("files")? <= limits.count && row.count("octets")? <= limits.total;
        if fits { Ok(()) } else { Err(Error::Full) }
    }

    async fn remove_upload(&self, id: &UploadId) -> Result<()> {
        self.database.execute("DELETE FROM uploads WHERE id = $1", &[id.as_str().into()]).await.map(drop)
    }

    /// A file that is whole, and how many pieces it has.
    async fn find_upload(&self, grant: &GrantId, id: &UploadId) -> Result<Option<(Upload, u64)>> {
        const FIND: &str = "SELECT about, size, pieces, expires FROM uploads \
            WHERE id = $1 AND grant_id = $2 AND about IS NOT NULL AND expires > $3";
        let values = [id.as_str().into(), grant.as_str().into(), self.now().into()];
        let read = |row: Row| {
            let opened = self.upload_key(grant).open(&[id.as_str(), "about"], row.bytes("about")?)?;
            let About { name, media_type, sha256 } =
                serde_json::from_slice(&opened).map_err(|_| Error::Unreadable("upload"))?;
            let (size, expires) = (row.count("size")?, row.instant("expires")?);
            let upload = Upload { id: id.clone(), name, media_type, size, sha256, expires };
            Ok((upload, row.count("pieces")?))
        };
        self.database.fetch_optional(FIND, &values).await?.map(read).transpose()
    }

    fn upload_key(&self, grant: &GrantId) -> HomeKey {
        let (sealer, owner) = (self.sealer.clone(), grant.as_str().to_owned());
        HomeKey::Master { sealer, purpose: "upload", owner }
    }
}
