"""A certificate authority for one run, and a server certificate for loopback names and
those that tests have resolved there."""

import datetime
import ipaddress
import os
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# More addresses of loopback, each a host of its own to whoever pushes there.
HOSTS = [f"127.0.1.{number}" for number in range(1, 65)]


def _name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject, issuer, public_key, days):
    now = datetime.datetime.utcnow()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _authority():
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Columba test authority")
    certificate = (
        _builder(name, name, key.public_key(), 30)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


GOOD_NAMES = (
    x509.DNSName("localhost"),
    x509.DNSName("*.push.example"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    *(x509.IPAddress(ipaddress.ip_address(address)) for address in HOSTS),
    x509.IPAddress(ipaddress.ip_address("::1")),
)


def _server(authority, authority_key, names=GOOD_NAMES, days=30):
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name("localhost"), authority.subject, key.public_key(), days)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return certificate, key


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def private_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def write_ec_key(path):
    """The key of that file, which is made where there is none."""
    if os.path.exists(path):
        with open(path, "rb") as file:
            return serialization.load_pem_private_key(file.read(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    with open(path, "wb") as file:
        file.write(private_pem(key))
    return key


def write_client(directory, name, password, days=30):
    """Writes a certificate that vouches for itself, with its key in three forms: name.pem, and under
    the password name_locked.pem and name.p12. Returns the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = _builder(_name(name), _name(name), key.public_key(), days)
    certificate = named.sign(key, hashes.SHA256())
    lock = serialization.BestAvailableEncryption(password)
    pkcs8 = serialization.PrivateFormat.PKCS8
    forms = {
        ".pem": _pem(certificate) + private_pem(key),
        "_locked.pem": _pem(certificate)
        + key.private_bytes(serialization.Encoding.PEM, pkcs8, lock),
        ".p12": pkcs12.serialize_key_and_certificates(b"client", key, certificate, None, lock),
    }
    for ending, content in forms.items():
        with open(os.path.join(directory, name + ending), "wb") as file:
            file.write(content)
    return _pem(certificate).decode()


def prepare(directory):
    """Writes ca.pem, server.pem (certificate and key) and, beside it, what a client has to refuse:
    expired.pem, othername.pem, and stranger.pem of another authority; unless they are there."""
    server_path = os.path.join(directory, "server.pem")
    if os.path.exists(server_path):
        return server_path
    authority = _authority()
    with open(os.path.join(directory, "ca.pem"), "wb") as file:
        file.write(_pem(authority[0]))
    made = {
        "expired": _server(*authority, days=-0.5),
        "othername": _server(*authority, names=[x509.DNSName("elsewhere.example")]),
        "stranger": _server(*_authority()),
        "server": _server(*authority),
    }
    for name, (certificate, key) in made.items():
        with open(os.path.join(directory, name + ".pem"), "wb") as file:
            file.write(_pem(certificate) + private_pem(key))
    return server_path


def show(context, directory, name):
    """Connections from now on see that certificate of prepare()."""
    context.load_cert_chain(os.path.join(directory, os.path.basename(name) + ".pem"))


def server_context(directory):
    """A TLS context that speaks HTTP/2 and nothing else. Nobody who knows it is spared to look at
    its certificate: it resumes no sessions."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    context.load_cert_chain(prepare(directory))
    context.set_alpn_protocols(["h2"])
    return context
