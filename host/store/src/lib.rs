//! The database, and the embedded and distributed engines behind the ports.
