//! Chips and readers for tests: a simulated chip laid on a real pcscd, and the programs around it.
//!
//! - [`vpcd`]: lays a chip on the virtual reader of Debian's `vsmartcard-vpcd`,
//! - [`pcscd`]: a pcscd of the test's own, which touches nothing of the machine's,
//! - [`document_folder`]: a chip made of files,
//! - [`fault`]: what goes wrong between a program and a chip,
//! - [`hostile`]: chips that answer out of malice,
//! - [`ifd`]: a reader of our own at a real pcscd,
//! - [`matrix`]: faults and readers against documents, as tables,
//! - [`office`]: a login server in this process,
//! - [`site`]: a login server with specimen accounts,
//! - [`desk`]: a daemon with a document before it,
//! - [`page`]: the login page, played without a browser,
//! - [`browser`]: a real browser without a window, and [`firefox`], another one,
//! - [`accessibility`]: what a checker says of a page,
//! - [`puppet`]: a daemon that says what the test has it say,
//! - [`shots`]: pictures for people to look at,
//! - [`panel`]: the simulated desk in a page, for the demonstration,
//! - [`process`]: child processes that cannot outlive the test,
//! - [`cost`]: what a conversation with a chip costs, and the least that it could,
//! - [`variants`]: documents in more variety than the ready-made ones,
//! - [`need`]: what a test needs on the machine, and what happens where it is missing.

pub mod accessibility;
pub mod browser;
pub mod cost;
pub mod desk;
pub mod document_folder;
pub mod fault;
pub mod firefox;
pub mod hostile;
pub mod ifd;
pub mod matrix;
pub mod need;
pub mod office;
pub mod page;
pub mod panel;
pub mod pcscd;
pub mod process;
pub mod puppet;
pub mod shots;
pub mod site;
pub mod usage;
pub mod variants;
pub mod vpcd;
