//! Signature version 4, checked: form, key, region, service, clock, and the signature itself.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, percent_decode_str, percent_encode, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::answers::Exception;
use super::keys::Key;
use super::service::{Protocol, Service};
use super::{Cloud, REGION, lock};
use crate::encoding::RESERVED;

/// How far the clocks may differ, in seconds.
const SKEW: i64 = 300;
/// What is written as a percent sign and two digits in a path.
const PATH: &AsciiSet = &RESERVED.remove(b'/');

/// A request as it is signed.
pub(super) struct Signed<'a> {
    /// The method.
    pub method: &'a str,
    /// The path as it came.
    pub path: &'a str,
    /// The query as it came.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
    /// When it came by the clock of AWS, in seconds since 1970.
    pub now: i64,
    /// When it came by the machine's clock, if one may sign by that as well.
    pub machine: Option<i64>,
}

/// Whose the signature is; or why it is refused.
pub(super) fn check(cloud: &Cloud, service: Service, request: &Signed<'_>) -> Result<Key, Exception> {
    let query = service.protocol() == Protocol::Query;
    let refused = |code, message: &str| Exception::new(403, code, message);
    let missing = if query { "MissingAuthenticationToken" } else { "MissingAuthenticationTokenException" };
    let text = |name: &str| request.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let authorization = text("authorization");
    if authorization.is_empty() {
        return Err(refused(missing, "Request is missing Authentication Token"));
    }
    let incomplete = |what: &str| {
        let code = if query { "IncompleteSignature" } else { "IncompleteSignatureException" };
        refused(code, &format!("Authorization header requires '{what}' parameter."))
    };
    let Some(rest) = authorization.strip_prefix("AWS4-HMAC-SHA256 ") else {
        return Err(incomplete("Credential"));
    };
    let parts: BTreeMap<&str, &str> = rest.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let part = |name: &str| parts.get(name).copied().filter(|p| !p.is_empty()).ok_or_else(|| incomplete(name));
    let (credential, names, signature) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
    let scope: Vec<&str> = credential.split('/').collect();
    let [id, date, region, of, "aws4_request"] = scope[..] else {
        return Err(service.unsigned(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term",
        ));
    };
    if region != REGION {
        return Err(service.unsigned(format!("Credential should be scoped to a valid region, not '{region}'.")));
    }
    if of != service.name() {
        return Err(
            service.unsigned(format!("Credential should be scoped to correct service: '{}'.", service.name()))
        );
    }
    let key = known(cloud, service, id, text("x-amz-security-token"))?;
    let moment = text("x-amz-date");
    let sent = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", moment)
        .ok()
        .and_then(|m| m.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .ok_or_else(|| service.unsigned("Date must be in ISO-8601 'basic format'."))?
        .timestamp()
        .as_second();
    if !moment.starts_with(date) {
        return Err(
            service.unsigned("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date")
        );
    }
    let mut clocks = [Some(request.now), request.machine].into_iter().flatten();
    if clocks.all(|now| (now - sent).abs() > SKEW) {
        return Err(service.unsigned(too_far(moment, sent, request.now)));
    }
    let names: Vec<&str> = names.split(';').collect();
    if !names.contains(&"host") {
        return Err(service.unsigned("'Host' must be a 'SignedHeader' in the AWS Authorization."));
    }
    let scope = format!("{date}/{region}/{of}/aws4_request");
    let wanted = sign(&key.secret, &scope, moment, &canonical(request, &names));
    if wanted != signature {
        return Err(service.unsigned(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
             Key and signing method. Consult the service documentation for details.",
        ));
    }
    Ok(key)
}

/// How AWS words it that a request was signed too early or too late, as clients look for it.
fn too_far(moment: &str, sent: i64, now: i64) -> String {
    let basic =
        |at: i64| jiff::Timestamp::from_second(at).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string();
    if sent < now {
        format!("Signature expired: {moment} is now earlier than {} ({} - 5 min.)", basic(now - SKEW), basic(now))
    } else {
        format!(
            "Signature not yet current: {moment} is still later than {} ({} + 5 min.)",
            basic(now + SKEW),
            basic(now)
        )
    }
}

/// The key of an id and what came with it, unless it ended.
pub(super) fn known(cloud: &Cloud, service: Service, id: &str, token: &str) -> Result<Key, Exception> {
    let query = service.protocol() == Protocol::Query;
    let code = if query { "InvalidClientTokenId" } else { "UnrecognizedClientException" };
    let kept = lock(&cloud.kept);
    let data = &kept.data;
    let key = std::iter::once(&data.key).chain(&data.temporary).find(|key| key.id == id);
    let unknown = || Exception::new(403, code, "The security token included in the request is invalid.");
    let key = key.ok_or_else(unknown)?;
    if key.token.as_deref().unwrap_or_default() != token {
        return Err(unknown());
    }
    if key.ends.is_some_and(|ends| ends <= cloud.clock.now()) {
        return Err(service.expired());
    }
    Ok(key.clone())
}

fn canonical(request: &Signed<'_>, names: &[&str]) -> String {
    let mut headers = String::new();
    for name in names {
        let values: Vec<String> = request
            .headers
            .get_all(*name)
            .iter()
            .map(|v| v.to_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        headers.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    let mut pairs: Vec<(String, String)> = request
        .query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (again(name), again(value))
        })
        .collect();
    pairs.sort();
    let query: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let payload = hex::encode(Sha256::digest(request.body));
    format!(
        "{}\n{}\n{}\n{headers}\n{}\n{payload}",
        request.method,
        // Encoded twice, but for S3.
        utf8_percent_encode(request.path, PATH),
        query.join("&"),
        names.join(";")
    )
}

/// Encoded as a signature has it, however it was encoded before.
fn again(text: &str) -> String {
    percent_encode(&percent_decode_str(text).collect::<Vec<u8>>(), RESERVED).to_string()
}

fn sign(secret: &str, scope: &str, moment: &str, canonical: &str) -> String {
    let hashed = hex::encode(Sha256::digest(canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashed}");
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = keyed(&key, part.as_bytes());
    }
    hex::encode(keyed(&key, text.as_bytes()))
}

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(text);
            mac.finalize().into_bytes().to_vec()
        }
        // A key of any length is one.
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of AWS's own documentation of the signing process: ListUsers of IAM.
    #[test]
    fn the_documented_example_is_signed_as_documented() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let request = Signed {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &headers,
            body: b"",
            now: 0,
            machine: None,
        };
        let canonical = canonical(&request, &["content-type", "host", "x-amz-date"]);
        assert_eq!(
            hex::encode(Sha256::digest(canonical.as_bytes())),
            "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
        );
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let signature = sign(secret, "20150830/us-east-1/iam/aws4_request", "20150830T123600Z", &canonical);
        assert_eq!(signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    /// A call to Secrets Manager as a client sends it, but for what a test changes.
    struct Sent {
        id: Option<&'static str>,
        secret: Option<&'static str>,
        scope: &'static str,
        names: &'static str,
        late: i64,
        machine: Option<i64>,
        body: &'static [u8],
    }

    impl Default for Sent {
        fn default() -> Sent {
            let (scope, names) = ("us-east-1/secretsmanager/aws4_request", "host;x-amz-date");
            Sent { id: None, secret: None, scope, names, late: 0, machine: None, body: b"{}" }
        }
    }

    /// What becomes of it: `ok`, or the exception and its words.
    fn checked(sent: &Sent) -> String {
        let cloud = super::super::tests::cloud();
        let key = lock(&cloud.kept).data.key.clone();
        let now = cloud.clock.now();
        let moment = jiff::Timestamp::from_second(now - sent.late).unwrap();
        let moment = moment.strftime("%Y%m%dT%H%M%SZ").to_string();
        let scope = format!("{}/{}", &moment[..8], sent.scope);
        let mut headers = HeaderMap::new();
        headers.insert("host", "127.0.0.1:1".parse().unwrap());
        headers.insert("x-amz-date", moment.parse().unwrap());
        let names: Vec<&str> = sent.names.split(';').collect();
        let (method, path, query, body) = ("POST", "/", "", &b"{}"[..]);
        let mut request = Signed { method, path, query, headers: &headers, body, now, machine: sent.machine };
        let secret = sent.secret.unwrap_or(&key.secret);
        let signature = sign(secret, &scope, &moment, &canonical(&request, &names));
        let id = sent.id.unwrap_or(&key.id);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={}, Signature={signature}",
            sent.names
        );
        let mut headers = headers.clone();
        headers.insert("authorization", authorization.parse().unwrap());
        (request.headers, request.body) = (&headers, sent.body);
        match check(&cloud, Service::Secrets, &request) {
            Ok(key) => format!("ok {}", key.arn),
            Err(e) => format!("{} {}", e.code, e.message),
        }
    }

    #[test]
    fn a_signature_tells_who_asks() {
        assert_eq!(checked(&Sent::default()), "ok arn:aws:iam::123456789012:user/sandbox");
        assert!(checked(&Sent { late: 240, ..Sent::default() }).starts_with("ok "));
    }

    #[test]
    fn who_goes_by_the_machines_clock_may_sign_where_that_is_allowed() {
        let before = jiff::Timestamp::now().as_second() - 86_400;
        assert!(checked(&Sent { late: 86_400, ..Sent::default() }).contains("Signature expired: "));
        assert!(checked(&Sent { late: 86_400, machine: Some(before), ..Sent::default() }).starts_with("ok "));
    }

    #[test]
    fn a_wrong_signature_is_refused() {
        let claim = |sent: Sent, told: &str| {
            let got = checked(&sent);
            assert!(got.contains(told), "{got}\nand not {told}");
        };
        let sent = Sent::default;
        claim(Sent { id: Some("AKIAOTHER"), ..sent() }, "UnrecognizedClientException The security token");
        claim(Sent { secret: Some("other"), ..sent() }, "InvalidSignatureException The request signature we");
        claim(Sent { body: b"{ }", ..sent() }, "InvalidSignatureException The request signature we");
        let scope = "eu-west-1/secretsmanager/aws4_request";
        claim(Sent { scope, ..sent() }, "InvalidSignatureException Credential should be scoped to a valid region");
        claim(Sent { scope: "us-east-1/ssm/aws4_request", ..sent() }, "correct service: 'secretsmanager'");
        claim(Sent { scope: "us-east-1/secretsmanager", ..sent() }, "exactly 5 slash-delimited elements");
        claim(Sent { names: "x-amz-date", ..sent() }, "'Host' must be a 'SignedHeader'");
        claim(Sent { late: 600, ..sent() }, "InvalidSignatureException Signature expired: ");
        claim(Sent { late: -600, ..sent() }, "InvalidSignatureException Signature not yet current: ");
    }

    #[test]
    fn a_request_without_a_whole_signature_is_told_what_it_lacks() {
        let cloud = super::super::tests::cloud();
        let code = |service, authorization: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(text) = authorization {
                headers.insert("authorization", text.parse().unwrap());
            }
            let (method, path, query, body) = ("GET", "/", "", &b""[..]);
            let request = Signed { method, path, query, headers: &headers, body, now: 0, machine: None };
            check(&cloud, service, &request).unwrap_err().code
        };
        assert_eq!(code(Service::Grafana, None), "MissingAuthenticationTokenException");
        assert_eq!(code(Service::Sts, None), "MissingAuthenticationToken");
        assert_eq!(code(Service::Grafana, Some("Bearer x")), "IncompleteSignatureException");
        let without = "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host";
        assert_eq!(code(Service::Sts, Some(without)), "IncompleteSignature");
    }

    #[test]
    fn percent_signs_are_written_and_read() {
        assert_eq!(utf8_percent_encode("/a b/ü", PATH).to_string(), "/a%20b/%C3%BC");
        assert_eq!(again("a%20b%zz/%fc~"), "a%20b%25zz%2F%FC~");
    }
}
