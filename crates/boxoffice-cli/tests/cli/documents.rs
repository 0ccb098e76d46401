//! What is generated is committed, and the same.

use std::fs;
use std::path::Path;

#[test]
fn the_documents_that_are_generated_are_up_to_date() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    for page in boxoffice_cli::documents::pages() {
        let path = root.join(page.path);
        if std::env::var_os("RENEW_DOCUMENTS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &page.text).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == page.text, "{} is out of date; cargo xtask docs writes it anew", page.path);
    }
}
