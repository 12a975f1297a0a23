//! The one key that everything sealed depends on: from text, or from a file that only its owner reads.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use domain::{Random, Secret};
use zeroize::Zeroizing;

use crate::{Error, Result, create_private_folder, private_file};

/// A key's file is at most this long; anything more is not a key.
const FILE_BYTES: u64 = 1024;

/// 32 random bytes. `Debug` shows nothing of them.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Reads base64 (either alphabet, with or without padding) or 64 hex digits of 32 bytes.
    pub fn from_text(text: &Secret) -> Result<Self> {
        let text = text.expose().trim();
        let bytes = if text.len() == 64 { from_hex(text) } else { from_base64(text) };
        let bytes = bytes.ok_or(Error::KeyMalformed)?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| Error::KeyMalformed)?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// A key out of `random`.
    pub fn generate(random: &dyn Random) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        random.fill(&mut *key);
        Self(key)
    }

    /// The key as base64, as the file holds it.
    pub fn to_text(&self) -> Secret {
        Secret::new(BASE64_STANDARD.encode(self.0.as_slice()))
    }

    /// Reads the key's file; one that group or others may read is refused.
    pub fn load(path: &Path) -> Result<Self> {
        let failed = |source| Error::KeyFile { path: path.to_owned(), source };
        let file = fs::File::open(path).map_err(failed)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(Error::KeyExposed { path: path.to_owned(), mode });
            }
        }
        let mut text = Zeroizing::new(String::new());
        io::Read::read_to_string(&mut io::Read::take(file, FILE_BYTES), &mut text).map_err(failed)?;
        Self::from_text(&Secret::new(text.as_str()))
    }

    /// Reads the key's file, or makes it with mode 0600 if there is none. Of two programs that start at
    /// once, one makes it and both read the same key; an existing file is never overwritten.
    pub fn load_or_create(path: &Path, random: &dyn Random) -> Result<Self> {
        match Self::load(path) {
            Err(Error::KeyFile { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            loaded => return loaded,
        }
        let key = Self::generate(random);
        match key.create_file(path, random) {
            Ok(()) => Ok(key),
            Err(source) if source.kind() == io::ErrorKind::AlreadyExists => Self::load(path),
            Err(source) => Err(Error::KeyFile { path: path.to_owned(), source }),
        }
    }

    /// Writes beside `path` and links there, so that a half-written key never stands at `path`.
    fn create_file(&self, path: &Path, random: &dyn Random) -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        create_private_folder(folder)?;
        let mut suffix = [0; 8];
        random.fill(&mut suffix);
        let beside = folder.join(format!(".key-{:016x}", u64::from_be_bytes(suffix)));
        self.write_file(&beside)?;
        let linked = match fs::hard_link(&beside, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                // A file system without hard links.
                self.write_file(path)
            }
            linked => linked,
        };
        fs::remove_file(&beside)?;
        linked?;
        fs::File::open(folder)?.sync_all()
    }

    fn write_file(&self, path: &Path) -> io::Result<()> {
        let mut file = private_file().write(true).create_new(true).open(path)?;
        file.write_all(self.to_text().expose().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(hidden)")
    }
}

fn from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(32));
    for pair in text.as_bytes().chunks(2) {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?);
    }
    Some(bytes)
}

fn from_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text = Zeroizing::new(text.replace('-', "+").replace('_', "/"));
    GeneralPurpose::new(&alphabet::STANDARD, config).decode(text.as_bytes()).ok().map(Zeroizing::new)
}
