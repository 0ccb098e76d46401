use playready::lab_client::ReadLicence;
use playready::xmr::{Licence, ObjectKind};

/// A licence: it is written as it came, and whatever the strict client reads, the walker reads too.
pub fn playready_xmr(bytes: &[u8]) {
    let walked = Licence::parse(bytes);
    if let Ok(licence) = &walked {
        assert_eq!(licence.to_bytes(), bytes);
        assert_eq!(licence.find(&[]), Some(&licence.outer));
    }
    if let Some(read) = ReadLicence::read(bytes) {
        let licence = walked.expect("the strict client reads nothing that is no XMR");
        assert_eq!(licence.rights_id, read.rights_id);
        let content_key = licence.find(&[ObjectKind::KeyMaterial, ObjectKind::ContentKey]);
        assert!(content_key.is_some_and(|object| object.bytes().starts_with(&read.kid.guid_bytes())));
        assert_eq!(read.write(), bytes);
    }
}
