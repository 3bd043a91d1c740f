"""The browser's side of Web Push (RFC 8291): subscriptions, and messages taken apart.

A subscription is made from the name of its endpoint, so that a test and the push service agree on
its keys without telling each other.
"""

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signed_token import base64url

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SALT_BYTES, POINT_BYTES, TAG_BYTES = 16, 65, 16
HEADER_BYTES = SALT_BYTES + 4 + 1 + POINT_BYTES


def point_of(public_key):
    return public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _hmac(key, *parts):
    code = hmac.HMAC(key, hashes.SHA256())
    code.update(b"".join(parts))
    return code.finalize()


class Subscription:
    def __init__(self, name):
        number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
        self.key = ec.derive_private_key(number % (ORDER - 1) + 1, ec.SECP256R1())
        self.point = point_of(self.key.public_key())
        self.auth = hashlib.sha256(b"auth" + name.encode()).digest()[:16]

    @property
    def p256dh(self):
        return base64url(self.point)

    def decrypt(self, body):
        """The plaintext of a message of one record; ValueError says what is wrong."""
        if len(body) <= HEADER_BYTES + TAG_BYTES:
            raise ValueError("too short")
        salt, sender = body[:SALT_BYTES], body[HEADER_BYTES - POINT_BYTES : HEADER_BYTES]
        record_bytes = int.from_bytes(body[SALT_BYTES : SALT_BYTES + 4], "big")
        if body[SALT_BYTES + 4] != POINT_BYTES or len(body) - HEADER_BYTES > record_bytes:
            raise ValueError("not one record of a message")
        key, nonce = self._key_and_nonce(salt, sender)
        try:
            padded = AESGCM(key).decrypt(nonce, body[HEADER_BYTES:], None)
        except InvalidTag:
            raise ValueError("not encrypted for this subscription") from None
        plaintext = padded.rstrip(b"\0")
        if plaintext[-1:] != b"\2":
            raise ValueError("not the last record")
        return plaintext[:-1]

    def _key_and_nonce(self, salt, sender):
        public_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.key.exchange(ec.ECDH(), public_key)
        material = _hmac(
            _hmac(self.auth, shared), b"WebPush: info\0", self.point, sender, b"\1"
        )
        secret = _hmac(salt, material)
        key = _hmac(secret, b"Content-Encoding: aes128gcm\0\1")[:16]
        return key, _hmac(secret, b"Content-Encoding: nonce\0\1")[:12]
