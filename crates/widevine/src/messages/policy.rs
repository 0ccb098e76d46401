//! `Policy`: what may be done with the keys of a licence.

/// Rights and durations. Absent is false or 0, unless said.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Policy {
    /// The keys may decrypt.
    #[prost(bool, optional, tag = "1")]
    pub can_play: Option<bool>,
    /// The licence may be stored.
    #[prost(bool, optional, tag = "2")]
    pub can_persist: Option<bool>,
    /// The licence is to be renewed.
    #[prost(bool, optional, tag = "3")]
    pub can_renew: Option<bool>,
    /// Seconds from the start to the first decryption.
    #[prost(int64, optional, tag = "4")]
    pub rental_duration_seconds: Option<i64>,
    /// Seconds from the first decryption.
    #[prost(int64, optional, tag = "5")]
    pub playback_duration_seconds: Option<i64>,
    /// Seconds from the start, whatever happens.
    #[prost(int64, optional, tag = "6")]
    pub license_duration_seconds: Option<i64>,
    /// Seconds that renewals may fail for.
    #[prost(int64, optional, tag = "7")]
    pub renewal_recovery_duration_seconds: Option<i64>,
    /// Seconds from the start to the first renewal.
    #[prost(int64, optional, tag = "9")]
    pub renewal_delay_seconds: Option<i64>,
    /// Seconds between attempts.
    #[prost(int64, optional, tag = "10")]
    pub renewal_retry_interval_seconds: Option<i64>,
    /// Renew as soon as playback starts.
    #[prost(bool, optional, tag = "11")]
    pub renew_with_usage: Option<bool>,
    /// Renewals carry the identity.
    #[prost(bool, optional, tag = "12")]
    pub always_include_client_id: Option<bool>,
    /// Seconds before a start counts.
    #[prost(int64, optional, tag = "13")]
    pub play_start_grace_period_seconds: Option<i64>,
    /// What was playing may go on when the playback duration is over. False if absent.
    #[prost(bool, optional, tag = "14")]
    pub soft_enforce_playback_duration: Option<bool>,
    /// What was playing may go on when the rental duration is over. True if absent.
    #[prost(bool, optional, tag = "15")]
    pub soft_enforce_rental_duration: Option<bool>,
}
