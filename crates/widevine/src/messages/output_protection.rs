//! `OutputProtection`: what an output must have to show what a key decrypts.

/// What an output must have.
#[derive(Clone, PartialEq, prost::Message)]
pub struct OutputProtection {
    /// 0 to 5 or 255, the numbers of `hdcpOutputControl`.
    #[prost(int32, optional, tag = "1")]
    pub hdcp: Option<i32>,
}
