//! lds
