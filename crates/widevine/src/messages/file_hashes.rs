//! `FileHashes`: verified media path data of desktop players.

/// What a player is made of.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FileHashes {
    /// The certificate of whoever signed the files.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub signer: Option<Vec<u8>>,
    /// The files.
    #[prost(message, repeated, tag = "2")]
    pub signatures: Vec<FileHash>,
}

/// One file of a player.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FileHash {
    /// Its name.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub filename: Option<Vec<u8>>,
    /// Signed for tests only.
    #[prost(bool, optional, tag = "2")]
    pub test_signing: Option<bool>,
    /// SHA-512 of its contents.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub sha512_hash: Option<Vec<u8>>,
    /// Whether it is the program itself.
    #[prost(bool, optional, tag = "4")]
    pub main_exe: Option<bool>,
    /// Its signature.
    #[prost(bytes = "vec", optional, tag = "5")]
    pub signature: Option<Vec<u8>>,
}
