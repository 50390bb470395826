//! Which addresses may be connected to: public ones, and those in networks that the operator named. Looks nothing up.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Why an address is not a public one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unspecified,
    Loopback,
    LinkLocal,
    Metadata,
    Private,
    Shared,
    Documentation,
    Multicast,
    Broadcast,
    Reserved,
}

/// No address of a host may be connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{host}` is at {address}, {kind}, and is not connected to; if that is meant, write `{}` for the endpoint", self.line())]
pub(in crate::plugin) struct Refused {
    host: String,
    address: IpAddr,
    kind: Kind,
}

impl Refused {
    /// What would permit it, for the endpoint's section.
    pub(super) fn line(&self) -> String {
        let network = match (embedded(self.address).map_or(self.address, IpAddr::V4), self.kind) {
            (address, Kind::Metadata | Kind::Unspecified | Kind::Broadcast) => IpNet::from(address),
            (IpAddr::V4(address), Kind::Loopback) => v4(address, 8),
            (IpAddr::V6(address), Kind::Loopback) => IpNet::from(IpAddr::V6(address)),
            (IpAddr::V4(address), _) => v4(address, 24),
            (IpAddr::V6(address), _) => IpNet::V6(Ipv6Net::new_assert(address, 64).trunc()),
        };
        format!("networks = [\"{network}\"]")
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Unspecified => "the unspecified address",
            Kind::Loopback => "a loopback address",
            Kind::LinkLocal => "a link-local address",
            Kind::Metadata => "a cloud's metadata service",
            Kind::Private => "a private address",
            Kind::Shared => "an address of a carrier's shared network",
            Kind::Documentation => "an address for documentation and tests",
            Kind::Multicast => "a multicast address",
            Kind::Broadcast => "the broadcast address",
            Kind::Reserved => "a reserved address",
        })
    }
}

/// Those of a host's addresses that may be connected to.
pub(super) fn permitted(
    host: &str,
    found: impl IntoIterator<Item = SocketAddr>,
    networks: &[IpNet],
) -> Result<Vec<SocketAddr>, Refused> {
    let mut refused = None;
    let mut good = Vec::new();
    for socket in found {
        match refusal(socket.ip(), networks) {
            None => good.push(socket),
            Some(kind) => refused = refused.or(Some(Refused { host: host.to_owned(), address: socket.ip(), kind })),
        }
    }
    match refused {
        Some(refused) if good.is_empty() => Err(refused),
        _ => Ok(good),
    }
}

fn refusal(address: IpAddr, networks: &[IpNet]) -> Option<Kind> {
    let kind = kind(address)?;
    let inner = embedded(address).map(IpAddr::V4);
    let spellings = [Some(address), inner];
    let mut named =
        networks.iter().filter(|network| spellings.iter().flatten().any(|spelling| network.contains(spelling)));
    let is_permitted = match kind {
        // Whoever permits a wide network does not think of the credentials that lie here.
        Kind::Metadata => named.any(|network| network.prefix_len() == network.max_prefix_len()),
        _ => named.next().is_some(),
    };
    (!is_permitted).then_some(kind)
}

const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// The first that fits counts.
const NOT_PUBLIC_V4: [(Ipv4Net, Kind); 17] = [
    (net4([0, 0, 0, 0], 32), Kind::Unspecified),
    (net4([0, 0, 0, 0], 8), Kind::Reserved),
    (net4([10, 0, 0, 0], 8), Kind::Private),
    (net4([100, 64, 0, 0], 10), Kind::Shared),
    (net4([127, 0, 0, 0], 8), Kind::Loopback),
    (net4([169, 254, 0, 0], 16), Kind::LinkLocal),
    (net4([172, 16, 0, 0], 12), Kind::Private),
    (net4([192, 0, 0, 0], 24), Kind::Reserved),
    (net4([192, 0, 2, 0], 24), Kind::Documentation),
    (net4([192, 88, 99, 0], 24), Kind::Reserved),
    (net4([192, 168, 0, 0], 16), Kind::Private),
    (net4([198, 18, 0, 0], 15), Kind::Documentation),
    (net4([198, 51, 100, 0], 24), Kind::Documentation),
    (net4([203, 0, 113, 0], 24), Kind::Documentation),
    (net4([224, 0, 0, 0], 4), Kind::Multicast),
    (net4([255, 255, 255, 255], 32), Kind::Broadcast),
    (net4([240, 0, 0, 0], 4), Kind::Reserved),
];
const NOT_PUBLIC_V6: [(Ipv6Net, Kind); 9] = [
    (net6([0, 0, 0, 0, 0, 0, 0, 0], 128), Kind::Unspecified),
    (net6([0, 0, 0, 0, 0, 0, 0, 1], 128), Kind::Loopback),
    (net6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Kind::Private),
    (net6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Kind::LinkLocal),
    (net6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Kind::Private),
    (net6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Kind::Multicast),
    (net6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), Kind::Documentation),
    (net6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Kind::Documentation),
    // Benchmarks, tunnels and other protocols' own.
    (net6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Kind::Reserved),
];
const MAPPED: Ipv6Net = net6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96);
const NAT64: Ipv6Net = net6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);
const SIX_TO_FOUR: Ipv6Net = net6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16);
/// All that is public in IPv6 today.
const GLOBAL_V6: Ipv6Net = net6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

const fn net4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn net6([a, b, c, d, e, f, g, h]: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

fn v4(address: Ipv4Addr, prefix: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(address, prefix).trunc())
}

/// None: a public one.
fn kind(address: IpAddr) -> Option<Kind> {
    if let Some(inner) = embedded(address) {
        return kind_of_v4(inner);
    }
    match address {
        IpAddr::V4(address) => kind_of_v4(address),
        IpAddr::V6(address) if METADATA_V6.contains(&address) => Some(Kind::Metadata),
        IpAddr::V6(address) => {
            let listed = NOT_PUBLIC_V6.iter().find(|(network, _)| network.contains(&address)).map(|(_, kind)| *kind);
            listed.or((!GLOBAL_V6.contains(&address)).then_some(Kind::Reserved))
        }
    }
}

fn kind_of_v4(address: Ipv4Addr) -> Option<Kind> {
    if METADATA_V4.contains(&address) {
        return Some(Kind::Metadata);
    }
    NOT_PUBLIC_V4.iter().find(|(network, _)| network.contains(&address)).map(|(_, kind)| *kind)
}

/// The IPv4 address that an IPv6 one leads to.
fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    let [.., a, b, c, d] = address.octets();
    if MAPPED.contains(&address) || NAT64.contains(&address) {
        return Some(Ipv4Addr::new(a, b, c, d));
    }
    let [_, _, a, b, c, d, ..] = address.octets();
    SIX_TO_FOUR.contains(&address).then(|| Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
mod tests {
    use url::{Host, Url};

    use super::*;

    fn networks(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn check(address: &str, expected: Option<Kind>) {
        assert_eq!(refusal(address.parse().unwrap(), &[]), expected, "{address}");
    }

    #[test]
    fn public_addresses_are_connected_to() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "140.82.121.6",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:200::1",
            "::ffff:140.82.121.6",
            "64:ff9b::140.82.121.6",
            "2002:8c52:7906::1",
        ] {
            check(address, None);
        }
    }

    #[test]
    fn what_is_not_public_is_not_connected_to() {
        for (addresses, kind) in [
            (&["0.0.0.0", "::", "::ffff:0.0.0.0"][..], Kind::Unspecified),
            (
                &["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
                Kind::Loopback,
            ),
            (&["169.254.0.1", "169.254.255.255", "fe80::1", "febf::1", "::ffff:169.254.1.1"], Kind::LinkLocal),
            (
                &[
                    "169.254.169.254",
                    "100.100.100.200",
                    "192.0.0.192",
                    "168.63.129.16",
                    "fd00:ec2::254",
                    "fd20:ce::254",
                    "::ffff:169.254.169.254",
                    "64:ff9b::169.254.169.254",
                    "2002:a9fe:a9fe::1",
                ],
                Kind::Metadata,
            ),
            (
                &[
                    "10.0.0.0",
                    "10.255.255.255",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.0.1",
                    "fc00::1",
                    "fdff::1",
                    "fec0::1",
                    "::ffff:10.0.0.1",
                    "64:ff9b::10.0.0.1",
                    "2002:0a00:0001::1",
                ],
                Kind::Private,
            ),
            (&["100.64.0.1", "100.127.255.255"], Kind::Shared),
            (
                &["192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
                Kind::Documentation,
            ),
            (&["224.0.0.1", "239.255.255.255", "ff02::1"], Kind::Multicast),
            (&["255.255.255.255"], Kind::Broadcast),
            (
                &[
                    "0.0.0.1",
                    "192.0.0.1",
                    "192.88.99.1",
                    "240.0.0.1",
                    "255.255.255.254",
                    "::7f00:1",
                    "::10.0.0.1",
                    "::ffff:0:127.0.0.1",
                    "64:ff9b:1::7f00:1",
                    "100::1",
                    "2001::1",
                    "2001:2::1",
                    "2001:10::1",
                    "4000::1",
                    "5f00::1",
                ],
                Kind::Reserved,
            ),
        ] {
            for address in addresses {
                check(address, Some(kind));
            }
        }
    }

    #[test]
    fn every_spelling_of_an_address_is_seen_through() {
        for spelling in [
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "127.0.0.1.",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "[::ffff:127.0.0.1]",
            "[0:0:0:0:0:ffff:7f00:1]",
        ] {
            let address = match Url::parse(&format!("http://{spelling}/")).unwrap().host().unwrap().to_owned() {
                Host::Ipv4(address) => IpAddr::V4(address),
                Host::Ipv6(address) => IpAddr::V6(address),
                Host::Domain(name) => panic!("`{spelling}` is the name `{name}`"),
            };
            assert_eq!(refusal(address, &[]), Some(Kind::Loopback), "{spelling}");
        }
    }

    #[test]
    fn a_network_of_the_operators_is_connected_to() {
        for (address, named, is_permitted) in [
            ("10.1.2.3", "10.1.2.0/24", true),
            ("10.1.3.3", "10.1.2.0/24", false),
            ("::ffff:10.1.2.3", "10.1.2.0/24", true),
            ("64:ff9b::10.1.2.3", "10.1.2.0/24", true),
            ("::1", "127.0.0.0/8", false),
            ("::1", "::1/128", true),
            ("fd12::1", "fd12::/16", true),
            ("169.254.169.254", "169.254.0.0/16", false),
            ("169.254.169.254", "169.254.169.254/32", true),
            ("100.100.100.200", "100.64.0.0/10", false),
            ("fd00:ec2::254", "fd00::/8", false),
            ("fd00:ec2::254", "fd00:ec2::254/128", true),
            ("::ffff:169.254.169.254", "0.0.0.0/0", false),
        ] {
            assert_eq!(
                refusal(address.parse().unwrap(), &networks(&[named])).is_none(),
                is_permitted,
                "{address} {named}"
            );
        }
    }

    #[test]
    fn of_several_addresses_the_permitted_ones_are_taken() {
        let sockets = |texts: &[&str]| -> Vec<SocketAddr> { texts.iter().map(|text| text.parse().unwrap()).collect() };
        let mixed = sockets(&["10.0.0.1:0", "140.82.121.6:0", "[::1]:0"]);
        assert_eq!(permitted("mixed", mixed, &[]), Ok(sockets(&["140.82.121.6:0"])));
        let refused = permitted("inside", sockets(&["10.1.2.3:0", "[::1]:0"]), &[]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`inside` is at 10.1.2.3, a private address, and is not connected to; \
             if that is meant, write `networks = [\"10.1.2.0/24\"]` for the endpoint"
        );
    }

    #[test]
    fn the_line_that_is_told_permits_the_address() {
        for address in [
            "10.1.2.3",
            "127.0.0.1",
            "::1",
            "fd12::1",
            "169.254.169.254",
            "fd00:ec2::254",
            "::ffff:10.1.2.3",
            "0.0.0.0",
            "::",
            "255.255.255.255",
            "64:ff9b:1::1",
        ] {
            let socket = SocketAddr::new(address.parse().unwrap(), 0);
            let line = permitted("x", [socket], &[]).unwrap_err().line();
            let network = line.strip_prefix("networks = [\"").and_then(|rest| rest.strip_suffix("\"]")).unwrap();
            assert_eq!(permitted("x", [socket], &networks(&[network])), Ok(vec![socket]), "{line}");
        }
    }
}
