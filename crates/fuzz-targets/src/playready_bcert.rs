use playready::bcert::Chain;

/// A chain of device certificates: it is written as it came, and is made of its certificates.
pub fn playready_bcert(bytes: &[u8]) {
    let Ok(chain) = Chain::parse(bytes) else { return };
    assert_eq!(chain.to_bytes(), bytes);
    let certificates = chain.certificates();
    assert!(Chain::COUNT.contains(&certificates.len()));
    assert_eq!(Chain::new(certificates.to_vec()).as_ref(), Ok(&chain));
    for certificate in certificates {
        // The signature object has 144 bytes.
        assert_eq!(certificate.as_bytes().len(), certificate.signed_bytes().len() + 144);
        let body = certificate.body();
        let _ = (body.features(), body.manufacturer(), certificate.digest());
        for key in body.keys() {
            assert!(key.usages.iter().all(|&usage| body.key_for(usage).is_some()));
        }
    }
}
