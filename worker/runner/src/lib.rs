//! Gives runs their capabilities and drives them.

pub mod egress;
pub mod local;
