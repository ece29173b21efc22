"""Opens a push message as a browser does, by http_ece: its private key, its secret and the message, each in base64url, as arguments."""

import sys
from base64 import urlsafe_b64decode

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec


def read(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


key = ec.derive_private_key(int.from_bytes(read(sys.argv[1]), "big"), ec.SECP256R1())
opened = http_ece.decrypt(read(sys.argv[3]), private_key=key, auth_secret=read(sys.argv[2]), version="aes128gcm")
sys.stdout.buffer.write(opened)
