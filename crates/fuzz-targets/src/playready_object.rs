use playready::object::{PlayReadyObject, Pssh};

/// A PlayReady Object, and the box around one: both are written as they came.
pub fn playready_object(bytes: &[u8]) {
    if let Ok(object) = PlayReadyObject::parse(bytes) {
        assert_eq!(object.to_bytes(), bytes);
        if let (Ok(text), Ok(header)) = (object.header_text(), object.header()) {
            assert_eq!(playready::WrmHeader::parse(&text), Ok(header));
        }
        let pssh = Pssh { kids: None, object };
        assert_eq!(Pssh::parse(&pssh.to_bytes()), Ok(pssh));
    }
    if let Ok(pssh) = Pssh::parse(bytes) {
        assert_eq!(pssh.to_bytes(), bytes);
    }
}
