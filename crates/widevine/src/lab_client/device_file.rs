//! Reading device files, version 2 (widevine.md, section 4).

use super::fault::DeviceFileError;

/// The parts of a device file.
#[derive(Debug)]
pub struct DeviceFile<'a> {
    /// 1 to 3.
    pub level: u8,
    /// PKCS#1 DER.
    pub private_key: &'a [u8],
    /// `ClientIdentification`.
    pub client_id: &'a [u8],
}

impl<'a> DeviceFile<'a> {
    /// Takes a file apart.
    pub fn read(file: &'a [u8]) -> Result<Self, DeviceFileError> {
        let rest = file.strip_prefix(b"WVD").ok_or(DeviceFileError::Magic)?;
        let (&[version, device_type, level, _flags], rest) =
            rest.split_first_chunk().ok_or(DeviceFileError::Length)?;
        if version != 2 {
            return Err(DeviceFileError::Version { got: version });
        }
        if !matches!((device_type, level), (1 | 2, 1..=3)) {
            return Err(DeviceFileError::Kind { device_type, level });
        }
        let (private_key, rest) = prefixed(rest).ok_or(DeviceFileError::Length)?;
        let (client_id, rest) = prefixed(rest).ok_or(DeviceFileError::Length)?;
        if !rest.is_empty() {
            return Err(DeviceFileError::Length);
        }
        Ok(Self { level, private_key, client_id })
    }
}

fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Android, level 3, a key of two bytes, an identity of one.
    const FILE: &[u8] = b"WVD\x02\x02\x03\x00\x00\x02\xAA\xBB\x00\x01\xCC";

    #[test]
    fn a_file_is_taken_apart() {
        let file = DeviceFile::read(FILE).unwrap();
        assert_eq!((file.level, file.private_key, file.client_id), (3, &[0xAA, 0xBB][..], &[0xCC][..]));
    }

    #[test]
    fn a_bad_file_says_why() {
        let error = |bytes: &[u8]| DeviceFile::read(bytes).unwrap_err();
        assert_eq!(error(b"PK\x03\x04"), DeviceFileError::Magic);
        assert_eq!(error(b"WVD\x01\x02\x03\x00"), DeviceFileError::Version { got: 1 });
        assert_eq!(error(b"WVD\x02\x03\x01\x00"), DeviceFileError::Kind { device_type: 3, level: 1 });
        assert_eq!(error(&[FILE, &[0]].concat()), DeviceFileError::Length);
        for end in 3..FILE.len() {
            assert_eq!(error(&FILE[..end]), DeviceFileError::Length);
        }
    }

    proptest! {
        #[test]
        fn no_file_panics(bytes: Vec<u8>) {
            let _ = DeviceFile::read(&bytes);
            let _ = DeviceFile::read(&[b"WVD\x02\x01\x01\x00", &bytes[..]].concat());
        }
    }
}
