use playready::WrmHeader;

/// A WRMHEADER: what is read and can be written is read again.
pub fn playready_header(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(header) = WrmHeader::parse(text) else { return };
    let Ok(written) = header.write() else { return };
    // Custom attributes are kept as they came, and may lean on a prefix that stood around them.
    let leans = header.custom_attributes.as_deref().is_some_and(|inside| inside.contains(':'));
    match WrmHeader::parse(&written) {
        Ok(again) => assert_eq!(again, header),
        Err(error) => assert!(leans, "{error}: {written}"),
    }
}
