//! The embedded workspace: Grafana's HTTP API on loopback, so that the program runs without a server at hand.
