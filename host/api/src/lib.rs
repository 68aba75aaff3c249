//! The REST API and the live channel.
