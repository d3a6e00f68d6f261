//! passive_authentication
