"""An authority of the tests' own, and the certificates that it gives out."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certified:
    certificate: str
    key: str


class Authority:
    """`file` is its own certificate."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("authority of the tests")
        self.file = folder / "authority.pem"
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._builder(self._name, self._key.public_key()).add_extension(constraints, critical=True)
        self.file.write_bytes(certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def certify(self, host: str) -> Certified:
        key = ec.generate_private_key(ec.SECP256R1())
        name: x509.GeneralName = x509.DNSName(host)
        with suppress(ValueError):
            name = x509.IPAddress(ipaddress.ip_address(host))
        builder = self._builder(_name(host), key.public_key())
        signed = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False).sign(
            self._key, hashes.SHA256()
        )
        files = Certified(str(self._folder / f"{host}.pem"), str(self._folder / f"{host}.key"))
        Path(files.certificate).write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        Path(files.key).write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(hours=1))
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
