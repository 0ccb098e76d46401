//! The names of the interface.

use crate::grant::Hdcp;

/// The name of an HDCP version.
pub(super) const fn hdcp(hdcp: Hdcp) -> &'static str {
    match hdcp {
        Hdcp::None => "HDCP_NONE",
        Hdcp::V1 => "HDCP_V1",
        Hdcp::V2 => "HDCP_V2",
        Hdcp::V2_1 => "HDCP_V2_1",
        Hdcp::V2_2 => "HDCP_V2_2",
        Hdcp::V2_3 => "HDCP_V2_3",
        Hdcp::NoDigitalOutput => "HDCP_NO_DIGITAL_OUTPUT",
    }
}

/// The statuses by which the service rejects whoever calls it.
pub(super) const REJECTIONS: [&str; 4] =
    ["MALFORMED_REQUEST", "INVALID_REQUEST", "SIGNATURE_FAILED", "ACCESS_DENIED"];

/// The `internal_status` of a device that is revoked, or on the list of unverified ones.
pub(super) const REVOKED: [i64; 2] = [127, 175];
