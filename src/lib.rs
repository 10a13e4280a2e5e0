//! Keeps an Amazon Managed Grafana workspace equal to a directory in git.

pub mod sandbox;
