use std::fmt::Write as _;

use boxoffice_core::Parameters;

/// Query and form, parted by the first line feed: written again with every byte escaped, they are the same parameters.
pub fn parameters(bytes: &[u8]) {
    let mut halves = bytes.splitn(2, |&byte| byte == b'\n');
    let (query, form) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    let Ok(parsed) = Parameters::parse(query, form) else {
        let pairs = query.split(|&byte| byte == b'&').chain(form.split(|&byte| byte == b'&'));
        assert!(pairs.count() > Parameters::MOST);
        return;
    };
    let mut names: Vec<&str> = parsed.names().filter_map(|name| std::str::from_utf8(name).ok()).collect();
    names.sort_unstable();
    names.dedup();
    let mut written = String::new();
    for name in &names {
        for value in parsed.all(name) {
            escape(name.as_bytes(), &mut written);
            written.push('=');
            escape(value, &mut written);
            written.push('&');
        }
    }
    let again = Parameters::parse(b"", written.as_bytes()).expect("there are no more than before");
    for name in names {
        assert!(again.all(name).eq(parsed.all(name)), "{name:?}");
        assert_eq!(again.one(name), parsed.one(name), "{name:?}");
    }
}

fn escape(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        write!(text, "%{byte:02x}").expect("a String takes whatever is written");
    }
}
