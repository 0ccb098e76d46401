//! Device files, version 2: the table of widevine.md, section 4.

use zeroize::Zeroizing;

use super::root::LabDevice;

impl LabDevice {
    /// The `.wvd` file: about 2.7 KB.
    #[must_use]
    pub fn device_file(&self) -> Zeroizing<Vec<u8>> {
        let length = |bytes: &[u8]| {
            u16::try_from(bytes.len()).expect("a lab device's key and identity are below 4 KB").to_be_bytes()
        };
        let (key, client_id) = (self.private_key(), self.client_id());
        let mut file = Zeroizing::new(Vec::with_capacity(key.len() + client_id.len() + 11));
        file.extend_from_slice(b"WVD");
        file.extend_from_slice(&[2, self.device_type().number(), self.level().number(), 0]);
        file.extend_from_slice(&length(key));
        file.extend_from_slice(key);
        file.extend_from_slice(&length(client_id));
        file.extend_from_slice(client_id);
        file
    }
}
