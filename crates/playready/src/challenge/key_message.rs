//! The message of an EME module, still wrapped: UTF-16LE XML with the SOAP in base64.

use crate::refusal::MessageError;
use crate::xml;

/// The SOAP inside, if `body` is UTF-16LE. Anything else is not wrapped, and comes back as `None`.
pub(super) fn unwrap(body: &[u8]) -> Result<Option<Vec<u8>>, MessageError> {
    // A byte-order mark, or `<` in UTF-16LE: neither can begin UTF-8 XML.
    let Some([0xFF, 0xFE] | b"<\0") = body.first_chunk::<2>() else { return Ok(None) };
    let (units, odd) = body.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(MessageError::NotUtf8);
    }
    let text: String = char::decode_utf16(units.iter().map(|&unit| u16::from_le_bytes(unit)))
        .collect::<Result<_, _>>()
        .map_err(|_| MessageError::NotUtf8)?;
    let text = text.trim_start_matches('\u{FEFF}');
    if !text.contains("PlayReadyKeyMessage") {
        return Err(MessageError::NotUtf8);
    }
    // Its declaration says UTF-16, which it was until a moment ago.
    let text = match text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) {
        Some((_, rest)) => rest,
        None => text,
    };
    let document = xml::parse(text)?;
    let root = document.root_element();
    let mut challenges = root.descendants().filter(|node| node.tag_name().name() == "Challenge");
    let (Some(challenge), None) = (challenges.next(), challenges.next()) else {
        return Err(MessageError::KeyMessage);
    };
    if root.tag_name().name() != "PlayReadyKeyMessage"
        || challenge.attribute("encoding") != Some("base64encoded")
    {
        return Err(MessageError::KeyMessage);
    }
    let soap = xml::text_of(challenge).and_then(|text| xml::base64_of(&text));
    soap.map(Some).ok_or(MessageError::KeyMessage)
}

/// Wraps SOAP as an EME module does.
#[must_use]
pub fn wrap(soap: &[u8]) -> Vec<u8> {
    let text = format!(
        "<PlayReadyKeyMessage type=\"LicenseAcquisition\"><LicenseAcquisition Version=\"1\"><Challenge encoding=\"base64encoded\">{}\
         </Challenge><HttpHeaders><HttpHeader><name>Content-Type</name><value>text/xml; charset=utf-8</value></HttpHeader>\
         <HttpHeader><name>SOAPAction</name><value>\"{}/AcquireLicense\"</value></HttpHeader></HttpHeaders>\
         </LicenseAcquisition></PlayReadyKeyMessage>",
        drm_primitives::base64::encode(soap),
        xml::namespace::PROTOCOL,
    );
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_message_comes_out_and_anything_else_in_utf_16_is_refused() {
        assert_eq!(unwrap(&wrap(b"<soap/>")), Ok(Some(b"<soap/>".to_vec())));
        let marked = [&[0xFF, 0xFE], wrap(b"<soap/>").as_slice()].concat();
        assert_eq!(unwrap(&marked), Ok(Some(b"<soap/>".to_vec())));
        assert_eq!(unwrap(b"<soap/>"), Ok(None));
        let soap: Vec<u8> = "<soap/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(unwrap(&soap), Err(MessageError::NotUtf8));
        assert_eq!(unwrap(&wrap(b"x")[1..]), Ok(None));
        assert_eq!(unwrap(&wrap(b"x")[..41]), Err(MessageError::NotUtf8));
    }
}
