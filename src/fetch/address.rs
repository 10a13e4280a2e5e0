//! Which addresses a content may come from.
//!
//! A URL of a manifest is followed to where it leads, and where it leads is decided by somebody else: a redirect, or a
//! name that is another address the second time it is looked up, must not make a run ask the machine that it runs on, the
//! network around it, or the addresses at which clouds hand out credentials. So the addresses are looked at that
//! connections are made to, not the names: where no other address is left, there is no connection.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

/// Where an address is, as seen from this machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Zone {
    /// In the internet.
    Public,
    /// In a network of somebody's own.
    Private,
    /// On this machine.
    Loopback,
    /// On this link (where clouds hand out credentials), or no address of one machine at all.
    Link,
}

impl Zone {
    /// Where an address is.
    pub(super) fn of(ip: IpAddr) -> Zone {
        match ip.to_canonical() {
            IpAddr::V4(ip) => of_v4(ip),
            IpAddr::V6(ip) => of_v6(ip),
        }
    }

    /// Whether an address there may be asked in the course of a fetch that began at `first`; none for the first itself.
    pub(super) fn is_allowed(self, first: Option<Zone>) -> bool {
        match self {
            Zone::Public => true,
            Zone::Private | Zone::Loopback => first.is_none_or(|first| first == self),
            Zone::Link => false,
        }
    }
}

fn of_v4(ip: Ipv4Addr) -> Zone {
    let [a, b, c, _] = ip.octets();
    match (a, b, c) {
        // The first of them is this machine, too, where it is connected to.
        (0 | 127, ..) => Zone::Loopback,
        (169, 254, _) | (224.., ..) => Zone::Link,
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Zone::Private,
        (192, 0, 0) | (198, 18..=19, _) => Zone::Private,
        _ => Zone::Public,
    }
}

fn of_v6(ip: Ipv6Addr) -> Zone {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        of_v4(Ipv4Addr::new(a, b, c, d))
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Zone::Loopback,
        // Addresses of IPv4 in other words: of old, by translation, by a tunnel.
        [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        [0xfe80..=0xfebf, ..] | [0xff00..=0xffff, ..] => Zone::Link,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => Zone::Private,
        _ => Zone::Public,
    }
}

/// The address that a URL has in the place of a name.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// An address that is not asked.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("`{host}` is {ip}, an address of this machine or of the network around it")]
pub(super) struct Refused {
    /// The name.
    pub host: String,
    /// One of its addresses.
    pub ip: IpAddr,
}

/// Looks names up, and gives the addresses only that may be asked.
#[derive(Clone)]
pub(super) struct Checked {
    /// Where the fetches began that this is for; none for their first request.
    pub first: Option<Zone>,
    /// What is shared by all.
    pub names: Arc<Names>,
}

/// The names that fetches are about.
#[derive(Default)]
pub(super) struct Names {
    /// Those that contents are asked of. Others are proxies, which the machine's owner chose: they are where they are.
    asked: Mutex<BTreeSet<String>>,
    /// Where they were found.
    found: Mutex<BTreeMap<String, Zone>>,
}

impl Names {
    /// Notes that a URL is going to be asked.
    pub(super) fn ask(&self, url: &Url) {
        if let Some(host) = url.host_str() {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned());
        }
    }

    /// Where a URL was found that was asked. What a proxy looked up is not known, and taken for public.
    pub(super) fn zone(&self, url: &Url) -> Zone {
        if let Some(ip) = literal(url) {
            return Zone::of(ip);
        }
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        url.host_str().and_then(|host| found.get(host).copied()).unwrap_or(Zone::Public)
    }

    fn is_asked(&self, host: &str) -> bool {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).contains(host)
    }

    // Those of the addresses that may be asked: all in one zone, the most public one.
    fn allowed(&self, host: &str, found: Vec<SocketAddr>, first: Option<Zone>) -> Result<Vec<SocketAddr>, Refused> {
        let zone = found.iter().map(|at| Zone::of(at.ip())).filter(|zone| zone.is_allowed(first)).min();
        let Some(zone) = zone else {
            return match found.first() {
                Some(at) => Err(Refused { host: host.to_owned(), ip: at.ip() }),
                None => Ok(found),
            };
        };
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned(), zone);
        Ok(found.into_iter().filter(|at| Zone::of(at.ip()) == zone).collect())
    }
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (host, this) = (name.as_str().to_owned(), self.clone());
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let found = match this.names.is_asked(&host) {
                true => this.names.allowed(&host, found, this.first)?,
                false => found,
            };
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_in_whatever_words() {
        for (text, zone) in [
            ("8.8.8.8", Zone::Public),
            ("172.32.0.1", Zone::Public),
            ("2606:4700::1111", Zone::Public),
            ("10.1.2.3", Zone::Private),
            ("172.16.0.1", Zone::Private),
            ("192.168.0.1", Zone::Private),
            ("100.64.0.1", Zone::Private),
            ("fd00:ec2::254", Zone::Private),
            ("127.0.0.2", Zone::Loopback),
            ("0.0.0.0", Zone::Loopback),
            ("::1", Zone::Loopback),
            ("::", Zone::Loopback),
            ("::ffff:127.0.0.1", Zone::Loopback),
            ("::ffff:169.254.169.254", Zone::Link),
            ("::169.254.169.254", Zone::Link),
            ("64:ff9b::a9fe:a9fe", Zone::Link),
            ("2002:a9fe:a9fe::1", Zone::Link),
            ("2002:a00:1::", Zone::Private),
            ("169.254.170.2", Zone::Link),
            ("fe80::1", Zone::Link),
            ("ff02::1", Zone::Link),
            ("255.255.255.255", Zone::Link),
            ("224.0.0.1", Zone::Link),
        ] {
            assert_eq!(Zone::of(text.parse().unwrap()), zone, "{text}");
        }
    }

    #[test]
    fn a_fetch_stays_in_the_zone_that_it_began_in_or_leaves_for_the_public_one() {
        let zones = [Zone::Public, Zone::Private, Zone::Loopback, Zone::Link];
        for zone in zones {
            assert_eq!(zone.is_allowed(None), zone != Zone::Link);
            for first in zones {
                let expected = zone == Zone::Public || zone == first && zone != Zone::Link;
                assert_eq!(zone.is_allowed(Some(first)), expected, "{first:?} to {zone:?}");
            }
        }
    }

    #[test]
    fn a_name_with_an_address_of_its_own_network_is_asked_at_the_others_only() {
        let names = Names::default();
        let at = |ips: &[&str]| ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect::<Vec<_>>();
        let mixed = || at(&["169.254.169.254", "10.0.0.1", "8.8.8.8", "127.0.0.1"]);
        for first in [None, Some(Zone::Public), Some(Zone::Loopback)] {
            assert_eq!(names.allowed("x", mixed(), first).unwrap(), at(&["8.8.8.8"]));
        }
        // The second time it is another address.
        let rebound = names.allowed("x", at(&["127.0.0.1"]), Some(Zone::Public)).unwrap_err();
        assert_eq!(rebound.to_string(), "`x` is 127.0.0.1, an address of this machine or of the network around it");
        assert!(names.allowed("x", at(&["169.254.169.254"]), None).is_err());
        assert_eq!(names.allowed("x", at(&["127.0.0.1"]), None).unwrap(), at(&["127.0.0.1"]));
        assert_eq!(names.zone(&Url::parse("http://x:1/").unwrap()), Zone::Loopback);
    }

    #[test]
    fn a_number_is_an_address_however_it_is_written() {
        for url in
            ["http://127.1/", "http://0x7f000001/", "http://2130706433:80/x", "http://[::1]/", "http://0177.0.0.1"]
        {
            assert_eq!(Zone::of(literal(&Url::parse(url).unwrap()).unwrap()), Zone::Loopback, "{url}");
        }
        assert_eq!(literal(&Url::parse("http://localhost/").unwrap()), None);
    }
}
