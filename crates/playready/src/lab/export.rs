//! The files that leave the lab.

use std::fmt;

use zeroize::Zeroizing;

use super::Material;

/// A file of `boxoffice lab export`.
#[derive(Clone)]
pub struct ExportedFile {
    /// Its path below the export's directory.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Whether it is a private key, to be readable by its owner only.
    pub secret: bool,
}

/// What a client provisions itself from.
#[derive(Clone)]
pub struct GroupFiles {
    /// `bgroupcert.dat`: the chain [group, company].
    pub bgroupcert: Vec<u8>,
    /// `zgpriv.dat`: the group's private scalar, big-endian.
    pub zgpriv: Zeroizing<[u8; 32]>,
}

impl ExportedFile {
    pub(super) fn all(material: &Material) -> Vec<Self> {
        let GroupFiles { bgroupcert, zgpriv } = material.group_files();
        let file = |name, bytes: Vec<u8>, secret| Self { name, bytes: Zeroizing::new(bytes), secret };
        vec![
            file("playready/root-public-key.bin", material.root_public_key().as_bytes().to_vec(), false),
            file("playready/server-public-key.bin", material.server_public_key().as_bytes().to_vec(), false),
            file("playready/bgroupcert.dat", bgroupcert, false),
            file("playready/zgpriv.dat", zgpriv.to_vec(), true),
        ]
    }
}

impl fmt::Debug for ExportedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExportedFile({}, {} bytes)", self.name, self.bytes.len())
    }
}

impl fmt::Debug for GroupFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupFiles(..)")
    }
}
