#!/usr/bin/env python3
"""Drives the embedded AWS with botocore, a client that nobody here wrote: what both agree on is AWS's protocol.

Usage: boto.py PATH-OF-AMGCTL. Needs boto3. Exits with 1 at the first claim that does not hold.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ONCE = Config(retries={"max_attempts": 0})


def claim(what, holds=True):
    if not holds:
        print(f"FAILED: {what}")
        sys.exit(1)
    print(f"ok: {what}")


def refused(code, status, what, call, **arguments):
    """Claims that a call is refused with an exception; gives what it says."""
    try:
        call(**arguments)
    except ClientError as error:
        told = error.response
        got = (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"])
        claim(f"{what}: {code} ({status})", got == (code, status) or print("got", got, told))
        return told
    claim(f"{what}: {code}, but it was done", False)


def grafana(endpoint, token):
    """The status that a workspace's Grafana answers a token with."""
    request = urllib.request.Request(f"http://{endpoint}/api/org", headers={"Authorization": f"Bearer {token}"})
    try:
        return urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code


def told_by(endpoint, token, path):
    """What a workspace's Grafana answers."""
    request = urllib.request.Request(f"http://{endpoint}{path}", headers={"Authorization": f"Bearer {token}"})
    return json.load(urllib.request.urlopen(request, timeout=10))


class Sandbox:
    """`amgctl sandbox` in a directory of its own."""

    def __init__(self, program, *arguments):
        self.home = tempfile.TemporaryDirectory()
        command = [os.path.abspath(program), "sandbox", "--ephemeral", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=self.home.name)
        self.ready = json.loads(self.process.stdout.readline())
        self.workspaces = {w["name"]: w for w in self.ready["workspaces"]}

    def client(self, service, **changed):
        said = self.ready["aws"]
        arguments = {
            "endpoint_url": said["AWS_ENDPOINT_URL"],
            "region_name": said["AWS_REGION"],
            "aws_access_key_id": said["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": said["AWS_SECRET_ACCESS_KEY"],
            "config": ONCE,
        }
        return boto3.session.Session().client(service, **{**arguments, **changed})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.home.cleanup()


def workspaces(sandbox):
    amg = sandbox.client("grafana")
    listed = amg.list_workspaces()["workspaces"]
    claim("one ACTIVE workspace a version", len(listed) == 6 and {w["status"] for w in listed} == {"ACTIVE"})
    ids = [w["id"] for page in amg.get_paginator("list_workspaces").paginate(maxResults=2) for w in page["workspaces"]]
    claim("pages of two hold the same", ids == [w["id"] for w in listed])
    described = amg.describe_workspace(workspaceId=ids[0])["workspace"]
    claim("an endpoint has no scheme", described["endpoint"].startswith("127.0.0.1:"))
    claim("times are times", described["created"].year >= 2026)
    claim("versions are listed", amg.list_versions()["grafanaVersions"] == ["9.4", "10.4", "12.4", "13.2"])
    old = sandbox.workspaces["grafana-9-4"]["id"]
    claim("upgrades are told", amg.list_versions(workspaceId=old)["grafanaVersions"] == ["10.4"])
    told = refused("ResourceNotFoundException", 404, "an unknown id", amg.describe_workspace, workspaceId="g-ffffffffff")
    claim("it names the resource", told["resourceId"] == "g-ffffffffff" and told["resourceType"] == "workspace")
    told = refused("ValidationException", 400, "no id at all", amg.describe_workspace, workspaceId="nonsense")
    claim("it names the field", told["fieldList"][0]["name"] == "workspaceId")
    arn = f"arn:aws:grafana:us-east-1:123456789012:/workspaces/{ids[0]}"
    amg.tag_resource(resourceArn=arn, tags={"team": "sre"})
    claim("tags are kept", amg.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "sre"})
    refused("ValidationException", 400, "51 tags", amg.tag_resource, resourceArn=arn, tags={f"k{n}": "" for n in range(50)})
    amg.untag_resource(resourceArn=arn, tagKeys=["team"])
    claim("tags are taken away", amg.list_tags_for_resource(resourceArn=arn)["tags"] == {})


def tokens(sandbox):
    amg = sandbox.client("grafana")
    for name in ["grafana-9-4", "grafana-12-4", "grafana-13"]:
        workspace = sandbox.workspaces[name]
        at = {"workspaceId": workspace["id"]}
        claim(f"{name} begins without accounts", amg.list_workspace_service_accounts(**at)["serviceAccounts"] == [])
        made = amg.create_workspace_service_account(name="ci", grafanaRole="ADMIN", **at)
        told = refused(
            "ConflictException", 409, "the name twice", amg.create_workspace_service_account,
            name="ci", grafanaRole="ADMIN", **at,
        )
        claim("it names the account", told["resourceType"] == "serviceAccount")
        listed = amg.list_workspace_service_accounts(**at)["serviceAccounts"]
        claim("it is listed, disabled as a text", listed[0]["isDisabled"] == "false" and listed[0]["id"] == made["id"])
        of = {"serviceAccountId": made["id"], **at}
        token = amg.create_workspace_service_account_token(name="a", secondsToLive=900, **of)["serviceAccountToken"]
        claim("the token opens the workspace", grafana(workspace["endpoint"], token["key"]) == 200)
        path = "/api/serviceaccounts/search?perpage=100"
        seen = {a["name"]: a["role"] for a in told_by(workspace["endpoint"], token["key"], path)["serviceAccounts"]}
        claim("Grafana has the same account, in its own words", seen["ci"] == "Admin")
        refused(
            "ConflictException", 409, "a token's name twice", amg.create_workspace_service_account_token,
            name="a", secondsToLive=900, **of,
        )
        short = amg.create_workspace_service_account_token(name="b", secondsToLive=1, **of)["serviceAccountToken"]
        listed = amg.list_workspace_service_account_tokens(**of)["serviceAccountTokens"]
        life = {t["name"]: (t["expiresAt"] - t["createdAt"]).total_seconds() for t in listed}
        claim("lives are as asked", life == {"a": 900.0, "b": 1.0})
        amg.delete_workspace_service_account_token(tokenId=token["id"], **of)
        claim("a deleted token is refused", grafana(workspace["endpoint"], token["key"]) == 401)
        ends = time.time() + 5
        while grafana(workspace["endpoint"], short["key"]) == 200 and time.time() < ends:
            time.sleep(0.1)
        claim("a token that ran out is refused", grafana(workspace["endpoint"], short["key"]) == 401)
        names = [t["name"] for t in amg.list_workspace_service_account_tokens(**of)["serviceAccountTokens"]]
        claim("and is still listed", names == ["b"])
        refused(
            "ValidationException", 400, "a life of more than 30 days", amg.create_workspace_service_account_token,
            name="c", secondsToLive=2592001, **of,
        )
        refused(
            "ResourceNotFoundException", 404, "a token twice deleted", amg.delete_workspace_service_account_token,
            tokenId=token["id"], **of,
        )
        amg.delete_workspace_service_account(**of)
        claim("an account goes with its tokens", amg.list_workspace_service_accounts(**at)["serviceAccounts"] == [])


def quotas(sandbox):
    amg = sandbox.client("grafana")
    at = {"workspaceId": sandbox.workspaces["grafana-10-4"]["id"]}
    first = amg.create_workspace_service_account(name="one", grafanaRole="VIEWER", **at)["id"]
    second = amg.create_workspace_service_account(name="two", grafanaRole="VIEWER", **at)["id"]
    made = [
        amg.create_workspace_service_account_token(
            name=f"t{n}", secondsToLive=1 if n < 50 else 900, serviceAccountId=first if n % 2 else second, **at
        )["serviceAccountToken"]["key"]
        for n in range(100)
    ]
    ends = time.time() + 5
    while grafana(sandbox.workspaces["grafana-10-4"]["endpoint"], made[49]) != 401 and time.time() < ends:
        time.sleep(0.1)
    claim("half of them ran out", grafana(sandbox.workspaces["grafana-10-4"]["endpoint"], made[49]) == 401)
    told = refused(
        "ServiceQuotaExceededException", 402, "101 tokens", amg.create_workspace_service_account_token,
        name="t100", secondsToLive=900, serviceAccountId=first, **at,
    )
    claim("it names the service", told["serviceCode"] == "grafana")
    pages = amg.get_paginator("list_workspace_service_account_tokens").paginate(
        serviceAccountId=first, maxResults=20, **at
    )
    listed = [t for page in pages for t in page["serviceAccountTokens"]]
    claim("all pages together hold every token", len(listed) == 50)
    amg.delete_workspace_service_account_token(tokenId=listed[0]["id"], serviceAccountId=first, **at)
    amg.create_workspace_service_account_token(name="t100", secondsToLive=900, serviceAccountId=first, **at)
    claim("one deleted leaves room for one")
    for n in range(98):
        amg.create_workspace_service_account(name=f"a{n}", grafanaRole="VIEWER", **at)
    refused(
        "ServiceQuotaExceededException", 402, "101 accounts", amg.create_workspace_service_account,
        name="a98", grafanaRole="VIEWER", **at,
    )


def keys(sandbox):
    amg = sandbox.client("grafana")
    old = sandbox.workspaces["grafana-9-4"]
    at = {"workspaceId": old["id"]}
    key = amg.create_workspace_api_key(keyName="k/1 a", keyRole="ADMIN", secondsToLive=60, **at)["key"]
    claim("a key opens an old workspace", grafana(old["endpoint"], key) == 200)
    refused(
        "ConflictException", 409, "a key's name twice", amg.create_workspace_api_key,
        keyName="k/1 a", keyRole="ADMIN", secondsToLive=60, **at,
    )
    amg.delete_workspace_api_key(keyName="k/1 a", **at)
    claim("a deleted key is refused", grafana(old["endpoint"], key) == 401)
    refused("ResourceNotFoundException", 404, "an unknown key", amg.delete_workspace_api_key, keyName="k/1 a", **at)
    new = {"workspaceId": sandbox.workspaces["grafana-12-4"]["id"]}
    refused(
        "ValidationException", 400, "a key on Grafana 12", amg.create_workspace_api_key,
        keyName="k", keyRole="ADMIN", secondsToLive=60, **new,
    )


def secrets(sandbox):
    sm = sandbox.client("secretsmanager")
    one, two, three = ("1" * 32, "2" * 32, "3" * 32)
    made = sm.create_secret(Name="team/a", SecretString="v1", ClientRequestToken=one, Tags=[{"Key": "k", "Value": "v"}])
    claim("an ARN ends in six characters", made["ARN"][:-6].endswith("secret:team/a-"))
    again = sm.create_secret(Name="team/a", SecretString="v1", ClientRequestToken=one)
    claim("making it twice with one token is making it once", again["ARN"] == made["ARN"])
    refused("ResourceExistsException", 400, "the name twice", sm.create_secret, Name="team/a", SecretString="x")
    claim("a value is read by name", sm.get_secret_value(SecretId="team/a")["SecretString"] == "v1")
    claim("and by a part of its ARN", sm.get_secret_value(SecretId=made["ARN"][:-7])["SecretString"] == "v1")
    sm.put_secret_value(SecretId="team/a", SecretString="v2", ClientRequestToken=two, VersionStages=["AWSPENDING"])
    claim("a pending version is not read", sm.get_secret_value(SecretId="team/a")["SecretString"] == "v1")
    pending = sm.get_secret_value(SecretId="team/a", VersionStage="AWSPENDING")
    claim("unless it is asked for", pending["SecretString"] == "v2" and pending["VersionId"] == two)
    refused(
        "InvalidParameterException", 400, "a label moved from nowhere", sm.update_secret_version_stage,
        SecretId="team/a", VersionStage="AWSCURRENT", MoveToVersionId=two,
    )
    sm.update_secret_version_stage(
        SecretId="team/a", VersionStage="AWSCURRENT", MoveToVersionId=two, RemoveFromVersionId=one
    )
    stages = sm.describe_secret(SecretId="team/a")["VersionIdsToStages"]
    claim("the label moved, and the previous one with it", stages == {one: ["AWSPREVIOUS"], two: ["AWSPENDING", "AWSCURRENT"]})
    sm.put_secret_value(SecretId="team/a", SecretString="v2", ClientRequestToken=two)
    claim("storing it twice is storing it once", sm.get_secret_value(SecretId="team/a")["VersionId"] == two)
    refused(
        "ResourceExistsException", 400, "another value under one token", sm.put_secret_value,
        SecretId="team/a", SecretString="other", ClientRequestToken=two,
    )
    for tags in [[("aws:a", "b")], [("a", "aws:b")], [("a", "b"), ("a", "c")], [("k" * 129, "b")]]:
        tags = [{"Key": key, "Value": value} for key, value in tags]
        refused("InvalidParameterException", 400, "a tag that nobody may set", sm.tag_resource, SecretId="team/a", Tags=tags)
    sm.put_secret_value(SecretId="team/a", SecretBinary=b"\x00\x01", ClientRequestToken=three)
    claim("bytes are kept", sm.get_secret_value(SecretId="team/a")["SecretBinary"] == b"\x00\x01")
    for n in range(3):
        sm.create_secret(Name=f"many/{n}", SecretString=str(n))
    got = sm.batch_get_secret_value(SecretIdList=["many/0", "many/2", "many/9"])
    claim("a batch reads what is there", [v["SecretString"] for v in got["SecretValues"]] == ["0", "2"])
    claim("and tells the rest", got["Errors"][0]["ErrorCode"] == "ResourceNotFoundException")
    got = sm.batch_get_secret_value(Filters=[{"Key": "name", "Values": ["many/"]}])
    claim("a batch reads by filters", len(got["SecretValues"]) == 3)
    names = [s["Name"] for p in sm.get_paginator("list_secrets").paginate(MaxResults=1) for s in p["SecretList"]]
    listed = sm.list_secrets(Filters=[{"Key": "name", "Values": ["many/1"]}])["SecretList"]
    claim("lists have the labels of versions", list(listed[0]["SecretVersionsToStages"].values()) == [["AWSCURRENT"]])
    versions = sm.list_secret_version_ids(SecretId="team/a", MaxResults=1)
    claim("versions have pages", len(versions["Versions"]) == 1 and "NextToken" in versions)
    refused("InvalidNextTokenException", 400, "a page that is none", sm.list_secrets, NextToken="x")
    claim("lists have pages", names == ["many/0", "many/1", "many/2", "team/a"])
    sm.delete_secret(SecretId="many/0", RecoveryWindowInDays=7)
    refused("InvalidRequestException", 400, "reading what is to be deleted", sm.get_secret_value, SecretId="many/0")
    refused("InvalidRequestException", 400, "its name anew", sm.create_secret, Name="many/0", SecretString="x")
    claim("it says when", "DeletedDate" in sm.describe_secret(SecretId="many/0"))
    sm.restore_secret(SecretId="many/0")
    claim("it can be restored", sm.get_secret_value(SecretId="many/0")["SecretString"] == "0")
    refused("InvalidParameterException", 400, "six days", sm.delete_secret, SecretId="many/0", RecoveryWindowInDays=6)
    sm.delete_secret(SecretId="many/0", ForceDeleteWithoutRecovery=True)
    sm.delete_secret(SecretId="many/0", ForceDeleteWithoutRecovery=True)
    refused("ResourceNotFoundException", 400, "what is gone", sm.get_secret_value, SecretId="many/0")


def parameters(sandbox):
    ssm = sandbox.client("ssm")
    ssm.put_parameter(Name="/amg/db/password", Value="hidden", Type="SecureString")
    refused(
        "ParameterAlreadyExists", 400, "a parameter twice", ssm.put_parameter,
        Name="/amg/db/password", Value="x", Type="SecureString",
    )
    ssm.put_parameter(Name="/amg/db/password", Value="new", Type="SecureString", Overwrite=True)
    get = lambda **arguments: ssm.get_parameter(**arguments)["Parameter"]["Value"]
    claim("a parameter is decrypted", get(Name="/amg/db/password", WithDecryption=True) == "new")
    claim("or is not", get(Name="/amg/db/password") not in ("new", "hidden"))
    claim("older versions are there", get(Name="/amg/db/password:1", WithDecryption=True) == "hidden")
    ssm.put_parameter(Name="/amg/user", Value="grafana", Type="String")
    got = ssm.get_parameters(Names=["/amg/user", "/amg/none"], WithDecryption=True)
    claim("several at once", got["Parameters"][0]["Value"] == "grafana" and got["InvalidParameters"] == ["/amg/none"])
    got = ssm.get_parameters_by_path(Path="/amg", Recursive=True)["Parameters"]
    claim("by path", [p["Name"] for p in got] == ["/amg/db/password", "/amg/user"])
    ssm.label_parameter_version(Name="/amg/db/password", ParameterVersion=1, Labels=["stable"])
    claim("a version has a label", get(Name="/amg/db/password:stable", WithDecryption=True) == "hidden")
    refused("ParameterVersionNotFound", 400, "a version that is not there", ssm.get_parameter, Name="/amg/db/password:9")
    pages = ssm.get_paginator("get_parameter_history").paginate(
        Name="/amg/db/password", WithDecryption=True, PaginationConfig={"PageSize": 1}
    )
    old = [(p["Value"], p["Labels"]) for page in pages for p in page["Parameters"]]
    claim("its history has every version", old == [("hidden", ["stable"]), ("new", [])])
    pages = ssm.get_paginator("get_parameters_by_path").paginate(
        Path="/amg", Recursive=True, PaginationConfig={"PageSize": 1}
    )
    claim("by path, in pages", [p["Name"] for page in pages for p in page["Parameters"]] == [
        "/amg/db/password", "/amg/user"
    ])
    kinds = {p["Name"]: p["Type"] for p in ssm.describe_parameters()["Parameters"]}
    claim("they are described", kinds == {"/amg/db/password": "SecureString", "/amg/user": "String"})
    ssm.delete_parameter(Name="/amg/user")
    got = ssm.delete_parameters(Names=["/amg/db/password", "/amg/user"])
    claim("several are deleted", (got["DeletedParameters"], got["InvalidParameters"]) == (
        ["/amg/db/password"], ["/amg/user"]
    ))
    refused("ParameterNotFound", 400, "what is gone", ssm.get_parameter, Name="/amg/user")


def signatures(sandbox):
    who = sandbox.client("sts").get_caller_identity()
    claim("who asks is told", who["Account"] == "123456789012" and who["Arn"].endswith(":user/sandbox"))
    ask = lambda **changed: sandbox.client("grafana", **changed).list_workspaces
    refused("InvalidSignatureException", 403, "a wrong secret", ask(aws_secret_access_key="wrong"))
    refused("UnrecognizedClientException", 403, "an unknown key", ask(aws_access_key_id="AKIAIOSFODNN7EXAMPLE"))
    refused("InvalidSignatureException", 403, "another region", ask(region_name="eu-west-1"))
    refused(
        "InvalidSignatureException", 400, "another region at Secrets Manager",
        sandbox.client("secretsmanager", region_name="eu-west-1").list_secrets,
    )
    refused(
        "SignatureDoesNotMatch", 403, "a wrong secret at STS",
        sandbox.client("sts", aws_secret_access_key="wrong").get_caller_identity,
    )
    role = "arn:aws:iam::123456789012:role/ci"
    key = sandbox.client("sts").assume_role(RoleArn=role, RoleSessionName="run")["Credentials"]
    with_key = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
        "aws_session_token": key["SessionToken"],
    }
    arn = sandbox.client("sts", **with_key).get_caller_identity()["Arn"]
    claim("a role can be assumed", arn == "arn:aws:sts::123456789012:assumed-role/ci/run")
    claim("and used", len(ask(**with_key)()["workspaces"]) == 6)
    refused("UnrecognizedClientException", 403, "without its token", ask(**{**with_key, "aws_session_token": "x"}))
    web = sandbox.client("sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="web", WebIdentityToken="a.b.c"
    )
    claim("also by web identity", web["Credentials"]["AccessKeyId"].startswith("ASIA"))
    ended = base64.urlsafe_b64encode(json.dumps({"exp": 1764299000}).encode()).decode().rstrip("=")
    told = refused(
        "ExpiredTokenException", 400, "a token that ended", sandbox.client("sts").assume_role_with_web_identity,
        RoleArn=role, RoleSessionName="web", WebIdentityToken=f"a.{ended}.c",
    )
    claim("it says when", "must be before the expiration date/time 1764299000" in told["Error"]["Message"])


def faults(program):
    with Sandbox(program, "--fault", "denied:ListWorkspaces@1", "--fault", "429:ListWorkspaces@2=2s",
                 "--fault", "500:ListWorkspaces@3", "--fault", "updating:DescribeWorkspace@1",
                 "--fault", "nac") as sandbox:
        amg = sandbox.client("grafana")
        told = refused("AccessDeniedException", 403, "what IAM does not allow", amg.list_workspaces)
        claim("it names the action", "perform: grafana:ListWorkspaces on" in told["Error"]["Message"])
        told = refused("ThrottlingException", 429, "too many calls", amg.list_workspaces)
        claim("it says how long", told["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "2")
        refused("InternalServerException", 500, "a fault of AWS's own", amg.list_workspaces)
        workspace = sandbox.workspaces["grafana-12-4"]
        described = amg.describe_workspace(workspaceId=workspace["id"])["workspace"]
        claim("a workspace can be in change", described["status"] == "UPDATING")
        claim("who may come in is told", described["networkAccessControl"]["prefixListIds"][0].startswith("pl-"))
        claim("and nobody else comes in", grafana(workspace["endpoint"], sandbox.ready["tokens"]["admin"]) == 403)



def faults_of_each_service(program):
    with Sandbox(program, "--fault", "throttle:GetSecretValue@1", "--fault", "denied:GetSecretValue@2",
                 "--fault", "quota:CreateSecret", "--fault", "500:ListSecrets@1", "--fault", "500:GetParameters",
                 "--fault", "denied:AssumeRole", "--fault", "expired:GetCallerIdentity@1",
                 "--fault", "denied:CreateWorkspaceServiceAccount", "--fault", "skew:ListVersions=1h") as sandbox:
        sm, ssm, sts, amg = [sandbox.client(s) for s in ["secretsmanager", "ssm", "sts", "grafana"]]
        refused("ThrottlingException", 400, "too many calls to Secrets Manager", sm.get_secret_value, SecretId="team/a")
        told = refused("AccessDeniedException", 400, "a secret that is denied", sm.get_secret_value, SecretId="team/a")
        claim("it names the secret", "secretsmanager:GetSecretValue on resource: team/a " in told["Error"]["Message"])
        refused("ResourceNotFoundException", 400, "the third time", sm.get_secret_value, SecretId="team/a")
        refused("LimitExceededException", 400, "too many secrets", sm.create_secret, Name="a", SecretString="x")
        refused("InternalServiceError", 500, "Secrets Manager breaks down", sm.list_secrets)
        refused("InternalServerError", 500, "Systems Manager breaks down", ssm.get_parameters, Names=["/a"])
        role = "arn:aws:iam::123456789012:role/ci"
        told = refused("AccessDenied", 403, "a denied role", sts.assume_role, RoleArn=role, RoleSessionName="run")
        claim("it names the role", f"sts:AssumeRole on resource: {role} " in told["Error"]["Message"])
        refused("ExpiredToken", 403, "a key that ended, at STS", sts.get_caller_identity)
        told = refused("InvalidSignatureException", 403, "a clock that is slow", amg.list_versions)
        ahead = parsedate_to_datetime(told["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp() - time.time()
        claim("it says when it is there", "Signature expired" in told["Error"]["Message"] and 3590 < ahead < 3610)
        at = {"workspaceId": sandbox.workspaces["grafana-12-4"]["id"]}
        refused(
            "AccessDeniedException", 403, "a denied account", amg.create_workspace_service_account,
            name="a", grafanaRole="ADMIN", **at,
        )
        refused(
            "ResourceNotFoundException", 404, "an action is not struck by the beginning of its name",
            amg.create_workspace_service_account_token, serviceAccountId="999", name="t", secondsToLive=60, **at,
        )


def main():
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    with Sandbox(sys.argv[1]) as sandbox:
        for part in [workspaces, tokens, keys, quotas, secrets, parameters, signatures]:
            print(f"# {part.__name__}")
            part(sandbox)
    print("# faults")
    faults(sys.argv[1])
    faults_of_each_service(sys.argv[1])
    print("all claims hold")


main()
