//! SOAP faults (playready.md, section 6).

use crate::response::{ENVELOPE_END, ENVELOPE_START};
use crate::xml::escape;

/// The eleven documented codes. Clients fail badly on any other.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum FaultCode {
    /// 0x8004c065.
    DeviceCertificateRevoked,
    /// 0x8004c602.
    DeviceLimitReached,
    /// 0x8004c605.
    DomainRequired,
    /// 0x8004c600.
    InternalError,
    /// 0x8004c601.
    InvalidMessage,
    /// 0x8004c60a.
    NotAMember,
    /// 0x8004c60d.
    ProtocolRedirect,
    /// 0x8004c60b.
    ProtocolVersionMismatch,
    /// 0x8004c606.
    RenewDomain,
    /// 0x8004c604.
    ServiceSpecific,
    /// 0x8004c60c.
    UnknownAccountId,
}

impl FaultCode {
    /// Every code.
    pub const ALL: [Self; 11] = [
        Self::DeviceCertificateRevoked,
        Self::InternalError,
        Self::InvalidMessage,
        Self::DeviceLimitReached,
        Self::ServiceSpecific,
        Self::DomainRequired,
        Self::RenewDomain,
        Self::NotAMember,
        Self::ProtocolVersionMismatch,
        Self::UnknownAccountId,
        Self::ProtocolRedirect,
    ];

    /// `0x` and eight lower-case digits.
    #[must_use]
    pub const fn status_code(self) -> &'static str {
        match self {
            Self::DeviceCertificateRevoked => "0x8004c065",
            Self::InternalError => "0x8004c600",
            Self::InvalidMessage => "0x8004c601",
            Self::DeviceLimitReached => "0x8004c602",
            Self::ServiceSpecific => "0x8004c604",
            Self::DomainRequired => "0x8004c605",
            Self::RenewDomain => "0x8004c606",
            Self::NotAMember => "0x8004c60a",
            Self::ProtocolVersionMismatch => "0x8004c60b",
            Self::UnknownAccountId => "0x8004c60c",
            Self::ProtocolRedirect => "0x8004c60d",
        }
    }

    /// The name in the vendor's documentation.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeviceCertificateRevoked => "DRM_E_DEVCERT_REVOKED",
            Self::InternalError => "DRM_E_SERVER_INTERNAL_ERROR",
            Self::InvalidMessage => "DRM_E_SERVER_INVALID_MESSAGE",
            Self::DeviceLimitReached => "DRM_E_SERVER_DEVICE_LIMIT_REACHED",
            Self::ServiceSpecific => "DRM_E_SERVER_SERVICE_SPECIFIC",
            Self::DomainRequired => "DRM_E_SERVER_DOMAIN_REQUIRED",
            Self::RenewDomain => "DRM_E_SERVER_RENEW_DOMAIN",
            Self::NotAMember => "DRM_E_SERVER_NOT_A_MEMBER",
            Self::ProtocolVersionMismatch => "DRM_E_SERVER_PROTOCOL_VERSION_MISMATCH",
            Self::UnknownAccountId => "DRM_E_SERVER_UNKNOWN_ACCOUNTID",
            Self::ProtocolRedirect => "DRM_E_SERVER_PROTOCOL_REDIRECT",
        }
    }

    /// The code that `status_code` writes, in either case.
    #[must_use]
    pub fn from_status_code(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.status_code().eq_ignore_ascii_case(text))
    }
}

/// A refusal as the player gets it, with HTTP 500 and `text/xml; charset=utf-8`.
#[derive(Clone, Copy, Debug)]
pub struct Fault<'a> {
    /// `StatusCode`.
    pub code: FaultCode,
    /// faultstring: repeats the message of the JSON.
    pub message: &'a str,
    /// faultactor: the request's path, without its query.
    pub actor: &'a str,
    /// `CustomData`: the JSON, not escaped yet.
    pub custom_data: &'a str,
}

impl Fault<'_> {
    /// The SOAP body. `detail` and what is in it are in no namespace.
    #[must_use]
    pub fn to_soap(&self) -> Vec<u8> {
        format!(
            "{ENVELOPE_START}<soap:Fault><faultcode>soap:Server</faultcode><faultstring>{}</faultstring>\
             <faultactor>{}</faultactor><detail><Exception><StatusCode>{}</StatusCode>\
             <CustomData>{}</CustomData></Exception></detail></soap:Fault>{ENVELOPE_END}",
            escape(self.message),
            escape(self.actor),
            self.code.status_code(),
            escape(self.custom_data),
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_has_the_form_of_the_specification() {
        let fault = Fault {
            code: FaultCode::ServiceSpecific,
            message: "[-4010] Invalid token",
            actor: "/hms/pr/rights/",
            custom_data: r#"{"code":-4010,"message":"<é>&'"}"#,
        };
        assert_eq!(
            String::from_utf8(fault.to_soap()).unwrap(),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><soap:Body>\
             <soap:Fault><faultcode>soap:Server</faultcode><faultstring>[-4010] Invalid token</faultstring>\
             <faultactor>/hms/pr/rights/</faultactor><detail><Exception><StatusCode>0x8004c604</StatusCode>\
             <CustomData>{&quot;code&quot;:-4010,&quot;message&quot;:&quot;&lt;é&gt;&amp;&apos;&quot;}</CustomData>\
             </Exception></detail></soap:Fault></soap:Body></soap:Envelope>"
        );
    }

    #[test]
    fn every_code_is_read_back_and_no_other() {
        for code in FaultCode::ALL {
            assert_eq!(FaultCode::from_status_code(code.status_code()), Some(code));
        }
        assert_eq!(FaultCode::from_status_code("0x8004c603"), None);
    }
}
