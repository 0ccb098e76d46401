use boxoffice_core::authenticator::CustomerAuthenticator;

/// The parameter `customerAuthenticator`: what is read is what was written, but for the case of its digits.
pub fn customer_authenticator(bytes: &[u8]) {
    let Ok(given) = CustomerAuthenticator::parse(bytes) else { return };
    assert!(bytes.eq_ignore_ascii_case(given.reveal().as_bytes()));
}
