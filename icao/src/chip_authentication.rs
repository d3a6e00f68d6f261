//! chip_authentication
