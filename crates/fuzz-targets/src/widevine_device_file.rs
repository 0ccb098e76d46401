use widevine::lab_client::ClientDevice;

/// A `.wvd` file: one that is read says which level its device has.
pub fn widevine_device_file(bytes: &[u8]) {
    let Ok(device) = ClientDevice::from_device_file(bytes) else { return };
    assert!((1..=3).contains(&device.level()));
    assert!(bytes.windows(device.client_id().len()).any(|window| window == device.client_id()));
}
