"""Google's token endpoint (RFC 7523): checks the signed assertion, hands out bearer tokens."""

import json
import os
import secrets
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import signed_token
from bearer_tokens import BearerTokens
from certificates import private_pem
from http2 import Answer

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
LONGEST_ASSERTION_S = 3600
CLOCK_SKEW_S = 300


class Refused(Exception):
    """error and description as Google words them."""

    def __init__(self, error, description):
        super().__init__(description)
        self.error = error


def write_service_account(directory, project, token_uri):
    """Writes service-account.json, keeping the key that is there already. Returns its contents."""
    path = os.path.join(directory, "service-account.json")
    account = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            account = json.load(file)
    if "private_key" not in account:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        account["private_key"] = private_pem(key).decode()
        account["private_key_id"] = secrets.token_hex(20)
    account |= {
        "type": "service_account",
        "project_id": project,
        "client_email": f"push@{project}.iam.gserviceaccount.com",
        "client_id": "100000000000000000000",
        "token_uri": token_uri,
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(account, file, indent=2)
    return account


class TokenEndpoint(BearerTokens):
    def __init__(self, account, lifetime_s):
        super().__init__("ya29.", lifetime_s)
        self.account = account
        key = serialization.load_pem_private_key(account["private_key"].encode(), None)
        self.public_key = key.public_key()

    def handle(self, request):
        try:
            answer = self.mint(request)
        except Refused as refused:
            self.refused_count += 1
            body = {"error": refused.error, "error_description": str(refused)}
            return Answer(400, json.dumps(body).encode())
        return Answer(200, json.dumps(answer).encode())

    def mint(self, request):
        if request.headers.get("content-type", "") != "application/x-www-form-urlencoded":
            raise Refused("invalid_request", "Content type must be a form")
        form = dict(urllib.parse.parse_qsl(bytes(request.body).decode("ascii", "replace")))
        if form.get("grant_type") != GRANT_TYPE:
            raise Refused("unsupported_grant_type", "Invalid grant_type: " + str(form))
        self.check_assertion(form.get("assertion", ""))
        return self.hand_out()

    def check_assertion(self, assertion):
        try:
            token = signed_token.read(assertion)
        except ValueError as fault:
            raise Refused("invalid_grant", f"Invalid JWT: {fault}") from None
        header = token.header
        if header.get("alg") != "RS256" or header.get("kid") != self.account["private_key_id"]:
            raise Refused("invalid_grant", "Invalid JWT Signature: alg or kid")
        try:
            self.public_key.verify(
                token.signature, token.signed, padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            raise Refused("invalid_grant", "Invalid JWT Signature.") from None
        self.check_claims(token.claims)

    def check_claims(self, claims):
        if claims.get("iss") != self.account["client_email"]:
            raise Refused("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") != self.account["token_uri"]:
            raise Refused("invalid_grant", "Invalid JWT: failed audience check")
        if SCOPE not in str(claims.get("scope", "")).split(" "):
            raise Refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or not isinstance(expires, int):
            raise Refused("invalid_grant", "Invalid JWT: iat and exp must be integers")
        now = time.time()
        timely = issued <= now + CLOCK_SKEW_S and expires > now - CLOCK_SKEW_S
        if not timely or not 0 < expires - issued <= LONGEST_ASSERTION_S:
            raise Refused(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                "timeframe. Check your iat and exp values in the JWT claim.",
            )
