//! Ports of the loopback for programs that are told where to listen.

use anyhow::{Result, bail};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the ports that Linux gives to whoever asks for any, so that nobody is given one before it is used.
const PORTS: Range<u16> = 20_000..32_000;

/// A port of the loopback that nobody listens on now, another one with each call.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(std::process::id().wrapping_mul(61)));
    for _ in PORTS {
        let at = NEXT.fetch_add(1, Ordering::Relaxed) % u32::from(PORTS.end - PORTS.start);
        let port = PORTS.start + u16::try_from(at)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port from {} to {} is free", PORTS.start, PORTS.end)
}
