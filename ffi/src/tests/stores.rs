//! What goes into a store: certificates, master lists and revocation lists that states have published.

use core::ptr;
use std::path::PathBuf;

use crate::code::RdaCode;
use crate::store::*;

/// 15 June 2026, after the German master list of that spring.
const TIME: i64 = 1_781_481_600;

struct Store(*mut RdaStore);

impl Store {
    fn new() -> Self {
        let mut store = ptr::null_mut();
        assert_eq!(unsafe { rda_store_new(&raw mut store) }, RdaCode::Ok);
        Self(store)
    }

    fn certificates(&self, file: &[u8]) -> (RdaCode, usize) {
        let mut added = 0;
        let code = unsafe {
            let (data, len) = (file.as_ptr(), file.len());
            rda_store_add_certificates(self.0, 1, ptr::null(), data, len, &raw mut added)
        };
        (code, added)
    }

    fn master_list(&self, trust: RdaMasterListTrust, file: &[u8]) -> (RdaCode, usize) {
        let mut added = 0;
        let code = unsafe {
            let (data, len) = (file.as_ptr(), file.len());
            rda_store_add_master_list(self.0, 1, trust as u32, TIME, data, len, &raw mut added)
        };
        (code, added)
    }

    fn revocation_list(&self, file: &[u8]) -> RdaCode {
        unsafe { rda_store_add_revocation_lists(self.0, 1, ptr::null(), file.as_ptr(), file.len()) }
    }

    fn anchors(&self) -> usize {
        let mut anchors = 0;
        assert_eq!(
            unsafe { rda_store_anchors(self.0, &raw mut anchors) },
            RdaCode::Ok
        );
        anchors
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        unsafe { rda_store_free(self.0) };
    }
}

/// Real files, which are not part of the project: `RDA_CORPUS` names their folder, or it lies beside the workspace.
fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("RDA_CORPUS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus")),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!(
        "SKIPPED: master lists and revocation lists through librda (no corpus at {}; set RDA_CORPUS)",
        folder.display()
    );
    None
}

#[test]
fn a_published_list_is_taken_by_the_word_of_an_anchor_or_of_the_caller() {
    let Some(corpus) = corpus() else { return };
    let file = |name: &str| std::fs::read(corpus.join(name)).unwrap();
    let list = file("masterlists/DE_2026-05-28.ml");
    let root = file("masterlists/DE_ROOT_CSCA07.cer");
    let german = file("crl/DE_DE_CRL.crl");
    let signed = RdaMasterListTrust::Signed;

    let store = Store::new();
    assert_eq!(
        store.master_list(signed, &list),
        (RdaCode::NotVouchedFor, 0)
    );
    assert_eq!(store.revocation_list(&german), RdaCode::NotVouchedFor);
    assert_eq!(store.anchors(), 0);
    assert_eq!(store.certificates(&root), (RdaCode::Ok, 1));
    assert_eq!(store.certificates(&root), (RdaCode::Ok, 0));
    let (code, added) = store.master_list(signed, &list);
    assert_eq!(code, RdaCode::Ok);
    assert!(added > 500, "{added}");
    assert_eq!(store.anchors(), added + 1);
    assert_eq!(store.revocation_list(&german), RdaCode::Ok);

    // One bit of the list, and its signature does not hold.
    let mut changed = list.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let other = Store::new();
    assert_eq!(other.certificates(&root).0, RdaCode::Ok);
    assert_ne!(other.master_list(signed, &changed).0, RdaCode::Ok);
    assert_eq!(other.anchors(), 1);

    let vouched = Store::new();
    let (code, added) = vouched.master_list(RdaMasterListTrust::Vouched, &list);
    assert_eq!((code, added > 500), (RdaCode::Ok, true));
}
