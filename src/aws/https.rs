//! The HTTP client of every call to AWS: TLS by rustls with ring, the certificates of this machine, the proxies of the
//! environment.

use aws_sdk_grafana::config::SharedHttpClient;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};

/// Makes a client; its clones share their connections.
///
/// It is the SDK's own default but for the crypto library, which that default takes from C code that takes minutes to
/// build.
pub fn https_client() -> SharedHttpClient {
    client(ProxyConfig::from_env)
}

/// Makes a client for what listens on this machine: no proxy of the environment is asked.
pub fn loopback_client() -> SharedHttpClient {
    client(ProxyConfig::disabled)
}

fn client(proxies: fn() -> ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.proxy_config(proxies()).build()
    })
}
