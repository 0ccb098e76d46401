//! The answer with licences, in the one form that every client digests alike (playready.md, section 5).

use drm_primitives::{Random, base64};

use crate::bcert::sha256;
use crate::curve::SigningKey;

/// Up to the body of the envelope. Fixed prefix, no whitespace between elements: the slice as sent, its canonical
/// form and what common libraries re-serialise are the same bytes.
pub(crate) const ENVELOPE_START: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><soap:Body>";
pub(crate) const ENVELOPE_END: &str = "</soap:Body></soap:Envelope>";

/// Everything but the licences themselves.
pub(crate) struct Response<'a> {
    /// XMR, one a key.
    pub(crate) licences: &'a [Vec<u8>],
    /// The request's nonce.
    pub(crate) nonce: &'a [u8; 16],
    /// The signer's chain in base64.
    pub(crate) signing_chain: &'a str,
}

impl Response<'_> {
    /// Writes and signs it.
    pub(crate) fn sign(&self, signer: &SigningKey, random: &dyn Random) -> Vec<u8> {
        let response_id: [u8; 32] = random.array();
        let licences: String = self
            .licences
            .iter()
            .flat_map(|licence| ["<License>".to_owned(), base64::encode(licence), "</License>".to_owned()])
            .collect();
        let covered = format!(
            "<LicenseResponse xmlns=\"http://schemas.microsoft.com/DRM/2007/03/protocols\" Id=\"SignedData\">\
             <Version>1</Version><Licenses>{licences}</Licenses><LicenseNonce>{}</LicenseNonce>\
             <ResponseID>{}</ResponseID><SigningCertificateChain>{}</SigningCertificateChain></LicenseResponse>",
            base64::encode(self.nonce),
            base64::encode(&response_id),
            self.signing_chain,
        );
        let signed_info = signed_info(&sha256(covered.as_bytes()));
        let signature = signer.sign(signed_info.as_bytes());
        format!(
            "{ENVELOPE_START}<AcquireLicenseResponse xmlns=\"http://schemas.microsoft.com/DRM/2007/03/protocols\">\
             <AcquireLicenseResult><Response xmlns=\"http://schemas.microsoft.com/DRM/2007/03/protocols/messages\">\
             {covered}<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">{signed_info}\
             <SignatureValue>{}</SignatureValue></Signature></Response></AcquireLicenseResult>\
             </AcquireLicenseResponse>{ENVELOPE_END}",
            base64::encode(&signature),
        )
        .into_bytes()
    }
}

/// `SignedInfo` around a digest, exactly.
fn signed_info(digest: &[u8; 32]) -> String {
    format!(
        "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\">\
         <CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"></CanonicalizationMethod>\
         <SignatureMethod Algorithm=\"http://schemas.microsoft.com/DRM/2007/03/protocols#ecdsa-sha256\"></SignatureMethod>\
         <Reference URI=\"#SignedData\">\
         <DigestMethod Algorithm=\"http://schemas.microsoft.com/DRM/2007/03/protocols#sha256\"></DigestMethod>\
         <DigestValue>{}</DigestValue></Reference></SignedInfo>",
        base64::encode(digest),
    )
}
