//! Which addresses are whose.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where some clouds answer their machines, besides link-local addresses.
const METADATA: [Ipv4Addr; 3] =
    [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
/// The same by IPv6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// True for addresses of the public internet; every form that hides an IPv4 address in
/// an IPv6 one is judged by the address inside, or refused.
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => is_global_v6(v6),
    }
}

/// What machines are told of themselves, often credentials: nobody may ask for it.
pub fn is_metadata(address: IpAddr) -> bool {
    match canonical(address) {
        IpAddr::V4(v4) => v4.is_link_local() || METADATA.contains(&v4),
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local()
                || v6 == METADATA_V6
                || inner(v6).is_some_and(|v4| is_metadata(v4.into()))
        }
    }
}

/// An IPv4 address that is written as an IPv6 one as itself: the system connects to the same.
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || METADATA.contains(&address)
        || (a == 100 && (64..128).contains(&b)) // shared address space, RFC 6598
        || (a == 192 && b == 0 && c == 0) // IETF protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relay
        || (a == 198 && (b == 18 || b == 19)) // benchmarking
        || a >= 240)
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    if is_mapped(s) || is_nat64(s) {
        return inner(address).is_some_and(is_global_v4);
    }
    // Global unicast is 2000::/3. Taken out of it: IETF protocol assignments (Teredo,
    // ORCHID and benchmarking among them), documentation, 6to4, and ISATAP, whose addresses
    // lead to the IPv4 address in them.
    s[0] & 0xe000 == 0x2000
        && !(s[0] == 0x2001 && s[1] < 0x200)
        && !(s[0] == 0x2001 && s[1] == 0xdb8)
        && !(s[0] == 0x3fff && s[1] & 0xf000 == 0)
        && s[0] != 0x2002
        && !is_isatap(s)
}

fn is_mapped(s: [u16; 8]) -> bool {
    s[..6] == [0, 0, 0, 0, 0, 0xffff]
}

fn is_nat64(s: [u16; 8]) -> bool {
    s[..6] == [0x64, 0xff9b, 0, 0, 0, 0]
}

fn is_isatap(s: [u16; 8]) -> bool {
    matches!(s[4], 0 | 0x200) && s[5] == 0x5efe
}

/// The IPv4 address in an IPv6 one, in any form that leads to it.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let of = |hi: u16, lo: u16| {
        let ([a, b], [c, d]) = (hi.to_be_bytes(), lo.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    let compatible = s[..6] == [0; 6];
    let translated = s[..6] == [0, 0, 0, 0, 0xffff, 0];
    let local_nat64 = s[..3] == [0x64, 0xff9b, 1];
    if is_mapped(s) || is_nat64(s) || is_isatap(s) || compatible || translated || local_nat64 {
        of(s[6], s[7])
    } else if s[0] == 0x2002 {
        of(s[1], s[2])
    } else if s[..2] == [0x2001, 0] {
        of(!s[6], !s[7])
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn only_public_addresses_are_global() {
        for text in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "168.63.129.16",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::7f00:1",
            "2002:7f00:1::",
            "2001:0:1:2:3:4:80ff:fffe",
            "2400:cb00::5efe:7f00:1",
            "2400:cb00::200:5efe:7f00:1",
            "2001:20::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "5f00::1",
            "4000::1",
        ] {
            assert!(!is_global(address(text)), "{text}");
        }
        for text in [
            "1.1.1.1",
            "93.184.216.34",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(is_global(address(text)), "{text}");
            assert!(!is_metadata(address(text)), "{text}");
        }
    }

    #[test]
    fn metadata_is_known_in_every_form() {
        for text in [
            "169.254.169.254",
            "169.254.170.2",
            "168.63.129.16",
            "100.100.100.200",
            "fd00:ec2::254",
            "fe80::1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "2001:0:1:2:3:4:5601:5601",
            "2400:cb00::5efe:a9fe:a9fe",
            "::ffff:0:169.254.169.254",
        ] {
            assert!(is_metadata(address(text)), "{text}");
        }
    }

    const PRIVATE_V4: [(Ipv4Addr, u32); 8] = [
        (Ipv4Addr::new(0, 0, 0, 0), 8),
        (Ipv4Addr::new(10, 0, 0, 0), 8),
        (Ipv4Addr::new(100, 64, 0, 0), 10),
        (Ipv4Addr::new(127, 0, 0, 0), 8),
        (Ipv4Addr::new(169, 254, 0, 0), 16),
        (Ipv4Addr::new(172, 16, 0, 0), 12),
        (Ipv4Addr::new(192, 168, 0, 0), 16),
        (Ipv4Addr::new(240, 0, 0, 0), 4),
    ];

    proptest! {
        /// Whatever is around it, an address that is not public is not made public by a form.
        #[test]
        fn no_form_makes_a_private_address_public(
            (network, mask) in proptest::sample::select(PRIVATE_V4.to_vec()),
            host: u32,
            prefix: u32,
            form in 0usize..8,
        ) {
            let bits = u32::from(network) | (host & (u32::MAX >> mask));
            let v4 = Ipv4Addr::from(bits);
            prop_assert!(!is_global_v4(v4), "{v4}");
            let [a, b] = [(bits >> 16) as u16, bits as u16];
            let [p, q] = [(prefix >> 16) as u16, prefix as u16];
            let v6 = match form {
                0 => Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, a, b),
                1 => Ipv6Addr::new(0, 0, 0, 0, 0, 0, a, b),
                2 => Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b),
                3 => Ipv6Addr::new(0x64, 0xff9b, 1, p, q, 0, a, b),
                4 => Ipv6Addr::new(0x2002, a, b, p, q, 0, 0, 1),
                5 => Ipv6Addr::new(0x2001, 0, p, q, 0, 0, !a, !b),
                6 => Ipv6Addr::new(0x2000 | (p & 0x1fff), q, 0, 0, 0, 0x5efe, a, b),
                _ => Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, a, b),
            };
            prop_assert!(!is_global(v6.into()), "{v6}");
        }
    }
}
