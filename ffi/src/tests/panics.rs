//! No panic passes the boundary, and none leaves a handle that goes on half done.

use core::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use icao::access_key::AccessKey;

use crate::boundary::{Handle, bare};
use crate::code::RdaCode;
use crate::terminal::testing::{panicking_job, session};

#[test]
fn a_panic_is_a_code_and_ends_the_handle() {
    let handle = Handle::new(0_u32);
    assert_eq!(
        handle.call(|_| panic!("asked for by a test")),
        RdaCode::Internal
    );
    assert_eq!(handle.call(|_| Ok(())), RdaCode::Internal);
    assert_eq!(handle.look(|_| Ok(())), RdaCode::Internal);
    let error = unsafe { &*handle.last_error() };
    assert_eq!(error.code, RdaCode::Internal);
    assert_eq!(unsafe { CStr::from_ptr(error.text_key) }, c"error-internal");
    assert_eq!(bare(|| panic!("asked for by a test")), RdaCode::Internal);
}

#[test]
fn a_panic_on_the_terminals_thread_is_a_code() {
    let mut session = session(Arc::new(AtomicBool::new(false)));
    session
        .add_keys([AccessKey::can("123456").unwrap()])
        .unwrap();
    session.begin_unopened(panicking_job()).unwrap();
    let failure = session.next().unwrap_err();
    assert_eq!(failure.code, RdaCode::Internal);
    // And again, without waiting for a thread that is gone.
    assert!(session.next().is_err());
}

#[test]
fn a_handle_in_use_is_left_alone() {
    let handle = Handle::new(0_u32);
    let inner = |_: &mut u32| {
        assert_eq!(handle.call(|_| Ok(())), RdaCode::Busy);
        Ok(())
    };
    assert_eq!(handle.call(inner), RdaCode::Ok);
    assert_eq!(unsafe { (*handle.last_error()).code }, RdaCode::Ok);
}
