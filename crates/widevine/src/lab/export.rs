//! The files that other programs read (widevine.md, section 4).

use std::fmt;

use zeroize::Zeroizing;

use super::root::LabRoot;
use crate::pem;

/// A file of `boxoffice lab export`. Contents are never printed.
pub struct ExportedFile {
    /// Where it belongs, relative to the directory, with `/` between names.
    pub path: String,
    /// What is in it.
    pub contents: Zeroizing<Vec<u8>>,
}

impl LabRoot {
    /// Root and service certificate, and each device as a device file and as two plain files. Hold private
    /// keys: 0600.
    #[must_use]
    pub fn export(&self) -> Vec<ExportedFile> {
        let file = |path: String, contents: &[u8]| ExportedFile {
            path,
            contents: Zeroizing::new(contents.to_vec()),
        };
        let mut files = vec![file("root.bin".to_owned(), self.root.certificate())];
        if let Some(service) = self.services.first() {
            files.push(file("service.bin".to_owned(), service.certificate()));
        }
        for device in &self.devices {
            let name = device.name();
            files.push(file(format!("{name}.wvd"), &device.device_file()));
            let private_key = pem::rsa_private_key(device.private_key());
            files.push(file(format!("{name}/private_key.pem"), private_key.as_bytes()));
            files.push(file(format!("{name}/client_id.bin"), device.client_id()));
        }
        files
    }
}

impl fmt::Debug for ExportedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExportedFile({}, {} bytes)", self.path, self.contents.len())
    }
}
