//! Signature version 4, checked: form, key, region, service, clock, and the signature itself.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};

use super::answers::{Exception, Protocol};
use super::keys::Key;
use super::{Cloud, REGION, lock};

/// How far the clocks may differ, in seconds.
const SKEW: i64 = 300;

/// A request as it is signed.
pub struct Signed<'a> {
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
}

/// Whose the signature is; or why it is refused.
pub fn check(cloud: &Cloud, protocol: Protocol, service: &str, request: &Signed<'_>) -> Result<Key, Exception> {
    let refused = |code, message: String| Exception::new(403, code, message);
    let invalid = match protocol {
        Protocol::Query => "SignatureDoesNotMatch",
        Protocol::Rest | Protocol::Json => "InvalidSignatureException",
    };
    let missing = match protocol {
        Protocol::Query => "MissingAuthenticationToken",
        Protocol::Rest | Protocol::Json => "MissingAuthenticationTokenException",
    };
    let text = |name: &str| request.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let authorization = text("authorization");
    if authorization.is_empty() {
        return Err(refused(missing, "Request is missing Authentication Token".into()));
    }
    let incomplete = |what: &str| {
        let code = if protocol == Protocol::Query { "IncompleteSignature" } else { "IncompleteSignatureException" };
        refused(code, format!("Authorization header requires '{what}' parameter."))
    };
    let Some(rest) = authorization.strip_prefix("AWS4-HMAC-SHA256 ") else {
        return Err(incomplete("Credential"));
    };
    let parts: BTreeMap<&str, &str> = rest.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let part = |name: &str| parts.get(name).copied().filter(|p| !p.is_empty()).ok_or_else(|| incomplete(name));
    let (credential, names, signature) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
    let scope: Vec<&str> = credential.split('/').collect();
    let [id, date, region, of, "aws4_request"] = scope[..] else {
        return Err(refused(
            invalid,
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term".into(),
        ));
    };
    if region != REGION {
        return Err(refused(invalid, format!("Credential should be scoped to a valid region, not '{region}'.")));
    }
    if of != service {
        return Err(refused(invalid, format!("Credential should be scoped to correct service: '{service}'.")));
    }
    let key = known(cloud, protocol, id, text("x-amz-security-token"))?;
    let moment = text("x-amz-date");
    let sent = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", moment)
        .ok()
        .and_then(|m| m.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .ok_or_else(|| refused(invalid, "Date must be in ISO-8601 'basic format'.".into()))?
        .timestamp()
        .as_second();
    if !moment.starts_with(date) {
        return Err(refused(
            invalid,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date".into(),
        ));
    }
    // A client that heard the time here goes by it, one that did not by the machine's.
    let clocks = [jiff::Timestamp::now().as_second(), cloud.clock.now()];
    if clocks.iter().all(|now| (now - sent).abs() > SKEW) {
        return Err(refused(
            invalid,
            format!("Signature expired: {moment} is not within 5 minutes of the server's clock"),
        ));
    }
    let names: Vec<&str> = names.split(';').collect();
    if !names.contains(&"host") {
        return Err(refused(invalid, "'Host' must be a 'SignedHeader' in the AWS Authorization.".into()));
    }
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let wanted = sign(&key.secret, &scope, moment, &canonical(request, &names));
    if wanted != signature {
        return Err(refused(
            invalid,
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
             Key and signing method. Consult the service documentation for details."
                .into(),
        ));
    }
    Ok(key)
}

fn known(cloud: &Cloud, protocol: Protocol, id: &str, token: &str) -> Result<Key, Exception> {
    let code = if protocol == Protocol::Query { "InvalidClientTokenId" } else { "UnrecognizedClientException" };
    let kept = lock(&cloud.kept);
    let data = &kept.data;
    let key = std::iter::once(&data.key).chain(&data.temporary).find(|key| key.id == id);
    let unknown = || Exception::new(403, code, "The security token included in the request is invalid.");
    let key = key.ok_or_else(unknown)?;
    if key.token.as_deref().unwrap_or_default() != token {
        return Err(unknown());
    }
    if key.ends.is_some_and(|ends| ends <= cloud.clock.now()) {
        let code = if protocol == Protocol::Query { "ExpiredToken" } else { "ExpiredTokenException" };
        return Err(Exception::new(403, code, "The security token included in the request is expired"));
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
            (encode(&decode(name), ""), encode(&decode(value), ""))
        })
        .collect();
    pairs.sort();
    let query: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let payload = hex(&Sha256::digest(request.body));
    format!(
        "{}\n{}\n{}\n{headers}\n{}\n{payload}",
        request.method,
        // Encoded twice, but for S3.
        encode(request.path.as_bytes(), "/"),
        query.join("&"),
        names.join(";")
    )
}

fn sign(secret: &str, scope: &str, moment: &str, canonical: &str) -> String {
    let hashed = hex(&Sha256::digest(canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashed}");
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = keyed(&key, part.as_bytes());
    }
    hex(&keyed(&key, text.as_bytes()))
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Everything but letters, digits, `-._~` and what else is to stay as percent and two digits.
fn encode(bytes: &[u8], stay: &str) -> String {
    bytes
        .iter()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(*b).to_string(),
            b if stay.as_bytes().contains(b) => char::from(*b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|d| std::str::from_utf8(d).ok());
        match (byte, digits.and_then(|d| u8::from_str_radix(d, 16).ok())) {
            (b'%', Some(code)) => {
                out.push(code);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
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
        };
        let canonical = canonical(&request, &["content-type", "host", "x-amz-date"]);
        assert_eq!(
            hex(&Sha256::digest(canonical.as_bytes())),
            "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
        );
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let signature = sign(secret, "20150830/us-east-1/iam/aws4_request", "20150830T123600Z", &canonical);
        assert_eq!(signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    #[test]
    fn percent_signs_are_written_and_read() {
        assert_eq!(encode("/a b/ü".as_bytes(), "/"), "/a%20b/%C3%BC");
        assert_eq!(decode("a%20b%zz"), b"a b%zz");
    }
}
