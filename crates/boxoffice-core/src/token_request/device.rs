//! `deviceId`, which only PlayReady can keep.

use drm_primitives::hex::{self, HexError};

use super::value::one;
use crate::{Drm, Event, Parameters, Refusal};

/// Reads `deviceId`. A restriction that cannot be kept is refused, never ignored.
pub(super) fn parse(parameters: &Parameters, drm: Drm) -> Result<Option<[u8; 16]>, Refusal> {
    let (event, why) = match drm {
        Drm::PlayReady => return playready(parameters),
        Drm::ClearKey => (Event::DeviceIdInvalid, "Clear Key has no device to bind to"),
        Drm::FairPlay => (Event::FairPlayDeviceId, "a FairPlay device is known to the key server alone"),
        Drm::Widevine => (Event::WidevineDeviceId, "a Widevine token cannot be bound to a device"),
    };
    match one(parameters, "deviceId", event)? {
        None => Ok(None),
        Some(_) => Err(Refusal::new(event, format!("{why}; leave deviceId out")).parameter("deviceId")),
    }
}

fn playready(parameters: &Parameters) -> Result<Option<[u8; 16]>, Refusal> {
    let Some(value) = one(parameters, "deviceId", Event::DeviceIdInvalid)? else { return Ok(None) };
    hex::decode(value).map(Some).map_err(|error| {
        let event = match error {
            HexError::Length { .. } => Event::DeviceIdLength,
            HexError::NotHex { .. } => Event::DeviceIdInvalid,
        };
        Refusal::new(event, error.to_string()).parameter("deviceId")
    })
}
