//! Driving licences with a chip (ISO/IEC 18013-2 and -3; Regulation (EU) No 383/2012): the line that opens them, and the
//! files that differ from those of travel documents.
//!
//! EF.COM, EF.SOD, DG13 and DG14 are those of Doc 9303 under other identifiers: [`Com::parse_in`](crate::lds::Com::parse_in),
//! [`Sod`](crate::lds::Sod), [`Dg15`](crate::lds::Dg15) for the key in DG13, and [`Dg14`](crate::lds::Dg14). Which file is
//! which, [`Application`](crate::lds::Application) knows.
//!
//! A login takes DG12 alone, which holds nothing but the line. DG1 and DG11 hold names, dates and the citizen service number;
//! they are for who inspects a licence.

mod dg1;
mod dg11;
mod dg12;
mod line;

pub use dg1::{Date, Dg1};
pub use dg11::Dg11;
pub use dg12::Dg12;
pub use line::{LicenceLine, LicenceLineError};

#[cfg(test)]
mod tests;
