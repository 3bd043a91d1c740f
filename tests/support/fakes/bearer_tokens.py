"""Bearer tokens of a token endpoint: handed out, accepted for a while, revoked."""

import secrets
import time


class BearerTokens:
    def __init__(self, prefix, lifetime_s):
        self.prefix = prefix
        self.lifetime_s = lifetime_s
        self.tokens = {}
        self.mint_count = 0
        self.refused_count = 0

    def hand_out(self):
        """The answer of RFC 6749, 5.1."""
        token = self.prefix + secrets.token_urlsafe(96)
        self.tokens[token] = time.time() + self.lifetime_s
        self.mint_count += 1
        return {"access_token": token, "expires_in": self.lifetime_s, "token_type": "Bearer"}

    def accepts(self, authorization):
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and self.tokens.get(token, 0) > time.time()

    def revoke_all(self):
        self.tokens.clear()
