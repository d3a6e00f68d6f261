//! The official test plan for inspection systems, BSI TR-03105 part 5.1, executable.
//!
//! A case is data (`cases/*.toml`): what the chip is made of, what is changed in its files and answers, what the guideline
//! wants, and how sure that is. [`personalise`] makes a simulated chip of it, [`inspect`] reads and judges that as an
//! inspection system does, and [`run`] compares. The cases of Terminal Authentication, DG3 and DG4 are out of scope.

pub mod answer;
pub mod case;
pub mod edit;
pub mod inspect;
pub mod issuers;
pub mod personalise;
pub mod report;
pub mod run;
pub mod saved;
pub mod signed;
