//! One action of a service in AWS's JSON protocol, without the service's SDK: where one action is used of many, its SDK
//! is most of what there is to compile.
//!
//! The runtime is the SDKs' own: credentials, signatures, the clock's skew, time limits and proxies are those of the
//! other clients.

use std::fmt;

use aws_config::{Region, SdkConfig};
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::service_clock_skew::ServiceClockSkewInterceptor;
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_sdk_grafana::config::http::HttpResponse;
use aws_sdk_grafana::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime::client::auth::no_auth::NO_AUTH_SCHEME_ID;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use serde_json::Value;

use super::listening::Listening;

/// An action, as AWS's protocol names it.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// The service, as `AWS_ENDPOINT_URL_…` and profiles name it.
    pub service: &'static str,
    /// The service, as its host and signatures name it.
    pub host: &'static str,
    /// The action with its service's version.
    pub target: &'static str,
    /// The action alone.
    pub name: &'static str,
}

/// Sends one action; clones share what was learned of AWS's clock.
#[derive(Clone, Debug)]
pub struct Client {
    action: Action,
    config: SdkConfig,
    interceptors: Vec<SharedInterceptor>,
}

/// What the service said instead of an answer.
#[derive(Debug)]
pub struct Refused(ErrorMetadata);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code().unwrap_or("an error without a code"))
    }
}

impl std::error::Error for Refused {}

impl ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

/// An answer, which holds secrets: it can be taken apart, and not printed.
pub struct Answer(pub Value);

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(…)")
    }
}

impl Client {
    /// A client of one action, as the SDK's clients are made of this configuration.
    #[must_use]
    pub fn new(action: Action, config: SdkConfig) -> Client {
        let interceptors = vec![
            SharedInterceptor::permanent(ServiceClockSkewInterceptor::new()),
            SharedInterceptor::permanent(UserAgentInterceptor::new()),
        ];
        Client { action, config, interceptors }
    }

    /// The same, with somebody who hears what is sent and answered.
    pub(super) fn heard_by(mut self, listening: Listening) -> Client {
        self.interceptors.push(SharedInterceptor::new(listening));
        self
    }

    /// Sends the action once, in a region.
    pub async fn send(&self, region: &str, input: Value) -> Result<Answer, SdkError<Refused, HttpResponse>> {
        let action = self.action;
        let mut operation = Operation::builder()
            .service_name(action.service)
            .operation_name(action.name)
            .endpoint_url(&self.endpoint(region))
            .no_retry()
            .runtime_plugin(self.signature(region))
            .serializer(move |input: Value| request(action, &input))
            .deserializer(answer);
        if let Some(version) = self.config.behavior_version() {
            operation = operation.behavior_version(version);
        }
        if let Some(client) = self.config.http_client() {
            operation = operation.http_client(client);
        }
        if let Some(timeouts) = self.config.timeout_config() {
            operation = operation.timeout_config(timeouts.clone());
        }
        if let Some(sleep) = self.config.sleep_impl() {
            operation = operation.sleep_impl(sleep);
        }
        if let Some(time) = self.config.time_source() {
            operation = operation.time_source(time);
        }
        operation.build().invoke(input).await
    }

    /// Where the service is: what the configuration says, else what AWS's documentation says of a region.
    pub(super) fn endpoint(&self, region: &str) -> String {
        let key = ServiceConfigKey::builder().service_id(self.action.service);
        let key = key.env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok();
        let of_service = key.and_then(|key| self.config.service_config()?.load_config(key));
        if let Some(url) = of_service.or_else(|| self.config.endpoint_url().map(str::to_owned)) {
            return url;
        }
        let fips = if self.config.use_fips() == Some(true) { "-fips" } else { "" };
        let dual = self.config.use_dual_stack() == Some(true);
        let domain = match (region.starts_with("cn-"), dual) {
            (false, false) => "amazonaws.com",
            (false, true) => "api.aws",
            (true, false) => "amazonaws.com.cn",
            (true, true) => "api.amazonwebservices.com.cn",
        };
        format!("https://{}{fips}.{region}.{domain}", self.action.host)
    }

    /// Who signs, and for what.
    fn signature(&self, region: &str) -> StaticRuntimePlugin {
        let mut layer = Layer::new("amgctl");
        layer.store_put(SigningRegion::from(Region::new(region.to_owned())));
        layer.store_put(Region::new(region.to_owned()));
        layer.store_put(SigningName::from_static(self.action.host));
        let mut signing_options = SigningOptions::default();
        signing_options.double_uri_encode = true;
        signing_options.normalize_uri_path = true;
        layer.store_put(SigV4OperationSigningConfig { signing_options, ..SigV4OperationSigningConfig::default() });
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(ApiMetadata::new(self.action.host, env!("CARGO_PKG_VERSION")));
        if let Some(name) = self.config.app_name() {
            layer.store_put(name.clone());
        }
        let mut parts = RuntimeComponentsBuilder::new("amgctl");
        let scheme = if self.config.credentials_provider().is_some() { SCHEME_ID } else { NO_AUTH_SCHEME_ID };
        parts.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
            StaticAuthSchemeOptionResolver::new(vec![scheme]),
        )));
        parts.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
        parts.set_identity_cache(self.config.identity_cache());
        if let Some(credentials) = self.config.credentials_provider() {
            parts.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
        }
        for interceptor in &self.interceptors {
            parts.push_interceptor(interceptor.clone());
        }
        StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(parts)
    }
}

fn request(
    action: Action,
    input: &Value,
) -> Result<HttpRequest, Box<dyn std::error::Error + Send + Sync + 'static>> {
    let mut request = HttpRequest::new(SdkBody::from(input.to_string()));
    request.set_method("POST")?;
    request.set_uri("/")?;
    let headers = request.headers_mut();
    headers.insert("content-type", "application/x-amz-json-1.1");
    headers.insert("x-amz-target", action.target);
    Ok(request)
}

fn answer(response: &HttpResponse) -> Result<Answer, OrchestratorError<Refused>> {
    let body = response.body().bytes().unwrap_or_default();
    let json: Option<Value> = serde_json::from_slice(body).ok();
    if response.status().is_success() {
        return match json {
            Some(json @ Value::Object(_)) => Ok(Answer(json)),
            _ => Err(OrchestratorError::response("it is no JSON object".into())),
        };
    }
    let text = |key: &str| json.as_ref().and_then(|json| json.get(key)?.as_str());
    let code = response.headers().get("x-amzn-errortype").or_else(|| text("__type")).or_else(|| text("code"));
    let message = text("message").or_else(|| text("Message"));
    let mut meta = ErrorMetadata::builder();
    if let Some(code) = code {
        // `com.amazonaws.ssm#ParameterNotFound:http://…`
        let code = code.rsplit('#').next().unwrap_or(code);
        meta = meta.code(code.split(':').next().unwrap_or(code));
    }
    if let Some(message) = message {
        meta = meta.message(message);
    }
    Err(OrchestratorError::operation(Refused(meta.build())))
}
