//! The PlayReady devices of the lab, each provisioned anew from the files of its group (playready.md, section 11).

use boxoffice_core::entitlement::PlayReadyTerms;
use drm_primitives::SystemRandom;
use playready::lab::Material;
use playready::lab_client::{LabDevice, LeafSettings};

use crate::failure::Failure;

/// A device.
pub struct Device {
    /// Its name in the lab.
    pub name: &'static str,
    /// The level of its certificate.
    pub level: u32,
    /// The device itself.
    pub client: LabDevice,
}

/// A kind of device.
struct Model {
    name: &'static str,
    level: u32,
    /// Names the device, unless a token is bound to another.
    client_id: &'static [u8; 16],
}

/// The level of the lab's own group, whose files `lab export` writes.
const OWN_LEVEL: u32 = 2_000;

/// The lab's own group first; the others are further models of the same company.
const MODELS: [Model; 3] = [
    Model { name: "sl2000", level: OWN_LEVEL, client_id: b"boxoffice-sl2000" },
    Model { name: "sl3000", level: 3_000, client_id: b"boxoffice-sl3000" },
    Model { name: "sl150", level: 150, client_id: b"boxoffice-sl0150" },
];

impl Device {
    /// The device that was named, or the first whose level fits every key. It takes the name that a token is bound
    /// to, where this directory can see that.
    pub fn choose(
        material: &Material,
        named: Option<&str>,
        granted: Option<&PlayReadyTerms>,
    ) -> Result<Self, Failure> {
        let [first, ..] = &MODELS;
        let fits = |model: &&Model| {
            granted
                .iter()
                .flat_map(|terms| &terms.keys)
                .all(|key| u32::from(key.min_security_level) <= model.level)
        };
        let model = match named {
            None => MODELS.iter().find(fits).unwrap_or(first),
            Some(name) => MODELS.iter().find(|model| model.name == name).ok_or_else(|| unknown(name))?,
        };
        let client_id = granted.and_then(|terms| terms.device_id).unwrap_or(*model.client_id);
        let group = if model.level == OWN_LEVEL {
            material.group_files()
        } else {
            let failed = |error| Failure::refused(format!("the lab device {}: {error}", model.name));
            material.make_group(model.level, &SystemRandom).map_err(failed)?
        };
        let leaf = LeafSettings::new(client_id);
        let client = LabDevice::provision(&group.bgroupcert, &group.zgpriv, &leaf, &SystemRandom);
        let failed = |error| Failure::refused(format!("the lab device {}: {error}", model.name));
        Ok(Self { name: model.name, level: model.level, client: client.map_err(failed)? })
    }
}

fn unknown(name: &str) -> Failure {
    let names = MODELS.map(|model| model.name).join(", ");
    Failure::refused(format!("there is no lab device {name:?}; there are {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_of_three_and_the_first_is_the_lab_s_own() {
        let material = Material::generate(&SystemRandom).expect("there is randomness");
        let name = |named| Device::choose(&material, named, None).map(|device| (device.name, device.level));
        assert_eq!(name(None).ok(), Some(("sl2000", 2_000)));
        assert_eq!(name(Some("sl150")).ok(), Some(("sl150", 150)));
        let refused = name(Some("toaster")).err().map(|failure| failure.to_string());
        assert_eq!(
            refused.as_deref(),
            Some("there is no lab device \"toaster\"; there are sl2000, sl3000, sl150")
        );
    }
}
