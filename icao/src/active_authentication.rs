//! active_authentication
