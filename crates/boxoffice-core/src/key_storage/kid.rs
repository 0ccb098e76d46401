//! KIDs in paths and bodies, alone and in lists (key-storage.md, section 3).

use drm_primitives::{Kid, KidError};
use percent_encoding::percent_decode;

use super::{KeyProblem, KeyRefusal};

/// The longest name behind a `^`, in bytes. A token request takes less: a longer name's key is asked by its hex KID.
const NAME_BYTES: usize = 1_024;

/// The most KIDs of one call.
const LIST: usize = 256;

/// Reads a KID: 32 hex digits in either case, or `^` and a name of 1 to 1024 bytes of UTF-8.
///
/// # Errors
/// [`KeyProblem::InvalidKid`].
pub fn parse_kid(text: &[u8]) -> Result<Kid, KeyRefusal> {
    let refuse = |hint: String| Err(KeyRefusal::new(KeyProblem::InvalidKid, hint).parameter("kid"));
    let Some(name) = text.strip_prefix(b"^") else {
        return Kid::from_hex(text).or_else(|error: KidError| refuse(error.to_string()));
    };
    match (name.len(), std::str::from_utf8(name)) {
        (0, _) => refuse("got ^ alone, expected a name behind it".to_owned()),
        (got @ NAME_BYTES.., _) if got > NAME_BYTES => {
            refuse(format!("got ^ and {got} bytes, expected a name of at most {NAME_BYTES}"))
        }
        (_, Err(_)) => refuse("the name after ^ is not UTF-8".to_owned()),
        (_, Ok(name)) => Ok(Kid::from_name(name)),
    }
}

/// Reads a path segment of one or more KIDs, still percent-encoded, in the order asked, repetitions too.
///
/// # Errors
/// [`KeyProblem::InvalidKid`] for a KID that is none or is empty, [`KeyProblem::InvalidParameters`] for more than 256.
pub fn parse_kid_list(segment: &[u8]) -> Result<Vec<Kid>, KeyRefusal> {
    let mut kids = Vec::new();
    let mut push = |text: &[u8]| {
        if kids.len() == LIST {
            let hint = format!("more than {LIST} KIDs in one call");
            return Err(KeyRefusal::new(KeyProblem::InvalidParameters, hint).parameter("kid"));
        }
        kids.push(parse_kid(text)?);
        Ok(())
    };
    for element in segment.split(|&byte| byte == b',') {
        let decoded: Vec<u8> = percent_decode(element).collect();
        // A name may hold a comma; elsewhere an encoded one separates, as some clients encode them.
        if decoded.starts_with(b"^") {
            push(&decoded)?;
        } else {
            decoded.split(|&byte| byte == b',').try_for_each(&mut push)?;
        }
    }
    Ok(kids)
}

/// Reads a path segment of exactly one KID, still percent-encoded.
///
/// # Errors
/// [`KeyProblem::InvalidKid`].
pub fn parse_one_kid(segment: &[u8]) -> Result<Kid, KeyRefusal> {
    match parse_kid_list(segment)?.as_slice() {
        [kid] => Ok(*kid),
        kids => {
            let hint = format!("got {} KIDs, expected one", kids.len());
            Err(KeyRefusal::new(KeyProblem::InvalidKid, hint).parameter("kid"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: &str = "80ea8bc8a58f990ad1f76bc665b30bfa";
    const B: &str = "453750c3a2f8974034be247474a8a1cd";

    fn list(segment: &str) -> Result<Vec<String>, KeyProblem> {
        let kids = parse_kid_list(segment.as_bytes()).map_err(|refusal| refusal.problem)?;
        Ok(kids.iter().map(Kid::to_hex).collect())
    }

    #[test]
    fn names_hash_to_the_published_kids() {
        for (name, kid) in [
            ("^kid1", A),
            ("^movie1", B),
            ("^CNN.2014.12.18", "874cc4da3e96faf052d2a7f1d8dab7c2"),
            ("^café", "f424452a9673918c6f09b0cdd35b20be"),
            (&format!("^{}", "a".repeat(64)), "0098ba824b5c16427bd7a1122a5a442a"),
        ] {
            assert_eq!(parse_kid(name.as_bytes()).unwrap().to_hex(), kid, "{name}");
        }
        assert_eq!(list("%5Ekid1"), Ok(vec![A.to_owned()]));
        assert_eq!(list("%5Ecaf%C3%A9"), Ok(vec!["f424452a9673918c6f09b0cdd35b20be".to_owned()]));
    }

    #[test]
    fn names_have_up_to_1024_bytes() {
        assert!(parse_kid(format!("^{}", "é".repeat(512)).as_bytes()).is_ok());
        for text in [format!("^{}", "a".repeat(1_025)), "^".to_owned(), String::new(), A.replace('8', "g")] {
            assert_eq!(parse_kid(text.as_bytes()).unwrap_err().problem, KeyProblem::InvalidKid, "{text}");
        }
        assert_eq!(parse_kid(b"^\xFF").unwrap_err().problem, KeyProblem::InvalidKid);
    }

    #[test]
    fn a_list_keeps_order_and_repetitions() {
        let (a, b) = (A.to_owned(), B.to_owned());
        assert_eq!(list(&format!("{B},{A},{B}")), Ok(vec![b.clone(), a.clone(), b.clone()]));
        assert_eq!(list(&format!("{}%2C{B}", A.to_uppercase())), Ok(vec![a.clone(), b.clone()]));
        assert_eq!(list("^kid1,^movie1"), Ok(vec![a, b]));
        // The comma belongs to the name.
        assert_eq!(list("^a%2Cb"), Ok(vec![Kid::from_name("a,b").to_hex()]));
    }

    #[test]
    fn one_kid_is_one() {
        assert_eq!(parse_one_kid(b"%5Ekid1").unwrap().to_hex(), A);
        assert_eq!(parse_one_kid(b"^a%2Cb").unwrap(), Kid::from_name("a,b"));
        assert_eq!(parse_one_kid(b"^a,^b").unwrap_err().problem, KeyProblem::InvalidKid);
    }

    #[test]
    fn empty_elements_and_too_many_are_refused() {
        for segment in [",", "^a,", ",^a", "^a,,^b", "%2C"] {
            assert_eq!(list(segment), Err(KeyProblem::InvalidKid), "{segment}");
        }
        assert_eq!(list(&vec![A; 256].join(",")).unwrap().len(), 256);
        assert_eq!(list(&vec![A; 257].join(",")), Err(KeyProblem::InvalidParameters));
        assert_eq!(list(&vec![A; 257].join("%2C")), Err(KeyProblem::InvalidParameters));
    }

    proptest! {
        #[test]
        fn no_segment_panics(segment: Vec<u8>) {
            let _ = parse_kid_list(&segment);
        }
    }
}
