//! The answer's form (section 5), and its digest and signature over the bytes as they came.

use super::Violation;
use super::crypto::{sha_256, verify};
use super::request::signed_info;
use super::scanner::Scanner;
use super::signing_chain;

const START: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><soap:Body><AcquireLicenseResponse xmlns=\"http://schemas.microsoft.com/DRM/2007/03/protocols\"><AcquireLicenseResult><Response xmlns=\"http://schemas.microsoft.com/DRM/2007/03/protocols/messages\">";
const SIGNED: &str =
    "<LicenseResponse xmlns=\"http://schemas.microsoft.com/DRM/2007/03/protocols\" Id=\"SignedData\">";
const SIGNED_END: &str = "</LicenseResponse>";
const END: &str =
    "</Signature></Response></AcquireLicenseResult></AcquireLicenseResponse></soap:Body></soap:Envelope>";

/// What an answer says.
pub(super) struct Response {
    pub(super) licences: Vec<Vec<u8>>,
    pub(super) nonce: Vec<u8>,
    pub(super) id: Vec<u8>,
}

/// Reads an answer: rules 1 and 2 of section 14.3.
pub(super) fn read(text: &str, root: &[u8; 64]) -> Result<Response, Violation> {
    const FORM: u8 = 1;
    const SIGNATURE: u8 = 2;
    let mut scanner = Scanner::new(text, FORM);
    scanner.expect(START)?;
    let from = scanner.rest();
    scanner.expect(SIGNED)?;
    scanner.expect("<Version>1</Version><Licenses>")?;
    let mut licences = Vec::new();
    while !scanner.skip("</Licenses>") {
        licences.push(scanner.base64("License")?);
    }
    let nonce = scanner.base64("LicenseNonce")?;
    let id = scanner.base64("ResponseID")?;
    let chain = scanner.base64("SigningCertificateChain")?;
    scanner.expect(SIGNED_END)?;
    let signed = from.strip_suffix(scanner.rest()).unwrap_or_default();
    scanner.expect("<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">")?;
    // The form is one only, so the text around the right digest has to be what came: that checks both.
    let signed_info = signed_info(&sha_256(signed.as_bytes()));
    scanner.expect(&signed_info)?;
    let signature = scanner.base64("SignatureValue")?;
    scanner.expect(END)?;
    scanner.end()?;
    let broken = |what: &str| Violation::new(SIGNATURE, what.to_owned());
    let key = signing_chain::verify(&chain, root)
        .map_err(|what| Violation::new(SIGNATURE, format!("the signing chain: {what}")))?;
    let signature = signature.as_slice().try_into().map_err(|_| broken("SignatureValue has not 64 bytes"))?;
    if !verify(&key, signed_info.as_bytes(), signature) {
        return Err(broken("the signature over SignedInfo does not verify"));
    }
    Ok(Response { licences, nonce, id })
}
