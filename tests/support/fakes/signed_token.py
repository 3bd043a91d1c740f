"""Signed tokens (RFC 7519): taken apart, and checked where they are signed with ES256."""

import base64
import binascii
import json
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

NUMBER_BYTES = 32


def base64url(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unbase64url(text):
    """ValueError when it is none."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64url") from None


@dataclass
class SignedToken:
    header: dict
    claims: dict
    signed: bytes
    signature: bytes

    def is_signed_by(self, public_key):
        """With ES256: two numbers of 32 bytes, one behind the other."""
        if self.header.get("alg") != "ES256" or len(self.signature) != 2 * NUMBER_BYTES:
            return False
        numbers = (self.signature[:NUMBER_BYTES], self.signature[NUMBER_BYTES:])
        signature = utils.encode_dss_signature(*(int.from_bytes(n, "big") for n in numbers))
        try:
            public_key.verify(signature, self.signed, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


def read(text):
    """ValueError says why it cannot be taken apart."""
    parts = text.split(".")
    if len(parts) != 3:
        raise ValueError("three parts expected")
    try:
        header, claims = (json.loads(unbase64url(part)) for part in parts[:2])
    except ValueError:
        raise ValueError("not JSON") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise ValueError("not objects")
    return SignedToken(header, claims, ".".join(parts[:2]).encode(), unbase64url(parts[2]))
