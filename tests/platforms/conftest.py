"""Fixtures of the platform tests."""

import ssl

import pytest

from tests.support.certificates import tls_contexts

Tls = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """Server and client TLS contexts that trust each other."""
    return tls_contexts(tmp_path_factory.mktemp("tls"))
